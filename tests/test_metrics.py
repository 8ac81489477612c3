import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from auscult.errors import DataError
from auscult.metrics import interval, macro_f1, partial_roc_auc, roc_auc

labelled_scores = st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=2, max_size=60)


@given(labelled_scores, st.sampled_from([0.05, 0.1, 0.5, 1.0]))
@settings(deadline=None)
def test_equal_to_scikit_learn(pairs, max_fpr):
    truth = np.array([pair[0] for pair in pairs])
    scores = np.array([pair[1] for pair in pairs], float)
    assume(truth.any() and not truth.all())
    assert roc_auc(truth, scores) == pytest.approx(roc_auc_score(truth, scores))
    assert partial_roc_auc(truth, scores, max_fpr=max_fpr) == pytest.approx(
        roc_auc_score(truth, scores, max_fpr=max_fpr)
    )


def test_perfect_and_reversed():
    truth = np.array([False, False, True, True])
    assert roc_auc(truth, np.arange(4.0)) == 1
    assert partial_roc_auc(truth, np.arange(4.0)) == 1
    assert roc_auc(truth, -np.arange(4.0)) == 0


@pytest.mark.slow
def test_interval_covers_the_truth_about_as_often_as_it_says(rng):
    """The AUC of two normal distributions one standard deviation apart is 0.760."""
    n_covered = 0
    for trial in range(100):
        truth = np.repeat([False, True], 40)
        low, high = interval(
            roc_auc, truth, rng.normal(truth, 1.0), np.arange(80).astype(str), n_resamples=200, seed=trial
        )
        n_covered += low <= 0.760 <= high
    assert 85 <= n_covered <= 100


def test_interval_resamples_takes_and_not_clips(rng):
    """Ten copies of a clip are no more evidence than the clip."""
    truth = np.repeat([False, True], 20)
    scores = rng.normal(truth, 1.0)
    takes = np.arange(40).astype(str)
    once = interval(roc_auc, truth, scores, takes)
    copied = interval(roc_auc, np.tile(truth, 10), np.tile(scores, 10), np.tile(takes, 10))
    assert once == pytest.approx(copied, abs=0.02)


@pytest.mark.parametrize(
    ("truth", "scores", "match"),
    [
        ([True, True], [1.0, 2.0], "there is no normal clip"),
        ([False, False], [1.0, 2.0], "there is no anomalous clip"),
        ([False, True], [1.0, np.nan], "NaN"),
        ([False, True], [1.0], "do not belong together"),
    ],
)
def test_what_has_no_figure(truth, scores, match):
    with pytest.raises(DataError, match=match):
        roc_auc(np.array(truth), np.array(scores))


def test_macro_f1_is_scikit_learns(rng):
    for _ in range(20):
        labels, predicted = rng.integers(4, size=(2, 30))
        wanted = f1_score(labels, predicted, average="macro", labels=np.unique(labels))
        assert macro_f1(labels, predicted) == pytest.approx(wanted)
    assert macro_f1(np.array([0, 2]), np.array([1, 2])) == 0.5
