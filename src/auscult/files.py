"""Files that are whole or not there at all."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from auscult.errors import DataError


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a file for writing that gets its name only when it is complete.

    Parameters
    ----------
    path : path
        In a folder that exists. A file of that name is replaced at the moment the new one is complete.

    Yields
    ------
    binary file
        A hidden neighbour of the path, which vanishes if anything is raised while it is written, Ctrl-C included.

    Raises
    ------
    OSError
        If the disk refuses it.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            yield file
        temporary.chmod(0o644)  # a temporary file is its owner's only
        temporary.replace(path)
        temporary = None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file whole or not at all, making its folder.

    Raises
    ------
    DataError
        If the disk refuses it, naming the file.
    """
    path = Path(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(content)


@contextmanager
def disk_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say which file or folder the disk refused: an OSError becomes a DataError that names it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        remedy = "Free the disk or choose another folder."
        if isinstance(error, FileExistsError | NotADirectoryError):
            remedy = "A file stands where a folder is expected: choose another folder."
        raise DataError(str(path), f"cannot be written: {reason}", remedy) from error


def size_text(n_bytes: int) -> str:
    """Bytes as people read them: ``10.4 GB``."""
    size, units = float(n_bytes), ["B", "kB", "MB", "GB"]
    while size >= 999.95 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} B" if units[0] == "B" else f"{size:.1f} {units[0]}"


def part_size(part: Path) -> int:
    """Bytes that have come of a file."""
    with disk_errors(part):
        return part.stat().st_size if part.exists() else 0


@contextmanager
def only_one(path: Path, problem: str, remedy: str) -> Iterator[None]:
    """Be the only one at work in a folder; the kernel lets go of the lock however this process ends.

    Parameters
    ----------
    path : Path
        File of the lock, in that folder; it goes when the work is done.
    problem, remedy : str
        What is said where somebody else is at work there.

    Raises
    ------
    DataError
        If somebody is, or the disk refuses the file.
    """
    with disk_errors(path):
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        with disk_errors(path):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = os.fstat(file).st_nlink > 0  # else who held it has just deleted it
            except BlockingIOError:
                is_ours = False
            if not is_ours:
                process = os.pread(file, 20, 0).decode("ascii", "replace") or "unknown"
                raise DataError(str(path.parent), f"{problem} (process {process})", remedy)
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)  # while it is held
    finally:
        os.close(file)
