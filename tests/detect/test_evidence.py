import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.detect import SequentialDecision
from auscult.detect.evidence import MOST, cumulated, excursion_peaks, gains
from auscult.errors import OptionError

eighths = st.lists(st.integers(-16, 16).map(lambda number: number / 8), max_size=60)  # whose sums are exact
p_lists = st.lists(st.floats(1e-6, 1), min_size=1, max_size=80)


def evidence_by_its_recursion(gained):
    evidence, so_far = [], 0.0
    for gain in gained:
        so_far = max(so_far, 0.0) + gain
        evidence.append(so_far)
    return evidence


@given(eighths)
def test_cumulated_is_its_recursion(gained):
    assert cumulated(np.array(gained)).tolist() == evidence_by_its_recursion(gained)


@given(eighths)
def test_peaks_are_the_highest_of_each_excursion(gained):
    peaks, highest = [], 0.0
    for evidence in [*evidence_by_its_recursion(gained), 0.0]:
        if evidence > 0:
            highest = max(highest, evidence)
        elif highest:
            peaks.append(highest)
            highest = 0.0
    assert excursion_peaks(np.array(gained)).tolist() == peaks


@given(p_lists, st.floats(0.5, 20))
@settings(deadline=None)
def test_decisions_one_by_one_begin_the_same_alarms(p_values, threshold):
    """Up to the first alarm; from there on the evidence is capped."""
    decision = SequentialDecision(threshold)
    evidence = cumulated(gains(np.array(p_values)))
    for p_value, expected in zip(p_values, evidence, strict=True):
        is_alarm = decision.update(p_value)
        assert is_alarm == decision.is_alarm == (decision.evidence >= threshold)
        if is_alarm:
            assert expected >= threshold - 1e-9
            return
        assert decision.evidence == pytest.approx(max(expected, 0), abs=1e-9)
    assert evidence.max() < threshold + 1e-9


@given(p_lists, st.floats(0.5, 20))
@settings(deadline=None)
def test_evidence_is_never_negative_nor_more_than_twice_the_threshold(p_values, threshold):
    decision = SequentialDecision(threshold)
    for p_value in p_values:
        decision.update(p_value)
        assert 0 <= decision.evidence <= MOST * threshold


@pytest.mark.parametrize("n", [1, 2, 10, 100, 1000, 100_000])
def test_a_bet_against_normal_sound_gains_nothing_on_average(n):
    """p-values of n normal clips are 1 / (n + 1), 2 / (n + 1), ..., all equally probable."""
    p_values = np.arange(1, n + 2) / (n + 1)
    assert np.exp(gains(p_values)).mean() <= 1
    assert gains(p_values).mean() < 0


def test_evidence_is_for_small_p_values_only():
    assert gains(np.array([0.25])) == pytest.approx(0, abs=1e-12)
    assert np.all(np.diff(gains(np.geomspace(1e-6, 1, 50))) < 0)


def test_one_strange_clip_is_no_alarm_where_more_is_asked_for():
    smallest = 1 / 1001
    decision = SequentialDecision(1.01 * float(gains(np.array([smallest]))[0]))
    assert not decision.update(smallest)
    assert not any(decision.update(0.5) for _ in range(100))
    assert decision.evidence == 0


def test_a_slight_change_that_lasts_is_an_alarm():
    decision = SequentialDecision(10.0)
    alarms = [decision.update(0.1) for _ in range(40)]
    assert alarms == sorted(alarms)
    assert 0 < alarms.index(True) < 30


def test_an_alarm_lasts_until_no_evidence_is_left_and_ends_soon_after_its_cause():
    decision = SequentialDecision(10.0)
    for _ in range(1000):
        decision.update(0.001)
    assert decision.evidence == 20
    states = [(decision.update(1.0), decision.evidence) for _ in range(60)]
    assert all(is_alarm == (evidence > 0) for is_alarm, evidence in states)
    n_alarms = sum(is_alarm for is_alarm, _ in states)
    assert n_alarms == int(20 / np.log(2))
    assert any(is_alarm and evidence < 10 for is_alarm, evidence in states), "it does not flicker at the threshold"


def test_a_decision_starts_without_evidence():
    decision = SequentialDecision(1.0)
    assert (decision.evidence, decision.is_alarm) == (0, False)


@pytest.mark.parametrize("p_value", [0, -1, 2, np.nan])
def test_what_is_no_p_value_is_refused_and_changes_nothing(p_value):
    decision = SequentialDecision(3.0)
    decision.update(0.01)
    before = decision.evidence
    with pytest.raises(OptionError, match="p_value: expected more than 0"):
        decision.update(p_value)
    assert decision.evidence == before
