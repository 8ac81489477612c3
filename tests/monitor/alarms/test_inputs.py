"""One example for each line of the standard; `test_alarm_life.py` tries all of them in any order."""

import math
from functools import partial

import pytest

from auscult.detect import SequentialDecision
from auscult.errors import OptionError
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.settings import AlarmSettings

T = 1_790_000_000.0
AT_ONCE = AlarmSettings(off_delay_s=0)
LATCHED = AlarmSettings(off_delay_s=0, is_latched=True)


class Life:
    """An alarm that time passes for, second by second, and what was said of it."""

    def __init__(self, settings=AT_ONCE):
        self.alarm = Alarm("fan/id_00")
        self.settings = settings
        self.at = T
        self.changes = []

    def hears(self, sound, *, fault=None, evidence=5.0, after_s=1.0):
        self.at += after_s
        is_on = sound == "fault"
        self._take(
            alarm_inputs.observe(self.alarm, is_on, at=self.at, fault=fault, evidence=evidence, settings=self.settings)
        )
        return self

    def does(self, name, *words, after_s=1.0, **options):
        self.at += after_s
        self._take(getattr(alarm_inputs, name)(self.alarm, *words, at=self.at, **options))
        return self

    def shelves(self, for_s):
        return self.does("shelve", self.at + 1 + for_s, "Ann", "bearing ordered", settings=self.settings)

    def _take(self, changed):
        self.alarm, changes = changed
        self.changes += changes

    @property
    def said(self):
        return [change.what for change in self.changes]


@pytest.mark.parametrize(
    ("settings", "inputs", "states"),
    [
        (AT_ONCE, "on ack off", ["unacknowledged", "acknowledged", "normal"]),
        (AT_ONCE, "on off ack", ["unacknowledged", "returned unacknowledged", "normal"]),
        (AT_ONCE, "on off on", ["unacknowledged", "returned unacknowledged", "unacknowledged"]),
        (LATCHED, "on off ack", ["unacknowledged", "latched unacknowledged", "latched acknowledged"]),
        (LATCHED, "on ack off reset", ["unacknowledged", "acknowledged", "latched acknowledged", "normal"]),
        (LATCHED, "on off on", ["unacknowledged", "latched unacknowledged", "unacknowledged"]),
        (LATCHED, "on ack off on", ["unacknowledged", "acknowledged", "latched acknowledged", "unacknowledged"]),
    ],
)
def test_lines_of_the_state_diagram(settings, inputs, states):
    life = Life(settings)
    do = {
        "on": lambda: life.hears("fault"),
        "off": lambda: life.hears("normal"),
        "ack": lambda: life.does("acknowledge", "Ann"),
        "reset": lambda: life.does("reset", "Ann"),
    }
    seen = [do[word]().alarm.state for word in inputs.split()]
    assert seen == states == [change.state for change in life.changes]
    assert len({change.alarm_id for change in life.changes}) == 1


def test_an_alarm_after_the_last_was_done_with_is_another():
    life = Life().hears("fault", fault="imbalance").does("acknowledge", "Ann").hears("normal")
    first = life.alarm
    second = life.hears("fault").alarm
    assert second.id > first.id
    assert (second.raised_at, second.cleared_at, second.acknowledged_at, second.fault) == (T + 4, None, None, None)


def test_what_is_known_of_an_occurrence():
    life = Life().hears("fault", evidence=4.0).hears("fault", fault="imbalance", evidence=9.0)
    life.hears("fault", fault=None, evidence=7.0).does("acknowledge", " Ann ", "is greased").hears("normal")
    alarm = life.alarm
    assert (alarm.raised_at, alarm.acknowledged_at, alarm.cleared_at) == (T + 1, T + 4, T + 5)
    assert (alarm.acknowledged_by, alarm.acknowledged_why) == ("Ann", "is greased")
    assert (alarm.fault, alarm.peak_evidence, alarm.n_raised) == ("imbalance", 9.0, 1)
    assert [(change.who, change.at) for change in life.changes] == [("", T + 1), ("Ann", T + 4), ("", T + 5)]


def test_an_alarm_that_comes_back_before_anyone_saw_it_is_the_same_and_counted():
    life = Life().hears("fault").hears("normal").hears("fault")
    assert (life.alarm.n_raised, life.alarm.raised_at, life.alarm.last_raised_at) == (2, T + 1, T + 3)
    assert life.said == ["raised", "cleared", "raised"]
    assert life.changes[-1].why == "its cause is back"


def test_on_delay_is_kept_exactly():
    life = Life(AlarmSettings(on_delay_s=20))
    assert life.hears("fault", after_s=10).hears("fault", after_s=19.5).said == []
    assert life.hears("fault", after_s=0.5).said == ["raised"]
    assert life.alarm.raised_at == T + 30


def test_a_cause_that_goes_away_within_the_on_delay_is_no_alarm():
    life = Life(AlarmSettings(on_delay_s=20))
    for _ in range(5):
        life.hears("fault", after_s=10).hears("fault", after_s=10).hears("normal")
    assert life.said == []


def test_off_delay_is_kept_exactly():
    life = Life(AlarmSettings(off_delay_s=60)).hears("fault").hears("normal").hears("normal", after_s=59.5)
    assert life.said == ["raised"]
    assert life.hears("normal", after_s=0.5).said == ["raised", "cleared"]


def test_off_and_on_within_the_off_delay_is_one_occurrence():
    life = Life(AlarmSettings(off_delay_s=60)).hears("fault")
    for _ in range(5):
        life.hears("normal", after_s=50).hears("normal", after_s=9).hears("fault")
    assert life.said == ["raised"]


def test_silence_of_the_source_clears_nothing():
    life = Life(AlarmSettings(off_delay_s=60)).hears("fault").does("advance", after_s=86400.0)
    assert life.alarm.state == "unacknowledged"


def test_a_shelved_alarm_is_not_raised_until_the_shelf_is_over_and_then_at_once():
    life = Life().shelves(100).hears("fault").hears("fault", after_s=98.5)
    assert life.said == ["shelved"]
    assert life.alarm.state == "shelved"
    assert life.hears("fault", after_s=0.5).said == ["shelved", "unshelved", "raised"]
    assert life.changes[1].who == ""


def test_an_alarm_goes_on_beneath_its_shelf():
    life = Life().hears("fault").shelves(100).hears("normal").hears("fault").does("acknowledge", "Ann")
    assert life.said == ["raised", "shelved", "cleared", "acknowledged"]
    assert life.alarm.life == "normal"
    assert life.does("unshelve", "Ann").hears("fault").said[-2:] == ["unshelved", "raised"]


def test_shelving_again_changes_its_end():
    life = Life().shelves(100).shelves(500)
    assert life.does("advance", after_s=400.0).alarm.state == "shelved"
    assert life.does("advance", after_s=100.0).alarm.state == "normal"


def test_what_is_not_listened_to_any_more_has_cleared_and_waits_to_be_acknowledged():
    life = Life().hears("fault").does("suppress", "microphone: failure").does("give_up")
    assert life.alarm.life == "returned unacknowledged"
    assert life.changes[-1].why == "it is not listened to any more"
    assert life.does("give_up").said == ["raised", "suppressed", "cleared"]
    assert life.does("acknowledge", "Ann").alarm.life == "normal"


def test_an_input_about_one_occurrence_changes_no_other():
    life = Life().hears("fault")
    acknowledge = partial(alarm_inputs.acknowledge, who="Ann")
    with pytest.raises(OptionError, match=f"Its id is {life.alarm.id}"):
        alarm_inputs.only_of("01OTHER", acknowledge)(life.alarm, at=T + 9)
    known, _ = alarm_inputs.only_of(life.alarm.id, acknowledge)(life.alarm, at=T + 9)
    assert known.acknowledged_by == "Ann"


@pytest.mark.parametrize("inputs", [("suppress", "microphone: failure"), ("out_of_service", T + 1e6, "Ann")])
def test_what_is_not_believed_neither_raises_nor_clears(inputs):
    life = Life().does(*inputs).hears("fault")
    assert life.alarm.life == "normal"
    life = Life().hears("fault").does(*inputs).hears("normal")
    assert life.alarm.life == "unacknowledged"
    assert life.does("acknowledge", "Ann").alarm.life == "acknowledged"


@pytest.mark.parametrize(
    ("begin", "end"),
    [(("suppress", "off"), ("unsuppress",)), (("out_of_service", T + 1e6, "Ann"), ("in_service", "Ann"))],
)
def test_afterwards_the_delays_begin_anew(begin, end):
    on = Life(AlarmSettings(on_delay_s=20)).hears("fault").does(*begin).does(*end, after_s=100.0)
    assert on.hears("fault", after_s=19.0).alarm.life == "normal"
    assert on.hears("fault").alarm.life == "unacknowledged"
    off = Life(AlarmSettings(off_delay_s=20)).hears("fault").hears("normal").does(*begin).does(*end, after_s=100.0)
    assert off.hears("normal", after_s=19.0).alarm.life == "unacknowledged"
    assert off.hears("normal").alarm.life == "returned unacknowledged"


def test_maintenance_ends_by_itself():
    life = Life().does("out_of_service", T + 1000, "Ann", "new belt").hears("fault")
    assert life.alarm.state == "out of service"
    assert life.hears("fault", after_s=998.0).said == ["out of service", "in service", "raised"]


def test_after_maintenance_that_ended_by_itself_the_delays_begin_anew():
    life = Life(AlarmSettings(on_delay_s=20)).hears("fault").does("out_of_service", T + 1000, "Ann")
    life.does("advance", after_s=998.0).hears("fault", after_s=19.0)
    assert life.said == ["out of service", "in service"]
    assert life.hears("fault").said[-1] == "raised"


def test_a_suppression_is_said_once_for_each_reason():
    life = Life().does("suppress", "off").does("suppress", "off").does("suppress", "microphone: failure")
    life.does("unsuppress").does("unsuppress")
    assert [(change.what, change.why) for change in life.changes] == [
        ("suppressed", "off"),
        ("suppressed", "microphone: failure"),
        ("unsuppressed", "no longer: microphone: failure"),
    ]


def test_changes_that_are_not_about_an_occurrence_name_none():
    life = Life().hears("fault").hears("normal").does("acknowledge", "Ann").shelves(100)
    assert [bool(change.alarm_id) for change in life.changes] == [True, True, True, False]


SENSELESS = {
    "acknowledge: nothing is raised": (Life, "acknowledge", ["Ann"]),
    "acknowledge: twice": (lambda: Life().hears("fault").does("acknowledge", "Bob"), "acknowledge", ["Ann"]),
    "acknowledge: nobody": (lambda: Life().hears("fault"), "acknowledge", [" "]),
    "reset: nothing is raised": (lambda: Life(LATCHED), "reset", ["Ann"]),
    "reset: not latched": (lambda: Life().hears("fault").hears("normal"), "reset", ["Ann"]),
    "reset: still there": (lambda: Life(LATCHED).hears("fault").does("acknowledge", "Ann"), "reset", ["Ann"]),
    "reset: not acknowledged": (lambda: Life(LATCHED).hears("fault").hears("normal"), "reset", ["Ann"]),
    "unshelve: is not": (Life, "unshelve", ["Ann"]),
    "unshelve: over": (lambda: Life().shelves(0.5), "unshelve", ["Ann"]),
    "in service: is so": (Life, "in_service", ["Ann"]),
    "out of service: for ever": (Life, "out_of_service", [math.inf, "Ann"]),
    "out of service: for more than a year": (Life, "out_of_service", [T + 367 * 86400, "Ann"]),
    "out of service: no time": (Life, "out_of_service", [math.nan, "Ann"]),
    "out of service: over": (Life, "out_of_service", [T, "Ann"]),
    "out of service: nobody": (Life, "out_of_service", [T + 100, ""]),
}


@pytest.mark.parametrize(("life", "name", "words"), SENSELESS.values(), ids=SENSELESS)
def test_what_makes_no_sense_is_refused_with_a_remedy(life, name, words):
    life = life()
    with pytest.raises(OptionError) as refused:
        life.does(name, *words)
    assert refused.value.remedy.endswith(".")
    assert refused.value.where in ("fan/id_00", "who")


@pytest.mark.parametrize("for_s", [0.0, -1.0, 8 * 3600 + 1.0, math.inf, math.nan])
def test_shelving_for_no_time_or_too_long_is_refused(for_s):
    with pytest.raises(OptionError, match="8 hours at most"):
        Life().shelves(for_s)
    assert Life().shelves(8 * 3600.0).alarm.state == "shelved"


def test_a_clock_that_is_put_back_makes_no_negative_times():
    life = Life(LATCHED).hears("fault").hears("normal", after_s=-3600.0)
    life.does("acknowledge", "Ann", after_s=-3600.0).does("reset", "Ann")
    alarm = life.alarm
    assert alarm.raised_at <= alarm.cleared_at <= alarm.acknowledged_at <= alarm.reset_at
    times = [change.at for change in life.changes]
    assert times == sorted(times)
    assert life.hears("fault").alarm.raised_at == life.at  # what is new has the new time


def test_a_delay_in_which_the_clock_is_put_back_begins_anew():
    life = Life(AlarmSettings(on_delay_s=20)).hears("fault").hears("fault", after_s=-7200.0)
    assert life.hears("fault", after_s=19.0).said == []
    assert life.hears("fault").said == ["raised"]


def test_hysteresis():
    halfway = AlarmSettings(clear_below=0.5)
    is_on, seen = False, []
    for evidence in (3.9, 4.0, 2.1, 2.0, 3.9, 4.0):
        is_on = alarm_inputs.has_cause(is_on, evidence, alarm_at=4.0, settings=halfway)
        seen.append(is_on)
    assert seen == [False, True, True, False, False, True]


def test_without_hysteresis_it_is_the_decision_that_the_budget_was_tried_with(rng):
    decision = SequentialDecision(3.0)
    is_on, n_on = False, 0
    for p_value in 1 - rng.uniform(size=500) ** 0.5:
        decision.update(p_value)
        is_on = alarm_inputs.has_cause(is_on, decision.evidence, alarm_at=3.0, settings=AlarmSettings())
        assert is_on == decision.is_alarm
        n_on += is_on
    assert 0 < n_on < 500
