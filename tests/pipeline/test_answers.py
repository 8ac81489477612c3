import numpy as np
import pytest

from auscult.diagnose import calibrate, softmax
from auscult.evaluate.diagnosis_splits import Fold
from auscult.pipeline.answers import FEWEST, Answers, calibrated


def answers_to(places, rng, *, n_faults=3, missing=()):
    """Answers of a network to these clips, of faults that it does not lack."""
    logits = 3 * rng.standard_normal((len(places), n_faults))
    logits[:, list(missing)] = np.nan
    fold = Fold(np.arange(0), np.asarray(places))
    return Answers.of(fold, {"logits": logits, "calibration": np.array([1.5, 0.4])})


def test_a_networks_own_calibration_comes_with_its_answers(rng):
    assert answers_to(range(4), rng).own == (1.5, 0.4)


def test_probabilities_are_the_softmax_of_the_faults_that_were_learnt(rng):
    whole, partly = answers_to(range(6), rng), answers_to(range(6), rng, missing=[1])
    np.testing.assert_allclose(whole.probabilities(2.0), softmax(whole.logits, 2.0))
    found = partly.probabilities(0.5)
    assert not found[:, 1].any()
    np.testing.assert_allclose(found[:, [0, 2]], softmax(partly.logits[:, [0, 2]], 0.5))
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_all_answers_together_say_how_far_to_believe(rng):
    """The oracle puts the clips in their own order, which makes no difference."""
    labels = rng.integers(0, 3, 60)
    folds = [answers_to(places, rng) for places in np.array_split(rng.permutation(60), 3)]
    logits = np.empty((60, 3))
    for one in folds:
        logits[one.fold.tested] = one.logits
    expected = calibrate(logits, labels)
    assert calibrated(folds, labels) == pytest.approx((expected.temperature, expected.unknown_below))


def test_networks_that_lack_a_fault_do_not_count(rng):
    labels = rng.integers(0, 3, 60)
    whole, partly = answers_to(range(30), rng), answers_to(range(30, 60), rng, missing=[0])
    assert calibrated([whole, partly], labels) == calibrated([whole], labels)
    assert calibrated([partly], labels) is None


def test_of_few_answers_nothing_is_to_be_learnt(rng):
    labels = rng.integers(0, 3, 60)
    halves = [answers_to(range(start, start + FEWEST // 2), rng) for start in (0, 20)]
    assert calibrated(halves, labels) is not None
    assert calibrated(halves[:1], labels) is None
    assert calibrated([], labels) is None
