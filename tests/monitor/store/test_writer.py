import sqlite3
import threading
from contextlib import closing

import pytest

from auscult.errors import DataError
from auscult.monitor.store import alarm_journal
from auscult.monitor.store import schema as store_schema
from auscult.monitor.store.alarm_journal import AlarmJournal
from auscult.monitor.store.retention import Retention
from auscult.monitor.store.schema import FILE, PAGE_BYTES, Row
from auscult.monitor.store.writer import StoreWriter


@pytest.fixture
def writer(tmp_path):
    writer = StoreWriter(Retention(tmp_path, 90, 1e9), ["mqtt"], lambda: 1000.0)
    yield writer
    writer.close()


def alarm(alarm_id):
    return Row("alarms", {"alarm_id": alarm_id, "machine": "fan", "is_active": True, "body": "{}"})


def state(key, body="1"):
    return Row("state", {"key": key, "body": body})


def ask(folder, query):
    with closing(store_schema.connect_read_only(folder / FILE)) as connection:
        return connection.execute(query).fetchall()


def journal_of(folder):
    journal = AlarmJournal(folder)
    lines = list(journal.lines())
    journal.close()
    return lines


def test_only_what_matters_is_journalled_and_with_all_that_came_with_it(writer, tmp_path):
    writer.write([state("a")])
    writer.write([state("b"), alarm("A"), alarm("B")])
    (line,) = journal_of(tmp_path)
    assert [row.table for row in line.rows] == ["state", "alarms", "alarms"]
    assert (line.n, [row.values.get("n") for row in line.rows]) == (2, [None, 1, 2])
    assert ask(tmp_path, "SELECT n FROM journal") == [(2,)]
    assert ask(tmp_path, "SELECT alarm_id, n FROM alarms") == [("A", 1), ("B", 2)]


def test_the_journal_has_it_before_the_database(writer, tmp_path, monkeypatch):
    there = []
    monkeypatch.setattr(
        "auscult.monitor.store.writer.put", lambda *_: there.append([line.n for line in journal_of(tmp_path)])
    )
    writer.write([alarm("A")])
    assert there == [[1]]


def test_what_matters_is_flushed(writer, tmp_path, monkeypatch):
    levels = []
    put = store_schema.put

    def spy(connection, rows, outputs):
        levels.append(connection.execute("PRAGMA synchronous").fetchone()[0])
        put(connection, rows, outputs)

    monkeypatch.setattr("auscult.monitor.store.writer.put", spy)
    event = Row("events", {"id": "1", "at": 1.0, "machine": "", "kind": "state", "what": "off", "body": "{}"})
    for row in (state("a"), alarm("A"), event):
        writer.write([row])
    assert levels == [1, 2, 2]


def test_what_the_database_refuses_is_not_in_the_journal_either(writer, tmp_path):
    with pytest.raises(DataError, match="CHECK constraint failed"):
        writer.write([alarm("A"), state("a", "{")])
    writer.write([alarm("B")])
    assert [line.rows[0].values["alarm_id"] for line in journal_of(tmp_path)] == ["B"]
    assert ask(tmp_path, "SELECT alarm_id, n FROM alarms") == [("B", 1)]


def test_a_change_is_whole_or_not_at_all(writer, tmp_path):
    def change(connection):
        connection.execute("INSERT INTO state VALUES ('a', '1')")
        raise KeyError

    with pytest.raises(KeyError):
        writer.change(change)
    assert ask(tmp_path, "SELECT * FROM state") == []
    assert writer.change(lambda connection: connection.execute("SELECT 7").fetchone()) == (7,)


def test_damage_that_is_found_when_writing_is_restored_and_it_is_written(writer, tmp_path):
    writer.write([alarm(f"A{number}") for number in range(200)])
    writer.write([state(f"k{number}", f'"{"x" * 300}"') for number in range(500)])
    writer.change(lambda connection: None)
    (page,) = ask(tmp_path, "SELECT rootpage FROM sqlite_master WHERE name = 'state'")[0]
    with closing(store_schema.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    writer._connection.close()  # so that nothing is in its memory
    with (tmp_path / FILE).open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES)
        file.write(b"\xff" * PAGE_BYTES)
    writer._connection = store_schema.connect(tmp_path / FILE)
    writer.write([state("new"), alarm("A200")])
    assert ask(tmp_path, "SELECT key FROM state WHERE key = 'new'") == [("new",)]
    assert ask(tmp_path, "SELECT count(*) FROM alarms") == [(201,)]
    assert ask(tmp_path, "SELECT what FROM events") == [("database restored",)]
    assert writer.generation == 2


def test_it_is_restored_once_for_all_who_found_the_damage(writer):
    for _ in range(3):
        writer.recover("damaged", 1)
    assert writer.generation == 2


def test_what_stays_damaged_is_said(writer):
    def change(_):
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    with pytest.raises(DataError, match=r"cannot be read or written .*malformed"):
        writer.change(change)
    assert writer.generation == 2
    writer.write([alarm("A")])


def test_a_database_that_another_program_locks_is_said_and_not_taken_for_damage(writer, tmp_path, monkeypatch):
    writer._connection.execute("PRAGMA busy_timeout = 10")
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DataError, match="see that no other program keeps the database locked"):
            writer.write([alarm("A")])
    assert writer.generation == 1
    assert not writer.disk.is_full
    writer.write([alarm("B")])
    assert ask(tmp_path, "SELECT alarm_id FROM alarms") == [("B",)]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be written"):
        StoreWriter(Retention(tmp_path / "file" / "store", 90, 1e9), [], lambda: 0.0)


def test_a_store_that_cannot_be_opened_is_let_go_of(tmp_path):
    (tmp_path / FILE).write_bytes(b"")
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("CREATE TABLE wages (euros INTEGER)")
    for _ in range(2):  # and not: another monitor writes to it
        with pytest.raises(DataError, match="is no event store"):
            StoreWriter(Retention(tmp_path, 90, 1e9), [], lambda: 0.0)


def test_the_journal_becomes_smaller_while_others_write(writer, tmp_path, monkeypatch):
    monkeypatch.setattr(alarm_journal, "LEAST_BYTES", 20_000)
    for number in range(300):
        writer.write([alarm(f"A{number % 3}"), state("a", str(number))])
    n_bytes = (tmp_path / alarm_journal.FILE).stat().st_size
    n_steps = 0
    while writer.tidy():
        n_steps += 1
        if n_steps % 3 == 0:
            writer.write([alarm(f"B{n_steps}")])
    assert n_steps > 5
    assert (tmp_path / alarm_journal.FILE).stat().st_size < n_bytes / 5
    latest = {row.values["alarm_id"] for line in journal_of(tmp_path) for row in line.rows if row.table == "alarms"}
    assert latest == {name for (name,) in ask(tmp_path, "SELECT alarm_id FROM alarms")}


def test_a_journal_that_is_being_made_smaller_may_be_restored_meanwhile(writer, tmp_path, monkeypatch):
    monkeypatch.setattr(alarm_journal, "LEAST_BYTES", 20_000)
    for number in range(300):
        writer.write([alarm(f"A{number}")])
    assert writer.tidy()
    with (tmp_path / alarm_journal.FILE).open("r+b") as file:
        file.seek(5000)
        file.write(b"?")
    writer.recover("damaged", writer.generation)
    writer.write([alarm("B")])
    while writer.tidy():
        writer.write([alarm("C")])
    names = [row.values["alarm_id"] for line in journal_of(tmp_path) for row in line.rows if row.table == "alarms"]
    assert set(names) == {name for (name,) in ask(tmp_path, "SELECT alarm_id FROM alarms")}
    assert len(set(names)) >= 301


def test_a_restoration_that_the_disk_refuses_is_tried_again(writer, tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    writer.write([alarm("A")])
    monkeypatch.setattr("auscult.monitor.store.writer.open_database", refuse)
    with pytest.raises(DataError, match="No space left"):
        writer.recover("damaged", 1)
    with pytest.raises(DataError):
        writer.write([alarm("B")])
    monkeypatch.undo()
    writer.write([alarm("C")])
    assert ask(tmp_path, "SELECT alarm_id FROM alarms ORDER BY n") == [("A",), ("C",)]


def test_threads_wait_for_each_other(writer, tmp_path):
    def write(name):
        for number in range(20):
            writer.write([alarm(f"{name}{number}")])

    threads = [threading.Thread(target=write, args=(name,)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [n for (n,) in ask(tmp_path, "SELECT n FROM alarms ORDER BY n")]
    assert numbers == list(range(1, 81))
    assert [line.n for line in journal_of(tmp_path)] == numbers


def test_one_that_is_closed_refuses_and_touches_no_file(tmp_path):
    writer = StoreWriter(Retention(tmp_path, 90, 1e9), ["mqtt"], lambda: 1000.0)
    writer.write([alarm("A")])
    writer.close()
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    refused = [
        lambda: writer.write([alarm("B")]),
        lambda: writer.change(lambda connection: connection.execute("DELETE FROM alarms")),
        lambda: writer.recover("", writer.generation),
        lambda: writer.check_room("recordings"),
        writer.tidy,
    ]
    for refuse in refused:
        with pytest.raises(DataError, match="was closed"):
            refuse()
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    StoreWriter(Retention(tmp_path, 90, 1e9), ["mqtt"], lambda: 1000.0).close()  # its lock is gone
