import re
import shutil
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auscult.errors import DataError
from auscult.monitor.store import schema as store_schema
from auscult.monitor.store.alarm_recording import AlarmRecording
from auscult.monitor.store.queries import StoreReader
from auscult.monitor.store.schema import FILE, PAGE_BYTES

DESCRIPTORS = np.arange(1116, dtype=np.float32)
KILL_ROUNDS = Path(__file__).with_name("kill_rounds.py")


def recording(alarm_id="A0", n_channels=1):
    y = np.random.default_rng(1).uniform(-1, 1, (n_channels, 8000)).astype(np.float32)
    return AlarmRecording(alarm_id, 1000.0, y, 16000, 0.25)


def kill_rounds(folder, n_kills, seed, *more):
    command = [sys.executable, KILL_ROUNDS, folder, str(n_kills), str(seed), *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(re.match(r"\d+", done.stdout)[0])


def test_what_was_acknowledged_outlives_kill_9_at_any_moment(tmp_path):
    assert kill_rounds(tmp_path / "store", 12, 1) > 0


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("more", [[], ["damage"]])
def test_what_was_acknowledged_outlives_hundreds_of_kills(tmp_path, more):
    assert kill_rounds(tmp_path / "store", 400, 2, *more) > 50


def test_all_of_it_outlives_the_process(open_store, said):
    with open_store() as store:
        with store.transaction():
            store.add_detection(said.detection(), DESCRIPTORS, recipe="r")
            said.raise_alarm(store)
            store.add_audio("fan/id_00", recording())
        store.save_feedback(said.feedback())
        store.set_state("board", [1])
    store = open_store()
    assert store.detections("fan/id_00") == [said.detection()]
    assert np.abs(store.descriptors("fan/id_00", "r")[1] - DESCRIPTORS).max() <= 1116 * 2.0**-11
    assert store.alarm("A0").is_confirmed
    assert [event.what for event in store.events()] == ["raised"]
    assert store.state("board") == [1]
    (audio,) = store.audio("A0")
    assert (audio.machine, audio.at, audio.duration_s) == ("fan/id_00", 1000.0, 0.5)
    np.testing.assert_allclose(soundfile.read(audio.path)[0], recording().y[0], atol=2**-15)
    store.add_detection(said.detection(1.0), DESCRIPTORS, recipe="r")  # of a number of its own
    assert len(store.descriptors("fan/id_00", "r")[0]) == 2


def test_an_exception_leaves_nothing_of_a_transaction(open_store, said):
    store = open_store(outputs=("mqtt",))
    with pytest.raises(KeyError), store.transaction():
        store.add_detection(said.detection(), DESCRIPTORS, recipe="r")
        with store.transaction():
            said.raise_alarm(store)
        store.set_state("a", 1)
        raise KeyError
    assert store.detections("fan/id_00") == []
    assert store.alarms() == store.events() == store.undelivered("mqtt") == []
    assert store.state("a") is None
    said.raise_alarm(store)
    store.close()
    assert [alarm.alarm_id for alarm in open_store(outputs=("mqtt",)).alarms()] == ["A0"]


def test_what_json_cannot_hold_is_refused_before_anything_is_written(open_store, said):
    store = open_store()
    with pytest.raises(ValueError, match="JSON"):
        said.raise_alarm(store, peak=float("nan"))
    assert store.alarms() == store.alarm_changes() == []


def test_changes_without_an_alarm_are_saved(open_store):
    store = open_store()
    store.save_alarm("fan", "", {"machine": "fan"}, [{"at": 1.0, "what": "shelved", "who": "Ada"}])
    assert store.alarms() == []
    assert [change["what"] for change in store.alarm_changes(machine="fan")] == ["shelved"]


def test_a_second_process_is_refused(open_store, tmp_path):
    open_store()
    code = f"from auscult.monitor.store.event_store import EventStore; EventStore.open({str(tmp_path / 'store')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode
    assert "another monitor writes to this event store" in done.stderr


def test_outputs_that_are_new_are_not_told_old_events_and_those_that_are_gone_are_forgotten(open_store, said):
    with open_store(outputs=("mqtt", "webhook:ops")) as store:
        store.add_event(said.event(what="raised"))
    with open_store(outputs=("webhook:ops", "webhook:new")) as store:
        store.add_event(said.event(what="cleared"))
        assert [event.what for event in store.undelivered("webhook:ops")] == ["raised", "cleared"]
        assert [event.what for event in store.undelivered("webhook:new")] == ["cleared"]
        assert store.n_undelivered("mqtt") == 0
    with open_store(outputs=("mqtt",)) as store:
        assert store.undelivered("mqtt") == []


def test_delivered_is_delivered_though_the_transaction_around_it_fails(open_store, said):
    store = open_store(outputs=("mqtt",))
    event = said.event()
    store.add_event(event)
    with pytest.raises(KeyError), store.transaction():
        store.mark_delivered("mqtt", [event.id])
        raise KeyError
    assert store.undelivered("mqtt") == []


def test_sound_that_no_row_refers_to_is_removed_at_the_start(open_store, said):
    with open_store() as store:
        with pytest.raises(KeyError), store.transaction():
            store.add_audio("fan/id_00", recording())
            raise KeyError
        store.add_audio("fan/id_00", recording("A1", n_channels=2))
        assert len(list((store.folder / "audio").iterdir())) == 2
        assert store.audio("A0") == []
    with open_store() as store:
        assert list((store.folder / "audio").iterdir()) == [store.audio("A1")[0].path]


def test_readers_see_whole_transactions_while_others_write(open_store, said, clock):
    store = open_store()
    is_over = threading.Event()
    seen = []

    def read():
        reader = StoreReader(store.folder)
        while not is_over.is_set():
            n_alarms = len(reader.alarms(limit=1000))
            seen.append((n_alarms, reader.state("n") or 0, len(store.alarms(limit=1000))))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(60):
        with store.transaction():
            store.add_detection(said.detection(clock.at + number), DESCRIPTORS, recipe="r")
            said.raise_alarm(store, number)
            store.set_state("n", number + 1)
    is_over.set()
    for thread in threads:
        thread.join()
    assert len(seen) > 10
    assert all(first <= then <= last for first, then, last in seen)


def test_threads_may_write_while_another_is_in_a_transaction(open_store, said):
    store = open_store(outputs=("mqtt",))
    event = said.event()
    store.add_event(event)
    with store.transaction():
        thread = threading.Thread(target=store.mark_delivered, args=("mqtt", [event.id]))
        thread.start()
        said.raise_alarm(store)
        assert store.undelivered("mqtt") == [event]  # it waits
    thread.join()
    assert [one.what for one in store.undelivered("mqtt")] == ["raised"]
    assert event not in store.undelivered("mqtt")


def test_damage_that_a_question_finds_is_restored_and_answered(open_store, said):
    store = open_store()
    for number in range(50):
        said.raise_alarm(store, number, why="x" * 500)
    with closing(store_schema.connect(store.folder / FILE)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'alarms'").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with (store.folder / FILE).open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(b"\xff" * PAGE_BYTES)
    assert len(store.alarms(limit=1000)) == 50
    said.raise_alarm(store, 50)
    assert [event.what for event in store.events(kind="monitor")] == ["database restored"]
    assert len(StoreReader(store.folder).alarms(limit=1000)) == 51


def test_what_is_found_after_a_loss_of_power(open_store, said, tmp_path):
    """Of the log, what was not flushed is gone; what matters was."""
    store = open_store()
    said.raise_alarm(store)
    shutil.copytree(store.folder, tmp_path / "lost")
    for path in (tmp_path / "lost").glob(f"{FILE}-*"):
        path.unlink()
    assert open_store(tmp_path / "lost").alarm("A0").is_active


def test_ten_decisions_a_second_take_less_than_a_tenth_of_a_core(open_store, said, clock):
    store = open_store(outputs=("mqtt",))
    began = time.process_time()
    for number in range(100):
        with store.transaction():
            store.add_detection(said.detection(clock.at + number), DESCRIPTORS, recipe="r")
            store.set_state(f"watch {number}", {"level": 1.0})
        store.tidy()
    assert (time.process_time() - began) / 100 * 10 < 0.1


def test_a_folder_that_is_a_file(tmp_path, open_store):
    (tmp_path / "store").touch()
    with pytest.raises(DataError, match="cannot be written"):
        open_store()
