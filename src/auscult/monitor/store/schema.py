"""The event store's database: its tables, how it is opened, and how a row is put into it.

Everything that is written is a row that is put into a table. Rows of `JOURNALLED` tables are never lost: the journal
has them, too. Rows of `NORMAL` tables are the first to go when the disk is full.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

FILE = "monitor.sqlite"
FORMAT = 1
"""Of the database, as SQLite's user_version."""
APPLICATION = 0x41554353
"""Of an event store, as SQLite's application_id."""
PAGE_BYTES = 8192
"""Three descriptors of 1116 numbers fill a page; a page of 4096 bytes would hold one, and be half empty."""
CHECKPOINT_PAGES = 128
"""Pages that wait in the write-ahead log: 1 MB, so that none of the pauses to write them in their places is long."""

JOURNALLED = {"alarms": "alarm_id", "alarm_changes": "n", "feedback": "id", "audio": "path"}
"""Tables whose rows must not be lost -> what a row is known by. Their column n numbers the writes."""
NORMAL = ("descriptors", "detections")
"""Tables that are worth the least, in the order in which their rows are deleted."""
TABLES = (*JOURNALLED, "state", "events", "deliveries", *reversed(NORMAL))
"""In the order of their worth."""

DATABASE_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What SQLite raises: of a damaged schema, a message that is no text itself."""

_SCHEMA = f"""
PRAGMA page_size = {PAGE_BYTES};
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {FORMAT};
CREATE TABLE journal (n INTEGER NOT NULL) STRICT;
CREATE TABLE alarms (
    alarm_id TEXT PRIMARY KEY, n INTEGER NOT NULL, machine TEXT NOT NULL, raised_at REAL, cleared_at REAL,
    acknowledged_at REAL, is_active INTEGER NOT NULL, body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX alarms_by_time ON alarms (raised_at);
CREATE INDEX alarms_by_machine ON alarms (machine, raised_at);
CREATE TABLE alarm_changes (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, machine TEXT NOT NULL, alarm_id TEXT NOT NULL, what TEXT NOT NULL,
    who TEXT NOT NULL, why TEXT NOT NULL, body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX alarm_changes_by_alarm ON alarm_changes (alarm_id);
CREATE INDEX alarm_changes_by_time ON alarm_changes (at);
CREATE TABLE feedback (
    id TEXT PRIMARY KEY, n INTEGER NOT NULL, alarm_id TEXT NOT NULL, machine TEXT NOT NULL, at REAL NOT NULL,
    who TEXT NOT NULL, what TEXT NOT NULL, fault TEXT, why TEXT NOT NULL, expires_at REAL, undone_at REAL,
    undone_by TEXT NOT NULL, recipe TEXT NOT NULL, n_windows INTEGER NOT NULL, float16 BLOB NOT NULL
) STRICT;
CREATE INDEX feedback_by_alarm ON feedback (alarm_id);
CREATE TABLE audio (
    path TEXT PRIMARY KEY, n INTEGER NOT NULL, alarm_id TEXT NOT NULL, machine TEXT NOT NULL, at REAL NOT NULL,
    duration_s REAL NOT NULL, n_bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX audio_by_alarm ON audio (alarm_id);
CREATE TABLE state (key TEXT PRIMARY KEY, body TEXT NOT NULL CHECK (json_valid(body))) STRICT;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at REAL NOT NULL, machine TEXT NOT NULL,
    kind TEXT NOT NULL, what TEXT NOT NULL, body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
CREATE INDEX events_by_time ON events (at);
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, output TEXT NOT NULL, event_id TEXT NOT NULL, UNIQUE (event_id, output)
) STRICT;
CREATE INDEX deliveries_by_output ON deliveries (output);
CREATE TABLE detections (
    id INTEGER PRIMARY KEY, machine TEXT NOT NULL, at REAL NOT NULL, score REAL, threshold REAL, p_value REAL,
    evidence REAL, alarm_at REAL, is_anomalous INTEGER NOT NULL, is_alarm INTEGER NOT NULL, fault TEXT,
    state TEXT NOT NULL, level_db REAL, ignored TEXT NOT NULL
) STRICT;
CREATE INDEX detections_by_time ON detections (at);
CREATE INDEX detections_by_machine ON detections (machine, at);
CREATE TABLE descriptors (
    detection_id INTEGER PRIMARY KEY, recipe TEXT NOT NULL, float16 BLOB NOT NULL
) STRICT;
"""


class Row(NamedTuple):
    """A row, and the table it belongs into.

    Parameters
    ----------
    table : str
    values : dict of str -> str, int, float, bytes or None
        By column.
    """

    table: str
    values: dict[str, Any]


def create(path: Path, *, n: int = 0) -> None:
    """Make an empty database.

    Parameters
    ----------
    path : Path
        Where nothing is yet.
    n : int
        Number of the last row of the journal that it has; -1 if it is to have again what another had.

    Raises
    ------
    sqlite3.DatabaseError
        If the disk refuses it.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        pragmas, _, tables = _SCHEMA.partition("CREATE")
        connection.executescript(f"{pragmas} BEGIN; CREATE{tables} INSERT INTO journal VALUES ({n}); COMMIT;")


def connect(path: Path) -> sqlite3.Connection:
    """Database to write to, which has to be there; only one connection at a time may be such.

    Commits outlive the process, but not a loss of power, unless `flush_commits` says so.

    Raises
    ------
    sqlite3.DatabaseError
        If it is no database, or the disk refuses it.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = _text
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {CHECKPOINT_PAGES * PAGE_BYTES}")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA cell_size_check = ON")  # a damaged page is noticed before it is written to
        flush_commits(connection, False)
    except DATABASE_ERRORS:
        connection.close()
        raise
    return connection


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Database to read from, beside whoever writes to it.

    Raises
    ------
    sqlite3.DatabaseError
        If it is not there.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, isolation_level=None)
    connection.text_factory = _text
    return connection


def flush_commits(connection: sqlite3.Connection, is_flushed: bool) -> None:
    """Choose whether the next commits, and all before them, outlive a loss of power when they return."""
    connection.execute(f"PRAGMA synchronous = {'FULL' if is_flushed else 'NORMAL'}")


@contextmanager
def transaction(connection: sqlite3.Connection, *, is_flushed: bool) -> Iterator[None]:
    """All that is done meanwhile, or nothing.

    Parameters
    ----------
    connection : sqlite3.Connection
    is_flushed : bool
        Whether it outlives a loss of power, and not only the process.
    """
    flush_commits(connection, is_flushed)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def put(connection: sqlite3.Connection, rows: Iterable[Row], outputs: Sequence[str]) -> None:
    """Put rows into their tables, within a transaction of the caller's.

    A row that is there already is replaced where tables are `JOURNALLED` or hold state, and stays as it is elsewhere.
    An event that is new is to be delivered.

    Parameters
    ----------
    connection : sqlite3.Connection
    rows : iterable of Row
    outputs : sequence of str
        Where events are to be delivered.
    """
    for table, values in rows:
        conflict = "REPLACE" if table in JOURNALLED or table == "state" else "IGNORE"
        marks = ", ".join("?" * len(values))
        query = f"INSERT OR {conflict} INTO {table} ({', '.join(values)}) VALUES ({marks})"
        is_new = connection.execute(query, tuple(values.values())).rowcount == 1
        if table == "events" and is_new:
            insert = "INSERT OR IGNORE INTO deliveries (output, event_id) VALUES (?, ?)"
            connection.executemany(insert, [(output, values["id"]) for output in outputs])


def is_damage(error: Exception) -> bool:
    """Whether the database says that its content is damaged."""
    if not isinstance(error, sqlite3.DatabaseError):
        return isinstance(error, UnicodeDecodeError)
    code = getattr(error, "sqlite_errorcode", 0)
    unreadable = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
    # Read-only is a database of which a byte of the header is wrong, or that was moved away.
    damages = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_READONLY)
    return code & 0xFF in damages or code in unreadable


def is_refusal(error: Exception) -> bool:
    """Whether the disk refuses to take more: it is full, or a quota is used up."""
    if isinstance(error, OSError):
        return True
    refusals = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in refusals and not is_damage(error)


def _text(raw: bytes) -> str:
    """Text, also where a page is damaged in a way that nothing has noticed."""
    return raw.decode("utf-8", "replace")
