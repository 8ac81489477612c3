import shutil

import numpy as np
import pytest
import soundfile

import auscult
from auscult.errors import DataError, OptionError


@pytest.fixture
def data(synthetic_data, tmp_path):
    """A copy of the synthetic data set that a test may change."""
    return shutil.copytree(synthetic_data, tmp_path / "data")


def machine_folder(data, number="00"):
    return data / "6_dB_fan" / "fan" / f"id_{number}"


def test_what_was_learnt_is_on_record(trained_bundle):
    manifest = auscult.load(trained_bundle).manifest
    assert list(manifest.thresholds) == ["fan/id_00", "fan/id_02"]
    assert manifest.thresholds["fan/id_00"]["n_calibration"] == 16, "20 normal takes less a fifth held out"
    assert manifest.thresholds["fan/id_00"]["false_alarm_rate"] == pytest.approx(1 / 17), "the least that 16 support"
    assert manifest.training_data["n_clips"] == 32
    assert manifest.training_data["is_synthetic"]
    assert manifest.training_data["left_out"] == []
    for row in manifest.metrics["figures"]:
        assert (row["n_normal"], row["n_anomalous"]) == (4, 8)
        assert 0 <= row["auc_95"][0] <= row["auc"] <= row["auc_95"][1] <= 1


def test_same_recordings_give_the_same_bytes(synthetic_data, data, trained_bundle, tmp_path):
    auscult.train(data, n_mels=32).save(tmp_path / "again.auscult")
    assert (tmp_path / "again.auscult").read_bytes() == trained_bundle.read_bytes()


def test_anomalous_clips_change_no_model(data, trained_bundle):
    """What is measured on must not be learnt from: with other anomalous clips all but the figures stays."""
    shutil.rmtree(machine_folder(data) / "abnormal")
    bundle = auscult.train(data, n_mels=32)
    assert bundle.members["detector.npz"] == auscult.load(trained_bundle).members["detector.npz"]


def test_held_out_clips_change_no_model(data, trained_bundle):
    """The last fifth of the normal takes is replaced by noise: only the figures may change."""
    for number in range(16, 20):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, 32_000)
        soundfile.write(machine_folder(data) / "normal" / f"{number:08d}.wav", noise, 16_000, subtype="PCM_16")
    bundle = auscult.train(data, n_mels=32)
    before = auscult.load(trained_bundle)
    assert bundle.members["detector.npz"] == before.members["detector.npz"]
    assert bundle.manifest.metrics["figures"][0]["false_alarm_rate"] == 1
    assert bundle.manifest.metrics["figures"][0]["auc"] < before.manifest.metrics["figures"][0]["auc"]


def test_copy_of_a_learnt_clip_is_not_measured_on(data):
    normal = machine_folder(data) / "normal"
    shutil.copy(normal / "00000000.wav", normal / "00000019.wav")
    figures = auscult.train(data, n_mels=32).manifest.metrics["figures"]
    assert [row["n_normal"] for row in figures] == [3, 4]


def test_bad_files_are_left_out_and_named(data):
    normal = machine_folder(data) / "normal"
    (normal / "00000002.wav").write_text("no sound")
    whole = (normal / "00000003.wav").read_bytes()
    (normal / "00000003.wav").write_bytes(whole[: len(whole) // 2])
    soundfile.write(normal / "00000004.wav", np.zeros(16_000), 8_000, subtype="PCM_16")
    manifest = auscult.train(data, n_mels=32).manifest
    left_out = "\n".join(manifest.training_data["left_out"])
    assert manifest.thresholds["fan/id_00"]["n_calibration"] == 14, "17 clips, the last 3 of them held out"
    assert "6_dB_fan/fan/id_00/normal/00000002.wav: is not audio" in left_out
    assert "00000003.wav: truncated" in left_out
    assert "00000004.wav: recorded at 8000 Hz" in left_out


def test_any_rate_length_and_number_of_channels(tmp_path, rng):
    for number in range(8):
        y = 0.1 * rng.standard_normal((24_000 + 1_000 * number, 3))
        path = tmp_path / "press" / "normal" / f"{number}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, y, 48_000)
    for channels in ("mean", "all", 2):
        bundle = auscult.train(tmp_path, channels=channels)
        assert bundle.manifest.features.fmax == 24_000
        assert bundle.predict(tmp_path / "press" / "normal" / "0.flac").machine_id == "press"


def test_channel_policy_is_the_one_used(tmp_path, rng):
    """Channel 0 is loud, channel 1 is soft: what was learnt from channel 1 finds channel 0 anomalous."""
    for number in range(12):
        y = rng.standard_normal((16_000, 2)) * [0.3, 0.003]
        path = tmp_path / "m" / "normal" / f"{number:02d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, y, 16_000)
    bundle = auscult.train(tmp_path, channels=1)
    y, sr = auscult.read_audio(path, channels="all")
    assert not bundle.predict(y, sr=sr).is_anomalous
    assert bundle.predict(y[::-1], sr=sr).is_anomalous


def test_false_alarm_rate_is_the_one_used(data):
    strict, lenient = (auscult.train(data, n_mels=32, false_alarm_rate=rate) for rate in (0.1, 0.5))
    for machine, threshold in strict.manifest.thresholds.items():
        assert threshold["false_alarm_rate"] == 0.1
        assert threshold["threshold"] > lenient.manifest.thresholds[machine]["threshold"]


def test_bands_are_the_ones_asked_for(data):
    assert auscult.train(data, n_mels=20).manifest.features.n_mels == 20


def test_progress_counts_every_clip(data):
    calls = []
    auscult.train(data, n_mels=32, on_progress=lambda *call: calls.append(call))
    assert [call for call in calls if call[0] == "features"][-1] == ("features", 56, 56)


def test_no_recordings(tmp_path):
    with pytest.raises(DataError, match="holds no recordings"):
        auscult.train(tmp_path)


def test_only_anomalous_recordings(data):
    for number in ("00", "02"):
        shutil.rmtree(machine_folder(data, number) / "normal")
    with pytest.raises(DataError, match="no normal clip can be read"):
        auscult.train(data)


def test_too_few_normal_recordings(data):
    for number in range(3, 20):
        (machine_folder(data) / "normal" / f"{number:08d}.wav").unlink()
    with pytest.raises(DataError, match=r"fan/id_00: 2 normal clips are too few .*Record more"):
        auscult.train(data)


@pytest.mark.parametrize(
    "options", [{"test_share": 1.0}, {"test_share": -0.1}, {"false_alarm_rate": 0}, {"channels": "left"}, {"n_mels": 0}]
)
def test_impossible_options(data, options):
    with pytest.raises(OptionError):
        auscult.train(data, **options)
