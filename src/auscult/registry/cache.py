"""What was pulled, on this machine's disk, under the names of its own sums: what is there is what was pinned.

::

    ~/.cache/auscult/registry/          AUSCULT_CACHE or XDG_CACHE_HOME name another place
      sha256/<sum>                      manifests and bundles, whole and checked
      sha256/<sum>.part                 what has come of one
      tags/<sum of the reference>.json  what a tag meant when it was last asked for
      lock                              held while something is fetched
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auscult.files import disk_errors, write_whole
from auscult.registry.reference import DIGEST, Reference


def cache_folder() -> Path:
    """Folder of this user's cache: ``AUSCULT_CACHE``, else ``auscult`` in ``XDG_CACHE_HOME`` or in ``~/.cache``."""
    if own := os.environ.get("AUSCULT_CACHE"):
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(shared) if shared.startswith("/") else Path("~/.cache").expanduser()) / "auscult"


@dataclass(frozen=True)
class LastMeaning:
    """What a tag meant when the registry was last asked."""

    digest: str
    asked: str
    """When, in UTC."""


class Cache:
    """Manifests and bundles by their sums. Reading changes nothing, so that a cache may be read-only.

    Parameters
    ----------
    folder : path, optional
        `cache_folder` where not given. It is made when something is written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (cache_folder() if folder is None else folder) / "registry"

    def path(self, digest: str) -> Path:
        """Where something is or would be, whole."""
        return self.folder / digest.replace(":", "/")

    def part(self, digest: str) -> Path:
        """Where it grows until it is whole."""
        return self.path(digest).with_suffix(".part")

    def holds(self, digest: str) -> bool:
        """Whether it is here, and still what its name says: every byte is read."""
        try:
            return file_digest(self.path(digest)) == digest
        except OSError:
            return False

    def write(self, digest: str, content: bytes) -> None:
        """Keep a small thing, whose sum was checked.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        write_whole(self.path(digest), content)

    def last_meaning(self, reference: Reference) -> LastMeaning | None:
        """What a tag meant when it was last asked for, None if it never was or the note is damaged."""
        try:
            note = json.loads(self._note(reference).read_bytes())
            meaning = LastMeaning(note["digest"], note["asked"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return meaning if DIGEST.fullmatch(str(meaning.digest)) else None

    def remember(self, reference: Reference, digest: str) -> None:
        """Note what a tag means now.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        asked = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        note = {"reference": str(reference), "digest": digest, "asked": asked}
        write_whole(self._note(reference), json.dumps(note).encode())

    def _note(self, reference: Reference) -> Path:
        return self.folder / "tags" / f"{hashlib.sha256(str(reference).encode()).hexdigest()}.json"

    @contextmanager
    def fetching(self) -> Iterator[None]:
        """Hold the cache while something is fetched into it; another process that wants to waits for this one.

        Raises
        ------
        DataError
            If the folder cannot be written.
        """
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # bundles may be confidential
            (self.folder / "sha256").mkdir(exist_ok=True)
            lock = (self.folder / "lock").open("ab")
        with lock:
            with disk_errors(self.folder):
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def file_digest(path: Path) -> str:
    """``sha256:`` and the hexadecimal sum of a file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
