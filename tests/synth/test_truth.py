import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from auscult.synth.recipe import Recipe
from auscult.synth.truth import is_truth_csv, list_takes, list_truth, truth_csv

RECIPE = Recipe(
    machine_types=("fan", "valve"),
    n_ids=3,
    snr_db=(-6.0, 6.0),
    n_normal=4,
    n_anomalous=2,
    faults=(),
    severity=None,
    n_channels=1,
    duration_s=1.0,
    sr=16000,
    seed=5,
)
MANY = replace(RECIPE, n_ids=4, n_normal=1, n_anomalous=400, snr_db=(-6.0, 0.0, 6.0))


def test_every_take_is_remixed_at_every_snr():
    rows = list_truth(RECIPE)
    assert len(rows) == 2 * 2 * 3 * (4 + 2)
    assert len({row.take for row in rows}) == 2 * 3 * (4 + 2)
    assert len({row.path for row in rows}) == len(rows)
    for row in rows:
        assert row.path == f"{row.snr_db:g}_dB_{row.machine_type}/{row.take}.wav"


def test_only_anomalous_takes_have_a_fault_and_it_is_the_same_at_every_snr():
    faults = {}
    for row in list_truth(RECIPE):
        assert (row.severity > 0) == (row.fault != "") == (row.label == "anomalous") == ("/abnormal/" in row.path)
        faults.setdefault(row.take, set()).add((row.fault, row.severity, row.state))
    assert all(len(values) == 1 for values in faults.values())


def test_machines_and_faults_do_not_depend_on_how_much_is_asked_for():
    """More takes, ids, types or SNRs leave what was there as it was."""
    larger = replace(RECIPE, machine_types=("pump", "fan", "valve"), n_ids=5, n_normal=9, snr_db=(-6.0, 0.0, 6.0))
    more = {row.path: row for row in list_truth(larger)}
    assert all(more[row.path] == row for row in list_truth(RECIPE))


@pytest.mark.parametrize("severity", [(0.25, 0.25), (0.4, 0.9)])
def test_a_given_severity_is_the_one_used(severity):
    severities = [take.severity for take in list_takes(replace(RECIPE, severity=severity)) if take.fault]
    assert all(severity[0] <= value <= severity[1] for value in severities)


def test_given_faults_are_the_ones_used():
    recipe = replace(RECIPE, machine_types=("fan",), faults=("clogging", "imbalance+bearing-wear"), n_anomalous=30)
    assert {take.fault for take in list_takes(recipe)} == {"", "clogging", "imbalance+bearing-wear"}


@pytest.mark.slow
def test_operating_states_last_for_several_takes_and_all_occur():
    takes = [take for take in list_takes(MANY) if take.machine_type == "fan" and take.machine_number == 0]
    states = [take.state for take in takes if take.label == "anomalous"]
    assert all(len(set(states[start : start + 10])) == 1 for start in range(0, 400, 10))
    assert len(set(states)) == 3


@pytest.mark.slow
def test_drawn_severities_reach_from_mild_to_gross():
    severities = np.array([take.severity for take in list_takes(MANY) if take.fault])
    assert np.all((severities > 0) & (severities < 1))
    assert 0.08 < np.mean(severities < 0.35) < 0.2
    assert np.mean(severities > 0.85) > 0.05


@pytest.mark.slow
def test_faults_are_drawn_independently_of_machine_snr_scene_state_and_level():
    """No column but those of the fault itself tells anything of fault or severity (chi-squared, rank correlation)."""
    from scipy.stats import chi2_contingency, kruskal, spearmanr

    rows = [row for row in list_truth(MANY) if row.fault and row.machine_type == "fan"]
    one_snr = [row for row in rows if row.snr_db == 0]  # the same takes at another SNR are no new evidence
    faults = sorted({row.fault for row in rows})
    for column in ("machine_id", "scene", "state"):
        values = sorted({getattr(row, column) for row in one_snr})
        counts = [[sum(getattr(r, column) == v and r.fault == f for r in one_snr) for f in faults] for v in values]
        assert chi2_contingency(counts).pvalue > 1e-3, column
        groups = [[row.severity for row in one_snr if getattr(row, column) == value] for value in values]
        assert kruskal(*groups).pvalue > 1e-3, column
    assert spearmanr([row.severity for row in one_snr], [row.level_db for row in one_snr]).pvalue > 1e-3
    for snr_db in MANY.snr_db:  # the scene at each SNR is drawn anew
        some = [row for row in rows if row.snr_db == snr_db]
        scenes = sorted({row.scene for row in some})
        counts = [[sum(r.scene == s and r.fault == f for r in some) for f in faults] for s in scenes]
        assert chi2_contingency(counts).pvalue > 1e-3


def test_the_table_is_read_back_as_it_was(tmp_path):
    rows = [replace(row, true_snr_db=row.snr_db + 0.1) for row in list_truth(RECIPE)]
    for row, truth in zip(csv.DictReader(io.StringIO(truth_csv(rows).decode())), rows, strict=True):
        assert row["path"] == truth.path
        assert float(row["severity"]) == truth.severity
        assert float(row["true_snr_db"]) == truth.true_snr_db
        assert row["rotation_hz"] == ("" if truth.rotation_hz is None else repr(truth.rotation_hz))


def test_a_table_of_truth_is_known_by_its_columns(tmp_path):
    (tmp_path / "truth.csv").write_bytes(truth_csv(list_truth(RECIPE)))
    (tmp_path / "other.csv").write_text("path,label\na.wav,normal\n")
    assert is_truth_csv(tmp_path / "truth.csv")
    assert not is_truth_csv(tmp_path / "other.csv")
    assert not is_truth_csv(tmp_path / "missing.csv")
