from dataclasses import replace

import numpy as np
import pytest

from auscult.detect import NormalityModel
from auscult.evaluate import transfer
from auscult.evaluate.transfer import LabelledDescriptors, enrolment_curve, snr_transfer
from auscult.metrics import roc_auc

GROUPS = {"all": slice(0, 4)}
N_NORMAL, N_ANOMALOUS = 20, 6
N_LEARNT = 14
"""20 normal takes less three tenths."""
MACHINES = ("fan/id_00", "fan/id_02")


def labelled(machines=MACHINES, snrs_db=(6.0, -6.0), *, n_normal=N_NORMAL, n_anomalous=N_ANOMALOUS, seed=0):
    """Machines that lie apart; their takes remixed at every SNR, in no order."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, machine in enumerate(machines):
        for snr_db in snrs_db:
            for take in range(n_normal + n_anomalous):
                is_anomalous = take >= n_normal
                label = "abnormal" if is_anomalous else "normal"
                x = rng.standard_normal(4) + 10 * number + 1.5 * is_anomalous
                rows.append((x, is_anomalous, machine, f"{machine}/{label}/{take}", snr_db))
    rows = [rows[place] for place in rng.permutation(len(rows))]
    X, anomalous, names, takes, snrs = zip(*rows, strict=True)
    return LabelledDescriptors(
        np.array(X), np.array(anomalous), np.array(names), np.array(takes), np.array(snrs, np.float64)
    )


def some(data, chosen):
    return LabelledDescriptors(
        data.X[chosen], data.is_anomalous[chosen], data.machines[chosen], data.takes[chosen], data.snrs_db[chosen]
    )


@pytest.fixture
def learnt(monkeypatch):
    """Rows that models learn from, one array a model."""
    arrays = []

    class Watched(NormalityModel):
        def fit(self, X, takes=None):
            arrays.append(np.array(X))
            return super().fit(X, takes)

    monkeypatch.setattr(transfer, "NormalityModel", Watched)
    return arrays


def test_last_takes_are_tested_on_at_every_snr():
    data = labelled()
    for snr_db in (6.0, -6.0):
        learn, test = data.split("fan/id_00", snr_db)
        assert [take.rpartition("/")[2] for take in data.takes[learn]] == [str(number) for number in range(N_LEARNT)]
        assert set(data.snrs_db[np.concatenate([learn, test])]) == {snr_db}
        assert set(data.machines[np.concatenate([learn, test])]) == {"fan/id_00"}
        numbers = {int(take.rpartition("/")[2]) for take in data.takes[test][~data.is_anomalous[test]]}
        assert numbers == set(range(N_LEARNT, N_NORMAL))
        assert data.is_anomalous[test].sum() == N_ANOMALOUS
        assert not data.is_anomalous[learn].any()


def test_a_take_is_on_one_side_even_where_an_snr_lacks_the_others():
    """Only the last takes are there at -6 dB: none of them may be learnt."""
    data = labelled()
    numbers = np.array([int(take.rpartition("/")[2]) for take in data.takes])
    data = some(data, (data.snrs_db == 6) | (numbers >= 12))
    learn, test = data.split("fan/id_00", -6.0)
    assert [take.rpartition("/")[2] for take in data.takes[learn]] == ["12", "13"]
    at_other = data.split("fan/id_00", 6.0)[1]
    assert not set(data.takes[learn]) & {*data.takes[test], *data.takes[at_other]}


@pytest.mark.parametrize("function", [enrolment_curve, snr_transfer])
def test_nothing_is_learnt_from_what_is_tested_on(function, learnt):
    data = labelled()
    function(data, GROUPS)
    of_test = np.concatenate([data.X[data.split(*one)[1]] for one in data.series()])
    assert learnt
    for X in learnt:
        assert not (X[:, None] == of_test[None]).all(axis=2).any()


@pytest.mark.parametrize("function", [enrolment_curve, snr_transfer])
def test_other_clips_to_test_on_change_nothing_that_is_learnt(function, learnt):
    """The normal ones become copies of what was learnt, the anomalous ones noise."""
    data = labelled()
    function(data, GROUPS)
    before = [X.copy() for X in learnt]
    learnt.clear()
    X = data.X.copy()
    for one in data.series():
        learn, test = data.split(*one)
        X[test] = np.where(data.is_anomalous[test][:, None], 1e3, data.X[learn[: test.size]][0])
    function(replace(data, X=X), GROUPS)
    assert len(learnt) == len(before)
    for one, other in zip(learnt, before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("function", [enrolment_curve, snr_transfer])
def test_order_of_clips_does_not_matter(function):
    data = labelled()
    assert function(some(data, np.arange(data.takes.size)[::-1]), GROUPS) == function(data, GROUPS)


def test_enrolment_is_with_the_last_takes_before_those_tested(learnt):
    data = labelled(("a", "b"), (6.0,))
    rows = enrolment_curve(data, GROUPS)
    sizes = [(row["machine"], row["n_takes"]) for row in rows]
    assert sizes == [(name, size) for name in ("a", "b") for size in (0, 10, N_LEARNT)]
    assert {row["snr_db"] for row in rows} == {6.0}
    learn, _ = data.split("a", 6.0)
    assert any(X.shape == data.X[learn[-10:]].shape and (data.X[learn[-10:]] == X).all() for X in learnt)


def test_figures_are_those_of_models_that_one_fits_oneself():
    data = labelled(snrs_db=(6.0,))
    rows = {(row["machine"], row["n_takes"]): row["auc"] for row in enrolment_curve(data, GROUPS)}
    learn, test = data.split("fan/id_00", 6.0)
    truth = data.is_anomalous[test]
    for size in (10, N_LEARNT):
        places = learn[-size:]
        model = NormalityModel(GROUPS).fit(data.X[places], data.takes[places].tolist())
        assert rows["fan/id_00", size] == round(roc_auc(truth, model.anomaly_scores(data.X[test])), 4)
    other, _ = data.split("fan/id_02", 6.0)
    stranger = NormalityModel(GROUPS).fit(data.X[other], data.takes[other].tolist())
    assert rows["fan/id_00", 0] == round(roc_auc(truth, stranger.anomaly_scores(data.X[test])), 4)


def test_without_own_takes_the_least_strange_of_the_other_machines_counts():
    data = labelled(("a", "b", "c"), (6.0,))
    X = data.X.copy()
    X[data.machines == "b"] -= 10.5  # nearly as a, which c is not
    data = replace(data, X=X)
    _, test = data.split("a", 6.0)
    truth, scores = data.is_anomalous[test], []
    for other in ("b", "c"):
        learn, _ = data.split(other, 6.0)
        scores.append(NormalityModel(GROUPS).fit(X[learn], data.takes[learn].tolist()).anomaly_scores(X[test]))
    assert (scores[0] < scores[1]).all()
    rows = {(row["machine"], row["n_takes"]): row["auc"] for row in enrolment_curve(data, GROUPS)}
    assert rows["a", 0] == round(roc_auc(truth, scores[0]), 4) != round(roc_auc(truth, scores[1]), 4)


def test_the_only_machine_at_an_snr_has_no_others():
    data = labelled(("a", "b"), (6.0, -6.0))
    data = some(data, ~((data.machines == "b") & (data.snrs_db == -6)))
    rows = [(row["machine"], row["snr_db"]) for row in enrolment_curve(data, GROUPS) if row["n_takes"] == 0]
    assert rows == [("a", 6.0), ("b", 6.0)]


def test_machines_without_anomalous_clips_are_passed_over():
    data = labelled(("a", "b"), (6.0, -6.0))
    data = some(data, ~((data.machines == "b") & data.is_anomalous))
    assert data.series() == [("a", -6.0), ("a", 6.0)]
    assert {row["machine"] for row in enrolment_curve(data, GROUPS)} == {"a"}
    assert len(snr_transfer(data, GROUPS)) == 4


def test_machines_without_normal_clips_or_with_too_few_are_passed_over():
    data = labelled(("a", "b", "c"), (6.0,))
    data = some(data, (data.machines != "b") | data.is_anomalous)
    assert data.split("b", 6.0)[0].size == 0
    numbers = np.array([int(take.rpartition("/")[2]) for take in data.takes])
    data = some(data, (data.machines != "c") | data.is_anomalous | (numbers < 5))
    assert data.series() == [("a", 6.0)]


def test_clips_of_too_few_takes_are_passed_over():
    """Eight crops of each take: enough clips, but not enough recordings to learn from."""
    data = labelled(("a", "b"), (6.0,), n_normal=40)
    takes = data.takes.tolist()
    for place, take in enumerate(takes):
        folder, _, number = take.rpartition("/")
        if folder == "b/normal":
            takes[place] = f"{folder}/{int(number) // 8}"
    rows = enrolment_curve(replace(data, takes=np.array(takes)), GROUPS)
    assert {row["machine"] for row in rows} == {"a"}


def test_sizes_count_takes_and_not_clips():
    """Three crops of each take: the smallest size has ten takes, and that is 30 clips."""
    data = labelled(("a",), (6.0,), n_normal=60)
    takes = data.takes.tolist()
    for place, take in enumerate(takes):
        folder, _, number = take.rpartition("/")
        takes[place] = f"{folder}/{int(number) // 3}"
    rows = enrolment_curve(replace(data, takes=np.array(takes)), GROUPS)
    assert [row["n_takes"] for row in rows] == [10, N_LEARNT]


def test_unknown_snr_is_one_of_its_own():
    data = labelled(("a", "b"), (np.nan,))
    rows = enrolment_curve(data, GROUPS)
    assert [(row["machine"], row["snr_db"], row["n_takes"]) for row in rows] == [
        (name, None, size) for name in ("a", "b") for size in (0, 10, N_LEARNT)
    ]
    assert snr_transfer(data, GROUPS) == []


def test_one_snr_cannot_be_transferred():
    assert snr_transfer(labelled(snrs_db=(6.0,)), GROUPS) == []


def test_every_pair_of_snrs_is_measured():
    data = labelled()
    rows = snr_transfer(data, GROUPS)
    assert [(row["learnt_db"], row["tested_db"]) for row in rows] == [(-6, -6), (-6, 6), (6, -6), (6, 6)]
    aucs = []
    for machine in MACHINES:
        learn, _ = data.split(machine, -6.0)
        _, test = data.split(machine, 6.0)
        model = NormalityModel(GROUPS).fit(data.X[learn], data.takes[learn].tolist())
        aucs.append(roc_auc(data.is_anomalous[test], model.anomaly_scores(data.X[test])))
    assert rows[1]["auc"] == round(np.mean(aucs), 4)


def test_a_machine_at_one_snr_only_tells_nothing_of_the_other():
    data = labelled(("a", "b", "c"))
    data = some(data, ~((data.machines == "c") & (data.snrs_db == -6)))
    without_c = some(data, data.machines != "c")
    pairs = {(row["learnt_db"], row["tested_db"]): row["auc"] for row in snr_transfer(data, GROUPS)}
    expected = {(row["learnt_db"], row["tested_db"]): row["auc"] for row in snr_transfer(without_c, GROUPS)}
    assert pairs[6.0, -6.0] == expected[6.0, -6.0]
    assert pairs[-6.0, 6.0] == expected[-6.0, 6.0]
