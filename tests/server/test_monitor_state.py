import base64
import math
from dataclasses import replace

import numpy as np
import pytest

from auscult.features import LogMel
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.board import AlarmBoard
from auscult.monitor.alarms.silence import Silence
from auscult.monitor.detection import Detection
from auscult.monitor.live_view import Columns, MachineNow
from auscult.monitor.store.rows import StoredAlarm
from auscult.server.monitor_state import (
    alarm_of,
    alarm_state,
    detection_state,
    live_spectrogram,
    machine_state,
    stored_alarm_state,
    told,
)

ALARM = Alarm("fan/id_00", id="A", raised_at=0.0, last_raised_at=0.0, n_raised=1)


def test_times_become_iso_and_what_is_no_number_null():
    values = {
        "at": 0.5,
        "raised_at": None,
        "alarm_at": 4.0,
        "shelf": {"until": 1.0},
        "score": math.nan,
        "list": [math.inf],
        "since": 1e12,
        "cleared_at": math.nan,
        "heard_at": math.inf,
    }
    assert told(values) == {
        "at": "1970-01-01T00:00:00.500Z",
        "raised_at": None,
        "alarm_at": 4.0,
        "shelf": {"until": "1970-01-01T00:00:01.000Z"},
        "score": None,
        "list": [None],
        "since": None,
        "cleared_at": None,
        "heard_at": None,
    }


def test_a_machine_that_was_never_heard():
    now = MachineNow("fan/id 00", "hall", Alarm("fan/id 00"))
    state = machine_state(now, AlarmBoard())
    assert state["slug"] == "fan-id-00"
    assert (state["at"], state["score"], state["source"]["heard_at"]) == (None, None, None)
    assert state["source"]["state"] == "opening"
    assert state["alarm"]["state"] == "normal"


def test_what_silences_a_machine_is_not_told_of_its_earlier_alarms():
    shelved = replace(ALARM, shelf=Silence(0.0, 60.0, "Ada", "known"))
    board = AlarmBoard({"fan/id_00": replace(shelved, id="B")})
    past = alarm_state(replace(shelved, acknowledged_at=1.0, cleared_at=2.0), board)
    assert (past["state"], past["is_silenced"], past["is_current"]) == ("normal", False, False)
    present = alarm_state(replace(shelved, id="B"), board)
    assert (present["state"], present["life"], present["is_silenced"]) == ("shelved", "unacknowledged", True)
    assert present["shelf"]["until"] == "1970-01-01T00:01:00.000Z"


def test_an_alarm_that_a_damaged_page_has_spoilt():
    stored = StoredAlarm("A", "fan/id_00", 1.0, None, None, True, None, {"unreadable": "{"})
    alarm = alarm_of(stored, AlarmBoard())
    assert (alarm.id, alarm.raised_at, alarm.life) == ("A", 1.0, "unacknowledged")
    assert stored_alarm_state(stored, AlarmBoard())["is_confirmed"] is None


def test_the_present_alarm_is_the_boards():
    stored = StoredAlarm("A", "fan/id_00", 0.0, None, None, True, None, ALARM.to_dict())
    board = AlarmBoard({"fan/id_00": replace(ALARM, acknowledged_at=5.0, acknowledged_by="Ada")})
    assert stored_alarm_state(stored, board)["state"] == "acknowledged"


def test_a_detection_whose_numbers_are_lost():
    one = Detection("fan/id_00", 1.0, math.nan, 2.0, 0.5, 0.1, 4.0, False, False, None, "running", -30.0)
    state = detection_state(one)
    assert (state["at"], state["score"], state["alarm_at"]) == ("1970-01-01T00:00:01.000Z", None, 4.0)
    assert "machine" not in state


def test_a_spectrogram_and_its_labels():
    features = LogMel.for_rate(16000, n_mels=32)
    levels = np.arange(5 * 32, dtype=np.uint8).reshape(5, 32)
    state = live_spectrogram(Columns(levels, 10.0, 0.1), features)
    assert np.frombuffer(base64.b64decode(state["levels"]), np.uint8).tolist() == levels.ravel().tolist()
    assert (state["n_columns"], state["n_bands"], state["ended_at"]) == (5, 32, "1970-01-01T00:00:10.000Z")
    assert [hz for hz, _ in state["ticks"]][:3] == [5000, 2000, 1000]
    nothing = live_spectrogram(None, features)
    assert (nothing["levels"], nothing["n_columns"], nothing["n_bands"]) == ("", 0, 32)


@pytest.mark.parametrize("fmin", [0.0, 500.0])
def test_labels_are_in_the_picture(fmin):
    ticks = live_spectrogram(None, replace(LogMel.for_rate(16000, n_mels=32), fmin=fmin))["ticks"]
    assert all(0 < height < 1 and hz > fmin for hz, height in ticks)
