import json
import os
import re
import subprocess
import sys

import pytest

import auscult
from auscult.audio.write import wav_bytes


def clips(data, label, machine="00", n=2):
    return sorted((data / "6_dB_fan" / "fan" / f"id_{machine}" / label).glob("*.wav"))[:n]


def test_a_line_a_clip(auscult_cli, trained_bundle, synthetic_data):
    paths = clips(synthetic_data, "normal")
    done = auscult_cli("predict", trained_bundle, *paths)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line, path in zip(lines, paths, strict=True):
        assert line.startswith("ok ")
        assert f"{path}  Component OK  (normal 1.000; score " in line  # it has learnt them
        assert line.endswith("machine fan/id_00)")


def test_json_is_what_the_server_answers(auscult_cli, trained_bundle, synthetic_data):
    paths = clips(synthetic_data, "normal") + clips(synthetic_data, "normal", machine="02")
    done = auscult_cli("predict", trained_bundle, *paths, "--json")
    bundle = auscult.load(trained_bundle)
    for line, path in zip(done.stdout.splitlines(), paths, strict=True):
        assert json.loads(line) == json.loads(json.dumps({"clip": str(path), **bundle.predict(path).to_dict()}))


def test_anomalous_clip_is_a_finding(auscult_cli, trained_bundle, synthetic_data):
    """A clip of the other machine sounds anomalous."""
    done = auscult_cli("predict", trained_bundle, *clips(synthetic_data, "normal"), "--machine-id", "id_02")
    assert done.returncode == 1
    assert "Component sounds anomalous" in done.stdout


def test_one_bad_clip_does_not_stop_the_others(auscult_cli, trained_bundle, synthetic_data, tmp_path):
    (tmp_path / "notes.wav").write_text("no sound")
    done = auscult_cli("predict", trained_bundle, "notes.wav", *clips(synthetic_data, "normal"))
    assert done.returncode == 3
    assert "error: notes.wav: is not audio" in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_bad_clip_in_json(auscult_cli, trained_bundle):
    done = auscult_cli("predict", trained_bundle, "no.wav", "--json")
    assert done.returncode == 3
    assert "there is no such file" in json.loads(done.stdout)["error"]


def test_letters_that_the_terminal_lacks_are_no_reason_to_stop(trained_bundle, synthetic_data, tmp_path):
    path = tmp_path / "Lüfter.wav"
    path.write_bytes(clips(synthetic_data, "normal")[0].read_bytes())
    command = [sys.executable, "-m", "auscult", "predict", str(trained_bundle), str(path), "--machine-id", "id_00"]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert b"Component OK" in done.stdout


def test_bug_is_no_finding(trained_bundle, synthetic_data):
    program = f"""
import sys
import auscult.cli, auscult.cli.predict
auscult.cli.predict.load = lambda path: 1 / 0
sys.argv = ["auscult", "predict", {str(trained_bundle)!r}, "clip.wav"]
auscult.cli.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 70
    assert "please report" in done.stderr


def test_no_bundle(auscult_cli):
    done = auscult_cli("predict", "no.auscult", "clip.wav")
    assert done.returncode == 3
    assert done.stderr.startswith("error: no.auscult: there is no such file.")


def test_usage(auscult_cli, trained_bundle):
    assert auscult_cli("predict").returncode == 2
    assert auscult_cli("predict", trained_bundle).returncode == 2
    assert auscult_cli("predict", trained_bundle, "a.wav", "--no-such-option").returncode == 2


def test_names_with_brackets_are_printed_as_they_are(auscult_cli, trained_bundle, synthetic_data, tmp_path):
    path = tmp_path / "clip [bold]1.wav"
    path.write_bytes(clips(synthetic_data, "normal")[0].read_bytes())
    assert str(path) in auscult_cli("predict", trained_bundle, path, "--machine-id", "id_00").stdout


def test_explained(auscult_cli, trained_bundle, synthetic_data):
    (path, *_) = clips(synthetic_data, "abnormal")
    done = auscult_cli("predict", trained_bundle, path, "--explain")
    told = [line for line in done.stdout.splitlines() if "(normal clips: ±" in line]
    assert told
    assert all(re.search(r"[+-][\d.]+ (dB|Hz) \(normal clips", line) for line in told)
    assert "normal clips" not in auscult_cli("predict", trained_bundle, path).stdout


def test_explained_in_json(auscult_cli, trained_bundle, synthetic_data):
    (path, *_) = clips(synthetic_data, "abnormal")
    answer = json.loads(auscult_cli("predict", trained_bundle, path, "--explain", "--json").stdout)
    explanation = answer["Details"]["Explanation"]
    assert set(explanation) == {"Groups", "Changes", "Bands", "NearestNormal"}
    assert len(explanation["Bands"]) == 32
    assert explanation["Changes"][0]["words"]
    assert all(take.startswith("fan/id_00/normal/") for take in explanation["NearestNormal"])
    assert sum(explanation["Groups"].values()) / 6 == pytest.approx(answer["Details"]["Score"], abs=0.01)


def test_explanations_to_listen_to_and_to_look_at(auscult_cli, trained_bundle, synthetic_data, tmp_path):
    paths = clips(synthetic_data, "abnormal") + clips(synthetic_data, "normal")
    done = auscult_cli("predict", trained_bundle, *paths, "--explain-dir", tmp_path / "why", "--json")
    for line, path in zip(done.stdout.splitlines(), paths, strict=True):
        stem = f"id_00_{path.parent.name}_{path.stem}"
        sound, page = json.loads(line)["explanation_files"]
        assert sound == str(tmp_path / "why" / f"{stem}.residual.wav")
        assert page == str(tmp_path / "why" / f"{stem}.html")
        y, sr = auscult.read_audio(sound)
        assert (y.shape, sr) == ((2 * 16000,), 16000)


def test_a_classifier_does_not_explain(auscult_cli, original_bundle, real_data):
    done = auscult_cli("predict", original_bundle, real_data / "signalml" / "pb1.wav", "--explain")
    assert done.returncode == 3
    assert "does not say what is different" in done.stderr


def test_clip_of_another_length_is_warned_of(auscult_cli, trained_bundle, synthetic_data, tmp_path):
    y, sr = auscult.read_audio(clips(synthetic_data, "normal")[0])
    (tmp_path / "short.wav").write_bytes(wav_bytes(y[: sr // 2], sr))
    done = auscult_cli("predict", trained_bundle, tmp_path / "short.wav", "--machine-id", "id_00")
    assert "short.wav: the clip lasts 0.5 s, those learnt from 2 s: their scores do not compare well" in done.stderr
    answer = auscult_cli("predict", trained_bundle, tmp_path / "short.wav", "--machine-id", "id_00", "--json").stdout
    assert json.loads(answer)["Details"]["Warning"].startswith("the clip lasts 0.5 s")
    usual = auscult_cli("predict", trained_bundle, clips(synthetic_data, "normal")[0], "--json").stdout
    assert "Warning" not in json.loads(usual)["Details"]
