"""What a long run has computed, kept for the run that goes on after it was interrupted.

One SQLite file: a process that is killed at any moment leaves whole results only.
"""

import hashlib
import io
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auscult import __version__
from auscult.errors import DataError
from auscult.files import disk_errors, only_one

Arrays = dict[str, NDArray[np.generic]]
FILE = "results.sqlite"
SCRATCH = "scratch"
LOCK = "lock"


def key_of(*parts: Any) -> str:
    """Name of a result: the same only where everything it was computed from is the same.

    Parameters
    ----------
    *parts : what JSON can hold, bytes, or arrays
    """
    digest = hashlib.sha256(__version__.encode())  # another version may compute otherwise
    for part in parts:
        if isinstance(part, np.ndarray):
            content = f"{part.dtype}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
        else:
            content = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


class Kept:
    """Results by their keys; threads and processes may share them.

    Parameters
    ----------
    folder : path or None
        Made if missing. None: nothing is kept.
    is_run : bool
        Whether this is a run, which has the folder to itself, but for the processes that work for it.

    Raises
    ------
    DataError
        If the disk refuses it, something else is there, or another run has it.
    """

    def __init__(self, folder: Path | None, *, is_run: bool = False) -> None:
        self.folder = folder
        self.n_found = 0
        """Results that were asked for and had been kept by an earlier run."""
        self._own: set[str] = set()
        """Keys of those that this run computed: it may ask for one again."""
        self._lock = Lock()
        self._database: sqlite3.Connection | None = None
        self._held = ExitStack()
        if folder is None:
            return
        with disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if is_run:
            remedy = "Wait until it is done, or give this one another output."
            self._held.enter_context(only_one(folder / LOCK, "another training of this output is running", remedy))
        try:
            self._open(folder / FILE)
        except DataError:
            self.close()
            raise

    def arrays(self, key: str, compute: Callable[[], Arrays]) -> Arrays:
        """Arrays as they were kept, or computed and kept from now on.

        Parameters
        ----------
        key : str
            From `key_of`.
        compute : callable
            Gives arrays without objects. What it raises is passed on, and nothing is kept.

        Raises
        ------
        DataError
            If the disk refuses them.
        """
        found = self._read(key)
        if found is not None:
            with self._lock:
                self.n_found += key not in self._own
            with np.load(io.BytesIO(found), allow_pickle=False) as arrays:
                return dict(arrays)
        computed = compute()
        with self._lock:
            self._own.add(key)
        if self._database is not None:
            buffer = io.BytesIO()
            np.savez(buffer, allow_pickle=False, **computed)
            with self._lock, self._errors():
                self._database.execute("INSERT OR REPLACE INTO results VALUES (?, ?)", (key, buffer.getvalue()))
        return computed

    def has(self, key: str) -> bool:
        """Whether a result has been kept."""
        return self._read(key) is not None

    def scratch(self) -> Path | None:
        """Folder for files of results that are not whole yet; None where nothing is kept.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        if self.folder is None:
            return None
        folder = self.folder / SCRATCH
        with disk_errors(folder):
            folder.mkdir(exist_ok=True)
        return folder

    def remove(self) -> None:
        """Delete what was kept: the run is over. The folder goes with it unless something else is in it."""
        self._close_database()
        if self.folder is not None:
            (self.folder / FILE).unlink(missing_ok=True)
            shutil.rmtree(self.folder / SCRATCH, ignore_errors=True)
            self.close()
            with suppress(OSError):
                self.folder.rmdir()

    def close(self) -> None:
        """Let go of the folder."""
        self._close_database()
        self._held.close()

    def _open(self, file: Path) -> None:
        with self._errors():
            self._database = sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)
            # Safe where the process is killed; only a machine that goes down may lose the last results.
            self._database.execute("PRAGMA synchronous=OFF")
            self._database.execute("CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, value BLOB NOT NULL)")

    def _close_database(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, key: str) -> bytes | None:
        if self._database is None:
            return None
        with self._lock, self._errors():
            row = self._database.execute("SELECT value FROM results WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What the database says becomes an error that names the folder."""
        try:
            yield
        except sqlite3.Error as error:
            remedy = "Make room on the disk, or delete the folder: then everything is computed anew."
            problem = f"what was computed cannot be kept or read there ({error})"
            raise DataError(str(self.folder), problem, remedy) from None
