import csv
import io
from dataclasses import replace

import numpy as np

from auscult.synth.truth import Recipe, child_rng, list_takes, list_truth, severity_of, truth_csv

RECIPE = Recipe(n_ids=3, snr_db=(-6.0, 6.0), n_normal=4, n_anomalous=2, duration_s=1.0, sr=16000, severity=None, seed=5)


def test_every_take_is_remixed_at_every_snr():
    rows = list_truth(RECIPE)
    assert len(rows) == 2 * 3 * (4 + 2)
    assert len({row.take for row in rows}) == 3 * (4 + 2)
    assert len({row.path for row in rows}) == len(rows)
    for row in rows:
        assert row.path == f"{row.snr_db:g}_dB_fan/{row.take}.wav"


def test_only_anomalous_takes_have_a_fault_and_it_is_the_same_at_every_snr():
    severities = {}
    for row in list_truth(RECIPE):
        assert (row.severity > 0) == (row.fault == "imbalance") == (row.label == "anomalous")
        severities.setdefault(row.take, set()).add(row.severity)
    assert all(len(values) == 1 for values in severities.values())


def test_machines_and_severities_do_not_depend_on_how_much_is_asked_for():
    """More takes, ids or SNRs leave what was there as it was."""
    more = {row.path: row for row in list_truth(replace(RECIPE, n_ids=5, n_normal=9, snr_db=(-6.0, 0.0, 6.0)))}
    assert all(more[row.path] == row for row in list_truth(RECIPE))


def test_given_severity_is_the_one_used():
    recipe = replace(RECIPE, severity=0.25)
    assert {severity_of(recipe, take) for take in list_takes(recipe)} == {0.0, 0.25}


def test_streams_are_named_and_independent():
    draws = [child_rng(5, *key).random(4) for key in (("fan", "id_00"), ("fan", "id_02"), ("noise", "id_00"))]
    assert len({tuple(draw) for draw in draws}) == 3
    np.testing.assert_array_equal(draws[0], child_rng(5, "fan", "id_00").random(4))


def test_table_is_read_back_as_it_was():
    rows = list(csv.DictReader(io.StringIO(truth_csv(list_truth(RECIPE)).decode())))
    for row, truth in zip(rows, list_truth(RECIPE), strict=True):
        assert row["path"] == truth.path
        assert float(row["severity"]) == truth.severity
        assert float(row["rotation_hz"]) == truth.rotation_hz
