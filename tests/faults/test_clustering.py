import numpy as np
import pytest

from auscult.errors import DataError, OptionError
from auscult.faults import Fault
from auscult.faults.clustering import among_normal, cluster_signatures
from auscult.faults.found_exemplars import faults_of_clips
from auscult.faults.matching import match_names

N = 12
N_TAKES = 16
KINDS = np.repeat(np.arange(3), N_TAKES)
"""Kind of each take."""


@pytest.fixture
def normal(rng):
    return rng.standard_normal((100, N))


@pytest.fixture
def few_normal(rng):
    """Too few to look for clusters among them, which takes its time."""
    return rng.standard_normal((9, N))


@pytest.fixture
def signatures(rng):
    """Two clips of each take, of three kinds, as strong as it happens; the second at an SNR at which little is left."""
    of_takes = 15 * np.eye(N)[KINDS] * rng.uniform(0.7, 2, (KINDS.size, 1)) + rng.standard_normal((KINDS.size, N))
    left = np.tile([1.0, 0.3], KINDS.size)[:, None]
    return left * np.repeat(of_takes, 2, axis=0) + 0.3 * rng.standard_normal((2 * KINDS.size, N))


TAKES = np.repeat(np.arange(KINDS.size), 2)


def test_planted_kinds_are_found_take_by_take(signatures, normal):
    found = cluster_signatures(signatures, TAKES, normal)
    pairs = set(zip(KINDS[TAKES].tolist(), found.labels.tolist(), strict=True)) - {(kind, -1) for kind in range(3)}
    assert len(pairs) == len(found.centroids) == 3
    assert (found.labels >= 0).mean() > 0.9
    assert found.points.shape == (TAKES.size, found.centroids.shape[1])
    assert found.shares.sum() == pytest.approx(1)
    assert (np.diff(found.inertias) < 0).all()
    # Clips of a take are in one cluster.
    np.testing.assert_array_equal(found.labels[::2], found.labels[1::2])
    np.testing.assert_array_equal(found.points[::2], found.points[1::2])


@pytest.mark.slow
def test_numbers_that_were_asked_for_are_taken(signatures, few_normal):
    found = cluster_signatures(signatures, TAKES, few_normal, n_components=4, n_clusters=4)
    assert found.points.shape == (TAKES.size, 4)
    assert found.centroids.shape == (4, 4)
    assert found.labels.max() == 3
    assert found.reasons[0].startswith("4 components, as asked for")
    assert found.reasons[1].startswith("4 clusters, as asked for (by itself: ")


@pytest.mark.parametrize("asked", [{"n_components": N + 1}, {"n_components": 0}, {"n_clusters": KINDS.size + 1}])
def test_more_than_there_are_cannot_be_asked_for(signatures, few_normal, asked):
    with pytest.raises(OptionError, match=f"^{next(iter(asked)).removeprefix('n_')}: "):
        cluster_signatures(signatures, TAKES, few_normal, **asked)


def test_without_clips_there_is_nothing_to_find(normal):
    with pytest.raises(DataError, match="there are none"):
        cluster_signatures(np.empty((0, N)), np.empty(0, np.intp), normal)


@pytest.fixture
def near_kinds(rng):
    """Signatures of a kind of its own and of two near each other; ten takes of one clip each."""
    centres = np.zeros((3, N))
    centres[[0, 1, 2], [0, 1, 1]], centres[[1, 2], [2, 2]] = 20, [5, -5]
    return np.repeat(centres, 10, axis=0) + rng.standard_normal((30, N))


def names_after(signatures, normal, *named):
    """Statuses of faults after clusters were sought with their names, and the number of clusters."""
    hashes = [str(place) for place in range(len(signatures))]
    faults = [Fault(str(n), str(n), str(n), tuple(map(str, own))) for n, own in enumerate(named)]
    takes = np.arange(len(signatures))
    found = cluster_signatures(signatures, takes, normal, named=faults_of_clips(faults, hashes))
    matches = match_names(faults, hashes, found.labels, signatures, takes.tolist()).matches
    return [match.status for match in matches], len(found.centroids)


def test_names_that_can_be_are_apart_and_those_that_are_mixed_are_merged(near_kinds, few_normal):
    assert names_after(near_kinds, few_normal, range(10, 19), range(20, 29)) == (["kept", "kept"], 3)
    assert names_after(near_kinds, few_normal, range(0, 10, 2), range(1, 10, 2)) == (["merged", "merged"], 3)


@pytest.mark.slow
def test_a_name_keeps_together_what_it_was_given_to_unless_a_number_is_asked_for(near_kinds, few_normal):
    assert names_after(near_kinds, few_normal, range(15, 25)) == (["kept"], 2)
    named = np.repeat([-1, 0, -1], [15, 10, 5])
    found = cluster_signatures(near_kinds, np.arange(30), few_normal, named=named, n_clusters=3)
    assert found.reasons[1].startswith("3 clusters, as asked for (by itself: 3 clusters: the most")


@pytest.mark.slow
def test_takes_that_are_like_no_other_belong_to_none(signatures, normal, rng):
    stray = 3 * rng.standard_normal((6, N))
    stray[:, :3] = -3 * np.abs(stray[:, :3])
    takes = np.concatenate([TAKES, KINDS.size + np.arange(6)])
    labels = cluster_signatures(np.concatenate([signatures, stray]), takes, normal, n_clusters=3).labels
    assert (labels[-6:] == -1).all()
    assert (labels[:-6] >= 0).mean() > 0.9


@pytest.mark.slow
def test_what_the_same_way_finds_among_normal_takes_is_said(normal, signatures):
    assert "among 100 normal recordings the same way finds nothing" in among_normal(normal)
    assert "finds 3 clusters as well" in among_normal(signatures[::2])


@pytest.mark.slow
def test_the_seed_decides_where_nothing_else_does(rng, few_normal):
    nothing = rng.standard_normal((15, N))
    one, again, other = (
        cluster_signatures(nothing, np.arange(15), few_normal, n_clusters=4, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.labels, again.labels)
    np.testing.assert_array_equal(one.stabilities, again.stabilities)
    assert not np.array_equal(one.stabilities, other.stabilities)


def test_three_clips_are_one_cluster(few_normal):
    found = cluster_signatures(10 + np.eye(3, N), np.arange(3), few_normal)
    assert found.labels.tolist() == [0, 0, 0]
    assert found.points.shape == (3, found.centroids.shape[1])
    assert found.reasons[1].startswith("1 cluster: 3 different recordings are too few")
    asked = cluster_signatures(10 + np.eye(3, N), np.arange(3), few_normal, n_components=2, n_clusters=3)
    assert sorted(asked.labels.tolist()) == [0, 1, 2]


def test_identical_clips_are_one_cluster(few_normal):
    same = np.full((12, N), 7.0)
    found = cluster_signatures(same, np.arange(12), few_normal)
    assert found.labels.tolist() == [0] * 12
    assert found.reasons[0] == "1 component: all recordings changed alike"
    assert not found.points.any()
    assert found.inertias.tolist() == [0]
    with pytest.raises(OptionError, match="2 clusters cannot be made of 1 different clip"):
        cluster_signatures(same, np.arange(12), few_normal, n_clusters=2)


@pytest.mark.slow
def test_how_many_clips_a_take_has_changes_nothing(signatures, few_normal):
    is_in = TAKES % 4 == 0
    X, takes = signatures[is_in], TAKES[is_in] // 4
    copies = np.repeat(X[6:8].mean(axis=0, keepdims=True), 40, axis=0)
    one = cluster_signatures(X, takes, few_normal, n_clusters=3)
    other = cluster_signatures(
        np.concatenate([X, copies]), np.concatenate([takes, np.repeat(3, 40)]), few_normal, n_clusters=3
    )
    np.testing.assert_array_equal(one.labels, other.labels[: takes.size])
    np.testing.assert_allclose(np.abs(one.centroids), np.abs(other.centroids), atol=1e-9)
