import numpy as np
import pytest
from scipy.stats import norm

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
@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 9])
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


@pytest.fixture
def three(rng):
    """Three kinds of 8 takes each: one far away, two near each other."""
    centres = np.array([[0, 40, 0], [0, 0, 0], [10, 0, 0]])
    return np.repeat(centres, 8, axis=0) + rng.standard_normal((24, 3))


@pytest.fixture
def heap(rng):
    """A kind far away, of 6 takes, and one long heap of 24, from one end to the other, that only names tell apart."""
    along = 8 * norm.ppf((np.arange(24) + 0.5) / 24)
    long = np.column_stack([along, rng.standard_normal((24, 2))])
    return np.concatenate([rng.normal([0, 60, 0], 1, (6, 3)), long])


def named(n_takes, *faults):
    numbers = np.full(n_takes, -1)
    for number, takes in enumerate(faults):
        numbers[list(takes)] = number
    return numbers


@pytest.mark.slow
def test_without_a_name_the_choice_is_what_it_was(heap):
    before, after = choose_n_clusters(heap), choose_n_clusters(heap, named=named(30))
    assert (after.n_clusters, after.reason) == (2, before.reason)
    np.testing.assert_array_equal(after.stabilities, before.stabilities)


def test_two_named_faults_are_told_apart_where_they_can_be(heap):
    apart = choose_n_clusters(heap, named=named(30, range(6, 16), range(20, 30)))
    assert apart.n_clusters == 3
    assert apart.reason.startswith("3 clusters, for the names: at this number, which is found again (")
    assert "2 of 2 named faults are together and apart from those of others, instead of 0" in apart.reason
    assert "ask for 2 to see what is found by itself (2 clusters: the most that" in apart.reason
    mixed = choose_n_clusters(heap, named=named(30, range(8, 28, 2), range(9, 29, 2)))
    assert mixed.reason.startswith("2 clusters: the most that")


@pytest.mark.slow
def test_names_that_agree_with_the_choice_change_nothing(three):
    choice = choose_n_clusters(three, named=named(24, range(6), range(8, 14), range(17, 23)))
    assert choice.reason.startswith("3 clusters: the most that")


@pytest.mark.slow
def test_what_was_named_together_is_not_torn(three):
    choice = choose_n_clusters(three, named=named(24, range(12, 20)))
    assert choice.n_clusters == 2
    assert "1 of 1 named faults are together and apart from those of others, instead of 0; ask for 3" in choice.reason


@pytest.mark.slow
def test_two_clusters_that_one_name_was_given_to_as_a_whole_stay_two(three):
    assert choose_n_clusters(three, named=named(24, [*range(8, 15), *range(17, 24)])).n_clusters == 3


@pytest.mark.slow
def test_no_cluster_without_a_name_is_given_up_for_a_name(rng):
    centres = np.array([[0, 40, 0], [7, 40, 0], [0, 0, 0], [10, 0, 0]])  # of fewer, the first two would be one
    points = np.repeat(centres, 8, axis=0) + rng.standard_normal((32, 3))
    assert choose_n_clusters(points, named=named(32, range(20, 28))).n_clusters == 4


def test_nearest_centroids(rng):
    points, centroids = rng.standard_normal((30, 4)), rng.standard_normal((5, 4))
    expected = [int(np.argmin([np.linalg.norm(point - centre) for centre in centroids])) for point in points]
    assert nearest_centroids(points, centroids).tolist() == expected
