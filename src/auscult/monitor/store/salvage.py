"""Whatever rows a damaged database still gives, copied into a new one."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from auscult.monitor.store.schema import DATABASE_ERRORS, NORMAL, PAGE_BYTES, TABLES, is_refusal

BLOCK = 4096
"""Rows that are copied at a time."""
MAX_FAILURES = 20_000
"""Attempts to read rows of a table that may fail, which takes seconds; the rest of the table is given up then."""
N_PROBES = 32
"""Rows that are tried first: where none of them can be read, none of the others can."""
MAX_RANGE = 1 << 28
"""Farther apart the first and the last number of a table are not: then one of them is damaged."""
UNKNOWN = (1, 10_000)
"""Numbers that are tried where nothing says which rows there are."""


class Salvaged(NamedTuple):
    """What could be read of a damaged database.

    Parameters
    ----------
    found : dict of str to int
        Rows by table.
    lost : dict of str to int
        About how many could not be read, in tables whose rows are numbered one after the other.
    unread : list of str
        Tables of which something could not be read, if only an empty place.
    """

    found: dict[str, int]
    lost: dict[str, int]
    unread: list[str]


def salvage(old: Path, new: Path) -> Salvaged:
    """Copy what can be read.

    Parameters
    ----------
    old : Path
        Damaged database; it is not changed.
    new : Path
        Empty database of the same tables; it is not safe from a loss of power on return.

    Raises
    ------
    sqlite3.DatabaseError
        If the disk has no room for what matters.
    """
    salvaged = Salvaged(dict.fromkeys(TABLES, 0), {}, [])
    with closing(sqlite3.connect(f"{new.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        try:
            connection.execute("ATTACH ? AS old", (f"{old.absolute().as_uri()}?mode=ro",))
            there = {name for (name,) in connection.execute("SELECT name FROM old.sqlite_master")}
        except DATABASE_ERRORS as error:
            if is_refusal(error):
                raise
            there = set()
        for table in TABLES:
            if table not in there:
                salvaged.unread.append(table)
                continue
            first, last, is_sound = _bounds(connection, table)
            if not (_copy_all(connection, table, first, last) and is_sound):
                salvaged.unread.append(table)
            n = salvaged.found[table] = connection.execute(f"SELECT count(*) FROM main.{table}").fetchone()[0]
            if table in ("events", *NORMAL) and (first, last) != UNKNOWN:
                salvaged.lost[table] = last - first + 1 - n
    return salvaged


def lend_first_page(old: Path, new: Path) -> None:
    """Give a database that cannot say which tables it has the first page of a new one, where it is the same.

    Parameters
    ----------
    old : Path
        Damaged database; nobody is to use it.
    new : Path
        Empty database, made by the same statements: its tables begin at the same pages.
    """
    if _tables(old) == _tables(new):
        return
    with new.open("rb") as file:
        page = bytearray(file.read(PAGE_BYTES))
    page[18:20] = b"\2\2"  # it has a write-ahead log
    page[28:32] = (old.stat().st_size // PAGE_BYTES).to_bytes(4, "big")  # https://sqlite.org/fileformat2.html
    with old.open("r+b") as file:
        file.write(page)


def _tables(path: Path) -> list[tuple[str, int, str]] | None:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT name, rootpage, sql FROM sqlite_master").fetchall()
    except DATABASE_ERRORS:
        return None


def _bounds(connection: sqlite3.Connection, table: str) -> tuple[int, int, bool]:
    """First and last number of a table's rows, and whether it is the table that says so, and not an index."""
    indexes = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,))
    sources = [f"old.{table} NOT INDEXED", *(f"old.{table} INDEXED BY {name}" for (name,) in indexes.fetchall())]
    if table == "descriptors":
        sources.append("main.detections")
    for source in sources:
        try:
            first, last = (
                connection.execute(f"SELECT {end}(rowid) FROM {source}").fetchone()[0] for end in ("min", "max")
            )
        except DATABASE_ERRORS:
            continue
        if first is None:
            return 1, 0, source is sources[0]
        if 0 <= last - first <= MAX_RANGE:
            return first, last, source is sources[0]
    return *UNKNOWN, False


def _copy_all(connection: sqlite3.Connection, table: str, first: int, last: int) -> bool:
    """Copy block by block; one that cannot be read is halved until only the rows that cannot be read are left out."""
    n_failures = 0
    try:
        probes = range(first, last + 1, max(1, (last - first) // N_PROBES))
        if probes and not any(_copy(connection, table, row, row) for row in probes):
            return False  # the root of the table is damaged
        for block in range(first, last + 1, BLOCK):
            parts = [(block, min(block + BLOCK - 1, last))]
            while parts and n_failures < MAX_FAILURES:
                start, end = parts.pop()
                if not _copy(connection, table, start, end):
                    n_failures += 1
                    middle = (start + end) // 2
                    parts += [(middle + 1, end), (start, middle)] if start < end else []
    except DATABASE_ERRORS:  # a full disk
        if table not in NORMAL:
            raise
        return False
    return n_failures == 0


def _copy(connection: sqlite3.Connection, table: str, first: int, last: int) -> bool:
    condition = "= ?1" if first == last else "BETWEEN ?1 AND ?2"  # which looks for one more, too
    query = f"INSERT OR IGNORE INTO main.{table} SELECT * FROM old.{table} WHERE rowid {condition}"
    try:
        connection.execute(query, (first,) if first == last else (first, last))
    except DATABASE_ERRORS as error:
        if is_refusal(error):
            raise
        return False
    return True
