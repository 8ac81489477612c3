"""Archives of MIMII -> folders of recordings, the whole way: room on the disk, download, check, unpack.

In the folder lie, while it is at work: ``.auscult-fetch.lock``, the archive as ``6_dB_fan.zip.part``, and
``.6_dB_fan.unpacking``, which becomes ``6_dB_fan`` when it is whole. A file in that folder, ``.auscult-fetch.json``,
says how many recordings there must be.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from auscult.audio.download import download
from auscult.audio.mimii import Archive
from auscult.audio.unpack import (
    Contents,
    discard,
    disk_errors,
    file_checksum,
    read_contents,
    unpack,
)
from auscult.errors import DataError
from auscult.files import only_one, part_size, size_text
from auscult.patience import PATIENCE, OnNote, Patience

LOCK = ".auscult-fetch.lock"
MARKER = ".auscult-fetch.json"
UNPACKED_RATIO = 1.6
"""Bytes of recordings per byte of an archive that is not here yet: a guess on the safe side for 16-bit PCM of noise."""

State = Literal["whole", "own", "archive", "part", "missing"]
OnStage = Callable[[str, int, int], None]
"""Called with (what is done, bytes done, bytes in all)."""


@dataclass(frozen=True)
class Presence:
    """What of an archive is in a folder."""

    state: State
    """whole: unpacked by an earlier fetch; own: a folder of the user's with recordings; archive, part: to be unpacked,
    to be completed; missing.
    """
    n_bytes: int
    """Of it, on the disk."""


def fetch_archives(
    root: str | Path,
    archives: Sequence[Archive],
    *,
    keep_archives: bool = False,
    patience: Patience = PATIENCE,
    on_progress: OnStage | None = None,
    on_note: OnNote | None = None,
) -> list[Presence]:
    """Download archives, check them, unpack each into ``<root>/<snr>_dB_<type>/``; leave what is there.

    Parameters
    ----------
    root : path
        Made if missing.
    archives : sequence of Archive
        With their addresses (`locate_archives`).
    keep_archives : bool
        Keep them as ``<root>/<snr>_dB_<type>.zip``. An archive that lay there before is used and kept in any case.
    patience : Patience
        With servers.
    on_progress : callable, optional
        Called with (stage, bytes done, bytes in all).
    on_note : callable, optional
        Called with a line about what is passed over or tried again.

    Returns
    -------
    list of Presence
        What was there of each before. Now each is whole.

    Raises
    ------
    DataError
        If another fetch is at work there, the disk is too small, something is in the way, a server refuses or an
        archive is damaged. Archives that were done before stay, and running it again goes on where it was.
    """
    root = Path(root)
    with disk_errors(root):
        root.mkdir(parents=True, exist_ok=True)
    job = _Job(root, keep_archives, patience, on_progress or _ignore, on_note or _ignore)
    with only_one(
        root / LOCK, "another fetch is at work in this folder", "Wait until it is done, or use another folder."
    ):
        before = [look(root, archive) for archive in archives]
        wanted = []
        for archive, presence in zip(archives, before, strict=True):
            if presence.state == "whole":
                discard(root / f"{archive.name}.part")  # of a run that was killed at the very end
            elif presence.state == "own":
                job.on_note(f"{root / archive.folder}: is there, not from here, and is left as it is")
            else:
                wanted.append(archive)
        check_space(root, wanted, keep_archives=keep_archives)
        for archive in wanted:
            _fetch(job, archive)
    return before


def look(root: str | Path, archive: Archive) -> Presence:
    """Say what of an archive is there.

    Raises
    ------
    DataError
        If its folder is there but has lost recordings, or has none.
    """
    folder, part = Path(root) / archive.folder, Path(root) / f"{archive.name}.part"
    zipped = part.with_suffix("")
    with disk_errors(folder):
        if folder.is_symlink() or folder.exists():
            return _look_into(folder)
        if zipped.is_file():
            return Presence("archive", zipped.stat().st_size)
    n_bytes = part_size(part)
    return Presence("part" if n_bytes else "missing", n_bytes)


def check_space(root: Path, archives: Sequence[Archive], *, keep_archives: bool) -> None:
    """Check that the disk takes the archives, one after the other, and what is unpacked of them.

    Raises
    ------
    DataError
        If it does not. How much is unpacked of an archive that is not here yet is estimated.
    """
    lasting = most = 0
    for archive in archives:
        zipped = root / archive.name
        size = 0 if zipped.exists() else max(0, (archive.size or 0) - part_size(root / f"{archive.name}.part"))
        unpacked = (
            read_contents(zipped).n_bytes_on_disk if zipped.exists() else int((archive.size or 0) * UNPACKED_RATIO)
        )
        most = max(most, lasting + size + unpacked)
        lasting += unpacked + (size if keep_archives else 0)
    what = f"{len(archives)} archives, one at a time, and what is unpacked of them"
    _check_free(root, most, f"about {size_text(most)} for {what}")


@dataclass(frozen=True)
class _Job:
    root: Path
    keep_archives: bool
    patience: Patience
    on_progress: OnStage
    on_note: OnNote


def _fetch(job: _Job, archive: Archive) -> None:
    """Fetch one archive and unpack it."""
    zipped = job.root / archive.name
    part = zipped.with_name(f"{archive.name}.part")
    on_check = partial(job.on_progress, f"check {archive.name}")
    is_here = zipped.exists()
    if is_here:
        _check_own(zipped, archive, on_check)
    else:
        download(
            archive.url,
            part,
            size=archive.size,
            checksum=archive.checksum,
            patience=job.patience,
            on_progress=partial(job.on_progress, f"fetch {archive.name}"),
            on_check=on_check,
            on_note=job.on_note,
        )
    _unpack(job, zipped if is_here else part, archive)
    discard(part)


def _check_own(zipped: Path, archive: Archive, on_check: Callable[[int, int], None]) -> None:
    """Check that an archive that lies there already is the one that is wanted."""
    size = part_size(zipped)
    found = file_checksum(zipped, archive.checksum, on_check) if archive.checksum else None
    if (archive.size is not None and size != archive.size) or found != archive.checksum:
        problem = f"is there, but is not the archive that is listed ({size} bytes, {found or 'checksum unknown'})"
        raise DataError(str(zipped), problem, "Move it away, and it is fetched.")


def _unpack(job: _Job, zipped: Path, archive: Archive) -> None:
    """Unpack an archive, or the part that it is until then; the folder gets its name last."""
    folder, temporary = job.root / archive.folder, job.root / f".{archive.folder}.unpacking"
    with disk_errors(temporary):
        if temporary.exists():  # of a run that was killed
            shutil.rmtree(temporary)
    contents = read_contents(zipped)
    _check_free(job.root, contents.n_bytes_on_disk, f"{size_text(contents.n_bytes_on_disk)} to unpack {zipped.name}")
    unpack(zipped, temporary, on_progress=partial(job.on_progress, f"unpack {archive.name}"))
    try:
        if not any(_recordings(temporary)):
            raise DataError(str(zipped), "has no recordings in it", "Delete it, or use another mirror.")
        with disk_errors(folder):
            (temporary / MARKER).write_text(json.dumps(_marker(archive, contents)), encoding="utf-8")
            if job.keep_archives:
                zipped.rename(job.root / archive.name)
            temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _marker(archive: Archive, contents: Contents) -> dict[str, str | int | None]:
    return {
        "archive": archive.name,
        "checksum": archive.checksum,
        "n_files": contents.n_files,
        "n_bytes": contents.n_bytes,
    }


def _look_into(folder: Path) -> Presence:
    """Say whether a folder is whole, or the user's own; refuse one that is neither."""
    if not folder.is_dir():
        raise DataError(str(folder), "is no folder and in the way", "Move it away, and it is fetched.")
    if not (folder / MARKER).exists():
        if not any(_recordings(folder)):
            problem = "is there, not from here, and has no recordings in it"
            raise DataError(str(folder), problem, "Move it away, and it is fetched.")
        return Presence("own", _size(folder)[1])
    try:
        marker = json.loads((folder / MARKER).read_bytes())
        expected = int(marker["n_files"]), int(marker["n_bytes"])
    except (ValueError, KeyError, TypeError):
        expected = -1, -1
    n_files, n_bytes = _size(folder)
    if expected == (-1, -1) or n_files < expected[0] or n_bytes < expected[1]:
        problem = f"has lost files: {n_files} of {expected[0]} are there, {n_bytes} of {expected[1]} bytes"
        raise DataError(str(folder), problem, "Delete it or move it away, and it is fetched anew.")
    return Presence("whole", n_bytes)


def _size(folder: Path) -> tuple[int, int]:
    """Files and their bytes, the marker aside."""
    files = [path for path in folder.rglob("*") if path.is_file() and path != folder / MARKER]
    return len(files), sum(path.stat().st_size for path in files)


def _recordings(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() == ".wav" and path.is_file())


def _check_free(root: Path, needed: int, what: str) -> None:
    with disk_errors(root):
        free = shutil.disk_usage(root).free
    if needed > free:
        problem = f"the disk is too small: {what} are needed, {size_text(free)} are free"
        raise DataError(str(root), problem, "Free the disk, choose another folder, or fetch fewer archives.")


def _ignore(*_: object) -> None:
    pass
