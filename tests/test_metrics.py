import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from auscult.errors import DataError
from auscult.metrics import interval, macro_f1, macro_f1_interval, partial_roc_auc, roc_auc

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


def remixes_named(rng, n_takes, n_remixes):
    """Three classes; a take's remixes are mostly named alike."""
    labels = np.repeat(np.arange(n_takes) % 3, n_remixes)
    of_take = np.repeat(rng.integers(4, size=n_takes), n_remixes)
    predicted = np.where(rng.uniform(size=labels.size) < 0.6, labels, of_take)
    return labels, predicted, np.repeat(np.arange(n_takes), n_remixes).astype(str)


def test_macro_f1_interval_is_what_drawing_takes_one_by_one_gives(rng):
    labels, predicted, takes = remixes_named(rng, 21, 3)
    members = [np.flatnonzero(takes == str(number)) for number in range(21)]
    values = []
    for _ in range(2000):
        drawn = np.concatenate([members[kind + 3 * i] for kind in range(3) for i in rng.integers(7, size=7)])
        values.append(macro_f1(labels[drawn], predicted[drawn]))
    found = macro_f1_interval(labels, predicted, takes, n_resamples=2000, seed=3)
    assert found == pytest.approx(np.percentile(values, [2.5, 97.5]), abs=0.02)
    assert found == macro_f1_interval(labels, predicted, takes, n_resamples=2000, seed=3)


def test_macro_f1_interval_resamples_takes_and_not_clips(rng):
    labels, predicted, takes = remixes_named(rng, 30, 1)
    once = macro_f1_interval(labels, predicted, takes)
    assert once[0] < macro_f1(labels, predicted) < once[1]
    assert once == pytest.approx(macro_f1_interval(*(np.tile(one, 10) for one in (labels, predicted, takes))))
    apart = macro_f1_interval(np.tile(labels, 10), np.tile(predicted, 10), np.arange(300).astype(str))
    assert apart[1] - apart[0] < 0.5 * (once[1] - once[0])


def test_macro_f1_interval_where_there_is_nothing_to_draw_from():
    assert macro_f1_interval(np.array([0, 1]), np.array([0, 0]), ["a", "b"]) == pytest.approx((1 / 3, 1 / 3))
    assert macro_f1_interval(np.array([4, 4]), np.array([4, 4]), ["a", "b"]) == (1, 1)


@pytest.mark.slow
def test_macro_f1_interval_covers_the_truth_about_as_often_as_it_says(rng):
    """Two classes, seven takes in ten named rightly: F1 of many is 0.7."""
    n_covered = 0
    for trial in range(200):
        labels = np.repeat([0, 1], 40)
        predicted = np.where(rng.uniform(size=80) < 0.7, labels, 1 - labels)
        low, high = macro_f1_interval(labels, predicted, np.arange(80).astype(str), n_resamples=300, seed=trial)
        n_covered += low <= 0.7 <= high
    assert 178 <= n_covered <= 200
