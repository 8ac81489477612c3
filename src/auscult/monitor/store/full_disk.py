"""A store on a full disk: what is normal is refused, and given up bit by bit so that alarms are saved."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from auscult.errors import DataError
from auscult.monitor.store.disk_reserve import DiskReserve
from auscult.monitor.store.retention import DAY_S, drop_damaged, drop_oldest, give_back, make_room
from auscult.monitor.store.schema import NORMAL, Row, is_refusal

T = TypeVar("T")
REMEDY = "Free the disk: the monitor goes on by itself."
TRIES = 20
"""Times that something is given up so that one alarm gets through."""


class FullDisk:
    """Whether the disk is full, and what was lost to that.

    Parameters
    ----------
    folder : Path
        The store's.
    say : callable (what, body) -> None
        Called when the disk becomes full, and when it has room again.

    Attributes
    ----------
    is_full : bool
    dropped : Counter
        Since the store was opened: rows that were not saved by table, and what was deleted for alarms.
    """

    def __init__(self, folder: Path, say: Callable[[str, dict[str, Any]], None]) -> None:
        self.is_full = False
        self.dropped: Counter[str] = Counter()
        self._folder, self._say = folder, say
        self._reserve = DiskReserve(folder)
        if not self._reserve.take():
            self._reserve.give_up()  # as it was left half written by a process that was killed
            self.begin()

    def begin(self, error: Exception | None = None) -> None:
        """Have a full disk, if it is the disk that has refused something; else the error is raised."""
        if error is not None and not is_refusal(error):
            raise error
        if not self.is_full:
            self.is_full = True
            self._say("disk full", {})

    def look(self) -> None:
        """Have a disk with room again if there is enough for the reserve, and as much beside it."""
        if self.is_full and self._reserve.take():
            self.is_full = False
            self._say("disk has room again", {"dropped": dict(self.dropped)})

    def needed(self, rows: Sequence[Row]) -> list[Row]:
        """Rows that are saved on a full disk; the others are counted.

        Raises
        ------
        DataError
            If there are none.
        """
        needed = [row for row in rows if row.table not in NORMAL]
        self.dropped.update(row.table for row in rows if row.table in NORMAL)
        if not needed:
            raise self.refusal("detections")
        return needed

    def refusal(self, what: str) -> DataError:
        """Error that says that something is not saved."""
        return DataError(str(self._folder), f"{what} cannot be saved: the disk is full", REMEDY)

    def with_room(self, action: Callable[[], T], connection: Callable[[], sqlite3.Connection]) -> T:
        """Do something that has to be done: give up the reserve for it, then what is normal.

        Parameters
        ----------
        action : callable
            What the disk has refused.
        connection : callable
            Gives the connection to the database.

        Raises
        ------
        DataError
            If the disk refuses it even when nothing is left to be given up.
        """
        problem = "nothing is left that could be deleted"
        for _ in range(TRIES):
            if not self._reserve.give_up():
                dropped = make_room(connection(), self._folder)
                self.dropped += dropped
                if not dropped:
                    break
            try:
                return action()
            except (sqlite3.DatabaseError, OSError) as error:
                if not is_refusal(error):
                    raise
                problem = str(error)
        raise DataError(str(self._folder), f"alarms cannot be saved: the disk takes no more ({problem})", REMEDY)

    def with_database_room(self, action: Callable[[], T]) -> T:
        """Do something without which there is no database: give up the reserve, and a damaged database."""
        self._reserve.give_up()
        drop_damaged(self._folder)
        return action()

    def forget(self, connection: sqlite3.Connection, at: float) -> bool:
        """Delete a little of what is normal so that the disk has room again; say whether there was anything.

        Nothing of the last day: it may be others who have filled the disk.

        Parameters
        ----------
        connection : sqlite3.Connection
        at : float
            Now, Unix seconds.
        """
        try:
            if connection.execute("PRAGMA freelist_count").fetchone()[0] > 0:
                give_back(connection)
                return True
            dropped = drop_oldest(connection, self._folder, before=at - DAY_S)
        except sqlite3.OperationalError as error:
            if not is_refusal(error):
                raise
            return False
        self.dropped += dropped
        return bool(dropped)
