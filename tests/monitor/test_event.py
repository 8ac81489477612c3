from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.event import ALPHABET, Event, iso, new_id

TIMES = st.floats(0, 4e9)


@given(TIMES, TIMES)
def test_identifiers_sort_by_time_and_differ(one, other):
    first, second = new_id(one), new_id(other)
    assert first != second
    assert len(first) == 26
    assert set(first) <= set(ALPHABET)
    if abs(one - other) > 0.002:
        assert (first < second) == (one < other)


@given(TIMES)
def test_times_are_iso_8601_in_utc(at):
    said = iso(at)
    assert said.endswith("Z")
    assert abs(datetime.fromisoformat(said).timestamp() - at) < 0.002


def test_an_event_is_json():
    event = Event(
        new_id(0), datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp(), "fan/id_00", "alarm", "raised", {"a": 1}
    )
    assert event.to_dict() == {
        "id": event.id,
        "at": "2026-11-27T12:00:00.000Z",
        "machine": "fan/id_00",
        "kind": "alarm",
        "what": "raised",
        "body": {"a": 1},
    }
