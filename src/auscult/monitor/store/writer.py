"""The one who writes to an event store, whatever the disk does: first to the journal, then to the database."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from threading import RLock
from typing import Any, TypeVar

from auscult.errors import DataError
from auscult.files import disk_errors
from auscult.monitor.event import Event, new_id
from auscult.monitor.store.alarm_audio import remove_unreferenced
from auscult.monitor.store.alarm_journal import AlarmJournal, Line
from auscult.monitor.store.full_disk import FullDisk
from auscult.monitor.store.lock import lock_store
from auscult.monitor.store.recovery import is_wanted, open_database
from auscult.monitor.store.retention import Retention
from auscult.monitor.store.rows import event_row
from auscult.monitor.store.schema import DATABASE_ERRORS, FILE, JOURNALLED, NORMAL, Row, is_damage, put, transaction

T = TypeVar("T")


class StoreWriter:
    """Database and journal of a store.

    Threads may share it: each waits for the others. What the store itself has to say becomes an event.

    Parameters
    ----------
    retention : Retention
        With the store's folder.
    outputs : sequence of str
        Where events are to be delivered.
    clock : callable
        Gives Unix seconds.

    Attributes
    ----------
    lock : RLock
        To be held where several calls belong together.
    generation : int
        How often the database was opened.
    disk : FullDisk

    Raises
    ------
    DataError
        If another process writes to it, it is none of this Auscult's, or the disk refuses it.
    """

    def __init__(self, retention: Retention, outputs: Sequence[str], clock: Callable[[], float]) -> None:
        self.lock = RLock()
        self.generation = 0
        self._retention, self._outputs, self._clock = retention, outputs, clock
        self._folder = retention.folder
        self._untold: list[Event] = []
        self._compaction: Iterator[None] | None = None
        self._is_open = self._is_closed = False
        with ExitStack() as files, disk_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            files.callback(os.close, lock_store(self._folder))
            self.disk = FullDisk(self._folder, self._say)
            self._journal = AlarmJournal(self._folder)
            files.callback(self._journal.close)
            with self._errors():
                self._open("")
                files.callback(self._close_database)
                self._clean_up()
            self._tell()
            self._files = files.pop_all()

    def write(self, rows: Sequence[Row]) -> None:
        """Put rows into their tables, all of them or none; on a full disk all that are not normal.

        Raises
        ------
        DataError
            If the disk refuses them.
        """
        with self.lock, self._errors():
            self.disk.look()
            try:
                admitted = self.disk.needed(rows) if self.disk.is_full else rows
                with self._line(admitted) as line:
                    try:
                        self._save(admitted, line)
                    except (*DATABASE_ERRORS, OSError) as error:
                        self.disk.begin(error)
                        needed = self.disk.needed(admitted)
                        self.disk.with_room(lambda: self._save(needed, line), lambda: self._connection)
            finally:
                self._tell()

    def change(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Change something in a transaction, on a full disk too.

        Parameters
        ----------
        change : callable
            Of a connection; may be called again if that was damaged.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        run = partial(self._run, change, is_flushed=False)
        with self.lock, self._errors():
            try:
                return run()
            except DATABASE_ERRORS as error:
                self.disk.begin(error)
                return self.disk.with_room(run, lambda: self._connection)

    def tidy(self) -> bool:
        """Forget a little of what is old or too much; say whether there is more to do.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        with self.lock, self._errors():
            self.disk.look()
            self._tell()
            forget = self.disk.forget if self.disk.is_full else self._retention.step
            if self._recovered(lambda: forget(self._connection, self._clock())):
                return True
            if self._compaction is None and not self.disk.is_full and self._journal.is_worth_compacting:
                self._compaction = self._journal.compaction(self._is_kept)
            for _ in self._compaction or ():
                return True
            self._compaction = None
            return False

    def check_room(self, what: str, error: OSError | None = None) -> None:
        """See to it that something normal is only written while the disk has room.

        Parameters
        ----------
        what : str
            Of which one is counted as dropped if it has none.
        error : OSError, optional
            With which the disk has just refused it.

        Raises
        ------
        DataError
            If it has none.
        """
        with self.lock, self._errors():
            self.disk.look()
            if error is not None:
                self.disk.begin(error)
            if self.disk.is_full:
                self.disk.dropped[what] += 1
                self._tell()
                raise self.disk.refusal(what)

    def recover(self, why: str, generation: int) -> None:
        """Make the database again, unless that was done since it was of this generation.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        with self.lock, self._errors():
            if self.generation == generation:
                self._close_database()
                self._open(why)

    def close(self) -> None:
        """Let go of all files."""
        with self.lock:
            self._is_closed = True
            self._compaction = None
            self._files.close()

    def _open(self, why: str) -> None:
        open_ = partial(open_database, self._folder, self._journal, self._outputs, at=self._clock())
        try:
            opened = open_(why=why)
        except (*DATABASE_ERRORS, OSError) as error:
            if is_damage(error):  # which no check has noticed
                opened = open_(why=str(error))
            else:
                self.disk.begin(error)
                opened = self.disk.with_database_room(lambda: open_(why=""))
        self._connection, self._n = opened.connection, opened.n
        self.generation += 1
        self._is_open = True
        self._compaction = None  # of a journal that may have become another
        if opened.restoration is not None:
            self._say("database restored", asdict(opened.restoration))
        if self._journal.n_damaged:
            for _ in self._journal.compaction(self._is_kept):
                pass

    def _close_database(self) -> None:
        self._is_open = False
        self._connection.close()

    def _clean_up(self) -> None:
        """Have recordings and rows of them agree, and forget outputs that are gone."""
        paths = {path for (path,) in self._connection.execute("SELECT path FROM audio")}
        there = {path for path in paths if (self._folder / path).exists()}
        remove_unreferenced(self._folder, there)
        outputs = {output for (output,) in self._connection.execute("SELECT DISTINCT output FROM deliveries")}
        gone = [(output,) for output in outputs - set(self._outputs)]

        def clean_up(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM audio WHERE path = ?", [(path,) for path in paths - there])
            connection.executemany("DELETE FROM deliveries WHERE output = ?", gone)

        self.change(clean_up)

    @contextmanager
    def _line(self, rows: Sequence[Row]) -> Iterator[Line | None]:
        """Line of the journal for rows that must not be lost, which are numbered; None if there are none.

        If they are not saved, the journal is to have nothing of them either.
        """
        n, n_bytes, generation = self._n, self._journal.n_bytes, self.generation
        for number, row in enumerate((row for row in rows if row.table in JOURNALLED), n + 1):
            row.values["n"] = number
        last = max((row.values["n"] for row in rows if row.table in JOURNALLED), default=n)
        try:
            yield Line(last, list(rows)) if last > n else None
        except BaseException:
            if self._n > n and self.generation == generation:  # else the database has them from the journal
                self._journal.cut(n_bytes)
                self._n = n
            raise

    def _save(self, rows: Sequence[Row], line: Line | None) -> None:
        if line is not None and line.n > self._n:
            self._journal.append(line)
            self._n = line.n

        def save(connection: sqlite3.Connection) -> None:
            put(connection, rows, self._outputs)
            if line is not None:
                connection.execute("UPDATE journal SET n = ?", (line.n,))

        self._run(save, is_flushed=any(row.table not in (*NORMAL, "state") for row in rows))

    def _run(self, change: Callable[[sqlite3.Connection], T], *, is_flushed: bool) -> T:
        def run() -> T:
            with transaction(self._connection, is_flushed=is_flushed):
                return change(self._connection)

        return self._recovered(run)

    def _recovered(self, action: Callable[[], T]) -> T:
        """Do something; if the database turns out to be damaged, make it again and do it then."""
        try:
            if not self._is_open:
                self._open("")
            return action()
        except DATABASE_ERRORS as error:
            if not is_damage(error):
                raise
            self.recover(str(error), self.generation)
            return action()

    def _is_kept(self, row: Row) -> bool:
        return is_wanted(row, self._folder, self._clock())

    def _say(self, what: str, body: dict[str, Any]) -> None:
        now = self._clock()
        self._untold.append(Event(new_id(now), now, "", "monitor", what, body))

    def _tell(self) -> None:
        """Save the events of the store itself; on a disk that refuses even these, with what is saved next."""
        untold, self._untold = self._untold, []
        if not untold:
            return
        rows = [event_row(event) for event in untold]
        try:
            self.change(lambda connection: put(connection, rows, self._outputs))
        except DataError:
            self._untold = untold + self._untold

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What the disk or the database says becomes an error that names the folder; one that is closed refuses."""
        if self._is_closed:
            raise DataError(str(self._folder), "this event store was closed", "Try again in some seconds.")
        try:
            with disk_errors(self._folder):
                yield
        except DATABASE_ERRORS as error:
            remedy = "Free the disk if it is full, and see that no other program keeps the database locked."
            raise DataError(str(self._folder / FILE), f"cannot be read or written ({error})", remedy) from None
