import json
import re
import subprocess
import sys
import warnings
from dataclasses import replace

import pytest
import torch

import auscult
from auscult.cli.train import print_summary

FAST = ["--network", "original", "--epochs", 1, "--jobs", 1]
"""A step of learning: for all but how well it names."""


def test_bundle_and_summary(auscult_cli, synthetic_data, tmp_path):
    done = auscult_cli("train", synthetic_data, "-o", "fan.auscult", "--n-mels", 32, "--labels", "none")
    assert done.returncode == 0
    assert "32 normal synthetic clips of 2 machines learnt" in done.stdout
    assert "(16 recordings support no less; 5.0% takes 19)" in done.stdout
    assert "Held-out synthetic clips" in done.stdout
    assert "level alone" in done.stdout
    assert "It names no faults: none were asked for." in done.stdout
    assert "predict fan.auscult CLIP.wav" in done.stdout
    assert auscult.load(tmp_path / "fan.auscult").manifest.features.n_mels == 32
    assert "Not shown to be better" not in done.stdout


def test_a_detector_that_is_not_shown_better_than_a_level_meter_is_summed_up_so(trained_bundle, capsys):
    bundle = auscult.load(trained_bundle)
    first, second = bundle.manifest.metrics["figures"]
    metrics = bundle.manifest.metrics | {"figures": [first | {"level_auc": 1.0}, second]}
    print_summary(replace(bundle, manifest=replace(bundle.manifest, metrics=metrics)), trained_bundle, 0.05, None)
    said = " ".join(capsys.readouterr().out.split())
    assert "Not shown to be better than a mere level meter, or than guessing: fan/id_00 at 6 dB. The 95 %" in said


def test_options_are_the_ones_used(auscult_cli, synthetic_data):
    options = ["--n-mels", 20, "--channels", 0, "--false-alarm-rate", 0.2, "--test-share", 0.5, "--labels", "none"]
    manifest = json.loads(auscult_cli("train", synthetic_data, "-o", "m.auscult", *options, "--json").stdout)
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
    done = auscult_cli("train", synthetic_data, "-o", "m.auscult", "--report", "nowhere/r.html")
    assert done.returncode == 2
    assert "there is no folder nowhere" in done.stderr
    assert not (tmp_path / "nowhere").exists()
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


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--network", "large"], "--network: expected one of original, small, got 'large'"),
        (["--device", "tpu"], "--device: expected one of auto, cpu, cuda"),
        (["--learning-rate", 0], "--learning-rate: expected a number above 0"),
        (["--epochs", 0], "--epochs"),
        (["--batch-size", 1], "--batch-size"),
        (["--seed", -1], "--seed"),
        (["--jobs", 0], "--jobs"),
        (["--report", "report.pdf"], "--report: expected a name that ends in .html"),
    ],
)
def test_bad_options_of_the_network_are_named_as_typed(auscult_cli, press, tmp_path, options, says):
    done = auscult_cli("train", press, "-o", "m.auscult", *options)
    assert done.returncode == 2
    assert says in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_gpu_that_does_not_compute(auscult_cli, press, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = auscult_cli("train", press, "-o", "m.auscult", "--device", "cuda")
    assert done.returncode == 2
    assert "--device: cuda does not compute: PyTorch finds no CUDA device" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_gpu_that_is_not_used_is_said(auscult_cli, press, monkeypatch):
    """A driver that is too old, of which PyTorch warns."""

    def warn():
        warnings.warn("The NVIDIA driver on your system is too old", stacklevel=1)
        return False

    monkeypatch.setattr(torch.cuda, "is_available", warn)
    done = auscult_cli("train", press, "-o", "m.auscult", *FAST)
    assert done.returncode == 0
    assert "note: learning on the processor: CUDA does not compute (The NVIDIA driver" in done.stderr


@pytest.mark.parametrize(
    ("labels", "says"),
    [("gone.yaml", "gone.yaml: there is no such file. Correct the path"), ("column", "says no fault of any anomalous")],
)
def test_labels_that_are_not_there(auscult_cli, data, tmp_path, labels, says):
    done = auscult_cli("train", data, "-o", "m.auscult", "--labels", labels)
    assert done.returncode == 3
    assert says in done.stderr
    assert not list(tmp_path.glob("m.auscult*"))


def test_faults_and_report_are_summed_up(auscult_cli, press, tmp_path):
    options = ["-o", "m.auscult", "--report", "report.html", "--n-mels", 16, *FAST]
    done = auscult_cli("train", press, *options)
    assert done.returncode == 0, done.stderr
    assert "It names the faults hiss, hum (as the data say)." in done.stdout
    assert re.search(
        r"Macro F1 on new recordings of these machines: [01]\.\d\d \([01]\.\d\d-[01]\.\d\d\) of 12 clips; "
        r"a level meter's: [01]\.\d\d",
        done.stdout,
    )
    assert "a machine it has not heard faulty" not in done.stdout, "there is one machine"
    assert "Report: report.html" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.auscult", "report.html"]
    before = (tmp_path / "m.auscult").read_bytes()
    assert auscult_cli("train", press, *options).returncode == 0, "a bundle and a report of before are replaced"
    assert (tmp_path / "m.auscult").read_bytes() == before


def test_options_of_the_network_are_the_ones_used(auscult_cli, press):
    options = ["--learning-rate", 0.02, "--batch-size", 5, "--seed", 7, "--labels", "column", *FAST, "--json"]
    manifest = json.loads(auscult_cli("train", press, "-o", "m.auscult", *options).stdout)
    assert manifest["network"]["name"] == "original"
    used = manifest["network"]["options"]
    assert (used["n_epochs"], used["learning_rate"], used["batch_size"], used["seed"]) == (1, 0.02, 5, 7)
    assert [fault["name"] for fault in manifest["faults"]] == ["normal", "hiss", "hum", "unknown fault"]


def test_what_does_not_fit_together_is_said(auscult_cli, press, tmp_path):
    lines = ["path,machine_id,label,fault"]
    for path in sorted(press.rglob("*.wav")):
        kind = path.parent.name
        lines.append(f"{path},press,{'normal' if kind == 'good' else 'anomalous'},{'hum' if kind != 'hiss' else ''}")
    (tmp_path / "clips.csv").write_text("\n".join(lines))
    done = auscult_cli("train", "clips.csv", "-o", "m.auscult", *FAST)
    assert done.returncode == 0, done.stderr
    assert "note: 8 clips are labelled normal and have a fault (" in done.stderr
    assert "good/2.wav, ...): learnt as normal" in done.stderr
    assert "note: 6 anomalous clips have no fault said of them: not learnt from" in done.stderr
    assert "It names no faults: only 'hum' has enough clips, and a network needs two" in done.stdout


@pytest.mark.slow
def test_interruption_leaves_no_half_bundle(synthetic_data, tmp_path):
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
    assert "train go on where they were when run again" in done.stderr
    assert sorted(tmp_path.iterdir()) == [old, tmp_path / "m.auscult.unfinished"]
