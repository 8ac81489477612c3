"""One writer for a folder: the kernel lets go of the lock however the process ends."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from auscult.errors import DataError
from auscult.files import disk_errors

FILE = "store.lock"


def lock_store(folder: Path) -> int:
    """Be the only one who writes to a store.

    Parameters
    ----------
    folder : Path
        The store's.

    Returns
    -------
    int
        File to close when that is over.

    Raises
    ------
    DataError
        If somebody else is, or the disk refuses it.
    """
    path = folder / FILE
    with disk_errors(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            process = os.pread(file, 20, 0).decode("ascii", "replace") or "unknown"
            os.close(file)
            if not isinstance(error, BlockingIOError):
                raise
            problem = f"another monitor writes to this event store (process {process})"
            raise DataError(str(folder), problem, "Stop it, or give this one another folder: store.path.") from None
    with suppress(OSError):  # of a full disk: it is locked, only by whom is not said
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
    return file
