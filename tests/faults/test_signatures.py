import numpy as np
import pytest
from made_up_machines import FEATURES, made_up_machine, normal_clips, planted

from auscult.faults.signatures import SignatureSpace, directions, means_of_takes


@pytest.fixture(scope="module")
def machines():
    return {"a": made_up_machine(1), "b": made_up_machine(2)}


@pytest.fixture(scope="module")
def space(machines):
    return SignatureSpace(FEATURES).fit(machines)


def signatures(space, machine, X):
    return space.signatures(space.aspects(machine, X))


def test_directions_are_of_length_1_or_0(rng):
    vectors = np.concatenate(
        [1000 * rng.standard_normal((5, 7)), 0.001 * rng.standard_normal((5, 7)), np.zeros((2, 7))]
    )
    found = directions(vectors)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1] * 10 + [0] * 2)
    np.testing.assert_array_equal(np.sign(found), np.sign(vectors))


def test_one_large_value_does_not_hide_the_others():
    found = directions(np.array([[1000.0, 10.0]]))[0]
    assert 0.2 < found[1] / found[0] < 1


def test_means_of_takes(rng):
    vectors, takes = rng.standard_normal((20, 3)), np.concatenate([np.arange(5), rng.integers(0, 5, 15)])
    expected = [vectors[takes == take].mean(axis=0) for take in range(5)]
    np.testing.assert_allclose(means_of_takes(vectors, takes), expected)


@pytest.mark.parametrize("group", ["mean", "std", "modulation"])
def test_the_same_change_has_the_same_direction_on_another_machine(space, machines, group):
    one, other = (
        directions(signatures(space, machine, planted(normal_clips(seed, 8, draw=9), group))).mean(axis=0)
        for seed, machine in zip((1, 2), machines.values(), strict=True)
    )
    assert one @ other / np.linalg.norm(one) / np.linalg.norm(other) > 0.7


def test_changes_of_another_kind_are_less_alike_than_those_of_one_kind(space, machines):
    std, again, modulation = (
        directions(signatures(space, machines["a"], planted(normal_clips(1, 8, draw=draw), group))).mean(axis=0)
        for draw, group in ((7, "std"), (8, "std"), (9, "modulation"))
    )
    assert std @ again > 0.7
    assert std @ modulation < 0.7 * (std @ again)


def test_what_changed_more_has_a_longer_signature_and_normal_clips_have_short_ones(space, machines):
    X = normal_clips(1, 8, draw=9)
    normal = np.linalg.norm(signatures(space, machines["a"], X), axis=1)
    little, much = (
        np.linalg.norm(signatures(space, machines["a"], planted(X, "std", by=by)), axis=1) for by in (4.0, 8.0)
    )
    assert np.median(normal) < little.min()
    assert (little < much).all()


def test_normal_clips_are_alike_in_all_directions(space, machines):
    whitened = np.concatenate([space.signatures(space.normal_aspects(one)) for one in machines.values()])
    assert whitened.shape == (120, len(space.names))
    deviations = np.sqrt(np.linalg.eigvalsh(np.cov(whitened.T)))
    assert deviations.min() > 0.3
    assert deviations.max() < 2
