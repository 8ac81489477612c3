import json
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import OptionError
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.change import AlarmChange
from auscult.monitor.alarms.figures import alarm_figures, flood_spells
from auscult.monitor.settings import AlarmSettings

HOUR, DAY = 3600.0, 86400.0
SETTINGS = AlarmSettings()


def change(at, what, machine="fan", alarm_id=None):
    return AlarmChange(float(at), machine, alarm_id or machine, what, "normal")


def raised(times, machine="fan"):
    numbers = count()
    return [change(at, "raised", machine, f"{machine} {next(numbers)}") for at in times]


def figures(changes, since=0.0, until=DAY, settings=SETTINGS):
    return alarm_figures(changes, since=since, until=until, settings=settings)


def test_no_alarm_is_none_of_anything():
    none = figures([])
    assert (none.n_alarms, none.most_in_ten_minutes, none.flood_share, none.n_unacknowledged) == (0, 0, 0.0, 0)
    assert (none.per_machine, none.chattering, none.stale_s, none.acknowledged_after_s) == ({}, (), {}, None)


def test_alarms_per_time_and_machine():
    changes = raised([0, 1, 4 * HOUR, DAY, DAY + 1]) + raised([HOUR], "pump") + raised([5, 6, 7], "valve")
    day = figures(changes)
    assert day.n_alarms == 7  # the one at 0 belongs to the day before
    assert (day.per_day, day.per_hour, day.per_ten_minutes) == pytest.approx((7, 7 / 24, 7 / 144))
    assert list(day.per_machine.items()) == [("fan", 3), ("valve", 3), ("pump", 1)]
    assert figures(changes, until=2 * DAY).per_day == 4


def test_an_alarm_that_is_raised_again_counts_again():
    changes = [change(at, what) for at, what in [(1, "raised"), (2, "cleared"), (3, "raised"), (4, "cleared")]]
    assert figures(changes).n_alarms == 2


def test_most_in_ten_minutes_wherever_they_begin():
    assert figures(raised([590, 595, 610, 1000, 1195])).most_in_ten_minutes == 4
    assert figures(raised([590, 595, 610]), since=592).most_in_ten_minutes == 2


@given(st.lists(st.integers(1, 4000), max_size=40).map(sorted))
@settings(deadline=None, max_examples=50)
def test_peak_and_floods_are_those_of_counting_every_second(times):
    few = AlarmSettings(flood_count=5)
    n_seconds, most, is_flood = 0, 0, False
    for at in range(1, 5001):  # a second is called by its beginning
        n = sum(at - 600 < t <= at for t in times)
        is_flood = n >= 5 or (is_flood and n >= 2.5)
        n_seconds += is_flood
        most = max(most, n)
    found = figures(raised(times), until=5001, settings=few)
    assert found.most_in_ten_minutes == most
    assert found.flood_share == pytest.approx(n_seconds / 5001)
    assert found.n_floods == len(flood_spells(times, few))


def test_time_in_flood_is_cut_to_the_time_asked_about():
    changes = raised(range(1000, 1010))  # a flood from 1009 until six of them are ten minutes old: 1605
    assert flood_spells(range(1000, 1010), SETTINGS) == [(1009, 1605)]
    assert figures(changes, until=2000).flood_share == pytest.approx(596 / 2000)
    assert figures(changes, since=1500, until=1700).flood_share == pytest.approx(105 / 200)
    assert figures(changes, since=1605, until=1700).n_floods == 0


def test_who_chatters():
    changes = raised([0, 300, 599]) + raised([0, 300, 600], "pump") + raised([0, 1, 2], "valve")
    assert figures(changes, until=DAY).chattering == ("fan", "valve")
    assert figures(changes, since=1000).chattering == ("fan",)  # it was quiet from 599 to 1199


def test_stale_alarms_are_active_for_more_than_a_day():
    changes = [
        change(0, "raised", "fan"),
        change(10, "raised", "pump"),
        change(20, "raised", "valve"),
        change(20 + DAY, "cleared", "valve"),
        change(30 + DAY, "cleared", "fan"),
    ]
    assert figures(changes, until=DAY).stale_s == {}
    assert figures(changes, until=3 * DAY).stale_s == {"pump": 3 * DAY - 10, "fan": DAY + 30}
    assert figures(changes, since=2 * DAY, until=3 * DAY).stale_s == {"pump": 3 * DAY - 10}


def test_time_to_acknowledge_counts_from_when_it_was_first_asked_for():
    changes = [
        change(0, "raised", "fan"),
        change(5, "cleared", "fan"),
        change(8, "raised", "fan"),
        change(20, "acknowledged", "fan"),
        change(30, "raised", "pump"),
        change(34, "acknowledged", "pump"),
        change(35, "cleared", "pump"),
        change(50, "raised", "pump"),
        change(150, "acknowledged", "pump"),
        change(160, "raised", "valve"),
    ]
    found = figures(changes)
    assert (found.acknowledged_after_s, found.n_acknowledged, found.n_unacknowledged) == (20.0, 3, 1)
    later = figures(changes, since=100)
    assert (later.acknowledged_after_s, later.n_acknowledged) == (100.0, 1)
    assert figures(changes, until=100).n_unacknowledged == 1


def test_figures_of_the_journal_of_an_alarm():
    alarm, journal = Alarm("fan/id_00"), []
    for at in range(10, 4 * 3600, 10):
        is_on = at % 1800 < 600
        alarm, changes = alarm_inputs.observe(alarm, is_on, at=float(at), fault=None, evidence=5.0, settings=SETTINGS)
        journal += changes
        if at % 1800 == 100 and at > 1800:
            alarm, changes = alarm_inputs.acknowledge(alarm, "Ann", at=float(at))
            journal += changes
    found = figures(journal, until=4 * HOUR)
    assert (found.n_alarms, found.per_hour, found.n_acknowledged, found.n_unacknowledged) == (8, 2.0, 7, 0)
    assert found.acknowledged_after_s == 100.0


def test_can_be_written_as_json():
    found = figures(raised([1, 2, 3]))
    assert json.loads(json.dumps(found.to_dict()))["chattering"] == ["fan"]


@pytest.mark.parametrize("until", [0.0, -1.0, float("nan")])
def test_no_time_has_no_figures(until):
    with pytest.raises(OptionError, match="after since"):
        figures([], until=until)
