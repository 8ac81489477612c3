"""The command line within this process, as one verb after the other would spend its time on imports."""

import shutil
import subprocess
import sys

import pytest

from auscult.cli import main


@pytest.fixture
def auscult_cli(tmp_path, monkeypatch, capfd):
    """Run ``auscult`` with these arguments in an empty folder; what it printed, and its exit code."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["auscult", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err, printed.err
        return subprocess.CompletedProcess(arguments, end.value.code or 0, printed.out, printed.err)

    return run


@pytest.fixture
def data(synthetic_data, tmp_path):
    """Some clips of a synthetic data set, without its table of truth."""
    for label in ("normal", "abnormal"):
        source = synthetic_data / "6_dB_fan" / "fan" / "id_00" / label
        shutil.copytree(source, tmp_path / "data" / "fan" / "id_00" / label)
    return tmp_path / "data"
