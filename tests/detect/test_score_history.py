import numpy as np
import pytest
from scipy.signal import lfilter

from auscult.detect import AlarmBudget, MachineDetector, NormalClips
from auscult.detect.normality import MAX_BANK
from auscult.detect.score_history import ScoreHistory


def history(n, kept, *, sessions=None, takes=None, first=0.0):
    sessions = np.zeros(n, int) if sessions is None else np.array(sessions)
    takes = [f"{number:03d}" for number in range(n)] if takes is None else takes
    return ScoreHistory.of(first + np.arange(float(n)), sessions, takes, np.array(kept))


def test_clips_that_had_been_kept_are_scored_anew_where_they_were():
    before = history(5, [1, 4])
    after = before.followed_by(history(4, [0, 2, 3], first=100.0))
    assert after.scores.tolist() == [0, 100, 2, 3, 101, 102, 103]
    assert after.sessions.tolist() == [0, 0, 0, 0, 0, 1, 1]
    assert after.kept.tolist() == [1, 5, 6]
    assert after.n_takes == 7
    assert before.scores.tolist() == [0, 1, 2, 3, 4]


def test_mixes_of_a_take_are_one():
    assert history(6, [0], takes=["a", "b", "c"] * 2).n_takes == 3


def test_through_arrays():
    before = history(5, [1, 4], sessions=[0, 0, 1, 1, 2])
    after = ScoreHistory.from_arrays(before.to_arrays())
    for name, values in before.to_arrays().items():
        np.testing.assert_array_equal(after.to_arrays()[name], values)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scores", np.array([])),
        ("scores", np.array([1.0, np.nan, 2, 3, 4])),
        ("scores", np.ones((5, 1))),
        ("sessions", np.zeros(4, int)),
        ("takes", np.zeros(6, int)),
        ("kept", np.array([5])),
        ("kept", np.array([-1])),
    ],
)
def test_damaged_arrays(name, value):
    with pytest.raises(ValueError, match=r"its calibration|differ in number|never scored"):
        ScoreHistory.from_arrays(history(5, [1, 4]).to_arrays() | {name: value})


@pytest.mark.slow
def test_another_session_does_not_make_the_alarm_rule_forget_how_neighbours_resemble_each_other(rng):
    """Of many clips only a draw is kept, whose neighbours do not: its rule would alarm far too early."""
    n = 2 * MAX_BANK
    load = lfilter([1], [1, -0.9], rng.standard_normal(n + 100))
    X = np.column_stack([load, rng.standard_normal((n + 100, 2))])
    options = {"false_alarm_rate": 0.05, "budget": AlarmBudget.parse("1/day")}

    def clips(own):
        takes = [f"{number:05d}" for number in range(own.start, own.stop)]
        return NormalClips(X[own], takes, np.zeros(len(takes), int), [""] * len(takes), 10.0)

    first = MachineDetector.fit(clips(slice(0, n)), **options)
    both = MachineDetector.fit(clips(slice(n, n + 100)), earlier=first, **options)
    assert both.history.scores.size == n + 100
    assert both.calibration.n_takes == n + 100
    assert both.rule.heard_s == 10 * (n + 100)
    assert both.rule.memory_s > 0.8 * first.rule.memory_s
    assert both.rule.threshold > 0.8 * first.rule.threshold
