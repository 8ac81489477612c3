import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.detect import NormalityModel, calibrate, cross_fitted_scores
from auscult.errors import DataError, OptionError


def takes(n):
    return [str(number) for number in range(n)]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(-1, 101))
def test_p_value_by_its_definition(scores, score):
    calibration = calibrate(np.array(scores), takes(len(scores)), false_alarm_rate=0.1)
    assert calibration.p_value(score) == (1 + sum(other >= score for other in scores)) / (len(scores) + 1)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_new_normal_clips_alarm_at_the_rate_asked_for(rng, rate):
    n_alarms = n_clips = 0
    for _ in range(400):
        calibration = calibrate(rng.exponential(size=200), takes(200), false_alarm_rate=rate)
        n_alarms += np.count_nonzero(rng.exponential(size=100) > calibration.threshold)
        n_clips += 100
    assert calibration.false_alarm_rate == rate
    assert n_alarms / n_clips == pytest.approx(rate, rel=0.2)


def test_remixes_of_a_take_are_no_more_evidence_than_the_take():
    calibration = calibrate(np.arange(27.0), takes(9) * 3, false_alarm_rate=0.05)
    assert (calibration.n_takes, calibration.false_alarm_rate, calibration.threshold) == (9, 0.1, 26)


def test_few_clips_say_which_rate_they_support():
    calibration = calibrate(np.arange(9.0), takes(9), false_alarm_rate=0.01)
    assert calibration.threshold == 8
    assert calibration.false_alarm_rate == 0.1


def test_probability_is_a_half_at_the_threshold_and_grows():
    calibration = calibrate(np.linspace(0, 1, 101), takes(101), false_alarm_rate=0.05)
    values = [calibration.anomaly_probability(score) for score in (0, calibration.threshold, 1.5, 1e9)]
    assert values == sorted(values)
    assert values[1] == 0.5
    assert 0 < values[0] < values[-1] < 1


@pytest.mark.parametrize("rate", [0, 1, -0.1, 2, np.nan])
def test_impossible_rate(rate):
    with pytest.raises(OptionError, match="between 0 and 1"):
        calibrate(np.arange(9.0), takes(9), false_alarm_rate=rate)


def test_scores_are_from_models_that_did_not_learn_the_take(rng):
    """The oracle: leave the same block out by hand. Takes come at two SNRs and in no order."""
    X = rng.standard_normal((40, 3))
    names = np.array([f"{number:02d}" for number in rng.permutation(np.repeat(np.arange(20), 2))])
    scores = cross_fitted_scores(X, names)
    first_block = np.isin(names, [f"{number:02d}" for number in range(4)])
    expected = NormalityModel().fit(X[~first_block]).anomaly_scores(X[first_block])
    np.testing.assert_allclose(scores[first_block], expected)


def test_a_leak_would_show(rng):
    """With more descriptors than clips, learnt clips score far lower than new ones; cross-fitted scores must not."""
    X = rng.standard_normal((15, 100))
    new = NormalityModel().fit(X).anomaly_scores(rng.standard_normal((200, 100)))
    learnt = NormalityModel().fit(X).anomaly_scores(X)
    assert np.median(learnt) < 0.9 * np.median(new)
    assert np.median(cross_fitted_scores(X, takes(15))) > 0.95 * np.median(new)


@pytest.mark.parametrize("n_clips", [1, 4])
def test_too_few_clips(n_clips):
    with pytest.raises(DataError, match="too few to learn from, expected at least 5"):
        cross_fitted_scores(np.ones((n_clips, 2)), takes(n_clips))


def test_one_take_cannot_be_left_out():
    with pytest.raises(DataError, match="too few"):
        cross_fitted_scores(np.ones((30, 2)), ["same"] * 30)
