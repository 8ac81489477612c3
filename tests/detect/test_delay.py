from math import log, sqrt
from statistics import NormalDist, median

import numpy as np
import pytest
from scipy.signal import lfilter

from auscult.detect.delay import N_STARTS, STRENGTHS, expected_delay


@pytest.fixture
def scores(rng):
    return rng.exponential(size=500)


def delay_by_hand(scores, threshold, auc, seed=0):
    n, normal = len(scores), NormalDist()
    quantiles = [normal.inv_cdf((sum(other < score for other in scores) + 0.5) / n) for score in scores]
    moved = [quantile + sqrt(2) * normal.inv_cdf(auc) for quantile in quantiles]
    p_values = [(1 + sum(quantile >= score for quantile in quantiles)) / (n + 1) for score in moved]
    delays = []
    for start in np.random.default_rng(seed).integers(n, size=N_STARTS):
        evidence, n_decisions = 0.0, 0
        while evidence < threshold:
            evidence = max(evidence, 0.0) + log(0.5) - 0.5 * log(p_values[(start + n_decisions) % n])
            n_decisions += 1
        delays.append(n_decisions)
    return median(delays)


@pytest.mark.parametrize("auc", [0.8, 0.95])
def test_delay_is_counted_as_by_hand(rng, auc):
    scores = rng.normal(size=40)
    assert expected_delay(scores, threshold=7.3, auc=auc, seed=3) == delay_by_hand(scores.tolist(), 7.3, auc, seed=3)


@pytest.mark.parametrize("threshold", [5.0, 15.0, 40.0])
def test_stronger_faults_are_found_sooner(scores, threshold):
    delays = [expected_delay(scores, threshold=threshold, auc=auc) for auc in STRENGTHS]
    assert None not in delays
    assert delays == sorted(delays, reverse=True)
    assert delays[0] > 2 * delays[-1]


@pytest.mark.parametrize("auc", [0.8, 0.95])
def test_more_evidence_takes_longer(scores, auc):
    delays = [expected_delay(scores, threshold=threshold, auc=auc) for threshold in (2, 5, 10, 20, 50)]
    assert delays == sorted(delays)
    assert delays[0] < delays[-1]


def test_delay_is_the_same_for_any_unit_of_scores(scores):
    plain = expected_delay(scores, threshold=10.0, auc=0.9)
    assert expected_delay(np.exp(scores) - 7, threshold=10.0, auc=0.9) == plain


def test_resemblance_of_neighbours_is_kept(rng):
    """Clips that resemble each other come as runs, and a run of quiet ones delays an alarm."""
    scores = lfilter([1.0], [1, -0.98], rng.normal(size=3000))
    shuffled = rng.permutation(scores)
    assert expected_delay(scores, threshold=5.0, auc=0.7) != expected_delay(shuffled, threshold=5.0, auc=0.7)


def test_what_is_never_found_has_no_delay(scores):
    assert expected_delay(scores, threshold=1e6, auc=0.99) is None
    assert expected_delay(scores, threshold=30.0, auc=0.51) is None


@pytest.mark.parametrize("scores", [[1.0], [1.0] * 10, [1.0, 2.0]])
def test_hardly_any_scores(scores):
    delay = expected_delay(np.array(scores), threshold=3.0, auc=0.9)
    assert delay is None or delay >= 1
