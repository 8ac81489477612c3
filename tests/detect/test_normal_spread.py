import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.detect.normal_spread import MOST_STRANGE, are_strange, deviations_of, positive, validated
from auscult.errors import DataError


def test_a_descriptor_that_never_varied_gets_the_deviation_of_the_others(rng):
    X = rng.standard_normal((50, 3)) * [1, 2, 4]
    X[:, 0] = 7
    deviations = deviations_of(X)
    np.testing.assert_allclose(deviations[1:], X[:, 1:].std(axis=0))
    assert deviations[0] == pytest.approx(np.median(deviations[1:]))
    np.testing.assert_array_equal(deviations_of(np.ones((5, 2))), 1)


def test_what_cannot_be_divided_by_becomes_one():
    np.testing.assert_array_equal(positive(np.array([0.0, 1e-12, 2.0])), [1, 1, 2])


def test_far_scores_are_strange_and_low_ones_are_not(rng):
    scores = rng.standard_normal(100)
    scores[[3, 30]], scores[50] = 20, -20
    assert np.flatnonzero(are_strange(scores)).tolist() == [3, 30]


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=60))
def test_no_more_than_a_tenth_is_strange(scores):
    assert are_strange(np.array(scores)).sum() <= MOST_STRANGE * len(scores)


def test_of_too_many_the_strangest_are():
    scores = np.concatenate([np.linspace(0, 1, 30), np.arange(100, 110)])
    assert scores[are_strange(scores)].tolist() == [106, 107, 108, 109]


@pytest.mark.parametrize(
    ("X", "match"),
    [
        (np.ones(3), "expected shape"),
        (np.ones((3, 0)), "expected shape"),
        (np.full((3, 2), [1, np.nan]), "descriptor 1 is NaN or infinite in all 3 clips. Leave that column out"),
        (np.diag([1, np.inf, 1]), "descriptor 1 of clip 1 is NaN or infinite"),
    ],
)
def test_what_is_wrong_is_named(X, match):
    with pytest.raises(DataError, match=match):
        validated(X)
