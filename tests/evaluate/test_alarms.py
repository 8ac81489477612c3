import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2, poisson

from auscult.detect import AlarmBudget, MachineDetector, NormalClips, SequentialDecision
from auscult.evaluate.alarms import ReplayedAlarms, replay

N_LEARNT = 40


@pytest.fixture(scope="module")
def machine():
    X = np.random.default_rng(3).standard_normal((N_LEARNT, 4))
    takes = [f"take_{number}" for number in range(N_LEARNT)]
    clips = NormalClips(X, takes, np.zeros(N_LEARNT, np.intp), [""] * N_LEARNT, 10.0)
    return MachineDetector.fit(clips, false_alarm_rate=0.05, budget=AlarmBudget.parse("1/day"))


def with_threshold(machine, threshold):
    return replace(machine, rule=replace(machine.rule, threshold=threshold))


def counted(machine, scores, sessions):
    """Alarms that begin, decision by decision."""
    n_alarms, decision, before = 0, None, None
    for score, session in zip(scores, sessions, strict=True):
        if session != before:
            decision, before = SequentialDecision(machine.rule.threshold), session
        was_alarm = decision.is_alarm
        n_at_least = sum(other >= score for other in machine.calibration.scores)
        n_alarms += decision.update((1 + n_at_least) / (N_LEARNT + 1)) and not was_alarm
    return n_alarms


@pytest.mark.parametrize("seed", range(6))
def test_alarms_are_those_of_decisions_one_by_one(machine, seed):
    rng = np.random.default_rng(seed)
    eager = with_threshold(machine, 1.5)
    scores = rng.normal(0.5, 1.5, 300)
    sessions = np.sort(rng.integers(0, 5, 300))
    said = replay("fan", eager, scores, sessions)
    assert said.n_alarms == counted(eager, scores, sessions) > 0
    assert said.heard_s == 3000
    assert said.promised_s == eager.rule.promised_s
    assert said.promise == str(eager.rule)
    assert said.machine == "fan"


def test_a_time_of_a_few_decisions_is_no_promise(machine):
    short = replace(machine, rule=replace(machine.rule, supported_s=9 * machine.rule.interval_s))
    said = replay("m", short, np.zeros(1), np.zeros(1, np.intp)).to_dict()
    assert (said["promised_s"], said["n_promised"]) == (0, None)
    assert "support no promise at all; for 1 per day record" in said["promise"]


def test_an_alarm_that_lasts_is_one(machine):
    high = np.full(500, machine.calibration.scores[-1] + 1)
    assert replay("m", with_threshold(machine, 2.0), high, np.zeros(500, np.intp)).n_alarms == 1


def test_evidence_ends_with_its_session(machine):
    """Three strange clips are an alarm where they follow each other, and none where each begins a session."""
    eager = with_threshold(machine, 2.5 * float(0.5 * np.log(N_LEARNT + 1) + np.log(0.5)))
    high = np.full(3, machine.calibration.scores[-1] + 1)
    assert replay("m", eager, high, np.array([0, 0, 0])).n_alarms == 1
    assert replay("m", eager, high, np.array([0, 1, 2])).n_alarms == 0
    assert replay("m", eager, high, np.array([7, 7, 2])).n_alarms == 0


def test_an_alarm_does_not_reach_into_the_next_session(machine):
    eager = with_threshold(machine, 0.5)
    high = np.full(4, machine.calibration.scores[-1] + 1)
    assert replay("m", eager, high, np.array([0, 0, 1, 1])).n_alarms == 2


def test_one_clip(machine):
    said = replay("m", machine, np.array([0.0]), np.array([0]))
    assert (said.n_alarms, said.heard_s) == (0, 10)


@pytest.mark.parametrize("n_alarms", [0, 1, 2, 5, 30, 400, 20_000])
def test_rate_has_the_upper_limit_of_a_poisson_mean(n_alarms):
    heard_s = 7200.0
    most = ReplayedAlarms("m", n_alarms, heard_s, 3600.0, "").most_per_day
    expected = chi2.ppf(0.95, 2 * n_alarms + 2) / 2
    assert most * heard_s / 86400 == pytest.approx(expected, rel=1e-9)
    assert poisson.cdf(n_alarms, most * heard_s / 86400) == pytest.approx(0.05, rel=1e-5)


def test_promised_number_is_the_time_over_the_promise():
    assert ReplayedAlarms("m", 0, 7200.0, 3600.0, "").n_promised == 2
    assert ReplayedAlarms("m", 0, 7200.0, 0.0, "").n_promised == np.inf


@pytest.mark.parametrize("promised_s", [0.0, 1e-9, 3600.0, 1e12])
def test_json_holds_all_of_it(promised_s):
    said = ReplayedAlarms("fan/id_00", 3, 7200.0, promised_s, "").to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert list(said) == ["machine", "n_alarms", "heard_s", "promised_s", "promise", "n_promised", "most_per_day"]
    assert said["most_per_day"] == round(12 * float(chi2.ppf(0.95, 8) / 2), 3)


def test_what_was_replayed_is_written_as_json(machine):
    scores = np.random.default_rng(5).normal(size=50)
    said = replay("m", machine, scores, np.zeros(50, np.intp)).to_dict()
    assert json.loads(json.dumps(said, allow_nan=False)) == said
