"""What is forgotten, and in which order: by age, by the disk that may be used, and when there is no disk left.

The oldest of what is normal goes first. Never forgotten are alarms, their changes, what people said, all recordings of
alarms that are confirmed, and the first and the last recording of alarms that are open. Events that wait for an output
are forgotten when they have waited as long as is kept, or when the disk's budget is used up.
"""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from auscult.monitor.store import alarm_journal
from auscult.monitor.store.queries import IS_OPEN
from auscult.monitor.store.recovery import DAMAGED
from auscult.monitor.store.schema import FILE, NORMAL, PAGE_BYTES, flush_commits, transaction

DAY_S = 86400.0
STEP_ROWS = 100
"""Rows that are deleted at a time: a few milliseconds."""
STEP_PAGES = 32
"""Pages that are given back to the disk at a time, and that may be empty without being given back."""
FREE_SHARE = 0.1
"""Of the pages, likewise."""

MARKS = "events saved until"
"""Key of what tells when events were saved, to a day: [Unix seconds, number of the last event that was there then]."""
_EVER = 2**63 - 1
"""Number that no event gets."""

_OWN = "FROM audio AS own WHERE own.alarm_id = audio.alarm_id"
_FORGETTABLE = f"""FROM audio WHERE at < ?
AND NOT (at IN ((SELECT min(at) {_OWN}), (SELECT max(at) {_OWN}))
    AND EXISTS (SELECT 1 FROM alarms WHERE alarms.alarm_id = audio.alarm_id AND {IS_OPEN}))
AND NOT EXISTS
    (SELECT 1 FROM feedback WHERE feedback.alarm_id = audio.alarm_id AND what = 'fault' AND undone_at IS NULL)
ORDER BY at LIMIT 1"""
_FORGETTABLE_EVENTS = """FROM events WHERE at < ?
AND (seq <= ? OR NOT EXISTS (SELECT 1 FROM deliveries WHERE event_id = events.id)) ORDER BY at LIMIT ?"""


@dataclass(frozen=True)
class Retention:
    """How much is kept.

    Parameters
    ----------
    folder : Path
        The store's.
    keep_days : float > 0
        Age at which what is normal is forgotten.
    keep_bytes : float > 0
        Disk that the folder may use, besides the reserve.
    """

    folder: Path
    keep_days: float
    keep_bytes: float

    def step(self, connection: sqlite3.Connection, at: float) -> bool:
        """Forget a little, or give a little back to the disk; say whether there was anything to do.

        Parameters
        ----------
        connection : sqlite3.Connection
        at : float
            Now, Unix seconds.

        Raises
        ------
        sqlite3.DatabaseError
            If the database is damaged, or the disk refuses it.
        """
        n_pages, n_free = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")
        )
        is_over = self.n_bytes(connection) > self.keep_bytes
        if n_free > (0 if is_over else max(STEP_PAGES, FREE_SHARE * n_pages)):
            give_back(connection)
            return True
        if is_over and drop_oldest(connection, self.folder):
            return True
        before = at - self.keep_days * DAY_S
        if drop_oldest(connection, self.folder, before=before, waiting=_last_saved(connection, at, before)):
            return True
        return self._shrink(connection)

    def n_bytes(self, connection: sqlite3.Connection) -> int:
        """Disk that is used: database, log, journal, recordings and damaged databases."""
        n_pages = connection.execute("PRAGMA page_count").fetchone()[0]
        audio = connection.execute("SELECT coalesce(sum(n_bytes), 0) FROM audio").fetchone()[0]
        files = [self.folder / f"{FILE}-wal", self.folder / alarm_journal.FILE, *self.folder.glob(f"{DAMAGED}/*/*")]
        return int(n_pages * PAGE_BYTES + audio + sum(file.stat().st_size for file in files if file.exists()))

    def _shrink(self, connection: sqlite3.Connection) -> bool:
        """Make the file smaller, if the database has given pages back; say whether it has become so."""
        n_bytes = (self.folder / FILE).stat().st_size
        if n_bytes <= PAGE_BYTES * connection.execute("PRAGMA page_count").fetchone()[0]:
            return False
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        return (self.folder / FILE).stat().st_size < n_bytes


def give_back(connection: sqlite3.Connection) -> None:
    """Give a few empty pages of the database back to the disk.

    Raises
    ------
    sqlite3.DatabaseError
        If the database is damaged, or the disk refuses it.
    """
    flush_commits(connection, False)
    connection.executescript(f"PRAGMA incremental_vacuum({STEP_PAGES})")  # execute() would stop after one page


def drop_oldest(
    connection: sqlite3.Connection, folder: Path, *, before: float = float("inf"), waiting: int = _EVER
) -> Counter[str]:
    """Forget a little of what is oldest.

    Parameters
    ----------
    connection : sqlite3.Connection
    folder : Path
        The store's.
    before : float
        Only what is older, Unix seconds.
    waiting : int
        Of events that wait for an output only those up to this number.

    Returns
    -------
    Counter
        How many of what were dropped; empty if there is nothing left to be.

    Raises
    ------
    sqlite3.DatabaseError
        If the database is damaged, or the disk refuses it.
    """
    if dropped := drop_damaged(folder, before=before):
        return dropped
    queries: list[tuple[Callable[[], Counter[str]], str, tuple[float, ...]]] = [
        (partial(_drop_audio, connection, folder, before), f"SELECT at {_FORGETTABLE}", (before,)),
        (partial(_drop_detections, connection, before), "SELECT min(at) FROM detections WHERE at < ?", (before,)),
        (partial(_drop_events, connection, before, waiting), f"SELECT at {_FORGETTABLE_EVENTS}", (before, waiting, 1)),
    ]
    oldest: list[tuple[float, Callable[[], Counter[str]]]] = []
    for drop, query, values in queries:
        row = connection.execute(query, values).fetchone()
        if row and row[0] is not None:
            oldest.append((row[0], drop))
    return min(oldest, key=lambda one: one[0])[1]() if oldest else Counter()


def make_room(connection: sqlite3.Connection, folder: Path) -> Counter[str]:
    """Forget a little on a full disk: first what gives space back at once, whatever its age.

    Parameters
    ----------
    connection : sqlite3.Connection
    folder : Path
        The store's.

    Returns
    -------
    Counter
        How many of what were dropped; empty if nothing could be.
    """
    inf = float("inf")
    if dropped := drop_damaged(folder):
        return dropped
    for drop in (partial(_drop_audio, connection, folder, inf), partial(_drop_detections, connection, inf)):
        with suppress(sqlite3.OperationalError):
            if dropped := drop():
                return dropped
    return Counter()


def drop_damaged(folder: Path, *, before: float = float("inf")) -> Counter[str]:
    """Remove a damaged database that was moved aside, if there is one older than `before`, Unix seconds."""
    for path in sorted((folder / DAMAGED).glob("*")):
        if path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)
            return Counter() if path.exists() else Counter({"damaged databases": 1})
    return Counter()


def _drop_audio(connection: sqlite3.Connection, folder: Path, before: float) -> Counter[str]:
    row = connection.execute(f"SELECT path {_FORGETTABLE}", (before,)).fetchone()
    if row is None:
        return Counter()
    with suppress(OSError):
        (folder / row[0]).unlink()  # first: it gives back the space that the rest may need
    with transaction(connection, is_flushed=False):
        connection.execute("DELETE FROM audio WHERE path = ?", row)
    return Counter({"recordings": 1})


def _drop_detections(connection: sqlite3.Connection, before: float) -> Counter[str]:
    query = "SELECT id FROM detections WHERE at < ? ORDER BY at LIMIT ?"
    numbers = connection.execute(query, (before, STEP_ROWS)).fetchall()
    with transaction(connection, is_flushed=False):
        for table, key in zip(NORMAL, ("detection_id", "id"), strict=True):
            connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", numbers)
    return Counter({"detections": len(numbers)}) if numbers else Counter()


def _drop_events(connection: sqlite3.Connection, before: float, waiting: int) -> Counter[str]:
    ids = connection.execute(f"SELECT id {_FORGETTABLE_EVENTS}", (before, waiting, STEP_ROWS)).fetchall()
    with transaction(connection, is_flushed=False):
        connection.executemany("DELETE FROM deliveries WHERE event_id = ?", ids)
        connection.executemany("DELETE FROM events WHERE id = ?", ids)
    return Counter({"events": len(ids)}) if ids else Counter()


def _last_saved(connection: sqlite3.Connection, at: float, before: float) -> int:
    """Number of the last event that was saved before a time, as far as that is known; and remember how many there are.

    What an event tells may have happened long before it was saved: in recordings that were made elsewhere.
    """
    row = connection.execute("SELECT body FROM state WHERE key = ?", (MARKS,)).fetchone()
    marks = [] if row is None else [mark for mark in json.loads(row[0]) if mark[0] <= at]  # the clock may be put back
    over = [mark for mark in marks if mark[0] < before]
    if not marks or marks[-1][0] <= at - DAY_S:
        last = connection.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()[0]
        marks = [*over[-1:], *marks[len(over) :], [at, last]]
        with suppress(sqlite3.OperationalError), transaction(connection, is_flushed=False):  # the disk may be full
            connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (MARKS, json.dumps(marks)))
    return int(over[-1][1]) if over else 0
