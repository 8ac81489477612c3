"""Two megabytes of the disk that are held for the day when it is full: then alarms still get through."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

FILE = "reserve"
BYTES = 2 << 20
"""Thousands of changes of alarms."""


class DiskReserve:
    """A file without meaning.

    Parameters
    ----------
    folder : Path
        The store's.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    @property
    def is_held(self) -> bool:
        """Whether it is there, whole."""
        return self._path.exists() and self._path.stat().st_size == BYTES

    def take(self) -> bool:
        """Take the space, if it is not held already, and as much is left beside it; say whether it is held now."""
        if self.is_held:
            return True
        try:
            if shutil.disk_usage(self._path.parent).free < 2 * BYTES:
                return False
            with self._path.open("wb") as file:
                file.write(os.urandom(BYTES))  # which no file system makes smaller
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            self.give_up()
        return self.is_held

    def give_up(self) -> bool:
        """Give the space to the disk; say whether there was any."""
        was_there = self._path.exists()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        return was_there
