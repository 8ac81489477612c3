import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import DataError
from auscult.monitor.store.event_store import EventStore
from auscult.monitor.store.queries import StoreReader

DESCRIPTORS = np.arange(5, dtype=np.float32)


@pytest.fixture
def store(open_store):
    return open_store(outputs=("mqtt", "webhook:ops"))


@pytest.fixture
def reader(store):
    return StoreReader(store.folder)


def ids(found):
    return [one.alarm_id for one in found]


def test_alarms_the_latest_first_and_only_those_that_are_wanted(store, reader, said, clock):
    for number in range(6):
        said.raise_alarm(
            store, number, "fan/id_00" if number % 2 else "pump/id_01", cleared_at=None if number > 3 else clock.at
        )
    store.save_feedback(said.feedback("A1", "fault"))
    store.save_feedback(said.feedback("A2", "false alarm"))
    assert ids(reader.alarms()) == ["A5", "A4", "A3", "A2", "A1", "A0"]
    assert ids(reader.alarms(limit=2)) == ["A5", "A4"]
    assert ids(reader.alarms(machine="fan/id_00")) == ["A5", "A3", "A1"]
    assert ids(reader.alarms(is_active=True)) == ["A5", "A4"]
    assert ids(reader.alarms(is_active=False, machine="pump/id_01")) == ["A2", "A0"]
    assert ids(reader.alarms(is_confirmed=True)) == ["A1"]
    assert ids(reader.alarms(is_confirmed=False)) == ["A2"]
    assert ids(reader.alarms(within=(clock.at + 1, clock.at + 2))) == ["A2", "A1"]
    assert reader.alarm("A1").is_confirmed
    assert reader.alarm("A1").alarm["machine"] == "fan/id_00"
    assert reader.alarm("none") is None


def test_the_last_word_of_people_counts_unless_it_is_taken_back(store, reader, said):
    said.raise_alarm(store)
    store.save_feedback(said.feedback("A0", "false alarm", id="1"))
    store.save_feedback(said.feedback("A0", "fault", id="2"))
    assert reader.alarm("A0").is_confirmed is True
    store.save_feedback(said.feedback("A0", "fault", id="2", undone_at=1.0, undone_by="Bob"))
    assert reader.alarm("A0").is_confirmed is False
    assert [one.undone_by for one in reader.feedback(alarm_id="A0")] == ["", "Bob"]
    assert len(reader.feedback(machine="fan/id_00")) == 2
    assert reader.feedback(machine="pump") == []


@pytest.mark.parametrize(
    ("values", "is_open"),
    [
        ({}, True),
        ({"cleared_at": 5.0}, True),
        ({"acknowledged_at": 5.0}, True),
        ({"cleared_at": 5.0, "acknowledged_at": 5.0}, False),
        ({"cleared_at": 5.0, "acknowledged_at": 5.0, "is_latched": True, "reset_at": None}, True),
        ({"cleared_at": 5.0, "acknowledged_at": 5.0, "is_latched": True, "reset_at": 6.0}, False),
    ],
)
def test_alarms_are_open_while_something_is_to_be_done(store, reader, said, values, is_open):
    said.raise_alarm(store, **values)
    assert ids(reader.open_alarms()) == ["A0"] * is_open


def test_changes_in_their_order_though_the_clock_was_put_back(store, reader, said, clock):
    said.raise_alarm(store, 1)
    said.acknowledge(store, 1)
    said.raise_alarm(store, 0)
    store.save_alarm("", "", {}, [{"at": clock.at + 9, "what": "flood began", "machine": "", "alarm_id": ""}])
    whats = [(change["at"] - clock.at, change["what"]) for change in reader.alarm_changes()]
    assert whats == [(1, "raised"), (1.5, "acknowledged"), (0, "raised"), (9, "flood began")]
    assert len(reader.alarm_changes(alarm_id="A1")) == 2
    assert len(reader.alarm_changes(machine="fan/id_00")) == 3
    assert [change["what"] for change in reader.alarm_changes(within=(clock.at + 1.5, clock.at + 9))] == [
        "acknowledged",
        "flood began",
    ]
    assert [change["what"] for change in reader.alarm_changes(limit=1)] == ["flood began"]
    assert ids(reader.alarms()) == ["A1", "A0"]  # a flood is none


def test_detections_in_the_order_of_time(store, reader, said, clock):
    for second in (3, 1, 2):
        store.add_detection(said.detection(clock.at + second), DESCRIPTORS * second, recipe="r" if second > 1 else "q")
    store.add_detection(said.detection(clock.at + 4, machine="pump"))
    assert [detection.at - clock.at for detection in reader.detections("fan/id_00")] == [1, 2, 3]
    assert [detection.at - clock.at for detection in reader.detections("fan/id_00", limit=2)] == [2, 3]
    assert reader.detections("fan/id_00", within=(0, clock.at + 1)) == [said.detection(clock.at + 1)]
    assert reader.last_detection("fan/id_00") == said.detection(clock.at + 3)
    assert reader.last_detection("none") is None
    detections, descriptors = reader.descriptors("fan/id_00", "r")
    assert [detection.at - clock.at for detection in detections] == [3, 2]  # as they came
    np.testing.assert_array_equal(descriptors, [DESCRIPTORS * 3, DESCRIPTORS * 2])
    assert descriptors.dtype == np.float32
    assert len(reader.descriptors("fan/id_00", "r", limit=1)[0]) == 1
    assert reader.descriptors("pump", "r")[1].shape == (0, 0)


def test_events_in_the_order_in_which_they_were_saved(store, reader, said, clock):
    late, early = said.event(clock.at + 5), said.event(clock.at, machine="", kind="monitor")
    store.add_event(late)
    store.add_event(early)  # of a recording that is older
    assert reader.events() == [late, early]
    assert reader.events(after=late.id) == [early]
    assert reader.events(after=early.id) == []
    assert reader.events(kind="monitor") == [early]
    assert reader.events(machine="fan/id_00", limit=1) == [late]
    assert reader.latest_events(1) == [early]


def test_one_whose_last_event_is_forgotten_is_told_what_came_after_it(store, reader, said, clock):
    one, two = said.event(clock.at), said.event(clock.at + 10)
    store.add_event(one)
    store.add_event(two)
    assert reader.events(after=said.event(clock.at + 5).id) == [two]


def test_each_output_has_events_that_it_is_to_be_told(store, reader, said, clock):
    events = [said.event(clock.at - number) for number in range(5)]
    for event in events:
        store.add_event(event)
    assert reader.undelivered("mqtt") == events
    assert reader.undelivered("mqtt", limit=2) == events[:2]
    store.mark_delivered("mqtt", [events[0].id, events[2].id])
    assert reader.undelivered("mqtt") == [events[1], *events[3:]]
    assert reader.n_undelivered("mqtt") == 3
    assert reader.undelivered("webhook:ops") == events
    assert reader.undelivered("none") == []


def test_state_by_its_key(store, reader):
    assert reader.state("a") is None
    store.set_state("a", {"b": [1, None, "ü"]})
    store.set_state("a", {"b": 2.5})
    assert reader.state("a") == {"b": 2.5}


def test_a_store_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read .*unable to open"):
        StoreReader(tmp_path).events()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_stands_out_is_told_and_in_order(tmp_path_factory, said, data):
    numbers = st.floats(-1e6, 1e6) | st.just(math.nan)
    values = data.draw(st.lists(st.tuples(st.floats(0, 1e6), numbers, numbers), max_size=100))
    most = data.draw(st.integers(2, 60))
    with EventStore.open(tmp_path_factory.mktemp("events")) as store:
        with store.transaction():
            for at, score, evidence in values:
                store.add_detection(said.detection(1.8e9 + at, score=score, evidence=evidence))
        found = store.highest_detections("fan/id_00", most=most)
        stored = store.detections("fan/id_00")
    assert len(found) <= most
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert {str(one) for one in found} <= {str(one) for one in stored}
    if len(values) <= most:
        assert len(found) == len(values)
    for name in ("score", "evidence"):
        known = [getattr(one, name) for one in stored if not math.isnan(getattr(one, name))]
        if known:
            assert max(known) in [getattr(one, name) for one in found]


@pytest.mark.parametrize("place", [0, 1, 2999, 5998, 5999])
def test_one_peak_in_a_month_is_seen(store, said, place):
    with store.transaction():
        for n in range(6000):
            store.add_detection(said.detection(1.8e9 + 432.0 * n, score=50.0 if n == place else 1.0))
    found = store.highest_detections("fan/id_00")
    assert 500 <= len(found) <= 1000
    assert max(one.score for one in found) == 50.0
    assert store.n_detections("fan/id_00") == 6000
    assert store.highest_detections("fan/id_00", within=(0.0, 1.0)) == []
