import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.board import AlarmBoard
from auscult.monitor.alarms.figures import chatter_spells, flood_spells
from auscult.monitor.settings import AlarmSettings

AT_ONCE = AlarmSettings(off_delay_s=0)
FEW = AlarmSettings(off_delay_s=0, chatter_count=3, chatter_within_s=100, flood_count=4)
CHATTER = AlarmSettings(off_delay_s=0, chatter_count=3, chatter_within_s=100)


class Plant:
    """Machines that are listened to."""

    def __init__(self, settings=AT_ONCE):
        self.board = AlarmBoard()
        self.settings = settings
        self.changes = []

    def hear(self, at, machine, is_on):
        alarm = self.board.of(machine)
        self._take(at, *alarm_inputs.observe(alarm, is_on, at=at, fault=None, evidence=5.0, settings=self.settings))

    def shelve(self, at, machine):
        alarm = self.board.of(machine)
        self._take(at, *alarm_inputs.shelve(alarm, at + 1000, "Ann", at=at, settings=self.settings))

    def pass_time(self, at, machine="fan"):
        self._take(at, *alarm_inputs.advance(self.board.of(machine), at=at))

    def _take(self, at, alarm, changes):
        self.board, told = self.board.take(alarm, changes, at=at, settings=self.settings)
        self.changes += told

    def raise_again(self, at, machine):
        self.hear(at, machine, False)
        self.hear(at, machine, True)

    @property
    def first_out(self):
        return next((name for name, alarm in self.board.alarms.items() if alarm.id == self.board.first_out), None)

    @property
    def said(self):
        return [(change.at, change.machine, change.what) for change in self.changes]


def test_the_first_of_several_is_the_first_until_all_have_cleared():
    plant = Plant()
    for at, machine in enumerate(["pump", "fan", "valve"]):
        plant.hear(float(at), machine, True)
    assert plant.first_out == "pump"
    assert {name: alarm.is_first_out for name, alarm in plant.board.alarms.items()} == {
        "pump": True,
        "fan": False,
        "valve": False,
    }
    plant.hear(10.0, "pump", False)
    assert plant.first_out == "pump"  # it still is what the others may have come from
    plant.hear(11.0, "fan", False)
    plant.hear(12.0, "valve", False)
    assert plant.board.first_out == ""
    plant.hear(13.0, "fan", True)
    assert plant.first_out == "fan"
    assert plant.board.of("fan").is_first_out


def test_a_shelved_alarm_is_not_in_the_way_of_the_first():
    plant = Plant()
    plant.hear(0.0, "pump", True)
    plant.shelve(1.0, "pump")
    assert plant.board.first_out == ""
    plant.hear(2.0, "fan", True)
    assert plant.first_out == "fan"


def test_the_first_is_the_first_whatever_the_clock_says():
    plant = Plant()
    plant.hear(1000.0, "pump", True)
    plant.hear(1001.0, "pump", False)
    plant.hear(10.0, "fan", True)
    assert plant.first_out == "fan"


def test_chatter_is_said_once_when_it_begins_and_once_when_it_has_been_quiet():
    plant = Plant(CHATTER)
    for at in (10.0, 50.0, 109.0, 150.0, 200.0):
        plant.raise_again(at, "fan")
    plant.raise_again(200.0, "pump")
    assert plant.said == [(109.0, "fan", "chatter began")]
    assert plant.changes[0].alarm_id == plant.board.of("fan").id
    plant.pass_time(299.0)
    assert plant.board.chattering == ("fan",)
    plant.pass_time(300.0)
    plant.pass_time(400.0)
    assert plant.said == [(109.0, "fan", "chatter began"), (300.0, "fan", "chatter ended")]


def test_alarms_too_far_apart_do_not_chatter():
    plant = Plant(CHATTER)
    for at in (0.0, 50.0, 100.0, 150.0, 200.0):
        plant.raise_again(at, "fan")
    assert plant.said == []


def test_a_flood_is_said_once_when_it_begins_and_once_when_it_ends():
    plant = Plant(FEW)
    for at in range(4):
        plant.hear(100.0 * at, f"fan{at}", True)
    assert plant.said == [(300.0, "", "flood began")]
    plant.hear(400.0, "fan4", True)
    plant.pass_time(899.0)
    assert plant.board.is_flood
    plant.pass_time(900.0)  # one in the last ten minutes
    assert plant.said == [(300.0, "", "flood began"), (900.0, "", "flood ended")]


def test_as_many_as_the_standard_calls_a_flood():
    plant = Plant()
    for at in range(9):
        plant.hear(float(at), f"fan{at}", True)
    assert not plant.board.is_flood
    plant.hear(9.0, "fan9", True)
    assert plant.board.is_flood


def test_a_clock_that_is_put_back_loses_no_alarm_and_ends_in_time():
    plant = Plant(FEW)
    for at in (7200.0, 7210.0):
        plant.raise_again(at, "fan")
    plant.raise_again(0.0, "fan")
    assert plant.said == [(0.0, "fan", "chatter began")]
    plant.pass_time(100.0)
    assert plant.said[1:] == [(100.0, "fan", "chatter ended")]


moments = st.lists(st.integers(0, 750), max_size=25, unique=True).map(sorted)


@given(moments, moments)
@settings(deadline=None, max_examples=30)
def test_what_is_said_is_what_the_journal_says_afterwards(fan, pump):
    """No two things happen at one moment: of these, one is heard first, and what both say together depends on it."""
    fan, pump = [2 * at for at in fan], [2 * at + 1 for at in pump]
    plant = Plant(FEW)
    for at in range(2200):
        for machine, times in (("fan", fan), ("pump", pump)):
            if at in times:
                plant.hear(at - 0.5, machine, False)
                plant.hear(float(at), machine, True)
        if at + 100 in {*fan, *pump} or (at - 100) in {*fan, *pump} or (at - 600) in {*fan, *pump}:
            plant.pass_time(float(at))
    said = {(machine, what): [] for machine in ("fan", "pump", "") for what in ("began", "ended")}
    for at, machine, what in plant.said:
        said[machine, what.split()[1]].append(at)
    expected = {
        "fan": chatter_spells(fan, FEW),
        "pump": chatter_spells(pump, FEW),
        "": flood_spells(sorted([*fan, *pump]), FEW),
    }
    for machine, spells in expected.items():
        assert list(zip(said[machine, "began"], said[machine, "ended"], strict=True)) == spells


@pytest.mark.parametrize("n", range(8))
def test_comes_back_exactly_from_json(n):
    plant = Plant(FEW)
    for at in range(n):
        plant.raise_again(at + 0.1, f"fan{at % 2}")
    board = AlarmBoard.from_dict(json.loads(json.dumps(plant.board.to_dict())))
    assert board == plant.board
