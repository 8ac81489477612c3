import sqlite3
from contextlib import closing

import pytest

from auscult.monitor.store import schema as store_schema
from auscult.monitor.store.schema import FILE, JOURNALLED, NORMAL, PAGE_BYTES, TABLES, Row, put, transaction


@pytest.fixture
def connection(tmp_path):
    store_schema.create(tmp_path / FILE)
    with closing(store_schema.connect(tmp_path / FILE)) as connection:
        yield connection


def state(key, body="1"):
    return Row("state", {"key": key, "body": body})


def event(id_):
    return Row("events", {"id": id_, "at": 1.0, "machine": "", "kind": "monitor", "what": "x", "body": "{}"})


def test_a_database_is_as_it_should_be(connection):
    asked = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "auto_vacuum")}
    assert asked == {"journal_mode": "wal", "auto_vacuum": 2}
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {*TABLES, "journal", "sqlite_sequence"}
    assert set(TABLES) >= {*JOURNALLED, *NORMAL}
    for table in JOURNALLED:
        assert "n" in [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def test_the_first_page_holds_the_whole_schema_and_is_always_the_same(tmp_path):
    """On which `auscult.monitor.store.salvage.lend_first_page` relies."""
    for name in ("one", "two"):
        store_schema.create(tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two
    assert one[100] == 0x0D  # a leaf of the tree of tables: it has no other page


@pytest.mark.parametrize(("is_flushed", "level"), [(True, 2), (False, 1)])
def test_what_matters_is_flushed(connection, is_flushed, level):
    with transaction(connection, is_flushed=is_flushed):
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == level


def test_a_transaction_is_whole_or_not_at_all(connection):
    with pytest.raises(KeyError), transaction(connection, is_flushed=True):
        put(connection, [state("a")], [])
        raise KeyError
    with transaction(connection, is_flushed=True):
        put(connection, [state("b")], [])
    assert connection.execute("SELECT key FROM state").fetchall() == [("b",)]


def test_state_is_replaced_and_events_are_not(connection):
    put(connection, [state("a"), state("a", "2"), event("1"), event("1")], ["mqtt", "webhook:ops"])
    assert connection.execute("SELECT body FROM state").fetchall() == [("2",)]
    assert connection.execute("SELECT output, event_id FROM deliveries ORDER BY seq").fetchall() == [
        ("mqtt", "1"),
        ("webhook:ops", "1"),
    ]
    connection.execute("DELETE FROM deliveries")
    put(connection, [event("1")], ["mqtt"])
    assert connection.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)


def test_a_text_that_json_is_not_is_refused(connection):
    with pytest.raises(sqlite3.IntegrityError):
        put(connection, [state("a", "{")], [])


def test_one_who_reads_cannot_write_and_sees_what_is_written(tmp_path, connection):
    with closing(store_schema.connect_read_only(tmp_path / FILE)) as reader:
        put(connection, [state("a")], [])
        assert reader.execute("SELECT key FROM state").fetchall() == [("a",)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM state")


def test_errors_are_told_apart(tmp_path, connection):
    (tmp_path / "text").write_bytes(b"no database" * 1000)
    with (
        pytest.raises(sqlite3.DatabaseError) as damage,
        closing(store_schema.connect_read_only(tmp_path / "text")) as db,
    ):
        db.execute("SELECT * FROM state")
    assert store_schema.is_damage(damage.value)
    assert not store_schema.is_refusal(damage.value)
    connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    with pytest.raises(sqlite3.OperationalError, match="full") as refusal:
        put(connection, [state("a", f'"{"x" * PAGE_BYTES * 3}"')], [])
    assert store_schema.is_refusal(refusal.value)
    assert not store_schema.is_damage(refusal.value)
    assert store_schema.is_refusal(OSError())
    assert not store_schema.is_damage(OSError())


def test_no_database_no_connection(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        store_schema.connect(tmp_path / "none")
    (tmp_path / "text").write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        store_schema.connect(tmp_path / "text")
