"""A damaged database is moved aside, and made again from what can still be read and from the journal."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from auscult.errors import DataError
from auscult.monitor.store.alarm_audio import flush_folder
from auscult.monitor.store.alarm_journal import AlarmJournal, Line, key_of
from auscult.monitor.store.salvage import Salvaged, lend_first_page, salvage
from auscult.monitor.store.schema import (
    APPLICATION,
    DATABASE_ERRORS,
    FILE,
    FORMAT,
    JOURNALLED,
    NORMAL,
    TABLES,
    Row,
    connect,
    connect_read_only,
    create,
    is_damage,
    put,
    transaction,
)

UNFINISHED = "unfinished.sqlite"
REBUILT = "rebuilt.sqlite"
"""What `UNFINISHED` is called as soon as it is whole."""
DAMAGED = "damaged"
"""Folder of damaged databases."""
OUTDATED_S = 86400.0
"""Age from which on events are not told again where nobody knows who was told."""


@dataclass(frozen=True)
class Restoration:
    """What became of a damaged database.

    Parameters
    ----------
    why : str
        What was wrong.
    found, lost : dict of str to int
        Rows by table: those that could be read, and about how many could not, where rows are numbered.
    from_journal : int
        Rows that were missing or wrong, and came back from the journal.
    damaged_lines : int
        Lines of the journal that could not be read.
    is_told_again : bool
        Whether events of the last day are delivered again: what says which of them were could not be read.
    kept_in : str
        Where the damaged database is now; empty if there was none.
    """

    why: str
    found: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    from_journal: int = 0
    damaged_lines: int = 0
    is_told_again: bool = False
    kept_in: str = ""


class Opened(NamedTuple):
    """A sound database: its connection, the number of its last journalled row, and what had to be done for it."""

    connection: sqlite3.Connection
    n: int
    restoration: Restoration | None


def open_database(folder: Path, journal: AlarmJournal, outputs: Sequence[str], *, at: float, why: str = "") -> Opened:
    """Open a store's database, made if there is none, and made again if it is damaged.

    Parameters
    ----------
    folder : Path
        The store's.
    journal : AlarmJournal
        Has what the database has to have; takes what it lacks.
    outputs : sequence of str
        Where events from the journal are to be delivered.
    at : float
        Now, Unix seconds.
    why : str
        What is known to be wrong with it; empty if nothing is.

    Raises
    ------
    DataError
        If it is no event store's, or a newer Auscult's.
    sqlite3.DatabaseError
        If the disk refuses it.
    OSError
        If the disk refuses it.
    """
    path = folder / FILE
    _finish_swap(folder, at)
    is_new = not any(True for _ in journal.lines())
    if path.exists():
        why = why or _what_is_wrong(path, is_new=is_new)
    elif not is_new:
        why = "the database was gone"
    restoration = _rebuild(folder, why, at) if why or not path.exists() else Restoration("")
    connection = connect(path)
    try:
        n, from_journal = _reconcile(connection, folder, journal, outputs, at=at)
        if restoration.is_told_again:
            _tell_again(connection, outputs, since=at - OUTDATED_S)
    except BaseException:
        connection.close()
        raise
    if not (why or from_journal or journal.n_damaged):
        return Opened(connection, n, None)
    why = why or "rows were missing or wrong"
    restoration = replace(restoration, why=why, from_journal=from_journal, damaged_lines=journal.n_damaged)
    return Opened(connection, n, restoration)


def is_wanted(row: Row, folder: Path, at: float) -> bool:
    """Whether a row of the journal, which no later one replaces, would still be wanted if the database were lost.

    Parameters
    ----------
    row : Row
    folder : Path
        The store's.
    at : float
        Now, Unix seconds.
    """
    if row.table == "audio":
        return bool((folder / row.values["path"]).exists())
    if row.table == "events":
        return bool(row.values["at"] > at - OUTDATED_S)
    return row.table in JOURNALLED or row.table == "state"


def _what_is_wrong(path: Path, *, is_new: bool) -> str:
    """What a check of every page finds; empty if nothing."""
    try:
        with closing(connect_read_only(path)) as connection:
            application, version = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
            )
            is_ours = (application, version) == (APPLICATION, FORMAT)
            if not is_ours and is_new:  # else it is the header that is damaged: the journal knows better
                problem = f"is no event store that this Auscult knows (application {application}, format {version})"
                raise DataError(str(path), problem, "Use the Auscult that made it, or choose another folder.")
            checks = ["quick_check(1)", *(f"integrity_check({table})" for table in TABLES if table not in NORMAL)]
            said = [connection.execute(f"PRAGMA {check}").fetchone()[0] for check in checks]
        return next((problem for problem in said if problem != "ok"), "" if is_ours else "its header is damaged")
    except DATABASE_ERRORS as error:
        if is_damage(error) or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR:  # a table that is gone
            return str(error)
        raise


def _rebuild(folder: Path, why: str, at: float) -> Restoration:
    """Put a new database in the place of the old one, with what can be read of that."""
    old, new = folder / FILE, folder / UNFINISHED
    create(new, n=-1 if why else 0)
    salvaged = Salvaged({}, {}, [])
    if old.exists():
        lend_first_page(old, new)
        salvaged = salvage(old, new)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(folder / REBUILT)
    kept_in = _swap(folder, at)
    is_told_again = "deliveries" in salvaged.unread
    return Restoration(why, salvaged.found, salvaged.lost, is_told_again=is_told_again, kept_in=kept_in)


def _swap(folder: Path, at: float) -> str:
    """Move the old database aside, and the new one to its place; whatever moment it is killed at, it can go on.

    The old one's log goes after it, and before the new one comes: it would be taken for that one's.
    """
    now = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S")
    aside = folder / DAMAGED / f"{now}-{len(list((folder / DAMAGED).glob('*')))}"
    for name in (FILE, f"{FILE}-wal"):
        if (folder / name).exists():
            aside.mkdir(parents=True, exist_ok=True)
            (folder / name).replace(aside / name)
            flush_folder(folder)
    (folder / f"{FILE}-shm").unlink(missing_ok=True)
    (folder / REBUILT).replace(folder / FILE)
    flush_folder(folder)
    return str(aside) if aside.exists() else ""


def _finish_swap(folder: Path, at: float) -> None:
    """Go on where `_rebuild` was killed."""
    for name in (UNFINISHED, f"{UNFINISHED}-journal"):
        (folder / name).unlink(missing_ok=True)
    if (folder / FILE).exists():
        (folder / REBUILT).unlink(missing_ok=True)
    elif (folder / REBUILT).exists():
        _swap(folder, at)


def _reconcile(
    connection: sqlite3.Connection,
    folder: Path,
    journal: AlarmJournal,
    outputs: Sequence[str],
    *,
    at: float,
) -> tuple[int, int]:
    """Have the same in the database and in the journal; give the last number, and how many rows had been lost.

    The journal is right if it is whole: its checksums say so, while a row may be spoilt without any notice.
    """
    known = connection.execute("SELECT n FROM journal").fetchone()[0]
    there = _journalled(connection)
    latest: dict[tuple[str, object], Row] = {}
    others: list[Row] = []
    n_journal = n_before = 0
    for line in journal.lines():
        n_before, n_journal = (n_journal, line.n) if line.n > n_journal else (n_before, n_journal)
        latest |= {key_of(row): row for row in line.rows if row.table in JOURNALLED}
        others += [row for row in line.rows if row.table not in JOURNALLED and line.n > known]
    if known < 0:
        others = [row for row in others if is_wanted(row, folder, at) and not _has_state(connection, row)]
    is_whole = not journal.n_damaged and n_journal >= known
    missing = [
        row
        for key, row in latest.items()
        if row != there.get(key)
        and (is_whole or key not in there or not _is_newer(there[key], row))
        and is_wanted(row, folder, at)
    ]
    foreign = [row for key, row in there.items() if is_whole and key not in latest]
    if not is_whole:
        _complete(journal, [row for key, row in there.items() if _is_newer(row, latest.get(key))])
        n_journal = max([n_journal, known, *(row.values["n"] for row in there.values())])
    with transaction(connection, is_flushed=True):
        for row in foreign:
            connection.execute(f"DELETE FROM {row.table} WHERE {JOURNALLED[row.table]} = ?", key_of(row)[1:])
        put(connection, [*missing, *others], outputs)
        connection.execute("UPDATE journal SET n = ?", (n_journal,))
    # What is missing of the last line was not lost: a crash came between it and the database.
    return n_journal, sum(known < 0 or row.values["n"] <= max(known, n_before) for row in missing)


def _complete(journal: AlarmJournal, rows: list[Row]) -> None:
    """Add rows to a journal that was damaged or removed."""
    for start in range(0, len(rows), 100):
        part = rows[start : start + 100]
        journal.append(Line(max(row.values["n"] for row in part), part))


def _tell_again(connection: sqlite3.Connection, outputs: Sequence[str], *, since: float) -> None:
    query = "INSERT OR IGNORE INTO deliveries (output, event_id) SELECT ?, id FROM events WHERE at > ? ORDER BY seq"
    with transaction(connection, is_flushed=True):
        connection.executemany(query, [(output, since) for output in outputs])


def _journalled(connection: sqlite3.Connection) -> dict[tuple[str, object], Row]:
    """All rows of journalled tables by their keys."""
    rows = []
    for table in JOURNALLED:
        cursor = connection.execute(f"SELECT * FROM {table} NOT INDEXED")
        names = [column[0] for column in cursor.description]
        rows += [Row(table, dict(zip(names, values, strict=True))) for values in cursor]
    return {key_of(row): row for row in rows}


def _has_state(connection: sqlite3.Connection, row: Row) -> bool:
    """Whether it is state that is there already: it is at least as new as the journal's."""
    if row.table != "state":
        return False
    return connection.execute("SELECT 1 FROM state WHERE key = ?", (row.values["key"],)).fetchone() is not None


def _is_newer(row: Row, there: Row | None) -> bool:
    return there is None or row.values["n"] > there.values["n"]
