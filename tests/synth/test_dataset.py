import csv
import errno
import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auscult.errors import DataError, OptionError
from auscult.synth import render_fan, write_dataset
from auscult.synth.dataset import _set_levels
from auscult.synth.truth import Recipe, Take, child_rng, fan_of

SMALL = {"n_ids": 2, "n_normal": 3, "n_anomalous": 2, "duration_s": 0.5, "sr": 8000}


def digests(root):
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()
    }


def auc(anomalous, normal):
    """Share of (anomalous, normal) pairs in the right order."""
    return np.mean(np.asarray(anomalous)[:, None] > np.asarray(normal))


def levels_db(root, rows):
    return [10 * np.log10(np.mean(soundfile.read(root / row.path)[0] ** 2)) for row in rows]


def test_layout_and_truth_are_mimiis(tmp_path):
    rows = write_dataset(tmp_path, snr_db=(6, -6), **SMALL)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["-6_dB_fan", "6_dB_fan", "truth.csv"]
    assert (tmp_path / "6_dB_fan/fan/id_02/abnormal/00000001.wav").is_file()
    info = soundfile.info(tmp_path / "-6_dB_fan/fan/id_00/normal/00000000.wav")
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (8000, 1, 4000, "PCM_16")
    with (tmp_path / "truth.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["path"] for row in table] == [row.path for row in rows]
    assert sorted(row.path for row in rows) == sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.wav"))
    columns = "path machine_type machine_id snr_db label fault severity take rotation_hz n_blades seed"
    assert list(table[0]) == columns.split()
    for row in table:
        is_normal = "/normal/" in row["path"]
        assert row["label"] == ("normal" if is_normal else "anomalous")
        assert row["fault"] == ("" if is_normal else "imbalance")
        assert (float(row["severity"]) == 0) == is_normal
    assert len({row["take"] for row in table}) == len(table) / 2  # each take at two SNRs
    assert len({row["rotation_hz"] for row in table}) == 2  # one individual per id


def test_same_seed_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_dataset(tmp_path / name, seed=seed, **SMALL)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    assert not set(digests(tmp_path / "a").values()) & set(digests(tmp_path / "c").values())


def test_no_two_clips_are_alike_and_none_is_clipped(tmp_path):
    rows = write_dataset(tmp_path, snr_db=(-6, 0, 6), severity=1.0, **SMALL)
    clips = [soundfile.read(tmp_path / row.path, dtype="int16")[0] for row in rows]
    assert len({y.tobytes() for y in clips}) == len(rows)
    assert 0.05 * 2**15 < max(np.max(np.abs(y.astype(int))) for y in clips) < 2**15 - 1


@pytest.mark.parametrize("snr_db", [-6.0, 6.0])
def test_snr_is_that_asked_for_on_average(tmp_path, snr_db):
    n_normal = 30
    recipe = Recipe(1, (snr_db,), n_normal, 0, 1.0, 8000, None, 0)
    rows = write_dataset(tmp_path, n_ids=1, snr_db=(snr_db,), n_normal=n_normal, n_anomalous=0, duration_s=1.0, sr=8000)
    takes = [Take(0, True, number) for number in range(n_normal)]
    scale, _ = _set_levels(recipe, takes)
    machine_powers, noise_powers = [], []
    for take, row in zip(takes, rows, strict=True):
        rng = child_rng(0, "machine", take.name)
        machine = scale * render_fan(fan_of(recipe, take), duration_s=1.0, sr=8000, rng=rng)
        clip, _ = soundfile.read(tmp_path / row.path)
        machine_powers.append(np.mean(machine**2))
        noise_powers.append(np.mean((clip - machine) ** 2))
    assert 10 * np.log10(np.mean(machine_powers) / np.mean(noise_powers)) == pytest.approx(snr_db, abs=0.5)
    assert np.std(10 * np.log10(noise_powers)) < 0.1  # the noise follows the machine's mean, not the clip


def test_level_alone_does_not_give_the_fault_away(tmp_path):
    rows = write_dataset(tmp_path, n_ids=3, n_normal=40, n_anomalous=40, duration_s=1.0, sr=8000)
    for machine_id in ("id_00", "id_02", "id_04"):
        normal = [row for row in rows if row.machine_id == machine_id and row.label == "normal"]
        anomalous = [row for row in rows if row.machine_id == machine_id and row.label == "anomalous"]
        assert 0.25 <= auc(levels_db(tmp_path, anomalous), levels_db(tmp_path, normal)) <= 0.75


def test_severity_0_sounds_normal(tmp_path):
    rows = write_dataset(tmp_path, n_ids=1, n_normal=60, n_anomalous=60, duration_s=0.5, sr=8000, severity=0)
    spectra = []
    for row in rows:
        y, _ = soundfile.read(tmp_path / row.path)
        bands = np.array_split(np.abs(np.fft.rfft(y)) ** 2, 20)
        spectra.append([10 * np.log10(band.mean()) for band in bands])
    normal, anomalous = np.split(np.array(spectra), 2)
    gap = np.abs(normal.mean(axis=0) - anomalous.mean(axis=0)) / np.sqrt(
        (normal.var(axis=0) + anomalous.var(axis=0)) / 60
    )
    assert np.max(gap) < 3.5  # standard errors, 20 bands


def test_drawn_severities_are_often_mild(tmp_path):
    rows = write_dataset(tmp_path, n_ids=4, n_normal=1, n_anomalous=50, duration_s=0.5, sr=8000)
    severities = np.array([row.severity for row in rows if row.label == "anomalous"])
    assert np.all((severities > 0) & (severities < 1))
    assert 0.1 < np.mean(severities < 0.35) < 0.4


def test_progress_counts_every_clip(tmp_path):
    steps = []
    write_dataset(tmp_path, on_progress=lambda n_done, n_total: steps.append((n_done, n_total)), **SMALL)
    assert steps == [(n, 10) for n in range(1, 11)]


@pytest.mark.parametrize("n_before", [0, 1, 7])
def test_an_interrupted_run_is_run_again_to_the_same_bytes(tmp_path, n_before):
    write_dataset(tmp_path / "whole", **SMALL)

    def interrupt(n_done, _):
        if n_done > n_before:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "broken", on_progress=interrupt, **SMALL)
    assert not (tmp_path / "broken/truth.csv").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "broken").rglob("*.wav")}
    write_dataset(tmp_path / "broken", **SMALL)
    assert digests(tmp_path / "broken") == digests(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in kept.items())


def test_a_deleted_clip_comes_back(tmp_path):
    rows = write_dataset(tmp_path, **SMALL)
    before = digests(tmp_path)
    (tmp_path / rows[4].path).unlink()
    assert write_dataset(tmp_path, **SMALL) == rows
    assert digests(tmp_path) == before


@pytest.mark.parametrize("change", [{"seed": 1}, {"n_normal": 4}, {"snr_db": (0,)}, {"sr": 16000}, {"duration_s": 1.0}])
@pytest.mark.parametrize("is_finished", [True, False])
def test_a_root_of_other_parameters_is_refused_and_left_alone(tmp_path, change, is_finished):
    write_dataset(tmp_path, **SMALL)
    if not is_finished:
        (tmp_path / "truth.csv").rename(tmp_path / "truth.unfinished.csv")
    before = digests(tmp_path)
    with pytest.raises(DataError, match="other"):
        write_dataset(tmp_path, **{**SMALL, **change})
    assert digests(tmp_path) == before


@pytest.mark.parametrize("stray", ["6_dB_fan/fan/id_00/normal/00000000.wav", "mine.WAV"])
def test_recordings_already_there_are_refused_and_left_alone(tmp_path, stray):
    (tmp_path / stray).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stray).write_bytes(b"a real recording")
    with pytest.raises(DataError, match="mixed up"):
        write_dataset(tmp_path, **SMALL)
    assert (tmp_path / stray).read_bytes() == b"a real recording"
    assert len(digests(tmp_path)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("n_ids", n) for n in (0, -1, 51, 1.5, float("nan"))],
        *[("n_normal", n) for n in (0, 2.5)],
        *[("n_anomalous", n) for n in (-1, 0.5)],
        *[("duration_s", x) for x in (0, -1, 0.49, float("nan"), float("inf"))],
        *[("severity", x) for x in (-0.01, 1.01, float("nan"))],
        *[("sr", x) for x in (7999, 16000.5, float("inf"))],
        *[("snr_db", x) for x in ((), (6, 6), (0, -0.0), (6, 6.0), (float("nan"),), (float("inf"),), (61,))],
        *[("seed", x) for x in (-1, 0.5)],
    ],
)
def test_arguments_out_of_range_are_refused_before_anything_is_written(tmp_path, name, value):
    with pytest.raises(OptionError, match=name):
        write_dataset(tmp_path / "new", **{**SMALL, name: value})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("blocker", [".", "6_dB_fan", "6_dB_fan/fan/id_02"])
def test_a_file_where_a_folder_should_be_is_named(tmp_path, blocker):
    root = tmp_path / "root"
    (root / blocker).parent.mkdir(parents=True, exist_ok=True)
    (root / blocker).write_text("in the way")
    with pytest.raises(DataError, match=str(root)):
        write_dataset(root, **SMALL)
    assert (root / blocker).read_text() == "in the way"


def test_a_full_disk_is_named_and_leaves_no_half_clip(tmp_path, monkeypatch):
    write_bytes, n_written = Path.write_bytes, 0

    def fill_up(path, content):
        nonlocal n_written
        n_written += 1
        if n_written <= 4:
            return write_bytes(path, content)
        write_bytes(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fill_up)
        with pytest.raises(DataError, match=r"abnormal.00000000\.wav: cannot be written: No space left") as caught:
            write_dataset(tmp_path / "full", **SMALL)
    assert isinstance(caught.value.__cause__, OSError)
    clips = [p for p in (tmp_path / "full").rglob("*") if p.is_file() and p.name != "truth.unfinished.csv"]
    assert [soundfile.info(p).frames for p in clips] == [4000] * 3
    write_dataset(tmp_path / "full", **SMALL)  # after space was made
    write_dataset(tmp_path / "whole", **SMALL)
    assert digests(tmp_path / "full") == digests(tmp_path / "whole")
