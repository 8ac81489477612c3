import io
import os
import signal
import subprocess
import sys

import pytest
from rich.console import Console

from auscult.cli.output import figures_table

ROW = {"machine": "press [b]3", "snr_db": -6.0, "n_normal": 12, "n_anomalous": 20, "false_alarm_rate": 0.05}
FIGURES = {"detection_rate": 0.45, "auc": 0.9461, "auc_95": [0.84, 1.0], "level_auc": 0.4583}


def printed(rows, width=80):
    text = io.StringIO()
    Console(file=text, width=width).print(figures_table(rows, "Held-out clips"))
    return text.getvalue()


def test_figures_are_whole_in_80_columns():
    text = printed([ROW | FIGURES])
    for figure in ("press [b]3", "-6 dB", "12 + 20", "0.946 (0.84-1.00)", "0.458", "45%", "5%"):
        assert figure in text
    assert "…" not in text


def test_figures_that_are_not_known_are_dashes():
    assert printed([ROW | {"snr_db": None}]).splitlines()[-1].split()[-5:] == ["20", "-", "-", "-", "5%"]


VERBS = [
    "predict --machine-id id_00 {bundle} {clip}",
    "predict --machine-id id_00 {bundle} {clip} --json",
    "bundle inspect {bundle}",
    "scan {data}",
    "scan {data} --json",
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.slow
def test_output_that_is_cut_off_is_no_finding(trained_bundle, synthetic_data, verb):
    clip = next(synthetic_data.rglob("*.wav"))
    arguments = verb.format(bundle=trained_bundle, clip=clip, data=clip.parent).split()
    reader, writer = os.pipe()
    os.close(reader)  # as `| head` does, only sooner
    with os.fdopen(writer) as stdout:
        command = [sys.executable, "-m", "auscult", *arguments]
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_verbs_leave_the_signals_alone(auscult_cli, synthetic_data):
    auscult_cli("scan", next(synthetic_data.rglob("*.wav")).parent)
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN  # a dying worker's pipe would end this process
