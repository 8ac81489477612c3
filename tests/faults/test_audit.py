import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score

from auscult.errors import OptionError
from auscult.faults.audit import audit, without
from auscult.faults.k_means import k_means

N_TAKES, SNRS = 60, ("-6 dB", "0 dB", "6 dB")
TAKES = np.repeat(np.arange(N_TAKES), len(SNRS))
MACHINES = np.array(["id_00", "id_02", "id_04", "id_06"])[TAKES % 4]
OF_CLIP = np.tile(SNRS, N_TAKES)
LEVELS = np.tile([-40.0, -30.0, -20.0], N_TAKES)


@pytest.fixture
def faults(rng):
    """Three faults, which have nothing to do with machine, SNR and level."""
    return rng.permuted(np.repeat([0, 1, 2], N_TAKES // 3))[TAKES]


@pytest.fixture
def attributes(rng):
    return {"machine": MACHINES.tolist(), "SNR": OF_CLIP.tolist(), "level": (LEVELS + rng.normal(size=180)).tolist()}


def rows_of(found):
    return {row.attribute: row for row in found.rows}


def test_clusters_that_are_faults(faults, attributes):
    found = audit(faults, TAKES, attributes)
    assert found.findings == found.confounders == ()
    assert [row.attribute for row in found.rows] == ["machine", "SNR", "level"]
    assert [row.n_values for row in found.rows] == [4, 3, 3]
    for row in found.rows:
        assert row.is_decided
        assert row.ami < 0.1
        assert row.p_value > 0.05
    highest = max(0, *(row.ami for row in found.rows))
    assert found.verdict == (
        f"clusters do not follow machine, SNR or level: AMI at most {highest:.2f}, where 1 is the same groups"
    )


def test_clusters_that_are_machines(faults, attributes, rng):
    labels = np.where(MACHINES == "id_04", 2, np.minimum(faults, 1))
    flipped = rng.permutation(np.flatnonzero(labels == 2))[:3]
    labels[flipped] = 0
    labels[np.flatnonzero(MACHINES == "id_00")[:2]] = 2
    found = audit(labels, TAKES, attributes)
    row = rows_of(found)["machine"]
    assert row.is_confounder
    assert row.p_value == 0.001
    assert row.ami == adjusted_mutual_info_score(MACHINES, labels)
    assert found.confounders == ("machine",)
    assert found.verdict == f"clusters follow machine (AMI {row.ami:.2f}): cluster again --without machine"
    assert found.findings == ("cluster 2 is 95 % id_04, which is 25 % of all clips: this is a machine, not a fault",)


@pytest.mark.parametrize(
    ("attribute", "labels", "words"),
    [
        ("SNR", OF_CLIP == "-6 dB", "cluster 1 is 100 % SNR -6 dB, which is 33 % of all clips: this is an SNR, not a"),
        ("channel", TAKES % 8 == 3, "cluster 1 is 100 % channel 3, which is 13 % of all clips: this is a channel, not"),
        (
            "day",
            TAKES < 20,
            "cluster 1 is 100 % day 2026-03-01, which is 33 % of all clips: this is a day, not a fault",
        ),
        ("fan", TAKES % 3 == 0, "cluster 1 is 100 % fan A, which is 33 % of all clips: this is the fan, not a fault"),
    ],
)
def test_words_for_each_attribute(attributes, attribute, labels, words):
    days = [f"2026-03-0{1 + take // 20}" for take in TAKES]
    more = {"channel": (TAKES % 8).tolist(), "day": days, "fan": ["ABC"[take % 3] for take in TAKES]}
    found = audit(labels.astype(int), TAKES, {attribute: (attributes | more)[attribute]})
    assert found.confounders == (attribute,)
    assert any(words in finding for finding in found.findings), found.findings


def test_several_confounders(attributes):
    labels = (MACHINES == "id_00") * 2 + (OF_CLIP == "6 dB")
    found = audit(labels, TAKES, attributes)
    assert found.confounders == ("machine", "SNR")
    assert "): cluster again --without machine or --without SNR; clusters differ in level (AMI " in found.verdict
    assert [words[:9] for words in found.findings] == sorted(words[:9] for words in found.findings)


def test_a_fault_may_be_louder(faults, attributes, rng):
    loud = (-40 + 10.0 * faults + rng.normal(size=faults.size)).tolist()
    found = audit(faults, TAKES, attributes | {"level": loud})
    level = rows_of(found)["level"]
    assert level.is_confounder
    assert level.ami > 0.9
    assert found.findings == found.confounders == ()
    usual, differ = found.verdict.split("; ")
    assert usual.startswith("clusters do not follow machine or SNR: AMI at most")
    assert differ == (
        f"clusters differ in level (AMI {level.ami:.2f}), which a louder fault does as well as a closer microphone: "
        "--without level shows whether they remain"
    )
    assert audit(faults, TAKES, {"level": loud}).verdict == differ


def test_a_single_cluster_that_is_a_machine_is_seen_among_others_that_are_not(rng):
    machines = [f"id_{number % 20:02}" for number in range(400)]
    labels = rng.integers(4, size=400)
    labels[np.array(machines) == "id_07"] = 4
    found = audit(labels, np.arange(400), {"machine": machines})
    assert rows_of(found)["machine"].ami < 0.1
    assert found.confounders == ()
    assert found.findings == ("cluster 4 is 100 % id_07, which is 5 % of all clips: this is a machine, not a fault",)
    assert found.verdict.startswith("clusters do not follow machine: AMI 0.0")
    assert found.verdict.endswith("; but see cluster 4")


def test_a_finding_needs_enough_takes_and_more_than_its_share_of_all():
    labels = np.where(TAKES < 12, 1, 0)

    def findings(takes, machines):
        found = audit(labels, takes, {"machine": machines.tolist()})
        assert rows_of(found)["machine"].p_value <= 0.01
        return found.findings

    own = np.where(TAKES < 12, "a", MACHINES)
    assert findings(TAKES, own) == ("cluster 1 is 100 % a, which is 20 % of all clips: this is a machine, not a fault",)
    assert findings(np.where(TAKES < 12, TAKES // 3, TAKES), own) == ()  # four takes
    commonest = np.where(TAKES < 35, "a", "b")
    assert findings(TAKES, commonest) == ()  # 100 % of which 58 % is no double
    mixed = np.where((TAKES < 12) & (OF_CLIP == "6 dB"), "b", own)
    assert findings(TAKES, mixed) == ()  # 67 %


def test_what_may_be_chance_is_no_finding():
    """Five of twelve takes are of one machine by chance once in 66 times."""
    labels, machines = np.array([0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]), list("aaaaaabbbbbb")
    found = audit(labels, np.arange(12), {"machine": machines})
    assert 0.01 < found.rows[0].p_value < 0.03
    assert found.findings == ()


def test_takes_and_not_clips_are_counted(rng):
    """Clips of one take agree with it in cluster and machine, which says nothing."""
    takes = np.repeat(np.arange(12), 20)
    p = []
    for trial in range(40):
        labels, machines = rng.integers(3, size=12)[takes], rng.integers(3, size=12)[takes]
        found = audit(labels, takes, {"machine": machines.tolist()}, seed=trial, n_permutations=99)
        assert found.rows[0].is_confounder == (found.rows[0].p_value <= 0.01 and found.rows[0].ami > 0.1)
        p.append(found.rows[0].p_value)
    assert np.mean(np.array(p) <= 0.05) < 0.15
    assert 0.3 < np.median(p) < 0.7


def test_clips_of_no_cluster_are_left_out(faults, attributes, rng):
    is_out = rng.random(TAKES.size) < 0.3
    labels = np.where(is_out, -1, faults)
    inside = {name: np.array(values, object)[~is_out].tolist() for name, values in attributes.items()}
    assert audit(labels, TAKES, attributes) == audit(faults[~is_out], TAKES[~is_out], inside)
    # Clips of no cluster may be as different as they like.
    strange = [None if out else value for out, value in zip(is_out, attributes["machine"], strict=True)]
    assert audit(labels, TAKES, {"machine": strange}) == audit(labels, TAKES, {"machine": attributes["machine"]})


def test_what_is_not_known_is_left_out(faults, rng):
    is_known = TAKES < 45
    partly = [machine if known else None for machine, known in zip(MACHINES, is_known, strict=True)]
    found = audit(faults, TAKES, {"machine": partly, "day": [None] * 180, "channel": [1] * 180})
    assert [row.attribute for row in found.rows] == ["machine"]
    whole = audit(faults[is_known], TAKES[is_known], {"machine": MACHINES[is_known].tolist()})
    assert found == whole


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), numbers=st.permutations(range(10, 14)), names=st.permutations("abcd"))
def test_other_numbers_and_names_change_nothing_else(seed, numbers, names):
    rng = np.random.default_rng(seed)
    takes = rng.integers(30, size=100)
    machines = rng.integers(4, size=30)[takes]
    labels = np.where(rng.random(100) < rng.random(), machines, rng.integers(4, size=100))
    first = audit(labels, takes, {"machine": [f"m{n}" for n in machines]}, n_permutations=99)
    other = audit(
        np.array(numbers)[labels],
        [f"take {97 - take}" for take in takes],
        {"machine": [names[n] for n in machines]},
        n_permutations=99,
    )
    (row,), (other_row,) = first.rows, other.rows
    assert (row.p_value, row.is_confounder, row.is_decided) == (
        other_row.p_value,
        other_row.is_confounder,
        other_row.is_decided,
    )
    assert row.ami == pytest.approx(other_row.ami, abs=1e-9)
    renamed = []
    for finding in first.findings:
        cluster, rest = finding.removeprefix("cluster ").split(" ", 1)
        share, machine = rest.split(" % m", 1)
        renamed.append(f"cluster {numbers[int(cluster)]} {share} % {names[int(machine[0])]}{machine[1:]}")
    assert sorted(renamed) == sorted(other.findings)


def test_the_seed(faults, attributes):
    assert audit(faults, TAKES, attributes, seed=3) == audit(faults, TAKES, attributes, seed=3)
    assert audit(faults, TAKES, attributes, seed=3) != audit(faults, TAKES, attributes, seed=4)


def test_to_dict_is_for_json(attributes):
    found = audit((MACHINES == "id_00").astype(int), TAKES, attributes)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["confounders"] == ["machine"]
    assert plain["verdict"] == found.verdict
    assert plain["findings"] == list(found.findings)
    assert plain["rows"][0]["attribute"] == "machine"
    assert set(plain["rows"][0]) == {"attribute", "ami", "p_value", "is_confounder", "n_values", "is_decided"}


def test_few_takes_are_too_few_to_tell():
    """Of four takes, clusters that are the machines come about by chance once in three times."""
    takes = np.repeat(np.arange(4), 30)
    found = audit(takes % 2, takes, {"machine": (takes % 2).tolist()})
    assert found.rows[0].ami == 1
    assert found.rows[0].p_value > 0.2
    assert not found.rows[0].is_decided
    assert found.confounders == ()
    assert found.verdict.startswith("too few takes to tell whether clusters follow machine (AMI 1.00, p 0.")


def test_a_rare_value_is_too_little_to_tell(faults):
    """Only one take of 60 is of the other machine: no clusters could follow that clearly."""
    machines = np.where(TAKES == 0, "b", "a").tolist()
    found = audit(faults, TAKES, {"machine": machines, "SNR": OF_CLIP.tolist()})
    assert not rows_of(found)["machine"].is_decided
    assert found.verdict.startswith("too few takes to tell whether clusters follow machine (AMI 0.0")
    assert "; they do not follow SNR: AMI 0.00" in found.verdict


def test_three_clips():
    found = audit(np.array([0, 1, 1]), ["a", "b", "c"], {"machine": ["x", "y", "y"], "level": [-3.0, -2.0, -1.0]})
    assert found.findings == found.confounders == ()
    assert found.verdict.startswith("too few takes to tell whether clusters follow machine (")


@pytest.mark.parametrize(
    ("labels", "verdict"),
    [
        ([], "there is no cluster: nothing to compare"),
        ([-1, -1], "there is no cluster: nothing to compare"),
        ([0] * 40, "there is one cluster only: nothing to compare"),
        ([3, 3, -1], "there is one cluster only: nothing to compare"),
    ],
)
def test_nothing_to_compare(labels, verdict):
    attributes = {"machine": ["x", "y"] * 20, "level": np.arange(40.0).tolist()}
    own = {name: values[: len(labels)] for name, values in attributes.items()}
    found = audit(np.array(labels, int), np.arange(len(labels)).tolist(), own)
    assert found.verdict == verdict
    assert found.findings == found.confounders == ()
    assert all((row.ami, row.p_value, row.is_confounder) == (0, 1, False) for row in found.rows)


def test_one_machine(faults):
    for attributes in ({}, {"machine": ["id_00"] * 180, "SNR": [None] * 180}):
        found = audit(faults, TAKES, attributes)
        assert found.rows == ()
        assert found.verdict == "nothing is known that differs among the clips: nothing to compare"


def test_an_attribute_known_in_one_cluster_only(faults):
    machines = [machine if fault == 1 else None for machine, fault in zip(MACHINES.tolist(), faults, strict=True)]
    found = audit(faults, TAKES, {"machine": machines})
    assert (found.rows[0].ami, found.rows[0].p_value) == (0, 1)
    assert found.verdict == "too few takes to tell whether clusters follow machine (AMI 0.00, p 1)"


def test_arguments_that_do_not_belong_together():
    with pytest.raises(ValueError, match=r"labels of shape \(3,\) and 2 takes"):
        audit(np.zeros(3, int), ["a", "b"], {})
    with pytest.raises(ValueError, match=r"labels of shape \(2,\) and 3 machine"):
        audit(np.zeros(2, int), ["a", "b"], {"machine": ["x", "y", "z"]})
    with pytest.raises(OptionError, match="permutations: expected at least 99, got 98"):
        audit(np.zeros(2, int), ["a", "b"], {}, n_permutations=98)
    with pytest.raises(ValueError, match="2 vectors and 3 values"):
        without(np.zeros((2, 4)), ["a", "b", "c"])


def test_without_the_machine_the_faults_are_found(faults, rng):
    fault_of = 3 * rng.standard_normal((3, 6))
    machine_of = 20 * rng.standard_normal((4, 6))
    vectors = fault_of[faults] + machine_of[TAKES % 4] + 0.5 * rng.standard_normal((180, 6))
    labels, _ = k_means(vectors, 3)
    before = audit(labels, TAKES, {"machine": MACHINES.tolist()})
    assert before.confounders == ("machine",)
    changed = without(vectors, MACHINES.tolist())
    labels, _ = k_means(changed, 3)
    after = audit(labels, TAKES, {"machine": MACHINES.tolist()})
    assert after.rows[0].ami <= 0.1
    assert after.confounders == ()
    assert adjusted_mutual_info_score(labels, faults) > 0.9
    np.testing.assert_allclose(changed.mean(axis=0), vectors.mean(axis=0))
    for machine in np.unique(MACHINES):
        np.testing.assert_allclose(changed[machine == MACHINES].mean(axis=0), vectors.mean(axis=0))


def test_without_leaves_small_groups_and_unknown_ones_as_they_are(rng):
    vectors = rng.standard_normal((8, 3)).astype(np.float32)
    before = vectors.copy()
    changed = without(vectors, ["a", "a", "a", "b", "b", None, float("nan"), "c"])
    np.testing.assert_array_equal(changed[3:], before[3:])
    np.testing.assert_allclose(changed[:3].mean(axis=0), before.mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(vectors, before)
    assert changed.dtype == np.float32
    assert without(np.empty((0, 3)), []).shape == (0, 3)


def test_without_a_level_its_thirds_are_alike(rng):
    levels = rng.uniform(-40, -10, 90)
    changed = without(np.stack([levels, levels**2], axis=1), levels.tolist())
    order = np.argsort(levels)
    for third in np.split(order, 3):
        np.testing.assert_allclose(changed[third].mean(axis=0), [levels.mean(), (levels**2).mean()])
