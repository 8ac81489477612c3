import numpy as np
import pytest

from auscult.detect import AlarmBudget, MachineDetector, NormalClips, SequentialDecision
from auscult.evaluate.smallest_fault import (
    BEYOND_DB,
    LEVELS_DB,
    SWINGS_DB,
    Trial,
    levels_of,
    mean_level,
    smallest_level,
    smallest_levels,
)

LEVELS = (-6.0, -3.0, 0.0, 3.0, 6.0)
N_CLIPS = 3
INTERVAL_S = 2.0
FAR = 8.0
"""Standard deviations by which what is to be found lies apart."""
WITHIN_S = 3600.0


@pytest.fixture(scope="module")
def machine():
    X = np.random.default_rng(11).standard_normal((60, 5))
    takes = [f"take_{number}" for number in range(60)]
    clips = NormalClips(X, takes, np.zeros(60, np.intp), [""] * 60, INTERVAL_S)
    return MachineDetector.fit(clips, false_alarm_rate=0.05, budget=AlarmBudget.parse("1/day"))


def trial(heights, *, kind="tone", levels_db=LEVELS):
    """Clips that lie so many deviations from the middle of normal ones, at each level."""
    X = np.zeros((len(heights), N_CLIPS, 5), np.float32)
    X += np.asarray(heights, np.float32)[:, None, None]
    return Trial(kind, (500.0, 1000.0), tuple(levels_db), X)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ((0, 0, 1, 1, 1), 0.0),
        ((0, 0, 0, 0, 1), 6.0),
        ((1, 1, 1, 1, 1), -6.0),
        ((0, 0, 0, 0, 0), None),
        ((1, 1, 1, 1, 0), None),
        ((0, 1, 0, 1, 1), 3.0),
        ((1, 0, 1, 1, 1), 0.0),
    ],
)
def test_smallest_level_is_the_one_from_which_on_all_are_found(machine, found, expected):
    assert smallest_level(machine, trial([FAR * one for one in found]), within_s=WITHIN_S) == expected


def test_one_level(machine):
    assert smallest_level(machine, trial([FAR], levels_db=(2.0,)), within_s=WITHIN_S) == 2.0
    assert smallest_level(machine, trial([0.0], levels_db=(2.0,)), within_s=WITHIN_S) is None


@pytest.mark.parametrize("within_s", [0.1, 20.0, 90.0, 200.0, 3600.0])
def test_found_is_what_the_alarm_rule_announces_in_time(machine, within_s, rng):
    """Decision by decision, the clips of the trial again and again."""
    heights = np.linspace(0, 4, 9)
    levels_db = tuple(range(9))
    X = rng.standard_normal((9, N_CLIPS, 5)).astype(np.float32) * 0.5 + heights[:, None, None].astype(np.float32)
    is_found = []
    for clips in X:
        decision = SequentialDecision(machine.rule.threshold)
        p_values = [machine.calibration.p_value(score) for score in machine.model.anomaly_scores(clips)]
        n_decisions = max(1, int(within_s / INTERVAL_S))
        is_found.append(any(decision.update(p_values[number % N_CLIPS]) for number in range(n_decisions)))
    expected = next((level for level in levels_db if all(is_found[level:])), None)
    assert smallest_level(machine, Trial("tone", (1.0, 2.0), levels_db, X), within_s=within_s) == expected


def test_more_time_never_finds_less(machine):
    gradual = trial(np.linspace(0, 5, len(LEVELS)))
    found = [smallest_level(machine, gradual, within_s=within_s) for within_s in (1, 10, 60, 300, 1200, 7200)]
    numbers = [np.inf if level is None else level for level in found]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == np.inf
    assert numbers[-1] < np.inf


def test_rows_say_what_was_added_where(machine):
    trials = [trial([0, 0, 0, FAR, FAR]), trial([0.0] * 5, kind="noise")]
    assert smallest_levels(machine, trials, within_s=WITHIN_S) == [
        {"kind": "tone", "low_hz": 500.0, "high_hz": 1000.0, "level_db": 3.0},
        {"kind": "noise", "low_hz": 500.0, "high_hz": 1000.0, "level_db": None},
    ]


def row(kind, level_db):
    return {"kind": kind, "level_db": level_db}


def test_levels_ascend():
    for levels in (LEVELS_DB, SWINGS_DB):
        assert list(levels) == sorted(set(levels))
    assert levels_of("modulation") == SWINGS_DB
    assert levels_of("tone") == levels_of("impacts") == levels_of("noise") == LEVELS_DB


def test_what_is_not_found_counts_as_a_little_above_the_highest():
    assert mean_level([row("tone", -6.0), row("noise", 3.0)]) == -1.5
    assert mean_level([row("tone", None)]) == LEVELS_DB[-1] + BEYOND_DB
    assert mean_level([row("modulation", None)]) == SWINGS_DB[-1] + BEYOND_DB
    assert mean_level([row("tone", None), row("tone", 5.0)]) == (LEVELS_DB[-1] + BEYOND_DB + 5) / 2
    assert mean_level([row("tone", LEVELS_DB[-1])]) < mean_level([row("tone", None)])
