import numpy as np
import pytest

from auscult.errors import DataError, OptionError
from auscult.faults.clustering import among_normal, cluster_signatures

N = 12
N_TAKES = 16
KINDS = np.repeat(np.arange(3), N_TAKES)
"""Kind of each take."""


@pytest.fixture
def normal(rng):
    return rng.standard_normal((100, N))


@pytest.fixture
def signatures(rng):
    """Two clips of each take, of three kinds, as strong as it happens."""
    of_takes = 15 * np.eye(N)[KINDS] * rng.uniform(0.7, 2, (KINDS.size, 1)) + rng.standard_normal((KINDS.size, N))
    return np.repeat(of_takes, 2, axis=0) + 0.3 * rng.standard_normal((2 * KINDS.size, N))


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


def test_numbers_that_were_asked_for_are_taken(signatures, normal):
    found = cluster_signatures(signatures, TAKES, normal, n_components=4, n_clusters=4)
    assert found.points.shape == (TAKES.size, 4)
    assert found.centroids.shape == (4, 4)
    assert found.labels.max() == 3
    assert found.reasons[0].startswith("4 components, as asked for")
    assert found.reasons[1].startswith("4 clusters, as asked for (by itself: ")


@pytest.mark.parametrize("asked", [{"n_components": N + 1}, {"n_components": 0}, {"n_clusters": KINDS.size + 1}])
def test_more_than_there_are_cannot_be_asked_for(signatures, normal, asked):
    with pytest.raises(OptionError):
        cluster_signatures(signatures, TAKES, normal, **asked)


def test_without_clips_there_is_nothing_to_find(normal):
    with pytest.raises(DataError, match="there are none"):
        cluster_signatures(np.empty((0, N)), np.empty(0, np.intp), normal)


def test_takes_that_are_like_no_other_belong_to_none(signatures, normal, rng):
    stray = 3 * rng.standard_normal((6, N))
    stray[:, :3] = -3 * np.abs(stray[:, :3])
    takes = np.concatenate([TAKES, KINDS.size + np.arange(6)])
    labels = cluster_signatures(np.concatenate([signatures, stray]), takes, normal, n_clusters=3).labels
    assert (labels[-6:] == -1).all()
    assert (labels[:-6] >= 0).mean() > 0.9


def test_what_the_same_way_finds_among_normal_takes_is_said(normal, signatures):
    assert "among 100 normal recordings the same way finds nothing" in among_normal(normal)
    assert "finds 3 clusters as well" in among_normal(signatures[::2])
