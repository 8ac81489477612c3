"""The archives of the MIMII data set: what they are called, where they lie, how large they are.

Nothing of it is written down here but the names: sizes and checksums are read from Zenodo's record when they are
wanted, or from what a mirror has beside the archives.

References
----------
Purohit et al., "MIMII Dataset: Sound Dataset for Malfunctioning Industrial Machine Investigation and Inspection",
DCASE Workshop 2019. https://zenodo.org/records/3384388
"""

import json
import re
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from auscult.audio.download import check_status, open_answer
from auscult.errors import DataError, OptionError
from auscult.patience import PATIENCE, OnNote, Patience, number, persist

ZENODO = "https://zenodo.org"
RECORD = "3384388"
MACHINE_TYPES = ("fan", "pump", "slider", "valve")
SNRS_DB = (-6, 0, 6)
MAX_DOCUMENT = 1 << 24
"""Bytes of a list of files, at most."""


@dataclass(frozen=True)
class Archive:
    """One archive: all machines of a type at one SNR."""

    machine_type: str
    snr_db: int
    url: str = ""
    size: int | None = None
    """In bytes; None where nothing says it."""
    checksum: str | None = None
    """``md5:...``; None where nothing says it."""

    @property
    def folder(self) -> str:
        """Name of the folder that it is unpacked into: ``-6_dB_fan``."""
        return f"{self.snr_db}_dB_{self.machine_type}"

    @property
    def name(self) -> str:
        """Name of its file: ``-6_dB_fan.zip``."""
        return f"{self.folder}.zip"


def choose_archives(machine_types: Sequence[str] = MACHINE_TYPES, snr_db: Sequence[int] = SNRS_DB) -> list[Archive]:
    """Archives of these types at these SNRs, by name only.

    Raises
    ------
    OptionError
        If there is no such type or SNR, or one is named twice.
    """
    for option, values, known in (("--machine", machine_types, MACHINE_TYPES), ("--snr", snr_db, SNRS_DB)):
        choices = ", ".join(map(str, known))
        for value in values:
            if value not in known:
                raise OptionError(option, f"expected {choices}, got {value!r}", "Choose some of them.")
        if not values or len(set(values)) < len(values):
            raise OptionError(option, f"expected some of {choices}, each once", "Choose some of them.")
    return [Archive(machine_type, snr) for machine_type in machine_types for snr in snr_db]


def locate_archives(
    archives: Sequence[Archive],
    *,
    mirror: str | None = None,
    patience: Patience = PATIENCE,
    on_note: OnNote | None = None,
) -> list[Archive]:
    """Find out where archives lie, how large they are and what their checksums are.

    Parameters
    ----------
    archives : sequence of Archive
    mirror : str, optional
        Address of a folder with the archives under their names. Beside them is looked for ``record.json`` (what
        Zenodo answers for the record), then for ``MD5SUMS`` (what ``md5sum *.zip`` prints); sizes that neither says
        come from the server's headers. Zenodo where not given.
    patience : Patience
    on_note : callable, optional
        Called with a line about what is tried again, and if there are no checksums.

    Raises
    ------
    OptionError
        If the mirror is no http or https address.
    DataError
        If it cannot be read, is damaged, or has no such archive.
    """
    base = check_mirror(mirror) if mirror is not None else f"{ZENODO}/records/{RECORD}/files"
    suffix = "" if mirror is not None else "?download=1"
    placed = [replace(archive, url=f"{base}/{archive.name}{suffix}") for archive in archives]
    record_url = f"{base}/record.json" if mirror is not None else f"{ZENODO}/api/records/{RECORD}"
    content = _read_document(record_url, patience, on_note)
    if content is not None:
        return _described(placed, read_record(content, record_url), record_url)
    if mirror is None:
        raise DataError(record_url, "there is no such record", "Give another address with --mirror.")
    sums_url = f"{base}/MD5SUMS"
    content = _read_document(sums_url, patience, on_note)
    if content is not None:
        placed = _described(placed, read_sums(content, sums_url), sums_url)
    elif on_note is not None:
        on_note(
            f"{base} has neither record.json nor MD5SUMS: the CRC-32 of each file in the archives is the only check"
        )
    return [replace(archive, size=_read_size(archive.url, patience, on_note)) for archive in placed]


def check_mirror(url: str) -> str:
    """Address of a folder on a server, without a slash at its end.

    Raises
    ------
    OptionError
        If it is not http or https, or has what the address of a folder has not.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    is_printable = url.isascii() and url.isprintable() and " " not in url
    if not is_good or not is_printable or parts.query or parts.fragment or "@" in parts.netloc:
        problem = f"expected the address of a folder, http or https, without name and password, got {url!r}"
        raise OptionError("--mirror", problem, "For example: --mirror https://mirror.example.org/mimii")
    return url.rstrip("/")


def read_record(content: bytes, where: str) -> dict[str, tuple[int | None, str | None]]:
    """Sizes and checksums by name from a record as Zenodo's API describes it.

    Raises
    ------
    DataError
        If it is no such thing.
    """
    problem = "is not a record as Zenodo's API describes it"
    try:
        record: Any = json.loads(content)
        files = {file["key"]: (file["size"], file["checksum"].lower()) for file in record["files"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(where, problem, "Look at it in a browser, or use --mirror.") from error
    for name, (size, checksum) in files.items():
        if type(size) is not int or size < 0 or not re.fullmatch(r"[a-z0-9]+:[0-9a-f]{32,}", checksum):
            raise DataError(
                where, f"{problem}: size or checksum of {name!r}", "Look at it in a browser, or use --mirror."
            )
    return files


def read_sums(content: bytes, where: str) -> dict[str, tuple[int | None, str | None]]:
    """Checksums by name from what ``md5sum`` prints.

    Raises
    ------
    DataError
        If it is no such thing.
    """
    sums: dict[str, tuple[int | None, str | None]] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        match = re.fullmatch(r"([0-9a-fA-F]{32})[ \t]+\*?(?:\./)?(\S.*)", line.strip())
        if match:
            sums[match[2]] = (None, f"md5:{match[1].lower()}")
        elif line.strip() and not line.startswith("#"):
            raise DataError(where, f"is not what md5sum prints: {line[:60]!r}", "Look at it in a browser.")
    return sums


def _described(archives: list[Archive], files: dict[str, tuple[int | None, str | None]], where: str) -> list[Archive]:
    for archive in archives:
        if archive.name not in files:
            raise DataError(where, f"names no {archive.name}", "Choose other archives, or use another mirror.")
    return [
        replace(archive, size=size, checksum=checksum)
        for archive in archives
        for size, checksum in [files[archive.name]]
    ]


def _read_document(url: str, patience: Patience, on_note: OnNote | None) -> bytes | None:
    """Content of a small file on a server; None if there is none."""

    def ask() -> bytes | None:
        with open_answer(url, "GET", {"Accept": "application/json, text/plain"}, patience) as response:
            if response.status in (403, 404, 410):  # object stores answer 403 for what is not there
                return None
            check_status(url, response, (200,))
            content = response.read(MAX_DOCUMENT + 1)
        if len(content) > MAX_DOCUMENT:
            raise DataError(url, "is too large to be a list of files", "Use another mirror.")
        return content

    return persist(url, ask, patience, on_note)


def _read_size(url: str, patience: Patience, on_note: OnNote | None) -> int | None:
    """Size of a file on a server, None if the server does not say."""

    def ask() -> int | None:
        with open_answer(url, "HEAD", {}, patience) as response:
            if response.status in (405, 501):
                return None
            check_status(url, response, (200,))
            return number(response.headers.get("Content-Length"))

    return persist(url, ask, patience, on_note)
