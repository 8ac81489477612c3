import numpy as np
import pytest
from made_up_machines import FEATURES, machine_of, made_up_machine, normal_clips, planted

from auscult.faults.signatures import FARTHEST, SignatureSpace, directions, means_of_takes


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
    aspects = np.concatenate([space.normal_aspects(one) for one in machines.values()])
    whitened = space.signatures(aspects)
    assert whitened.shape == (120, len(space.names))
    far, far_before = (np.abs(np.cov(one.T) - np.eye(len(space.names))) for one in (whitened, aspects))
    assert far.mean() < 0.06
    assert far_before.mean() > 0.12
    assert far.max() < 0.6
    assert far_before.max() > 0.9
    assert np.linalg.eigvalsh(np.cov(whitened.T)).max() < 1.3  # nothing wanders more than that in any direction
    assert np.linalg.eigvalsh(np.cov(aspects.T)).max() > 4


@pytest.mark.parametrize("group", ["std", "modulation"])
def test_a_change_has_the_same_direction_where_normal_clips_differ_four_times_as_much(group):
    machines = [made_up_machine(1), made_up_machine(2, spread=4.0)]
    space = SignatureSpace(FEATURES).fit(dict(zip("ab", machines, strict=True)))
    one = planted(normal_clips(1, 8, draw=9), group, by=6.0)
    other = planted(normal_clips(2, 8, draw=9, spread=4.0), group, by=24.0)
    small, large = (signatures(space, machine, X) for machine, X in zip(machines, (one, other), strict=True))
    assert 0.5 < np.median(np.linalg.norm(small, axis=1)) / np.median(np.linalg.norm(large, axis=1)) < 2
    means = [directions(found).mean(axis=0) for found in (small, large)]
    assert means[0] @ means[1] / np.prod([np.linalg.norm(mean) for mean in means]) > 0.9


def test_normal_clips_are_not_compared_with_those_of_their_own_take(rng):
    X = np.repeat(normal_clips(1, 12, spread=10.0), 10, axis=0)
    X += 0.01 * rng.standard_normal(X.shape)  # ten clips of each take, nearly copies
    others = normal_clips(1, 20, draw=9, spread=10.0)
    strangeness = []
    for takes in (np.repeat(np.arange(12), 10), np.arange(120)):
        machine = machine_of(X, takes.astype(str).tolist())
        strangeness.append(np.median(np.abs(SignatureSpace(FEATURES).aspects(machine, others))))
    with_takes, without_takes = strangeness
    assert with_takes < 2  # what other takes differ by is usual
    assert without_takes > 2 * with_takes


@pytest.mark.parametrize("sign", [-1, 1])
def test_far_is_far_enough(space, machines, sign):
    found = space.aspects(machines["a"], planted(normal_clips(1, 4, draw=9), "std", by=sign * 1e4))
    is_std = np.array([name == "std" for name in space.names])
    assert (found[:, is_std] == sign * FARTHEST).all()
    assert np.abs(found).max() == FARTHEST


def test_a_machine_is_not_taken_for_another_that_had_its_id(space, machines, monkeypatch):
    X = normal_clips(1, 3, draw=9)
    expected = [space.aspects(machine, X) for machine in machines.values()]
    monkeypatch.setattr("auscult.faults.signatures.id", lambda _: 1, raising=False)  # as when memory is used again
    new = SignatureSpace(FEATURES)
    for machine, own in zip(machines.values(), expected, strict=True):
        np.testing.assert_array_equal(new.aspects(machine, X), own)
    assert not np.allclose(*expected)
