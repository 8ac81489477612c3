import math
from dataclasses import replace

import numpy as np
import pytest

from auscult.monitor.store import rows as store_rows


def test_a_detection_comes_back(said):
    detection = said.detection(is_alarm=True, fault="imbalance", ignored="microphone: dead")
    row = store_rows.detection_row(7, detection)
    assert row.values["id"] == 7
    assert store_rows.detection_from(row.values) == detection


def test_what_is_no_number_comes_back_as_such(said):
    row = store_rows.detection_row(1, said.detection()).values | {"score": None}
    assert math.isnan(store_rows.detection_from(row).score)


@pytest.mark.parametrize(
    ("times", "is_active"),
    [
        ({"raised_at": 1.0, "cleared_at": None}, True),
        ({"raised_at": 1.0, "cleared_at": 2.0}, False),
        ({"raised_at": None}, False),
    ],
)
def test_an_alarm_is_active_from_when_it_is_raised_until_it_clears(times, is_active):
    row = store_rows.alarm_row("fan", "A", times)
    assert row.values["is_active"] == is_active
    alarm = store_rows.alarm_from(row.values | {"said": None})
    assert (alarm.alarm, alarm.is_active, alarm.is_confirmed) == (times, is_active, None)


@pytest.mark.parametrize(("what", "is_confirmed"), [("fault", True), ("false alarm", False), (None, None)])
def test_what_people_say_confirms_it(what, is_confirmed):
    row = store_rows.alarm_row("fan", "A", {}).values | {"said": what}
    assert store_rows.alarm_from(row).is_confirmed is is_confirmed


def test_a_change_says_itself_whose_it_is():
    own = store_rows.change_row("fan", "A", {"at": 1.0, "what": "raised"}).values
    assert (own["machine"], own["alarm_id"], own["who"]) == ("fan", "A", "")
    flood = {"at": 1.0, "what": "flood began", "machine": "", "alarm_id": "", "who": "", "why": "10 alarms"}
    row = store_rows.change_row("fan", "A", flood).values
    assert (row["machine"], row["alarm_id"], row["why"]) == ("", "", "10 alarms")


def test_events_come_back(said):
    event = said.event(fault="Unwucht ½", numbers=[1, 2.5, None])
    assert store_rows.event_from(store_rows.event_row(event).values) == event


def test_json_is_strict_and_a_spoilt_text_is_said_to_be():
    with pytest.raises(ValueError, match="not JSON compliant"):
        store_rows.to_json({"score": math.nan})
    assert store_rows.from_json('{"a": 1}') == {"a": 1}
    assert store_rows.from_json('{"a":') == {"unreadable": '{"a":'}


def test_feedback_comes_back_with_what_was_heard(said):
    heard = np.arange(6, dtype=np.float32).reshape(2, 3)
    given = said.feedback(descriptors=heard, recipe="r", expires_at=5.0)
    back = store_rows.feedback_from(store_rows.feedback_row(given).values)
    np.testing.assert_array_equal(back.descriptors, heard)
    assert replace(back, descriptors=given.descriptors) == given
    none = store_rows.feedback_from(store_rows.feedback_row(said.feedback()).values)
    assert none.descriptors.shape == (0, 0)
