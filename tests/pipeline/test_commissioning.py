import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest
import soundfile

from auscult.detect import AlarmBudget
from auscult.errors import DataError, OptionError
from auscult.evaluate import smallest_fault
from auscult.pipeline import commissioning
from auscult.pipeline.commissioning import commission
from auscult.synth import write_dataset
from auscult.synth.injection import INJECTIONS

SR = 4000
OCTAVES = [(62.5 * 2**n, 125 * 2.0**n) for n in range(5)]
FAST = {"n_mels": 12, "alarms": "1/min", "within_s": 300.0}


def shorten(monkeypatch):
    """Fewer levels, clips and descriptors than it takes to be exact; delays, which are not asked for, of few starts."""
    monkeypatch.setattr(smallest_fault, "LEVELS_DB", (-20, -5, 10, 30))
    monkeypatch.setattr(smallest_fault, "SWINGS_DB", (1, 10, 30))
    monkeypatch.setattr(commissioning, "N_TEST", 2)
    monkeypatch.setattr(commissioning, "GROUPS", ("level", "mean"))
    monkeypatch.setattr("auscult.detect.delay.N_STARTS", 2)
    monkeypatch.setattr("auscult.detect.delay.LONGEST", 100)


@pytest.fixture(autouse=True)
def few_levels(monkeypatch):
    shorten(monkeypatch)


def machine_sound(rng, n=2048):
    """A hum, its harmonics and some hiss, a little different each time."""
    time_s = np.arange(n) / SR
    hum = sum(np.sin(2 * np.pi * 50 * k * time_s + rng.uniform(0, 6)) / k for k in range(1, 6))
    return 0.05 * rng.uniform(0.9, 1.1) * (hum + 0.5 * rng.standard_normal(n))


def recorded(folder, n, *, seed=0, noise=(0.0,), sr=SR):
    """Recordings of one machine on several channels, each with noise of its own."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n):
        y = machine_sound(rng)
        channels = [y + level * rng.standard_normal(y.size) for level in noise]
        soundfile.write(folder / f"clip_{number}.wav", np.stack(channels, axis=1), sr)
    return folder


@pytest.fixture(scope="module")
def one_channel(tmp_path_factory):
    return recorded(tmp_path_factory.mktemp("one") / "press_3" / "normal", 20).parent


@pytest.fixture(scope="module")
def said(one_channel):
    with pytest.MonkeyPatch.context() as monkeypatch:
        shorten(monkeypatch)
        return commission(one_channel, **FAST)


def test_everything_is_said_of_a_machine(said, one_channel):
    content = said.to_dict()
    assert json.loads(json.dumps(content, allow_nan=False)) == json.loads(json.dumps(asdict(said)))
    assert said.machine == "press_3"
    assert said.n_takes == 14, "20 less three tenths"
    assert said.heard_s == pytest.approx(14 * 2048 / SR)
    assert said.within_s == 300
    assert said.alarms["asked_s"] == 60
    assert said.alarms["promised_s"] <= 60
    assert "normal sound" in said.promise
    assert said.left_out == []
    assert said.channels == [{"channel": "mean", "mean_level_db": None}]
    assert [row["n_takes"] for row in said.learning_curve] == [10, 14]
    assert said.n_enough in (10, 14, None)


def test_every_kind_is_added_in_every_octave(said):
    places = [(row["kind"], row["low_hz"], row["high_hz"]) for row in said.smallest]
    assert places == [(kind, *band) for kind in INJECTIONS for band in OCTAVES]
    for row in said.smallest:
        levels = smallest_fault.levels_of(row["kind"])
        assert row["level_db"] is None or row["level_db"] in levels


def test_what_is_loud_is_found_and_what_is_faint_is_not(said):
    found = [row["level_db"] for row in said.smallest if row["kind"] in ("tone", "noise")]
    assert None not in found, "30 dB above the machine itself"
    assert min(found) > -20, "a hundredth of the machine's own power"


def test_the_last_row_of_the_learning_curve_is_the_result(said):
    last = said.learning_curve[-1]
    assert (last["n_takes"], last["heard_s"]) == (said.n_takes, said.heard_s)
    assert last["mean_level_db"] == round(smallest_fault.mean_level(said.smallest), 2)


def test_the_same_recordings_give_the_same(said, one_channel, tmp_path):
    moved = shutil.copytree(one_channel, tmp_path / "press_3")
    assert commission(moved, **FAST) == said


def test_more_time_never_finds_less(said, one_channel):
    longer = commission(one_channel, **(FAST | {"within_s": 3000.0}))
    for row, other in zip(said.smallest, longer.smallest, strict=True):
        assert (np.inf if other["level_db"] is None else other["level_db"]) <= (
            np.inf if row["level_db"] is None else row["level_db"]
        )


def test_a_louder_addition_is_never_lost(said, one_channel, monkeypatch):
    """From the smallest level on all are announced, as one sees with fewer of them."""
    monkeypatch.setattr(smallest_fault, "LEVELS_DB", (10, 30))
    monkeypatch.setattr(smallest_fault, "SWINGS_DB", (10, 30))
    fewer = {(row["kind"], row["low_hz"]): row["level_db"] for row in commission(one_channel, **FAST).smallest}
    for row in said.smallest:
        level_db, other = row["level_db"], fewer[row["kind"], row["low_hz"]]
        assert other == (None if level_db is None else max(level_db, 10))


@pytest.mark.parametrize("clean", [0, 1])
@pytest.mark.slow
def test_the_best_channel_is_the_one_that_hears_the_machine(tmp_path, monkeypatch, clean):
    """The other is drowned in noise that is as steady as can be, and 14 dB louder than the machine."""
    monkeypatch.setattr(smallest_fault, "LEVELS_DB", tuple(range(-24, 31, 3)))
    monkeypatch.setattr(commissioning, "N_TEST", 4)
    noise = [0.25, 0.25]
    noise[clean] = 0.0
    said = commission(recorded(tmp_path / "m" / "normal", 20, noise=noise).parent, **FAST)
    levels = [row["mean_level_db"] for row in said.channels]
    assert levels == sorted(levels)
    assert {row["channel"] for row in said.channels} == {"mean", "0", "1"}
    assert said.channels[0]["channel"] == str(clean)


def test_a_channel_that_hears_nothing_is_not_the_best(tmp_path):
    """A microphone that is off: the others are compared all the same."""
    folder = recorded(tmp_path / "m" / "normal", 14, noise=(0.0, 0.0))
    for path in folder.iterdir():
        y, sr = soundfile.read(path)
        y[:, 1] = 0
        soundfile.write(path, y, sr)
    said = commission(tmp_path / "m", **FAST)
    assert said.channels[0]["channel"] in ("mean", "0")
    assert said.smallest


def test_several_channels_of_a_synthetic_machine(tmp_path):
    write_dataset(tmp_path, n_ids=1, n_normal=14, n_anomalous=0, n_channels=2, duration_s=2.0, sr=8000, seed=1)
    said = commission(tmp_path, n_mels=12, alarms=AlarmBudget(1, 60.0))
    assert said.machine == "fan/id_00"
    assert said.n_takes == 10
    assert {row["channel"] for row in said.channels} == {"mean", "0", "1"}
    assert {row["high_hz"] for row in said.smallest} == {125.0 * 2**n for n in range(6)}


def test_clips_with_another_number_of_channels_are_left_out(tmp_path):
    folder = recorded(tmp_path / "m" / "normal", 14, noise=(0.0, 0.0))
    recorded(tmp_path / "other", 2, seed=5)
    for number, path in enumerate(sorted((tmp_path / "other").iterdir())):
        shutil.move(path, folder / f"mono_{number}.wav")
    said = commission(tmp_path / "m", **FAST)
    assert said.n_takes == 10
    assert len(said.left_out) == 2
    for number, line in enumerate(said.left_out):
        assert f"mono_{number}.wav: has 1 channel(s), most have 2. Record it alike." in line


def test_what_cannot_be_used_is_named(one_channel, tmp_path, said):
    data = shutil.copytree(one_channel, tmp_path / "press_3")
    (data / "normal" / "clip_a.wav").write_text("no sound")
    soundfile.write(data / "normal" / "clip_b.wav", np.linspace(-1, 1, 1000), SR // 2)
    soundfile.write(data / "normal" / "clip_c.wav", np.full(2048, 0.2), SR)
    again = commission(data, **FAST)
    text = "\n".join(again.left_out)
    assert "clip_a.wav: is not audio" in text
    assert "clip_b.wav: recorded at 2000 Hz" in text
    assert "clip_c.wav: holds only silence" in text, "a dead microphone is no normal sound, here as in training"
    assert again.smallest == said.smallest


def test_copies_count_once(one_channel, tmp_path, said):
    data = shutil.copytree(one_channel, tmp_path / "press_3")
    for path in list((data / "normal").iterdir())[:5]:
        shutil.copy(path, path.with_name(f"copy_of_{path.name}"))
    again = commission(data, **FAST)
    assert again.n_takes == said.n_takes


def test_too_few_recordings(tmp_path):
    recorded(tmp_path / "m" / "normal", 9)
    with pytest.raises(DataError, match="9 normal recordings are too few to try anything, expected at least 10"):
        commission(tmp_path, **FAST)
    recorded(tmp_path / "m" / "normal", 10)
    assert commission(tmp_path, **FAST).n_takes == 7


def test_takes_are_counted_and_not_clips(tmp_path):
    """Three crops of each take, which lie on one side of the split."""
    paths = sorted(recorded(tmp_path / "m" / "normal", 60).iterdir(), key=lambda path: int(path.stem[5:]))
    table = tmp_path / "clips.csv"
    table.write_text("\n".join(["path,label,take", *(f"{path},normal,t{n // 3}" for n, path in enumerate(paths))]))
    said = commission(table, **FAST)
    assert said.n_takes == 14
    assert [row["n_takes"] for row in said.learning_curve] == [10, 14]
    table.write_text("\n".join(["path,label,take", *(f"{path},normal,t{n // 8}" for n, path in enumerate(paths))]))
    with pytest.raises(DataError, match="8 normal recordings are too few"):
        commission(table, **FAST)


def test_folder_of_several_machines(tmp_path):
    for number, name in enumerate(("a", "b")):
        recorded(tmp_path / name / "normal", 10, seed=number)
    with pytest.raises(DataError, match=r"holds normal sound of 2 machines \(a, b.*--machine-id"):
        commission(tmp_path, **FAST)
    assert commission(tmp_path, machine_id="b", **FAST).machine == "b"


def test_folder_that_says_no_label(one_channel, tmp_path, said):
    shutil.copytree(one_channel / "normal", tmp_path / "plain")
    again = commission(tmp_path / "plain", machine_id="press_3", **FAST)
    assert again.machine == "press_3"
    assert again.smallest == said.smallest


def test_anomalous_recordings_are_not_used(one_channel, tmp_path, said):
    data = shutil.copytree(one_channel, tmp_path / "press_3")
    recorded(data / "abnormal", 3, seed=8, noise=(1.0,))
    assert commission(data, **FAST) == said


@pytest.mark.parametrize(
    "options",
    [{"within_s": 0}, {"within_s": -1.0}, {"within_s": float("nan")}, {"alarms": "never"}, {"n_mels": 0}],
)
def test_impossible_options(one_channel, options):
    with pytest.raises(OptionError):
        commission(one_channel, **(FAST | options))


def test_endless_time_is_no_time(one_channel):
    with pytest.raises(OptionError):
        commission(one_channel, **(FAST | {"within_s": float("inf")}))


def test_no_recordings(tmp_path):
    with pytest.raises(DataError, match="holds no recordings"):
        commission(tmp_path)
    (tmp_path / "m" / "normal").mkdir(parents=True)
    (tmp_path / "m" / "normal" / "a.wav").write_text("no sound")
    with pytest.raises(DataError, match="none of its recordings can be read"):
        commission(tmp_path)


def test_progress_of_each_stage(tmp_path):
    recorded(tmp_path / "m" / "normal", 10, noise=(0.0, 0.1))
    calls = []
    commission(tmp_path, on_progress=lambda *call: calls.append(call), **FAST)
    assert list(dict.fromkeys(stage for stage, *_ in calls)) == [
        "features",
        "channels",
        "faults",
    ]
    for stage in {stage for stage, *_ in calls}:
        done = [(n_done, n) for name, n_done, n in calls if name == stage]
        assert [n_done for n_done, _ in done] == list(range(1, done[0][1] + 1))


@pytest.mark.slow
def test_all_levels(one_channel, monkeypatch):
    """As it is run without the short cuts of the other tests."""
    monkeypatch.undo()
    said = commission(one_channel, within_s=600.0)
    assert json.loads(json.dumps(said.to_dict(), allow_nan=False))["n_takes"] == 14
    assert len(said.smallest) == len(INJECTIONS) * len(OCTAVES)
    found = [row["level_db"] for row in said.smallest if row["level_db"] is not None]
    assert found
    assert min(found) < 12


def test_recordings_that_alarm_as_they_are_make_the_figures_void(tmp_path, said):
    """The last ones are of another sound altogether."""
    assert said.is_calm
    folder = recorded(tmp_path / "m" / "normal", 20)
    rng = np.random.default_rng(5)
    for number in range(14, 20):
        soundfile.write(folder / f"clip_{number}.wav", rng.uniform(-0.8, 0.8, 2048), SR)
    assert not commission(folder.parent, **FAST).is_calm
