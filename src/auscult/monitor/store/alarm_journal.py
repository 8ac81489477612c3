r"""What must not be lost, a second time: lines behind each other in a file, each with its checksum.

A line is a transaction: ``<checksum> {"n": 12, "rows": [["alarms", {...}], ...]}``. It is on the disk before the
database commits, so that the database can be made again from it, whatever happens to its pages.
"""

import base64
import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from auscult.errors import DataError
from auscult.files import disk_errors, whole_file
from auscult.monitor.store.alarm_audio import flush_folder
from auscult.monitor.store.schema import FORMAT, JOURNALLED, Row

FILE = "alarms.journal"
LEAST_BYTES = 1 << 20
"""Size from which on it is worth being made smaller."""
STEP = 50
"""Lines that are read or written at a time when it is made smaller."""


class Line(NamedTuple):
    """A transaction.

    Parameters
    ----------
    n : int
        The largest number of its rows.
    rows : list of Row
    """

    n: int
    rows: list[Row]


class AlarmJournal:
    """The lines of a store.

    Parameters
    ----------
    folder : Path
        The store's.

    Attributes
    ----------
    n_damaged : int
        Lines that the last reading could not understand.

    Raises
    ------
    DataError
        If the disk refuses it, or a newer Auscult wrote it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self.n_damaged = 0
        with disk_errors(self._path):
            for unfinished in folder.glob(f".{FILE}.*"):
                unfinished.unlink()
            is_new = not self._path.exists()
            self._file = self._open()
            if is_new:
                self._write(_encode({"format": FORMAT}))
                flush_folder(folder)
            self._end_last_line()
        self._n_bytes_compact = self.n_bytes
        found = self._format()
        if found > FORMAT:
            self.close()
            problem = f"has format {found}, this Auscult reads and writes {FORMAT}"
            raise DataError(str(self._path), problem, "Use the Auscult that made it, or choose another folder.")

    @property
    def n_bytes(self) -> int:
        """Its size."""
        return os.fstat(self._file).st_size

    @property
    def is_worth_compacting(self) -> bool:
        """Whether it has become twice as large as it was."""
        return self.n_bytes > max(LEAST_BYTES, 2 * self._n_bytes_compact)

    def append(self, line: Line) -> None:
        """Add a line, which is on the disk on return.

        Raises
        ------
        OSError
            If the disk refuses it: then nothing was added.
        """
        self._write(_encode({"n": line.n, "rows": line.rows}))

    def cut(self, n_bytes: int) -> None:
        """Take back what was appended since it had this size.

        Raises
        ------
        OSError
            If the disk refuses it.
        """
        os.ftruncate(self._file, n_bytes)
        os.fsync(self._file)

    def lines(self, n_bytes: int | None = None) -> Iterator[Line]:
        """Lines in their order; what is damaged is passed over, and counted.

        Parameters
        ----------
        n_bytes : int, optional
            Where to stop.
        """
        self.n_damaged = 0
        place = 0
        with self._path.open("rb") as file:
            try:
                for raw in file:
                    place += len(raw)
                    if n_bytes is not None and place > n_bytes:
                        return
                    content = _decode(raw)
                    if content is None:
                        self.n_damaged += 1
                    elif "rows" in content:
                        yield Line(content["n"], [_row(*row) for row in content["rows"]])
            except OSError:  # a sector that the disk cannot read: what comes after it is given up
                self.n_damaged += 1

    def compaction(self, is_kept: Callable[[Row], bool]) -> Iterator[None]:
        """Write it anew without what later lines replace, a little at each step; it stays in use meanwhile.

        Parameters
        ----------
        is_kept : callable
            Says of a row that no later one replaces whether it is still wanted.

        Raises
        ------
        OSError
            If the disk refuses it: then it stays as it is.
        """
        n_bytes = self._n_bytes_compact = self.n_bytes
        latest: dict[tuple[str, Any], Line] = {}
        for number, line in enumerate(self.lines(n_bytes)):
            latest |= {key_of(row): Line(line.n, [row]) for row in line.rows}
            if number % STEP == 0:
                yield
        with whole_file(self._path) as file:
            file.write(_encode({"format": FORMAT}))
            for number, line in enumerate(sorted(latest.values(), key=lambda line: line.n)):
                if is_kept(line.rows[0]):
                    file.write(_encode({"n": line.n, "rows": line.rows}))
                if number % STEP == 0:
                    file.flush()
                    os.fsync(file.fileno())
                    yield
            with self._path.open("rb") as old:
                old.seek(n_bytes)
                file.write(old.read())
            file.flush()
            os.fsync(file.fileno())
        flush_folder(self._path.parent)
        os.close(self._file)
        self._file = self._open()
        self._n_bytes_compact = self.n_bytes

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _open(self) -> int:
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def _write(self, raw: bytes) -> None:
        n_bytes = self.n_bytes
        try:
            if os.write(self._file, raw) < len(raw):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, n_bytes)
            raise

    def _end_last_line(self) -> None:
        """Cut off a line that a crash has left without its end: whoever wrote it was never told that it is there."""
        n_bytes = self.n_bytes
        if n_bytes and os.pread(self._file, 1, n_bytes - 1) != b"\n":
            content = self._path.read_bytes()
            end = content.rfind(b"\n") + 1
            if _decode(content[end:]) is None:
                os.ftruncate(self._file, end)
            else:
                self._write(b"\n")

    def _format(self) -> int:
        with self._path.open("rb") as file:
            content = _decode(file.readline())
        return FORMAT if content is None else int(content.get("format", FORMAT))


def key_of(row: Row) -> tuple[str, Any]:
    """What tells a row from the others, and two versions of it not from each other."""
    keys = JOURNALLED | {"state": "key", "events": "id", "detections": "id", "descriptors": "detection_id"}
    return row.table, row.values[keys[row.table]]


def _row(table: str, values: dict[str, Any]) -> Row:
    return Row(table, {k: base64.b64decode(v["base64"]) if isinstance(v, dict) else v for k, v in values.items()})


def _encode(content: dict[str, Any]) -> bytes:
    def encode_bytes(value: bytes) -> dict[str, str]:
        return {"base64": base64.b64encode(value).decode()}

    raw = json.dumps(content, ensure_ascii=False, default=encode_bytes).encode()
    return _checksum(raw) + b" " + raw + b"\n"


def _decode(raw: bytes) -> dict[str, Any] | None:
    checksum, _, content = raw.rstrip(b"\n").partition(b" ")
    if checksum != _checksum(content):
        return None
    decoded: dict[str, Any] = json.loads(content)
    return decoded


def _checksum(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=8).hexdigest().encode()
