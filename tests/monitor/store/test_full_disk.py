import os
import sqlite3
import subprocess

import numpy as np
import pytest

from auscult.errors import DataError
from auscult.monitor.store.alarm_recording import AlarmRecording
from auscult.monitor.store.disk_reserve import DiskReserve
from auscult.monitor.store.full_disk import TRIES, FullDisk
from auscult.monitor.store.schema import Row

DESCRIPTORS = np.zeros(1116, np.float32)


@pytest.fixture
def disk(tmp_path):
    """A real disk of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk):
    """Use up all the space that there is."""
    with (disk / "other").open("ab", buffering=0) as file:
        for size in (1 << 20, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def record(store, clock, number=0):
    y = np.random.default_rng(number).uniform(-1, 1, (1, 16000)).astype(np.float32)
    store.add_audio("fan/id_00", AlarmRecording(f"A{number}", clock.at, y, 16000, 0.5))


def detect_until_refused(store, said, clock):
    for _ in range(1000):
        clock.at += 1
        try:
            store.add_detection(said.detection(clock.at), DESCRIPTORS, recipe="r")
        except DataError as error:
            return error
    raise AssertionError("the disk is not full")


def whats(store):
    return [event.what for event in store.events(kind="monitor", limit=1000)]


def test_alarms_get_through_on_a_full_disk_and_nothing_else(open_store, said, disk, clock):
    store = open_store(disk / "store", outputs=("mqtt",))
    said.raise_alarm(store, 0)
    fill(disk)
    assert "detections cannot be saved: the disk is full. Free the disk" in str(
        detect_until_refused(store, said, clock)
    )
    assert store.is_full
    with pytest.raises(DataError, match="recordings cannot be saved: the disk is full"):
        record(store, clock)
    for number in range(1, 200):
        said.raise_alarm(store, number)
        said.acknowledge(store, number)
    store.save_feedback(said.feedback("A0"))
    store.set_state("board", {"a": 1})
    store.mark_delivered("mqtt", [event.id for event in store.undelivered("mqtt", 150)])
    store.close()
    store = open_store(disk / "store", outputs=("mqtt",))  # is opened on it, too
    assert sum(alarm.acknowledged_at is not None for alarm in store.alarms(limit=1000)) == 199
    assert store.is_full
    assert store.n_undelivered("mqtt") == 200 - 150 + len(whats(store))
    said.acknowledge(store, 0)


def test_an_alarm_is_saved_without_the_detection_that_came_with_it(open_store, said, disk, clock):
    store = open_store(disk / "store")
    fill(disk)
    detect_until_refused(store, said, clock)
    n_detections = len(store.detections("fan/id_00"))
    with store.transaction():
        store.add_detection(said.detection(clock.at + 1))
        said.raise_alarm(store, 1)
    assert store.alarm("A1").is_active
    assert len(store.detections("fan/id_00")) == n_detections
    assert store.dropped["detections"] == 2


def test_it_goes_on_by_itself_when_there_is_room(open_store, said, disk, clock):
    store = open_store(disk / "store")
    fill(disk)
    detect_until_refused(store, said, clock)
    (disk / "other").unlink()
    store.tidy()
    assert not store.is_full
    store.add_detection(said.detection(clock.at + 1))
    record(store, clock)
    assert whats(store) == ["disk full", "disk has room again"]
    assert store.events(kind="monitor")[-1].body["dropped"]["detections"] == 1
    assert DiskReserve(disk / "store").is_held


def test_a_disk_that_others_fill_costs_old_detections_but_not_those_of_the_last_day(open_store, said, disk, clock):
    store = open_store(disk / "store")
    with store.transaction():
        for second in range(1500):
            store.add_detection(said.detection(clock.at - 2 * 86400 + second), DESCRIPTORS, recipe="r")
    store.add_detection(said.detection(clock.at))
    fill(disk)
    detect_until_refused(store, said, clock)
    while store.tidy():
        pass
    assert not store.is_full  # there is room for the reserve again
    assert 0 < store.dropped["detections"] < 1500
    assert store.detections("fan/id_00")[-1].at >= clock.at - 10
    clock.at += 1
    store.add_detection(said.detection(clock.at), DESCRIPTORS, recipe="r")


def test_when_the_reserve_is_used_up_what_is_old_goes_for_alarms(open_store, said, disk, clock):
    store = open_store(disk / "store")
    for number in range(1000, 1010):  # of alarms that are over
        record(store, clock, number)
    fill(disk)
    detect_until_refused(store, said, clock)
    n_saved = 0
    while not store.dropped.get("recordings"):
        said.raise_alarm(store, n_saved, why="x" * 20_000)
        n_saved += 1
    assert n_saved > 20  # in the reserve
    assert len(store.alarms(limit=1000)) == n_saved


def test_what_cannot_be_saved_at_all_is_not_there_afterwards(open_store, said, disk):
    store = open_store(disk / "store")
    fill(disk)
    n_saved = 0
    with pytest.raises(DataError, match="alarms cannot be saved: the disk takes no more"):
        for number in range(1000):
            said.raise_alarm(store, number, why="x" * 20_000)
            n_saved = number + 1
    assert n_saved > 20
    store.close()
    (disk / "other").unlink()
    store = open_store(disk / "store")
    assert sorted(int(alarm.alarm_id[1:]) for alarm in store.alarms(limit=1000)) == list(range(n_saved))


def test_a_damaged_database_is_restored_on_a_full_disk(open_store, said, disk, clock):
    with open_store(disk / "store") as store:
        with store.transaction():
            for second in range(500):
                store.add_detection(said.detection(clock.at + second), DESCRIPTORS, recipe="r")
        for number in range(20):
            said.raise_alarm(store, number)
    with (disk / "store" / "monitor.sqlite").open("r+b") as file:
        file.seek(40 * 8192)
        file.write(b"\xff" * 8192 * 3)
    fill(disk)
    store = open_store(disk / "store")
    assert len(store.alarms(limit=1000)) == 20
    said.raise_alarm(store, 20)


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A full disk, as its parts are told of it."""
    said = []
    monkeypatch.setattr(DiskReserve, "take", lambda _: False)
    return FullDisk(tmp_path, lambda what, body: said.append((what, body))), said


def test_it_is_said_once(full):
    disk, said = full
    for _ in range(2):
        disk.begin(OSError())
        disk.look()
    assert said == [("disk full", {})]


def test_what_is_no_refusal_is_raised(full):
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        full[0].begin(sqlite3.DatabaseError("malformed"))
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        full[0].with_database_room(lambda: full[0].begin(sqlite3.DatabaseError("malformed")))


def test_what_is_needed_is_told_from_what_is_normal(full):
    rows = [Row("detections", {}), Row("alarms", {}), Row("state", {}), Row("descriptors", {})]
    assert [row.table for row in full[0].needed(rows)] == ["alarms", "state"]
    with pytest.raises(DataError, match="detections cannot be saved"):
        full[0].needed([Row("detections", {})])
    assert full[0].dropped == {"detections": 2, "descriptors": 1}


def test_giving_up_ends_when_nothing_helps(full, monkeypatch):
    from collections import Counter

    n_tries = []
    monkeypatch.setattr("auscult.monitor.store.full_disk.make_room", lambda *_: Counter({"detections": 1}))

    def refuse():
        n_tries.append(1)
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match="No space left on device"):
        full[0].with_room(refuse, lambda: None)
    assert len(n_tries) == TRIES
