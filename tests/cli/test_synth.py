import csv
import json
import resource
import signal
import subprocess
import sys

import pytest

SMALL = ["--normal", 2, "--anomalous", 1, "--duration", 0.5, "--sr", 8000, "--channels", 2]


def test_data_set_and_summary(auscult_cli, tmp_path):
    options = ["--machine", "fan", "valve", "--ids", 2, "--snr", -6, 0, 6, "--seed", 3, "--jobs", 2, *SMALL]
    done = auscult_cli("synth", "data", *options)
    assert done.returncode == 0, done.stderr
    assert "data: 36 synthetic clips" in done.stdout
    assert len(list((tmp_path / "data").rglob("*.wav"))) == 36
    assert (tmp_path / "data" / "-6_dB_valve" / "valve" / "id_02" / "abnormal" / "00000000.wav").exists()


def test_options_are_the_ones_used(auscult_cli, tmp_path):
    options = ["--faults", "imbalance", "imbalance+clogging", "--severity", 0.3, 0.4, "--ids", 1, "--seed", 9, *SMALL]
    done = auscult_cli("synth", "data", *options, "--anomalous", 12, "--json")
    assert json.loads(done.stdout) == {
        "root": "data",
        "n_clips": 14,
        "truth": "data/truth.csv",
        "is_synthetic": True,
    }
    with (tmp_path / "data" / "truth.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["fault"] for row in rows} == {"", "imbalance", "imbalance+clogging"}
    assert all(0.3 <= float(row["severity"]) <= 0.4 for row in rows if row["fault"])
    assert {row["seed"] for row in rows} == {"9"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--ids", 0], "--ids: expected a whole number from 1 to 50, got 0"),
        (["--channels", 0], "--channels: expected a whole number, 1 to 16, got 0"),
        (["--severity", 2], "--severity: expected a number in [0, 1]"),
        (["--severity", 0.1, 0.2, 0.3], "--severity: expected one number or two, got 3"),
        (["--duration", -1], "--duration: expected 0.5 s or more"),
        (["--snr", "loud"], "--snr"),
        (["--snr", 6, 6], "--snr: expected each SNR once"),
        (["--machine", "lathe"], "--machine: expected fan, pump, slider, valve, got 'lathe'"),
        (["--faults", "rust"], "--faults: expected a fault of fan: imbalance, clogging,"),
        (["--machine", "fan", "pump", "--faults", "leak"], "--faults: none of them is a fault of a fan"),
        (["--jobs", 0], "--jobs: expected 1 or more"),
    ],
)
def test_bad_options_are_named_as_typed_and_write_nothing(auscult_cli, tmp_path, options, says):
    done = auscult_cli("synth", "data", *options)
    assert done.returncode == 2
    assert says in done.stderr
    assert not (tmp_path / "data").exists()


def test_folder_that_is_a_file(auscult_cli, tmp_path):
    (tmp_path / "data").touch()
    done = auscult_cli("synth", "data", *SMALL)
    assert done.returncode == 3
    assert "data" in done.stderr


def test_a_place_that_cannot_be_written_is_named(auscult_cli):
    done = auscult_cli("synth", "/proc/auscult", *SMALL)  # refuses new folders, root's too
    assert done.returncode == 3
    assert "/proc/auscult: cannot be written" in done.stderr or "/proc/auscult/truth" in done.stderr


@pytest.mark.slow
def test_a_disk_that_takes_no_more_is_named_and_leaves_no_half_clip(tmp_path):
    """The kernel itself refuses every byte beyond 40 kB of a file, as a full disk does."""

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    options = ["--normal", 1, "--anomalous", 0, "--duration", 5, "--jobs", 2]
    command = [sys.executable, "-m", "auscult", "synth", "data", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, preexec_fn=limit)
    assert done.returncode == 3
    assert ".wav: cannot be written: File too large. Free the disk" in done.stderr
    left = sorted(path.name for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert left == ["truth.unfinished.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data" / "truth.csv").exists()
