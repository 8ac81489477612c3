import pytest

from auscult.errors import DataError, OptionError
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.desk import AlarmDesk
from auscult.monitor.detection import Detection
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.store.event_store import EventStore

SETTINGS = AlarmSettings(off_delay_s=0)


def detection(at, evidence, machine="fan/id_00", alarm_at=4.0):
    is_alarm = evidence >= alarm_at
    return Detection(machine, at, 1.0, 2.0, 0.1, evidence, alarm_at, is_alarm, is_alarm, "imbalance", "running", -20.0)


def test_a_change_is_kept_with_its_event_and_told(store):
    told = []
    desk = AlarmDesk(store, SETTINGS, told.append)
    (change,) = desk.observe(detection(10.0, 5.0))
    assert change.what == "raised"
    (event,) = told
    assert (event.kind, event.what, event.at) == ("alarm", "raised", 10.0)
    assert event.body["fault"] == "imbalance"
    assert event.body["is_first_out"]
    assert [kept.id for kept in store.events()] == [event.id]
    assert store.alarm(change.alarm_id).is_active


def test_the_cause_lasts_until_little_evidence_is_left(store):
    desk = AlarmDesk(store, AlarmSettings(off_delay_s=0, clear_below=0.5))
    assert desk.observe(detection(1.0, 5.0))
    assert not desk.observe(detection(2.0, 2.5))
    (change,) = desk.observe(detection(3.0, 1.9))
    assert change.what == "cleared"


def test_all_of_it_outlives_a_restart(tmp_path):
    with EventStore.open(tmp_path / "events") as store:
        desk = AlarmDesk(store, AlarmSettings(on_delay_s=10))
        desk.observe(detection(1.0, 5.0))  # its delay runs
        desk.take("pump/1", lambda alarm: alarm_inputs.out_of_service(alarm, 500.0, "Anna", at=1.0), at=1.0)
        board = desk.board
    with EventStore.open(tmp_path / "events") as store:
        again = AlarmDesk(store, AlarmSettings(on_delay_s=10))
        assert again.board == board
        assert [change.what for change in again.observe(detection(11.0, 5.0))] == ["raised"]


def test_an_alarm_comes_back_from_its_row_where_the_board_is_lost(tmp_path):
    with EventStore.open(tmp_path / "events") as store:
        desk = AlarmDesk(store, SETTINGS)
        desk.observe(detection(1.0, 5.0))
        known = desk.take("fan/id_00", lambda alarm: alarm_inputs.acknowledge(alarm, "Anna", at=2.0), at=2.0)
        store.set_state(
            "alarm board", {"alarms": {}, "first_out": "", "raised": [], "chattering": [], "is_flood": False}
        )
    with EventStore.open(tmp_path / "events") as store:
        alarm = AlarmDesk(store, SETTINGS).board.of("fan/id_00")
        assert alarm.id == known[0].alarm_id
        assert alarm.acknowledged_by == "Anna"


def test_what_cannot_be_kept_has_not_happened(store, monkeypatch):
    told = []
    desk = AlarmDesk(store, SETTINGS, told.append)

    def refuse(*_, **__):
        raise DataError("events", "is full", "Free the disk.")

    monkeypatch.setattr(store, "save_alarm", refuse)
    with pytest.raises(DataError):
        desk.observe(detection(1.0, 5.0))
    assert not desk.board.of("fan/id_00").is_active
    assert not told
    monkeypatch.undo()
    assert desk.observe(detection(2.0, 5.0))


def test_what_makes_no_sense_changes_nothing(store):
    desk = AlarmDesk(store, SETTINGS)
    with pytest.raises(OptionError):
        desk.take("fan/id_00", lambda alarm: alarm_inputs.acknowledge(alarm, "Anna", at=1.0), at=1.0)
    assert store.events() == []


def test_suppressed_and_believed_again(store):
    desk = AlarmDesk(store, SETTINGS)
    assert [change.what for change in desk.suppress("fan/id_00", "microphone: dead", at=1.0)] == ["suppressed"]
    assert desk.suppress("fan/id_00", "microphone: dead", at=2.0) == []
    assert not desk.observe(detection(3.0, 5.0))
    assert [change.what for change in desk.suppress("fan/id_00", "", at=4.0)] == ["unsuppressed"]
    assert desk.suppress("fan/id_00", "", at=5.0) == []
    assert [change.what for change in desk.observe(detection(6.0, 5.0))] == ["raised"]


def test_time_ends_a_shelf(store):
    desk = AlarmDesk(store, SETTINGS)
    desk.take("fan/id_00", lambda alarm: alarm_inputs.shelve(alarm, 50.0, "Anna", at=1.0, settings=SETTINGS), at=1.0)
    assert desk.advance("fan/id_00", at=49.0) == []
    assert [change.what for change in desk.advance("fan/id_00", at=51.0)] == ["unshelved"]


def test_a_machine_that_is_not_listened_to_any_more_is_not_the_first_out(store):
    AlarmDesk(store, SETTINGS).observe(detection(1.0, 5.0, "old/1"))
    desk = AlarmDesk(store, SETTINGS)
    desk.give_up_others({"new/1": None}, at=10.0)
    assert desk.board.of("old/1").life == "returned unacknowledged"
    desk.observe(detection(11.0, 5.0, "new/1"))
    assert desk.board.of("new/1").is_first_out
    assert store.alarm(desk.board.of("old/1").id).cleared_at == 10.0


def test_what_is_not_kept_did_not_happen(store, said, monkeypatch):
    told = []
    desk = AlarmDesk(store, SETTINGS, told.append)

    def refuse(_):
        raise DataError("events", "is locked", "Wait.")

    with monkeypatch.context() as patch, pytest.raises(DataError), desk.transaction():
        patch.setattr(store._writer, "write", refuse)
        store.add_detection(said.detection())
        assert desk.observe(detection(10.0, 5.0))
    assert not desk.board.of("fan/id_00").is_active
    assert not told
    with desk.transaction():
        (change,) = desk.observe(detection(20.0, 5.0))
        assert not told  # it is not kept yet
    assert [event.what for event in told] == ["raised"]
    assert store.alarm(change.alarm_id).is_active


def test_chatter_and_floods_are_counted_by_now_whatever_the_times_of_recordings(store, clock):
    desk, began_at = AlarmDesk(store, SETTINGS, clock=clock), clock.at
    told = []
    for raised in range(10):
        clock.at = began_at + 30 * raised
        told += desk.observe(detection(clock.at, 5.0))
        told += desk.observe(detection(clock.at + 1, 0.0))
        told += desk.advance("old/1", at=clock.at - 8 * 3600)  # recordings of last night
    assert [change.what for change in told if change.what not in ("raised", "cleared")] == [
        "chatter began",
        "flood began",
    ]
