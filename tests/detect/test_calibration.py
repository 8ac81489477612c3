import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.detect import NormalityModel, calibrate
from auscult.errors import OptionError


def takes(n):
    return [str(number) for number in range(n)]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(-1, 101))
def test_p_value_by_its_definition(scores, score):
    calibration = calibrate(np.array(scores), n_takes=len(scores), false_alarm_rate=0.1)
    assert calibration.p_value(score) == (1 + sum(other >= score for other in scores)) / (len(scores) + 1)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_new_normal_clips_alarm_at_the_rate_asked_for(rng, rate):
    n_alarms = n_clips = 0
    for _ in range(400):
        calibration = calibrate(rng.exponential(size=200), n_takes=200, false_alarm_rate=rate)
        n_alarms += np.count_nonzero(rng.exponential(size=100) > calibration.threshold)
        n_clips += 100
    assert calibration.false_alarm_rate == rate
    assert n_alarms / n_clips == pytest.approx(rate, rel=0.2)


def test_new_clips_of_a_model_alarm_at_the_rate_asked_for(rng):
    """From descriptors to alarms: the scores that the threshold is made of are like those of new clips."""
    n_alarms = 0
    for _ in range(10):
        model = NormalityModel().fit(rng.standard_normal((100, 6)))
        calibration = calibrate(model.cross_fitted_scores_, n_takes=100, false_alarm_rate=0.1)
        n_alarms += np.count_nonzero(model.anomaly_scores(rng.standard_normal((200, 6))) > calibration.threshold)
    assert 0.05 < n_alarms / 2000 < 0.13


@given(st.lists(st.floats(0, 100), min_size=1, max_size=50), st.floats(0.01, 0.99))
def test_a_clip_is_anomalous_where_its_p_value_is_at_most_the_rate(scores, rate):
    calibration = calibrate(np.array(scores), n_takes=len(scores), false_alarm_rate=rate)
    for score in (*scores, calibration.threshold + 1e-9):
        is_anomalous = score > calibration.threshold
        assert not is_anomalous or calibration.p_value(score) <= calibration.false_alarm_rate + 1e-9


def test_remixes_of_a_take_are_no_more_evidence_than_the_take():
    calibration = calibrate(np.arange(27.0), n_takes=9, false_alarm_rate=0.05)
    assert (calibration.n_takes, calibration.false_alarm_rate, calibration.threshold) == (9, 0.1, 26)


def test_few_clips_say_which_rate_they_support():
    calibration = calibrate(np.arange(9.0), n_takes=9, false_alarm_rate=0.01)
    assert calibration.threshold == 8
    assert calibration.false_alarm_rate == 0.1


def test_probability_is_a_half_at_the_threshold_and_grows():
    calibration = calibrate(np.linspace(0, 1, 101), n_takes=101, false_alarm_rate=0.05)
    values = [calibration.anomaly_probability(score) for score in (-1e9, 0, calibration.threshold, 1.5, 1e9)]
    assert values == sorted(values)
    assert values[2] == 0.5
    assert 0 < values[0] < values[-1] < 1


def test_scores_that_are_all_alike_have_probabilities():
    calibration = calibrate(np.ones(20), n_takes=20, false_alarm_rate=0.05)
    assert calibration.p_value(1.0) == 1
    assert [calibration.anomaly_probability(score) for score in (1, 2)] == pytest.approx([0.5, 1])


@pytest.mark.parametrize("rate", [0, 1, -0.1, 2, np.nan])
def test_impossible_rate(rate):
    with pytest.raises(OptionError, match="between 0 and 1"):
        calibrate(np.arange(9.0), n_takes=9, false_alarm_rate=rate)
