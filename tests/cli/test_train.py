import json
import subprocess
import sys

import auscult


def test_bundle_and_summary(auscult_cli, synthetic_data, tmp_path):
    done = auscult_cli("train", synthetic_data, "-o", "fan.auscult", "--n-mels", 32)
    assert done.returncode == 0
    assert "learnt 32 normal synthetic clips of 2 machine(s) at 16000 Hz, left out 0" in done.stdout
    assert "(16 recordings support no less; 5.0% takes 19)" in done.stdout
    assert "Held-out synthetic clips" in done.stdout
    assert "level alone" in done.stdout
    assert "predict fan.auscult CLIP.wav" in done.stdout
    assert auscult.load(tmp_path / "fan.auscult").manifest.features.n_mels == 32


def test_options_are_the_ones_used(auscult_cli, synthetic_data):
    options = ["--n-mels", 20, "--channels", 0, "--false-alarm-rate", 0.2, "--test-share", 0.5, "--json"]
    manifest = json.loads(auscult_cli("train", synthetic_data, "-o", "m.auscult", *options).stdout)
    assert manifest["features"]["n_mels"] == 20
    assert manifest["channels"] == 0
    assert manifest["thresholds"]["fan/id_00"]["false_alarm_rate"] == 0.2
    assert manifest["training_data"]["n_clips"] == 20


def test_left_out_clips_are_said(auscult_cli, tmp_path, synthetic_data):
    normal = tmp_path / "data" / "m" / "normal"
    normal.mkdir(parents=True)
    for path in (synthetic_data / "6_dB_fan/fan/id_00/normal").glob("*.wav"):
        (normal / path.name).write_bytes(path.read_bytes())
    (normal / "00000001.wav").write_text("no sound")
    done = auscult_cli("train", "data", "-o", "m.auscult")
    assert done.returncode == 0
    assert "left out: m/normal/00000001.wav: is not audio" in done.stderr


def test_no_data(auscult_cli, tmp_path):
    done = auscult_cli("train", tmp_path, "-o", "m.auscult")
    assert done.returncode == 3
    assert "holds no recordings" in done.stderr
    assert not (tmp_path / "m.auscult").exists()


def test_output_is_checked_before_the_work(auscult_cli, synthetic_data, tmp_path):
    done = auscult_cli("train", synthetic_data, "-o", "nowhere/m.auscult")
    assert done.returncode == 2
    assert "there is no folder nowhere" in done.stderr
    done = auscult_cli("train", synthetic_data, "-o", tmp_path)
    assert done.returncode == 2
    assert "is a folder" in done.stderr


def test_recordings_are_not_overwritten(auscult_cli, synthetic_data, tmp_path):
    precious = tmp_path / "precious.wav"
    precious.write_bytes(b"RIFF")
    done = auscult_cli("train", synthetic_data, "-o", precious)
    assert done.returncode == 2
    assert "exists and is no bundle" in done.stderr
    assert precious.read_bytes() == b"RIFF"


def test_without_the_extra_it_says_what_to_install(synthetic_data, tmp_path):
    program = f"""
import sys
sys.modules["sklearn"] = None
sys.argv = ["auscult", "train", {str(synthetic_data)!r}, "-o", {str(tmp_path / "m.auscult")!r}]
import auscult.cli
auscult.cli.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "pip install 'auscult[train]'" in done.stderr


def test_bad_options(auscult_cli, synthetic_data):
    assert auscult_cli("train", synthetic_data).returncode == 2, "no -o"
    for options in (["--channels", "left"], ["--false-alarm-rate", 0], ["--n-mels", 0], ["--test-share", 1]):
        assert auscult_cli("train", synthetic_data, "-o", "m.auscult", *options).returncode == 2


def test_interruption_leaves_nothing_behind(synthetic_data, tmp_path):
    """Ctrl-C comes while the features of the tenth clip are computed."""
    old = tmp_path / "m.auscult"
    old.write_bytes(b"the old one")
    program = f"""
import itertools, os, signal, sys
import auscult.cli, auscult.pipeline.described_clips as clips

read, count = clips.read_audio, itertools.count()

def read_and_interrupt(*arguments, **options):
    if next(count) == 10:
        os.kill(os.getpid(), signal.SIGINT)
    return read(*arguments, **options)

clips.read_audio = read_and_interrupt
sys.argv = ["auscult", "train", {str(synthetic_data)!r}, "-o", {str(old)!r}]
auscult.cli.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr
    assert old.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [old]
