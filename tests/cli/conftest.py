"""The command line as a process: what it prints, and its exit code."""

import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def auscult_cli(tmp_path):
    """Run ``auscult`` with these arguments in an empty folder; the finished process."""

    def run(*arguments):
        command = [sys.executable, "-m", "auscult", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=110)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def data(synthetic_data, tmp_path):
    """Some clips of a synthetic data set, without its table of truth."""
    for label in ("normal", "abnormal"):
        source = synthetic_data / "6_dB_fan" / "fan" / "id_00" / label
        shutil.copytree(source, tmp_path / "data" / "fan" / "id_00" / label)
    return tmp_path / "data"
