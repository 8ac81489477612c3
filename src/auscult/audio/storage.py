"""Where recordings lie: folders of this machine, or any place that fsspec has a URL for (``s3://``, ``zip://``)."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from auscult.errors import AudioError, DataError, printable
from auscult.extras import require

CHANGING = {
    "mtime",
    "created",
    "crc",
    "etag",
    "md5",
    "md5hash",
    "last_modified",
    "lastmodified",
    "updated",
    "generation",
}
"""What storages say of a file that is another when the file is: a day of change, a sum, a version."""

LINKED = "linked folder"
LOCKED = "locked folder"
Trouble = Callable[[str, str], None]
"""Called with `LINKED` or `LOCKED` and the location of a folder that is not looked into."""


@dataclass(frozen=True)
class Folder:
    """A folder and what lies directly in it, in the order of the names; hidden folders are left out.

    Parameters
    ----------
    path : str
        With forward slashes; of a URL without the protocol.
    location : str
        What `open_recording` takes; for a file, with a slash and its name added by `at`.
    folder_names, file_names : list of str
    """

    path: str
    location: str
    folder_names: list[str]
    file_names: list[str]

    def at(self, name: str) -> str:
        """Location of a file in this folder."""
        return joined(self.location, name)


def is_url(location: str) -> bool:
    """Whether this is a URL of fsspec, chained ones included: ``zip://fan.zip``, ``zip://*.wav::s3://bucket/fan.zip``."""
    return re.match(r"[a-z][a-z0-9+.-]*://", location, re.IGNORECASE) is not None


def joined(location: str, name: str) -> str:
    """Location of a file below that of a folder."""
    before, colons, after = location.partition("::") if is_url(location) else (location, "", "")
    slash = "" if before.endswith("/") else "/"
    return f"{before}{slash}{name}{colons}{after}"


def kind_of(location: str) -> Literal["folder", "file", ""]:
    """Whether a folder or a file is there, or nothing.

    Raises
    ------
    DataError, MissingExtraError
        If it is a URL that cannot be asked.
    """
    if not is_url(location):
        path = Path(location)
        return "folder" if path.is_dir() else "file" if path.exists() else ""
    with _refusals(location):
        fs, path_there = _file_system(location)
        return "folder" if fs.isdir(path_there) else "file" if fs.exists(path_there) else ""


def parent_of(location: str) -> str:
    """Location of the folder that a file lies in."""
    if not is_url(location):
        return os.path.dirname(location)  # noqa: PTH120 - keeps `..` and links as they are
    before, colons, after = location.partition("::")
    return before.rpartition("/")[0] + colons + after


def walk(location: str, on_trouble: Trouble) -> Iterator[Folder]:
    """A folder and all below it, each before what lies in it; links to folders are not followed.

    Raises
    ------
    DataError, MissingExtraError
        If it is a URL that cannot be read.
    """
    yield from _walk_url(location) if is_url(location) else _walk_local(location, on_trouble)


def _walk_local(root: str, on_trouble: Trouble) -> Iterator[Folder]:
    def refuse(error: OSError) -> None:
        on_trouble(LOCKED, str(error.filename))

    for folder, folder_names, file_names in os.walk(root, onerror=refuse):
        folder_names[:] = sorted(name for name in folder_names if not name.startswith("."))
        for name in folder_names:
            if os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118 - pathlib takes ten times as long
                on_trouble(LINKED, f"{folder}/{name}")
        yield Folder(folder, folder, folder_names, sorted(file_names))


def _walk_url(root: str) -> Iterator[Folder]:
    with _refusals(root):
        fs, path = _file_system(root)
        rest = root.partition("::")[2]
        protocol = root.partition("://")[0]
        for folder, folder_names, file_names in fs.walk(path):
            folder_names[:] = sorted(name for name in folder_names if name and not name.startswith("."))
            location = f"{protocol}://{folder.lstrip('/') if rest else folder}" + (f"::{rest}" if rest else "")
            yield Folder(f"/{folder.strip('/')}", location, list(folder_names), sorted(filter(None, file_names)))


@contextmanager
def open_recording(location: str) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file for reading, wherever it lies; gives it and the number of its bytes.

    Raises
    ------
    AudioError
        If there is no such file, it is a folder or a device, or may not be read.
    """
    try:
        if is_url(location):
            with _open_url(location) as (file, n_bytes):
                yield file, n_bytes
            return
        status = os.stat(location)  # noqa: PTH116 - a Path for each of 100,000 files takes as long as their headers
        if stat.S_ISDIR(status.st_mode):
            raise AudioError(location, "is a folder, not a recording", "Name the files in it.")
        if not stat.S_ISREG(status.st_mode):  # reading a device such as /dev/zero would never end
            raise AudioError(location, "is not a regular file", "Save the recording to a file first.")
        with open(location, "rb") as file:  # noqa: PTH123
            yield file, status.st_size
    except FileNotFoundError:
        raise AudioError(location, "there is no such file", "Check the path.") from None
    except PermissionError:
        remedy = "Change its permissions, or run as its owner."
        raise AudioError(location, "may not be read by this user", remedy) from None
    except (OSError, ValueError) as error:
        raise AudioError(location, f"cannot be read ({error})", "Check the path and the disk.") from None


@contextmanager
def _open_url(location: str) -> Iterator[tuple[BinaryIO, int]]:
    try:
        fs, path = _file_system(location)
        with fs.open(path, "rb") as file:
            n_bytes = file.seek(0, os.SEEK_END)
            file.seek(0)
            yield cast(BinaryIO, file), n_bytes
    except (OSError, ValueError, AudioError):
        raise
    except Exception as error:  # noqa: BLE001 - each kind of storage raises errors of its own
        raise AudioError(location, f"cannot be fetched ({error})", "Check the address and who you are there.") from None


def _file_system(location: str) -> tuple[Any, str]:
    fsspec = require("fsspec", extra="cluster")
    fs, path = fsspec.core.url_to_fs(location)
    return fs, path


@contextmanager
def _refusals(location: str) -> Iterator[None]:
    """Turn what a storage raises into an error that says where and what to do."""
    try:
        yield
    except (AudioError, DataError, GeneratorExit):
        raise
    except ImportError as error:
        raise DataError(location, f"is of a kind that needs a further package ({error})", "Install it.") from None
    except FileNotFoundError:
        raise DataError(location, "there is no such folder or file", "Check the address.") from None
    except Exception as error:
        if type(error).__module__.startswith("auscult"):
            raise
        remedy = "Check the address, the network, and who you are there."
        raise DataError(location, f"cannot be read ({printable(str(error))})", remedy) from None


def state_of(location: str) -> str:
    """Return what changes when a file does, without reading it: length and time of change, or what its storage says.

    Returns
    -------
    str
        Empty if it cannot be told: some web servers say nothing that changes.
    """
    try:
        if not is_url(location):
            status = os.stat(location)  # noqa: PTH116 - as in open_recording
            return f"{status.st_size} bytes, {status.st_mtime_ns} ns"
        with _refusals(location):
            fs, path = _file_system(location)
            said = fs.info(path)
            return "; ".join(f"{key} {said[key]}" for key in sorted(said) if key.lower() in CHANGING)
    except (OSError, DataError):
        return ""
