"""An archive on the disk: how it grows as a part, is checked, and unpacked into a folder.

A part has a note beside it, ``<part>.json``, that says of which version of which file it is (address, ETag,
Last-Modified), so that bytes of two versions are never joined. A zip may come from anywhere, so nothing in it is
believed: names that lead elsewhere, links, devices, members that share bytes and members of another length or checksum
than they declare are refused.
"""

import hashlib
import json
import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from auscult.errors import DataError, printable
from auscult.files import whole_file

BLOCK = 1 << 20
ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
MAX_MEMBERS = 200_000
"""MIMII's archives have some thousands; a hostile one could fill the disk with empty files."""
LOCAL_HEADER = 30
"""Bytes before each member in a zip, at least."""
DISK_BLOCK = 4096
"""What a file takes on the disk at least, and by what it grows."""
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\..*)?", re.IGNORECASE)
"""Names that are devices on Windows, wherever they lie."""
DAMAGES = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)

OnBytes = Callable[[int, int], None]
"""Called with (bytes done, bytes in all)."""


@dataclass(frozen=True)
class Contents:
    """What an archive holds."""

    n_files: int
    n_bytes: int
    """Bytes of its files, unpacked."""
    n_bytes_on_disk: int
    """The same in whole blocks of the disk, folders included."""


@dataclass(frozen=True)
class Version:
    """Which version of which file a part is of."""

    url: str
    n_bytes: int
    etag: str | None
    last_modified: str | None

    def contradicts(self, other: "Version") -> bool:
        """Whether the other is a different one, as far as both say."""
        pairs = [(self.etag, other.etag), (self.last_modified, other.last_modified)]
        return self.n_bytes != other.n_bytes or any(a != b for a, b in pairs if a and b)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Say which file the disk refused.

    Raises
    ------
    DataError
        Instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        problem = f"the disk refuses it: {error.strerror or type(error).__name__}"
        remedy = "Free the disk or choose another folder, and run it again: what has come is kept."
        raise DataError(str(path), problem, remedy) from error


def part_version(part: Path) -> Version | None:
    """What the note beside a part says; None if there is none that can be read."""
    try:
        version = Version(**json.loads(_note(part).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return version if isinstance(version.n_bytes, int) else None


def start_part(part: Path, version: Version) -> None:
    """Begin a part: first the old bytes go, then comes the new note, so that never one is beside the other's."""
    discard(part)
    with disk_errors(part), whole_file(_note(part)) as file:
        file.write(json.dumps(asdict(version)).encode())


def discard(part: Path) -> None:
    """Delete a part and the note beside it."""
    with disk_errors(part):
        part.unlink(missing_ok=True)
        _note(part).unlink(missing_ok=True)


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def file_checksum(path: Path, like: str, on_progress: OnBytes | None = None) -> str:
    """Checksum of a file in the form and by the algorithm of another: ``md5:...``.

    Raises
    ------
    DataError
        If the algorithm is none of md5, sha1, sha256 and sha512, or the file cannot be read.
    """
    algorithm = like.partition(":")[0]
    if algorithm not in ALGORITHMS:
        problem = f"its checksum is of an unknown kind, {like!r}"
        raise DataError(str(path), problem, f"Known are {', '.join(ALGORITHMS)}.")
    digest, n_done = hashlib.new(algorithm, usedforsecurity=False), 0
    with disk_errors(path), path.open("rb") as file:
        n_bytes = path.stat().st_size
        while block := file.read(BLOCK):
            digest.update(block)
            n_done += len(block)
            if on_progress is not None:
                on_progress(n_done, n_bytes)
    return f"{algorithm}:{digest.hexdigest()}"


def read_contents(archive: str | Path) -> Contents:
    """Look into a zip without unpacking it, and check all that can be checked so.

    Raises
    ------
    DataError
        If it is no whole zip, or has a member that would not be unpacked.
    """
    archive = Path(archive)
    with _open(archive) as opened:
        return _contents(_checked_members(archive, opened))


def unpack(archive: str | Path, folder: str | Path, *, on_progress: OnBytes | None = None) -> Contents:
    """Unpack a zip into a new folder.

    Parameters
    ----------
    archive : path
    folder : path
        Must not exist, its parent must. If this raises, Ctrl-C included, it is gone again.
    on_progress : callable, optional
        Called with (bytes unpacked, bytes in all).

    Returns
    -------
    Contents

    Raises
    ------
    DataError
        If the archive is damaged or has a member that is not safe (a path that leads outside, a link, a device,
        another length or checksum than declared), or the disk refuses a file.
    """
    archive, folder = Path(archive), Path(folder)
    with _open(archive) as opened:
        members = _checked_members(archive, opened)
        contents, n_done = _contents(members), 0
        with disk_errors(folder):
            folder.mkdir()
        try:
            for member in members:
                target = folder.joinpath(*_parts(member))
                with disk_errors(target):
                    (target if member.is_dir() else target.parent).mkdir(parents=True, exist_ok=True)
                if member.is_dir():
                    continue
                for n_bytes in _unpack_file(archive, opened, member, target):
                    n_done += n_bytes
                    if on_progress is not None:
                        on_progress(n_done, contents.n_bytes)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return contents


def _unpack_file(archive: Path, opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> Iterator[int]:
    """Write a member, and yield the sizes of the blocks as they are written."""
    n_bytes = 0
    with disk_errors(target), target.open("xb") as file, _damages(archive, member.filename):
        with opened.open(member) as source:
            while block := source.read(BLOCK):  # zipfile checks the CRC-32 at the end
                n_bytes += len(block)
                if n_bytes > member.file_size:
                    break
                file.write(block)
                yield len(block)
        if n_bytes != member.file_size:
            raise zipfile.BadZipFile("it is of another length than declared")


@contextmanager
def _open(archive: Path) -> Iterator[zipfile.ZipFile]:
    with disk_errors(archive):
        file = archive.open("rb")
    with file:
        with _damages(archive):
            opened = zipfile.ZipFile(file)
        with opened:
            yield opened


@contextmanager
def _damages(archive: Path, member: str = "") -> Iterator[None]:
    """Say which archive is damaged, and where."""
    try:
        yield
    except DAMAGES as error:
        where = f"damaged at {printable(member)!r}" if member else "no whole zip"
        raise DataError(str(archive), f"is {where}: {error}", _remedy(archive)) from error


def _remedy(archive: Path) -> str:
    return f"Delete {printable(str(archive))} to fetch it anew, or use another mirror."


def _contents(members: list[zipfile.ZipInfo]) -> Contents:
    sizes = [member.file_size for member in members if not member.is_dir()]
    entries = {parts[:n] for parts in map(_parts, members) for n in range(1, len(parts) + 1)}
    on_disk = sum(-(-size // DISK_BLOCK) * DISK_BLOCK for size in sizes) + DISK_BLOCK * len(entries)
    return Contents(len(sizes), sum(sizes), on_disk)


def _checked_members(archive: Path, opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """All members, if every one may be unpacked."""
    members = opened.infolist()
    if len(members) > MAX_MEMBERS:
        raise DataError(str(archive), f"has {len(members)} members, more than {MAX_MEMBERS}", _remedy(archive))
    files: set[tuple[str, ...]] = set()
    folders: set[tuple[str, ...]] = set()
    for member in members:
        problem = _problem(member)
        parts = tuple(part.casefold() for part in _parts(member))  # some disks take `A` and `a` for the same
        if not problem and not member.is_dir():
            problem = "comes twice" if parts in files else ""
            files.add(parts)
        if problem:
            raise DataError(str(archive), f"member {printable(member.filename)!r} {problem}", _remedy(archive))
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            problem = f"is packed by a method that only other programs know ({member.compress_type})"
            raise DataError(str(archive), problem, "Unpack it yourself, with unzip or 7z.")
        folders |= {parts[:n] for n in range(1, len(parts) + member.is_dir())}
    if files & folders:
        name = "/".join(min(files & folders))
        raise DataError(str(archive), f"member {printable(name)!r} is a file and a folder", _remedy(archive))
    end = opened.start_dir
    for member in sorted(members, key=lambda member: member.header_offset, reverse=True):
        if member.header_offset + LOCAL_HEADER + member.compress_size > end:
            problem = f"member {printable(member.filename)!r} shares bytes with another"
            raise DataError(str(archive), problem, _remedy(archive))
        end = member.header_offset
    return members


def _parts(member: zipfile.ZipInfo) -> tuple[str, ...]:
    return tuple(member.filename.rstrip("/").split("/"))


def _problem(member: zipfile.ZipInfo) -> str:
    """Why a member may not be unpacked; empty if it may."""
    name, parts = member.orig_filename, _parts(member)
    kind = stat.S_IFMT(member.external_attr >> 16)
    if any(ord(letter) < 32 or letter in '\\:*?"<>|' for letter in name) or not name.isprintable():
        return "has letters in its name that files here do not have"
    if name.startswith("/") or any(part in ("", ".", "..") for part in parts):
        return "leads out of the folder"
    if any(DEVICES.fullmatch(part) or part.endswith((".", " ")) for part in parts):
        return "has the name of a device"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (kind == stat.S_IFDIR) > member.is_dir():
        return "is a link or a device"
    if member.flag_bits & 0x1:
        return "is encrypted"
    return ""
