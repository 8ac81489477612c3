import hashlib
import os
import shutil

import numpy as np
import pytest
import soundfile

import auscult
from auscult.detect import AlarmBudget
from auscult.errors import DataError, OptionError


@pytest.fixture
def data(synthetic_data, tmp_path):
    """A copy of the synthetic data set that a test may change."""
    return shutil.copytree(synthetic_data, tmp_path / "data")


def learn_normal(root, **options):
    """Train without faults, which take longer: tests of those are in test_training_faults.py."""
    return auscult.train(root, labels="none", **options)


def machine_folder(data, number="00"):
    return data / "6_dB_fan" / "fan" / f"id_{number}"


def test_what_was_learnt_is_on_record(trained_bundle):
    manifest = auscult.load(trained_bundle).manifest
    assert list(manifest.thresholds) == ["fan/id_00", "fan/id_02"]
    assert manifest.thresholds["fan/id_00"]["n_takes"] == 16, "20 normal takes less a fifth held out"
    assert manifest.thresholds["fan/id_00"]["false_alarm_rate"] == pytest.approx(1 / 17), "the least that 16 support"
    assert manifest.training_data["n_clips"] == 32
    assert manifest.training_data["is_synthetic"]
    assert manifest.training_data["left_out"] == []
    for row in manifest.metrics["figures"]:
        assert (row["n_normal"], row["n_anomalous"]) == (4, 8)
        assert 0 <= row["auc_95"][0] <= row["auc"] <= row["auc_95"][1] <= 1


def test_same_recordings_give_the_same_bytes(synthetic_data, data, trained_bundle, tmp_path):
    learn_normal(data, n_mels=32).save(tmp_path / "again.auscult")
    assert (tmp_path / "again.auscult").read_bytes() == trained_bundle.read_bytes()


def test_anomalous_clips_change_no_model(data, trained_bundle):
    """What is measured on must not be learnt from: with other anomalous clips all but the figures stays."""
    shutil.rmtree(machine_folder(data) / "abnormal")
    bundle = learn_normal(data, n_mels=32)
    assert bundle.members["detector.npz"] == auscult.load(trained_bundle).members["detector.npz"]


def test_held_out_clips_change_no_model(data, trained_bundle):
    """The last fifth of the normal takes is replaced by noise: only the figures may change."""
    for number in range(16, 20):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, 32_000)
        soundfile.write(machine_folder(data) / "normal" / f"{number:08d}.wav", noise, 16_000, subtype="PCM_16")
    bundle = learn_normal(data, n_mels=32)
    before = auscult.load(trained_bundle)
    assert bundle.members["detector.npz"] == before.members["detector.npz"]
    assert bundle.manifest.metrics["figures"][0]["false_alarm_rate"] == 1
    assert bundle.manifest.metrics["figures"][0]["auc"] < before.manifest.metrics["figures"][0]["auc"]


@pytest.mark.slow
def test_copies_are_learnt_and_measured_once(data):
    """A copy among the learnt would be its own evidence; one among the held-out would be measured by itself."""
    normal = machine_folder(data) / "normal"
    expected = learn_normal(data, n_mels=32).manifest
    for number in range(5):
        shutil.copy(normal / f"{number:08d}.wav", normal / f"copy_{number:08d}.wav")
    manifest = learn_normal(data, n_mels=32).manifest
    assert manifest.thresholds == expected.thresholds
    assert manifest.metrics == expected.metrics
    assert sum("is the same recording as" in line for line in manifest.training_data["left_out"]) == 5


def test_one_recording_with_two_labels_is_named(data):
    shutil.copy(machine_folder(data) / "normal" / "00000001.wav", machine_folder(data) / "abnormal" / "00000001.wav")
    (line,) = learn_normal(data, n_mels=32).manifest.training_data["left_out"]
    assert "abnormal/00000001.wav: is the same recording as" in line
    assert "which is labelled normal" in line


def test_silence_is_not_learnt(data):
    for number in range(8):
        path = machine_folder(data) / "normal" / f"{number:08d}.wav"
        soundfile.write(path, np.full(32_000, 0.1 * number), 16_000, subtype="PCM_16")
    manifest = learn_normal(data, n_mels=32).manifest
    assert (
        sum("holds only silence, as of a dead microphone" in line for line in manifest.training_data["left_out"]) == 8
    )


def test_takes_are_in_the_order_of_their_numbers(tmp_path, rng):
    """clip_10 comes after clip_9: the last ones are held out, which here are loud."""
    for number in range(1, 31):
        path = tmp_path / "m" / "normal" / f"clip_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng.standard_normal(16_000) * (0.1 if number <= 24 else 0.001), 16_000)
    (figures,) = learn_normal(tmp_path).manifest.metrics["figures"]
    assert figures["false_alarm_rate"] == 1


@pytest.mark.slow
def test_part_of_a_synthetic_data_set_is_synthetic(synthetic_data, tmp_path):
    assert learn_normal(synthetic_data / "6_dB_fan" / "fan").manifest.training_data["is_synthetic"]
    own = shutil.copytree(synthetic_data / "6_dB_fan", tmp_path / "own")
    (tmp_path / "truth.csv").write_text("clip,truth\n")
    assert not learn_normal(own).manifest.training_data["is_synthetic"]


def test_bad_files_are_left_out_and_named(data):
    normal = machine_folder(data) / "normal"
    (normal / "00000002.wav").write_text("no sound")
    whole = (normal / "00000003.wav").read_bytes()
    (normal / "00000003.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(normal / "00000004.wav", np.linspace(-1, 1, 16_000), 8_000, subtype="PCM_16")
    manifest = learn_normal(data, n_mels=32).manifest
    left_out = "\n".join(manifest.training_data["left_out"])
    assert manifest.thresholds["fan/id_00"]["n_takes"] == 14, "17 clips, the last 3 of them held out"
    assert "6_dB_fan/fan/id_00/normal/00000002.wav: is not audio" in left_out
    assert "00000003.wav: truncated" in left_out
    assert "00000004.wav: recorded at 8000 Hz" in left_out


@pytest.mark.slow
def test_any_rate_length_and_number_of_channels(tmp_path, rng):
    for number in range(8):
        y = 0.1 * rng.standard_normal((24_000 + 1_000 * number, 3))
        path = tmp_path / "press" / "normal" / f"{number}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, y, 48_000)
    for channels in ("mean", "all", 2):
        bundle = learn_normal(tmp_path, channels=channels)
        assert bundle.manifest.features.fmax == 24_000
        assert bundle.predict(tmp_path / "press" / "normal" / "0.flac").machine_id == "press"


def test_channel_policy_is_the_one_used(tmp_path, rng):
    """Channel 0 is loud, channel 1 is soft: what was learnt from channel 1 finds channel 0 anomalous."""
    for number in range(12):
        y = rng.standard_normal((16_000, 2)) * [0.3, 0.003]
        path = tmp_path / "m" / "normal" / f"{number:02d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, y, 16_000)
    bundle = learn_normal(tmp_path, channels=1)
    y, sr = auscult.read_audio(path, channels="all")
    assert not bundle.predict(y, sr=sr).is_anomalous
    assert bundle.predict(y[::-1], sr=sr).is_anomalous


def test_false_alarm_rate_is_the_one_used(data):
    strict, lenient = (learn_normal(data, n_mels=32, false_alarm_rate=rate) for rate in (0.1, 0.5))
    for machine, threshold in strict.manifest.thresholds.items():
        assert threshold["false_alarm_rate"] == 0.1
        assert threshold["threshold"] > lenient.manifest.thresholds[machine]["threshold"]


@pytest.mark.slow
def test_alarms_are_the_ones_tolerated(data, trained_bundle):
    said = learn_normal(data, n_mels=32, alarms="2/day").manifest.thresholds
    assert {entry["alarms"]["asked_s"] for entry in said.values()} == {43_200}
    assert learn_normal(data, n_mels=32, alarms=AlarmBudget(2, 86_400)).manifest.thresholds == said
    by_the_week = auscult.load(trained_bundle).manifest.thresholds
    for name, entry in by_the_week.items():
        assert entry["alarms"]["asked_s"] == 604_800
        assert entry["alarms"]["threshold"] > said[name]["alarms"]["threshold"]
        assert entry["alarms"]["heard_s"] == 32, "16 clips of 2 s"
        assert entry["alarms"]["promised_s"] == min(604_800, entry["alarms"]["supported_s"])


def test_spectrograms_of_some_learnt_clips_are_kept(trained_bundle, synthetic_data):
    bundle = auscult.load(trained_bundle)
    for name, machine in bundle.detector.machines.items():
        assert 2 <= len(machine.exemplars.patches) <= 8
        for number, place in enumerate(machine.exemplars.places):
            path = synthetic_data / "6_dB_fan" / f"{machine.takes[place]}.wav"
            expected = bundle.manifest.features.patch(*auscult.read_audio(path))
            assert machine.takes[place].startswith(f"{name}/normal/000000")
            assert np.abs(machine.exemplars.patch_db(number) - expected).max() <= 0.2501


def test_what_was_learnt_is_known_again(trained_bundle, synthetic_data):
    """By content and by take, so that nothing is measured on it."""
    for name, machine in auscult.load(trained_bundle).detector.machines.items():
        for number in range(20):
            take = f"{name}/normal/{number:08d}"
            content = (synthetic_data / "6_dB_fan" / f"{take}.wav").read_bytes()
            assert machine.has_learnt_take(take) == (number < 16)
            assert machine.has_learnt(hashlib.sha256(content).hexdigest()) == (number < 16)


def test_bands_are_the_ones_asked_for(data):
    assert learn_normal(data, n_mels=20).manifest.features.n_mels == 20


def test_progress_counts_every_clip(data):
    calls = []
    learn_normal(data, n_mels=32, on_progress=lambda *call: calls.append(call))
    assert [call for call in calls if call[0] == "features"][-1] == ("features", 56, 56)


def test_no_recordings(tmp_path):
    with pytest.raises(DataError, match="holds no recordings"):
        learn_normal(tmp_path)


def test_only_anomalous_recordings(data):
    for number in ("00", "02"):
        shutil.rmtree(machine_folder(data, number) / "normal")
    with pytest.raises(DataError, match="there is no normal recording that can be read"):
        learn_normal(data)


def test_machine_with_too_few_recordings_is_left_out_and_named(data):
    for number in range(5, 20):
        (machine_folder(data) / "normal" / f"{number:08d}.wav").unlink()
    manifest = learn_normal(data).manifest
    assert list(manifest.thresholds) == ["fan/id_02"]
    (line,) = manifest.training_data["left_out"]
    assert line.startswith("fan/id_00: machine not learnt, 4 normal recordings are too few to learn from")
    assert manifest.training_data["n_clips"] == 16, "what was not learnt from does not count"


@pytest.mark.parametrize("n_normal", [0, 1])
def test_machine_without_anything_to_learn_from_is_named(data, n_normal):
    """No normal recording at all, or one that is held out."""
    for number in range(n_normal, 20):
        (machine_folder(data) / "normal" / f"{number:08d}.wav").unlink()
    (line,) = learn_normal(data).manifest.training_data["left_out"]
    assert line.startswith("fan/id_00: machine not learnt, no normal recordings to learn from")


def test_reasons_are_said_when_nothing_can_be_learnt(data):
    for path in data.glob("*/fan/*/normal/*.wav"):
        soundfile.write(path, np.zeros(32_000), 16_000)
    with pytest.raises(DataError, match=r"no machine can be learnt \(.*holds only silence.*and \d+ more\)"):
        learn_normal(data)


def test_channel_that_there_is_not_is_said_once(data):
    with pytest.raises(OptionError, match=r"channels: asked for index 3, and the recordings have one channel\. Choose"):
        learn_normal(data, channels=3)


def test_file_that_would_never_end_is_left_out(data):
    os.mkfifo(machine_folder(data) / "normal" / "pipe.wav")
    assert "pipe.wav: is not a regular file" in learn_normal(data).manifest.training_data["left_out"][0]


def test_names_that_are_no_text_are_left_out_readably(data, tmp_path):
    (machine_folder(data) / "normal" / os.fsdecode(b"caf\xe9.wav")).write_text("no sound")
    bundle = learn_normal(data)
    assert "caf\\udce9.wav: is not audio" in bundle.manifest.training_data["left_out"][0]
    bundle.save(tmp_path / "m.auscult")
    auscult.load(tmp_path / "m.auscult")


@pytest.mark.parametrize(
    "options",
    [
        {"test_share": 1.0},
        {"test_share": -0.1},
        {"false_alarm_rate": 0},
        {"channels": "left"},
        {"n_mels": 0},
        {"n_mels": -1},
        {"alarms": "never"},
        {"n_jobs": 0},
    ],
)
def test_impossible_options(data, options):
    with pytest.raises(OptionError):
        learn_normal(data, **options)


def test_lines_of_a_table_that_say_no_known_label_are_left_out_and_named(press, tmp_path):
    table, report = tmp_path / "clips.csv", tmp_path / "report.html"
    lines = [f"{file},{'great' if file.stem == '7' else 'normal'}" for file in sorted((press / "press/good").iterdir())]
    table.write_text("\n".join(["path,label", *lines]))
    (left_out,) = learn_normal(table, n_mels=8, report=report).manifest.training_data["left_out"]
    assert "press/good/7.wav: its label 'great' is not known. Write normal or anomalous" in left_out
    assert "is not known. Write normal or anomalous" in report.read_text()


@pytest.mark.slow
def test_table_of_a_folder_gives_the_same_model(data, trained_bundle, tmp_path):
    from auscult.audio.scan import scan

    (tmp_path / "tables").mkdir()
    scan(machine_folder(data).parent, output=tmp_path / "tables" / "clips.csv", with_audio=False)
    (machine_folder(data) / "normal" / "00000003.wav").write_text("no sound")
    before = learn_normal(data, n_mels=32).manifest
    after = learn_normal(tmp_path / "tables" / "clips.csv", n_mels=32).manifest
    assert after.thresholds == before.thresholds
    assert after.metrics == before.metrics
    assert after.training_data["fingerprint"] == before.training_data["fingerprint"]
    assert after.training_data["is_synthetic"]
    assert "id_00/normal/00000003.wav: is not audio" in after.training_data["left_out"][0]


@pytest.mark.slow
def test_clips_that_are_said_to_be_for_testing_are_not_learnt_from(data, tmp_path):
    """The first three normal takes, where the last would be held out otherwise."""
    lines = ["path,label,split"]
    for path in sorted(machine_folder(data).rglob("*.wav")):
        split = "test" if path.parent.name == "normal" and path.name <= "00000002.wav" else "train"
        lines.append(f"{path},{path.parent.name},{split}")
    table = tmp_path / "clips.csv"
    table.write_text("\n".join(lines))
    manifest = learn_normal(table, n_mels=32).manifest
    assert manifest.thresholds["fan/id_00"]["n_takes"] == 17
    assert manifest.metrics["figures"][0]["n_normal"] == 3
    assert "said to be for testing" in manifest.metrics["split"]
    table.write_text("\n".join(lines).replace(",train", ",test"))
    assert learn_normal(table, n_mels=32).manifest.thresholds["fan/id_00"]["n_takes"] == 16, "all of them, so none"
