import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from auscult.errors import OptionError
from auscult.faults.k_means import inertias, k_means, n_different

CENTRES = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
SIZES = (10, 30, 20)


@pytest.fixture
def heaps(rng):
    return np.repeat(CENTRES, SIZES, axis=0) + 0.5 * rng.standard_normal((sum(SIZES), 2))


def test_heaps_are_found_and_numbered_by_size(heaps):
    labels, centroids = k_means(heaps, 3, seed=7)
    np.testing.assert_array_equal(labels, np.repeat([2, 0, 1], SIZES))
    np.testing.assert_allclose(centroids, [heaps[labels == cluster].mean(axis=0) for cluster in range(3)])


def test_it_is_scikit_learns(rng):
    points = rng.standard_normal((200, 4))
    labels, centroids = k_means(points, 5, seed=3)
    theirs = KMeans(5, n_init=10, random_state=3).fit(points)
    assert adjusted_rand_score(labels, theirs.labels_) == 1
    np.testing.assert_allclose(np.sort(centroids, axis=0), np.sort(theirs.cluster_centers_, axis=0), atol=0.01)
    ours = [KMeans(n, n_init=10, random_state=3).fit(points).inertia_ for n in range(1, 11)]
    np.testing.assert_allclose(inertias(points, 10, 3), ours, rtol=1e-3)


def test_the_same_whenever_it_is_asked(rng):
    points = rng.standard_normal((300, 3))
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - what an unseeded k-means would draw from
    first = k_means(points, 6)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    again = k_means(points, 6)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], k_means(points, 6, seed=5)[0])


def test_the_order_of_clips_does_not_number_heaps(heaps, rng):
    order = rng.permutation(len(heaps))
    labels, _ = k_means(heaps, 3)
    np.testing.assert_array_equal(k_means(heaps[order], 3)[0], labels[order])


def test_more_starts_are_no_looser(rng):
    points = rng.standard_normal((200, 2))

    def looseness(n_starts, seed):
        labels, centroids = k_means(points, 8, seed, n_starts=n_starts)
        return ((points - centroids[labels]) ** 2).sum()

    once, often = (np.mean([looseness(n_starts, seed) for seed in range(5)]) for n_starts in (1, 20))
    assert often < once


def test_more_clusters_than_different_clips():
    points = np.repeat(np.eye(3), 4, axis=0)
    assert n_different(points) == 3
    assert k_means(points, 3)[0].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    with pytest.raises(OptionError, match=r"^clusters: 4 clusters cannot be made of 3 different clips\. Ask for at mo"):
        k_means(points, 4)
    np.testing.assert_allclose(inertias(points, 10), [8, 4, 0], atol=1e-12)


def test_copies_are_the_same_but_for_rounding(rng):
    points = np.repeat(rng.standard_normal((4, 3)), 5, axis=0)
    noisy = points + 1e-9 * rng.standard_normal(points.shape)
    assert n_different(noisy) == 4
    assert inertias(noisy).size == 4
    with pytest.raises(OptionError, match="of 4 different clips"):
        k_means(noisy, 5)


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), 3.0), np.array([[2.0]])])
def test_all_clips_identical(points):
    assert inertias(points).tolist() == [0]
    labels, centroids = k_means(points, 1)
    assert labels.tolist() == [0] * len(points)
    np.testing.assert_array_equal(centroids, points[:1])
    with pytest.raises(OptionError, match=r"2 clusters cannot be made of 1 different clip.*at most 1"):
        k_means(points, 2)


def test_no_clips():
    assert inertias(np.empty((0, 2))).size == 0
    with pytest.raises(OptionError, match=r"clusters: 1 clusters? cannot be made of 0 different clips"):
        k_means(np.empty((0, 2)), 1)


@pytest.mark.parametrize("n_clusters", [0, -3])
def test_no_clusters(heaps, n_clusters):
    with pytest.raises(OptionError, match="clusters: expected at least 1"):
        k_means(heaps, n_clusters)
    with pytest.raises(OptionError, match="clusters: expected at least 1"):
        inertias(heaps, n_clusters)


@pytest.mark.parametrize("points", [np.zeros(4), np.full((3, 2), np.nan), np.full((3, 2), np.inf)])
def test_nonsense(points):
    for asked in (lambda: k_means(points, 1), lambda: inertias(points)):
        with pytest.raises(ValueError, match=r"expected shape|NaN or infinity"):
            asked()
