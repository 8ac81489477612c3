"""All inputs in any order and at any time, beside a plain model of what a maintenance engineer expects."""

import json
import math

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from auscult.errors import OptionError
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.settings import AlarmSettings

LONGEST_S = 3600.0
RAISES = {  # the standard's state diagram
    "normal": "unacknowledged",
    "returned unacknowledged": "unacknowledged",
    "latched unacknowledged": "unacknowledged",
    "latched acknowledged": "unacknowledged",
}
CLEARS = {"unacknowledged": "returned unacknowledged", "acknowledged": "normal"}
CLEARS_LATCHED = {"unacknowledged": "latched unacknowledged", "acknowledged": "latched acknowledged"}
ACKNOWLEDGES = {
    "unacknowledged": "acknowledged",
    "returned unacknowledged": "normal",
    "latched unacknowledged": "latched acknowledged",
}
RESETS = {"latched acknowledged": "normal"}

passing = st.sampled_from([1.0, 5.0, 0.0, 10.0, 30.0, 600.0, 7200.0, -1.0, -30.0, -7200.0])
people = st.sampled_from(["Ann", " Bob ", "Eve", "  "])
lengths = st.sampled_from([5.0, 10.0, 25.0, 60.0, LONGEST_S, LONGEST_S + 1, 0.0, math.inf, math.nan])


class Model:
    """What is expected: a state of the diagram, and what has been heard since when."""

    def __init__(self, settings):
        self.settings = settings
        self.life = "normal"
        self.heard = []
        """(at, is_on) of all that was believed and that delays may count, the time of an interruption first."""
        self.shelf = self.maintenance = None
        """(from, until)"""
        self.suppression = ""

    @property
    def state(self):
        if self.maintenance:
            return "out of service"
        if self.suppression:
            return "suppressed by design"
        return "shelved" if self.shelf else self.life

    def pass_time(self, at):
        self.shelf = self._left(self.shelf, at)
        before, self.maintenance = self.maintenance, self._left(self.maintenance, at)
        if before and not self.maintenance:
            self.interrupt(at)

    def _left(self, silence, at):
        if silence is None:
            return None
        begin, end = silence
        if at < begin:
            begin, end = at, at + end - begin
        return (begin, end) if at < end else None

    def interrupt(self, at):
        if self.heard:
            self.heard = [(at, self.heard[-1][1])]

    def hear(self, at, is_on):
        if self.suppression or self.maintenance:
            return
        self.heard.append((at, is_on))
        alike = []
        for earlier, was_on in reversed(self.heard):
            if was_on != is_on:
                break
            alike.append(earlier)
        lasted = at - min(alike)
        if is_on and not self.shelf and lasted >= self.settings.on_delay_s:
            self.life = RAISES.get(self.life, self.life)
        if not is_on and lasted >= self.settings.off_delay_s:
            clears = CLEARS_LATCHED if self.settings.is_latched else CLEARS
            self.life = clears.get(self.life, self.life)


class AlarmLife(RuleBasedStateMachine):
    @initialize(
        on_delay_s=st.sampled_from([0.0, 10.0, 35.0]),
        off_delay_s=st.sampled_from([0.0, 10.0, 60.0]),
        is_latched=st.booleans(),
    )
    def begin(self, on_delay_s, off_delay_s, is_latched):
        self.settings = AlarmSettings(
            on_delay_s=on_delay_s, off_delay_s=off_delay_s, is_latched=is_latched, longest_shelf_s=LONGEST_S
        )
        self.at = 1_790_000_000.0
        self.alarm = Alarm("fan/id_00")
        self.model = Model(self.settings)
        self.journal = []

    def do(self, name, *words, is_allowed=True, **options):
        """Give the alarm an input, and look at what it says changed."""
        before = self.alarm
        if not is_allowed:
            with pytest.raises(OptionError):
                getattr(alarm_inputs, name)(before, *words, at=self.at, **options)
            self.do("advance")
            return
        self.alarm, changes = getattr(alarm_inputs, name)(before, *words, at=self.at, **options)
        self.journal += changes
        assert (self.alarm.state, self.alarm.life) == (before.state, before.life) or changes
        assert not changes or changes[-1].state == self.alarm.state
        explained = {
            "advance": set(),
            "observe": {"raised", "cleared"},
            "acknowledge": {"acknowledged"},
            "reset": {"reset"},
            "shelve": {"shelved"},
            "unshelve": {"unshelved"},
            "suppress": {"suppressed"},
            "unsuppress": {"unsuppressed"},
            "out_of_service": {"out of service"},
            "in_service": {"in service"},
        }
        by_time = {change.what for change in changes if change.why == "its time is over"}
        assert by_time <= {"unshelved", "in service"}
        assert {change.what for change in changes} - by_time <= explained[name]
        assert all(bool(change.who) == (name in PERSONAL) for change in changes if change.what not in by_time)

    def wait(self, s):
        self.at += s
        self.model.pass_time(self.at)

    @rule(s=passing, is_on=st.booleans(), fault=st.sampled_from([None, "imbalance"]), evidence=st.floats(0, 20))
    def observe(self, s, is_on, fault, evidence):
        self.wait(s)
        self.model.hear(self.at, is_on)
        self.do("observe", is_on, fault=fault, evidence=evidence, settings=self.settings)

    @rule(is_on=st.booleans(), n=st.integers(2, 8))
    def observe_for_a_while(self, is_on, n):
        for _ in range(n):
            self.observe(10.0, is_on, None, 5.0)

    @rule()
    def end_all_silence(self):
        self.unsuppress(1.0)
        self.in_service(0.0, "Ann")
        self.unshelve(0.0, "Ann")

    @rule(s=passing)
    def advance(self, s):
        self.wait(s)
        self.do("advance")

    @rule(s=passing, who=people)
    def acknowledge(self, s, who):
        self.settle("acknowledge", s, who)

    @rule(s=passing, who=people)
    def reset(self, s, who):
        self.settle("reset", s, who)

    def settle(self, name, s, who):
        self.wait(s)
        next_life = {"acknowledge": ACKNOWLEDGES, "reset": RESETS}[name].get(self.model.life)
        is_allowed = next_life is not None and bool(who.strip())
        if is_allowed:
            self.model.life = next_life
        self.do(name, who, "why not", is_allowed=is_allowed)

    @rule(s=passing, length=lengths, who=people)
    def shelve(self, s, length, who):
        self.wait(s)
        is_allowed = 0 < length <= LONGEST_S and bool(who.strip())
        if is_allowed:
            self.model.shelf = (self.at, self.at + length)
        self.do("shelve", self.at + length, who, is_allowed=is_allowed, settings=self.settings)

    @rule(s=passing, who=people)
    def unshelve(self, s, who):
        self.wait(s)
        is_allowed = self.model.shelf is not None and bool(who.strip())
        if is_allowed:
            self.model.shelf = None
        self.do("unshelve", who, is_allowed=is_allowed)

    @rule(s=passing, length=lengths, who=people)
    def out_of_service(self, s, length, who):
        self.wait(s)
        is_allowed = 0 < length < math.inf and bool(who.strip())
        if is_allowed:
            self.model.maintenance = (self.at, self.at + length)
        self.do("out_of_service", self.at + length, who, is_allowed=is_allowed)

    @rule(s=passing, who=people)
    def in_service(self, s, who):
        self.wait(s)
        is_allowed = self.model.maintenance is not None and bool(who.strip())
        if is_allowed:
            self.model.maintenance = None
            self.model.interrupt(self.at)
        self.do("in_service", who, is_allowed=is_allowed)

    @rule(s=passing, why=st.sampled_from(["off", "microphone: failure"]))
    def suppress(self, s, why):
        self.wait(s)
        self.model.suppression = why
        self.do("suppress", why)

    @rule(s=passing)
    def unsuppress(self, s):
        self.wait(s)
        if self.model.suppression:
            self.model.interrupt(self.at)
        self.model.suppression = ""
        self.do("unsuppress")

    @invariant()
    def is_as_expected(self):
        assert (self.alarm.life, self.alarm.state) == (self.model.life, self.model.state)

    @invariant()
    def survives_a_restart(self):
        assert Alarm.from_dict(json.loads(json.dumps(self.alarm.to_dict()))) == self.alarm

    @invariant()
    def nothing_is_raised_while_it_is_silenced(self):
        assert all(change.state == "unacknowledged" for change in self.journal if change.what == "raised")

    @invariant()
    def no_occurrence_is_lost(self):
        """The journal alone says what is still to be done: that is what can be seen."""
        open_ids = set()
        for alarm_id, lives in self.lives():
            since_raised = lives[len(lives) - lives[::-1].index("raised") :]
            needs = {"cleared", "acknowledged"} | ({"reset"} if self.settings.is_latched else set())
            if needs - set(since_raised):
                open_ids.add(alarm_id)
        assert open_ids == ({self.alarm.id} if self.alarm.is_open else set())

    @invariant()
    def each_step_of_a_life_comes_once_each_time_it_is_raised(self):
        for _, lives in self.lives():
            assert lives[0] == "raised"
            for time_raised in " ".join(lives).split("raised")[1:]:
                steps = time_raised.split()
                assert len(steps) == len(set(steps))

    @invariant()
    def a_life_never_goes_back_in_time(self):
        for alarm_id, _ in self.lives():
            times = [change.at for change in self.journal if change.alarm_id == alarm_id and change.what in STEPS]
            assert times == sorted(times)
        if self.alarm.id:
            assert self.alarm.raised_at <= self.alarm.last_raised_at
            assert (self.alarm.cleared_at or math.inf) >= self.alarm.last_raised_at
            assert (self.alarm.acknowledged_at or math.inf) >= self.alarm.last_raised_at

    @invariant()
    def no_silence_is_longer_than_was_said(self):
        if self.alarm.shelf:
            assert 0 < self.alarm.shelf.until - self.at <= LONGEST_S

    def lives(self):
        ids = dict.fromkeys(change.alarm_id for change in self.journal if change.what == "raised")
        for alarm_id in ids:
            yield (
                alarm_id,
                [change.what for change in self.journal if change.alarm_id == alarm_id and change.what in STEPS],
            )


STEPS = ("raised", "cleared", "acknowledged", "reset")
PERSONAL = ("acknowledge", "reset", "shelve", "unshelve", "out_of_service", "in_service")
AlarmLife.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=40, deadline=None)
TestAlarmLife = AlarmLife.TestCase
