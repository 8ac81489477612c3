from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from auscult.faults.take_permutations import mutual_information, p_values


def p_value(labels, codes, takes, *, n_permutations=199, seed=0):
    (p,) = p_values([labels], codes, takes, n_permutations=n_permutations, seed=seed)
    return p


def test_mutual_information_is_scikit_learns(rng):
    labels, codes = rng.integers(5, size=(4, 60)), rng.integers(3, size=60)
    expected = [mutual_info_score(own, codes) for own in labels]
    np.testing.assert_allclose(mutual_information(labels, codes), expected, atol=1e-12)


def trials(rng, n_trials, *, n_takes=24, n_clips_each=5, permute_clips=False, within=False):
    """P-values of labels that have nothing to do with the attribute; both belong to takes.

    within: the attribute differs within takes, as SNR does, and a clip's label is its take's in most cases.
    """
    takes = np.repeat(np.arange(n_takes), n_clips_each)
    p = []
    for trial in range(n_trials):
        labels, codes = rng.integers(3, size=n_takes)[takes], rng.integers(4, size=n_takes)[takes]
        if within:
            codes = rng.permuted(np.tile(np.arange(n_clips_each), (n_takes, 1)), axis=1).ravel()
            labels = np.where(rng.random(takes.size) < 0.7, labels, rng.integers(3, size=takes.size))
        shown = np.arange(takes.size) if permute_clips else takes
        p.append(p_value(labels, codes, shown, n_permutations=99, seed=trial))
    return np.array(p)


@pytest.mark.parametrize("within", [False, True])
def test_without_a_relation_p_values_are_uniform(rng, within):
    p = trials(rng, 200, within=within)
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        assert abs((p <= share).mean() - share) < 3.3 * np.sqrt(share * (1 - share) / 200)  # of a binomial


def test_exchanging_clips_one_by_one_would_take_takes_for_evidence(rng):
    assert (trials(rng, 100, permute_clips=True) <= 0.05).mean() > 0.5


def test_of_few_takes_it_is_the_share_of_all_permutations():
    takes = np.repeat(np.arange(5), 2)
    clusters, codes = (0, 0, 1, 1, 2), np.array([0, 0, 1, 1, 1])[takes]
    scores = [mutual_info_score(np.array(order)[takes], codes) for order in permutations(clusters)]
    share = np.mean(np.array(scores) >= mutual_info_score(np.array(clusters)[takes], codes) - 1e-9)
    assert abs(p_value(np.array(clusters)[takes], codes, takes, n_permutations=4999) - share) < 0.03


def test_an_attribute_that_differs_within_takes_is_seen():
    takes = np.repeat(np.arange(20), 3)
    snrs = np.tile([0, 1, 2], 20)
    assert p_value((snrs == 0).astype(int), snrs, takes) == 1 / 200
    assert p_value(takes % 2, snrs, takes) == 1


def test_takes_of_different_sizes(rng):
    sizes = rng.integers(1, 9, 40)
    takes = np.repeat(np.arange(40), sizes)
    machines = rng.integers(2, size=40)[takes]
    p = p_values([machines, rng.integers(2, size=40)[takes]], machines, takes, n_permutations=199, seed=0)
    assert p[0] == 1 / 200
    assert p[1] > 0.05
    null = [p_value(rng.integers(3, size=40)[takes], machines, takes, n_permutations=99, seed=n) for n in range(200)]
    assert abs(np.mean(np.array(null) <= 0.1) - 0.1) < 0.07


def test_the_order_of_clips_and_the_seed(rng):
    takes = np.repeat(np.arange(15), 4)
    labels, codes = rng.integers(2, size=15)[takes], rng.integers(2, size=15)[takes]
    p = p_value(labels, codes, takes, seed=1)
    assert p == p_value(labels, codes, takes, seed=1)
    assert p != p_value(labels, codes, takes, seed=2)
    order = rng.permutation(60)
    assert p == p_value(labels[order], codes[order], takes[order], seed=1)


def test_other_numbers_change_nothing(rng):
    """Of few takes, many permutations agree exactly as well, up to rounding."""
    for trial in range(30):
        takes = np.arange(9)
        labels, codes = rng.integers(3, size=9), rng.integers(3, size=9)
        renumbered = rng.permutation(3)[labels], rng.permutation(3)[codes]
        assert p_value(labels, codes, takes, seed=trial) == p_value(*renumbered, takes, seed=trial)
