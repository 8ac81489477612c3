import numpy as np
import pytest

from auscult.faults.stability import choose_n_clusters, nearest_centroids

CENTRES = 10 * np.eye(4)


@pytest.mark.parametrize("n_clusters", [2, 3, 4])
def test_planted_clusters_are_counted(rng, n_clusters):
    points = np.repeat(CENTRES[:n_clusters], 20, axis=0)
    choice = choose_n_clusters(points + rng.standard_normal(points.shape))
    assert choice.n_clusters == n_clusters
    assert choice.stabilities[0] == 1
    assert choice.stabilities[n_clusters - 1] > 0.95
    assert choice.reason.startswith(f"{n_clusters} clusters: the most that are found again")


@pytest.mark.parametrize(("n_dimensions", "n_clusters", "n_each"), [(2, 4, 20), (2, 2, 20), (4, 4, 10), (5, 2, 8)])
@pytest.mark.parametrize("seed", [0, pytest.param(9, marks=pytest.mark.slow)])
def test_clear_clusters_are_counted_also_if_they_are_small_or_flat(rng, n_dimensions, n_clusters, n_each, seed):
    centres = rng.standard_normal((n_clusters, n_dimensions))
    nearest = min(np.linalg.norm(centres[i] - centres[j]) for i in range(n_clusters) for j in range(i))
    points = np.repeat(10 / nearest * centres, n_each, axis=0)
    assert choose_n_clusters(points + rng.standard_normal(points.shape), seed).n_clusters == n_clusters


@pytest.mark.parametrize("stretch", [1.0, 5.0])
def test_a_single_heap_is_one_cluster_also_if_it_is_elongated(rng, stretch):
    points = rng.standard_normal((80, 3)) * [stretch, 1, 1]
    choice = choose_n_clusters(points)
    assert choice.n_clusters == 1
    assert choice.reason.startswith("1 cluster: ")


@pytest.mark.parametrize("points", [np.arange(27.0).reshape(9, 3) ** 2, np.ones((10, 3)), np.ones((0, 3))])
def test_few_or_identical_recordings_are_not_split(points):
    choice = choose_n_clusters(points)
    assert choice.n_clusters == 1
    assert choice.stabilities.tolist() == [1]
    assert "too few" in choice.reason


def test_the_same_seed_chooses_the_same(rng):
    points = rng.standard_normal((14, 2))
    one, again, other = (choose_n_clusters(points, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.stabilities, again.stabilities)
    assert one.reason == again.reason
    assert not np.array_equal(one.stabilities, other.stabilities)


@pytest.mark.slow
def test_no_number_is_taken_that_makes_clusters_follow_machines(rng):
    # Two faults far apart; both sound a little different on the two machines, which four clusters would tell apart.
    fault, machine = np.repeat([0, 1], 40), np.tile([0, 1], 40)
    points = np.stack([40 * fault, 10 * machine], axis=1) + rng.standard_normal((80, 2))
    assert choose_n_clusters(points).n_clusters == 4
    assert choose_n_clusters(points, machines=machine).n_clusters == 2


def test_nearest_centroids(rng):
    points, centroids = rng.standard_normal((30, 4)), rng.standard_normal((5, 4))
    expected = [int(np.argmin([np.linalg.norm(point - centre) for centre in centroids])) for point in points]
    assert nearest_centroids(points, centroids).tolist() == expected
