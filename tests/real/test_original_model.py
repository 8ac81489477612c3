"""The original's own clips, model and answers."""

import io
import json
import subprocess
import sys

import pytest
import soundfile

import auscult
from auscult.errors import MachineError

pytestmark = pytest.mark.real


def clip_bytes(real_data, name):
    """A clip, or the first 8 s of it where the name ends in ``_8s``, as its own file."""
    data = (real_data / "signalml" / f"{name.removesuffix('_8s')}.wav").read_bytes()
    if not name.endswith("_8s"):
        return data
    samples, sr = soundfile.read(io.BytesIO(data), dtype="int16")
    buffer = io.BytesIO()
    soundfile.write(buffer, samples[: 8 * sr], sr, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["normal", "pb1", "pb2", "pb3", "normal_8s", "pb2_8s"])
def test_verdict_is_the_originals(real_data, original_bundle, name):
    expected = json.loads((real_data / "signalml" / "expected.json").read_text())[name]
    verdict = auscult.load(original_bundle).predict(clip_bytes(real_data, name)).to_dict()
    assert verdict["Anomaly"] == expected["Anomaly"]
    assert verdict["Details"]["Message"] == expected["Details"]["Message"]
    assert verdict["Details"]["Probabilities"] == pytest.approx(expected["Details"]["Probabilities"], abs=0.001)


@pytest.mark.parametrize("duration_s", [0.001, 0.5, 2, 4.9])
def test_clips_that_the_original_failed_on(real_data, original_bundle, duration_s):
    y, sr = auscult.read_audio(real_data / "signalml" / "pb1.wav")
    verdict = auscult.load(original_bundle).predict(y[: max(1, int(duration_s * sr))], sr=sr)
    assert sum(verdict.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_command_line_judges_the_originals_clips(real_data, original_bundle):
    clips = [str(real_data / "signalml" / f"{name}.wav") for name in ("normal", "pb2")]
    command = [sys.executable, "-m", "auscult", "predict", str(original_bundle), *clips, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, "an anomalous clip is a finding"
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["Details"]["Message"] for answer in answers] == ["Component OK", "Voltage change"]


def test_training_on_real_recordings(real_data, tmp_path):
    """Eight and eight clips prove that it runs on real files, not that it detects."""
    auscult.train(real_data / "mimii_fan_0dB").save(tmp_path / "fan.auscult")
    bundle = auscult.load(tmp_path / "fan.auscult")
    assert list(bundle.manifest.thresholds) == ["fan/id_00"]
    assert not bundle.manifest.training_data["is_synthetic"]
    (figures,) = bundle.manifest.metrics["figures"]
    assert (figures["n_normal"], figures["n_anomalous"], figures["snr_db"]) == (2, 8, 0.0)
    verdict = bundle.predict(real_data / "mimii_fan_0dB" / "id_00" / "normal" / "00000000.wav")
    assert not verdict.is_anomalous


@pytest.mark.parametrize("machine", ["fan", "pump", "slider", "valve"])
def test_dcase_clips_can_be_judged(real_data, original_bundle, machine):
    bundle = auscult.load(original_bundle)
    for path in (real_data / "dcase2020" / machine / "test").glob("*.wav"):
        assert bundle.predict(path).message


def test_machine_id_is_not_ignored(real_data, original_bundle):
    with pytest.raises(MachineError, match="id_00: this bundle has one model for all machines"):
        auscult.load(original_bundle).predict(clip_bytes(real_data, "normal"), machine_id="id_00")
