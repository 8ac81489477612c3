import io

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
