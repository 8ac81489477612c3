from contextlib import closing

import numpy as np
import pytest

from auscult.monitor.store import recovery, retention
from auscult.monitor.store import schema as store_schema
from auscult.monitor.store.alarm_recording import AlarmRecording
from auscult.monitor.store.retention import DAY_S, Retention
from auscult.monitor.store.schema import FILE

DESCRIPTORS = np.zeros(1116, np.float32)


def record(store, number, at, seconds=1):
    y = np.random.default_rng(number).uniform(-1, 1, (1, seconds * 16000)).astype(np.float32)
    store.add_audio("fan/id_00", AlarmRecording(f"A{number}", at, y, 16000, 0.5))


def tidy(store, n_max=10_000):
    for number in range(n_max):
        if not store.tidy():
            return number
    raise AssertionError("there is no end to it")


def disk(folder):
    """Bytes of everything but the reserve."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != "reserve")


def test_what_is_normal_is_forgotten_at_its_age(open_store, said, clock):
    store = open_store(outputs=("mqtt",), keep_days=10)
    for day in range(20):
        at = clock.at - day * DAY_S - 1
        store.add_detection(said.detection(at), DESCRIPTORS, recipe="r")
        store.add_event(said.event(at, kind="health"))
    tidy(store)
    assert len(store.detections("fan/id_00")) == 10
    assert len(store.descriptors("fan/id_00", "r")[0]) == 10
    assert len(store._ask("SELECT * FROM descriptors")) == 10
    assert len(store.events()) == store.n_undelivered("mqtt") == 20  # saved just now
    store.mark_delivered("mqtt", [event.id for event in store.events()])
    tidy(store)
    assert len(store.events()) == 10


def test_events_that_wait_for_an_output_are_forgotten_when_they_have_waited_as_long(open_store, said, clock):
    store = open_store(outputs=("mqtt",), keep_days=10)
    old, n_days = said.event(clock.at - 100 * DAY_S), 0
    store.add_event(said.event(clock.at - 1))
    tidy(store)
    clock.at += 3 * DAY_S
    store.add_event(old)
    while store.undelivered("mqtt"):
        tidy(store)
        clock.at += DAY_S / 4
        n_days += 1 / 4
        if n_days < 10:
            assert old.id in [event.id for event in store.undelivered("mqtt")]
    assert n_days < 11.5
    assert store.events() == []
    assert len(store.state(retention.MARKS)) <= 12


def test_events_that_wait_for_an_output_make_room_all_the_same(open_store, said, clock):
    store = open_store(outputs=("mqtt",), keep_mb=3)
    with store.transaction():
        for number in range(4000):
            store.add_event(said.event(clock.at + number, words="x" * 1000))
    tidy(store)
    assert 0 < store.n_undelivered("mqtt") < 2000


def test_alarms_and_what_belongs_to_them_are_never_forgotten(open_store, said, clock):
    store = open_store(keep_days=1, keep_mb=0.001)
    for number in range(5):
        cleared_at, acknowledged_at = [None if number == 3 else clock.at, None if number > 2 else clock.at]
        said.raise_alarm(store, number, cleared_at=cleared_at, acknowledged_at=acknowledged_at)
        record(store, number, clock.at)
    store.save_feedback(said.feedback("A0", "fault"))
    store.save_feedback(said.feedback("A1", "false alarm"))
    clock.at += 100 * DAY_S
    tidy(store)
    assert len(store.alarms()) == 5
    assert len(store.alarm_changes()) == 5
    assert len(store.feedback()) == 2
    # confirmed, and active, and not acknowledged
    assert [len(store.audio(f"A{number}")) for number in range(5)] == [1, 0, 0, 1, 1]
    assert len(list((store.folder / "audio").iterdir())) == 3


def test_of_an_alarm_that_nobody_acknowledges_the_first_and_the_last_recording_stay(open_store, said, clock):
    store = open_store(keep_days=1)
    said.raise_alarm(store, 0, cleared_at=clock.at)
    for number in range(4):
        record(store, 0, clock.at + number)
    kept = [audio.at for audio in store.audio("A0")]
    clock.at += 2 * DAY_S
    tidy(store)
    assert [audio.at for audio in store.audio("A0")] == [kept[0], kept[-1]]
    said.acknowledge(store)
    tidy(store)
    assert store.audio("A0") == []


def test_a_confirmation_that_is_taken_back_keeps_no_sound(open_store, said, clock):
    store = open_store(keep_days=1)
    said.raise_alarm(store, 0, cleared_at=clock.at, acknowledged_at=clock.at)
    record(store, 0, clock.at)
    store.save_feedback(said.feedback("A0", "fault", undone_at=clock.at, undone_by="Bob"))
    clock.at += 2 * DAY_S
    tidy(store)
    assert store.audio("A0") == []


@pytest.mark.parametrize("keep_mb", [3.0, 6.0])
def test_the_folder_really_shrinks_to_its_budget_and_the_oldest_goes(open_store, said, clock, keep_mb):
    with open_store(keep_mb=100) as store:
        for number in range(20):
            with store.transaction():
                for second in range(200):
                    detection = said.detection(clock.at + 200 * number + second)
                    store.add_detection(detection, DESCRIPTORS, recipe="r")
            said.raise_alarm(store, number, cleared_at=clock.at, acknowledged_at=clock.at)
            if number % 4 == 0:
                record(store, number, clock.at + 200 * number, seconds=10)
        tidy(store)
        assert disk(store.folder) > 12e6
    store = open_store(keep_mb=keep_mb)
    tidy(store)
    assert keep_mb * 0.6e6 < disk(store.folder) <= keep_mb * 1e6 + 200_000
    kept = store.detections("fan/id_00")
    assert kept[-1].at == clock.at + 200 * 19 + 199
    recordings = [at for number in range(20) for at in [audio.at for audio in store.audio(f"A{number}")]]
    assert min([*recordings, kept[0].at]) > clock.at + 1000
    assert len(store.alarms()) == 20


def test_steps_are_small(open_store, said, clock):
    store = open_store(keep_days=1)
    with store.transaction():
        for second in range(2000):
            store.add_detection(said.detection(clock.at + second), DESCRIPTORS, recipe="r")
    clock.at += 2 * DAY_S
    assert store.tidy()
    assert 2000 - len(store.detections("fan/id_00")) == retention.STEP_ROWS
    with closing(store_schema.connect(store.folder / FILE)) as connection:
        retention.drop_oldest(connection, store.folder)
        n_free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        retention.give_back(connection)
        assert n_free - connection.execute("PRAGMA freelist_count").fetchone()[0] == retention.STEP_PAGES


def test_nothing_to_do_is_nothing_done(open_store, said):
    store = open_store()
    store.add_detection(said.detection())
    assert not store.tidy()
    assert len(store.detections("fan/id_00")) == 1


def test_damaged_databases_go_first(open_store, said, clock):
    store = open_store(keep_mb=3)
    store.add_detection(said.detection())
    for name in ("a", "b"):
        folder = store.folder / recovery.DAMAGED / name
        folder.mkdir(parents=True)
        (folder / FILE).write_bytes(bytes(2_000_000))
    tidy(store)
    assert [path.name for path in (store.folder / recovery.DAMAGED).iterdir()] == ["b"]
    assert len(store.detections("fan/id_00")) == 1


def test_all_that_is_used_is_counted(open_store, said, clock):
    store = open_store()
    said.raise_alarm(store, 0)
    record(store, 0, clock.at)
    with closing(store_schema.connect_read_only(store.folder / FILE)) as connection:
        n_bytes = Retention(store.folder, 1, 1).n_bytes(connection)
        assert n_bytes == pytest.approx(disk(store.folder), abs=300_000)


def test_room_is_made_from_what_gives_it_back_at_once(open_store, said, clock):
    store = open_store()
    store.add_detection(said.detection(clock.at - 1000))
    said.raise_alarm(store, 0, cleared_at=clock.at, acknowledged_at=clock.at)
    record(store, 0, clock.at)
    with closing(store_schema.connect(store.folder / FILE)) as connection:
        dropped = [retention.make_room(connection, store.folder) for _ in range(3)]
    assert dropped == [{"recordings": 1}, {"detections": 1}, {}]
