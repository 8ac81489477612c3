"""A bundle as a file: a zip of a few members, checked byte by byte, the same bytes for the same content.

Members are stored uncompressed with a fixed date, so that equal content is an equal file and nothing can unpack to
more than it seems.
"""

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from auscult.errors import BundleError
from auscult.files import whole_file

MANIFEST = "manifest.json"
MANIFEST_SUM = "manifest.sha256"
MAX_BYTES = 512 << 20
"""Largest sum of members read: far above any bundle, far below a computer's memory."""

DAMAGED = "It was damaged on its way, or changed by hand: copy it again, or make it again."


def write_archive(path: str | os.PathLike[str], manifest: dict[str, Any], members: dict[str, bytes]) -> None:
    """Write a bundle file: whole, or not at all.

    Parameters
    ----------
    path : path
        An existing file is replaced at the moment the new one is complete.
    manifest : dict
        Whatever JSON can hold; the members' SHA-256 sums are added as ``"members"``.
    members : dict of str -> bytes

    Raises
    ------
    BundleError
        If the file cannot be written.
    """
    manifest = manifest | {"members": {name: sha256(members[name]) for name in sorted(members)}}
    manifest_json = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        with whole_file(path) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                head = [(MANIFEST, manifest_json.encode()), (MANIFEST_SUM, sha256(manifest_json.encode()).encode())]
                for name, content in [*head, *sorted(members.items())]:
                    archive.writestr(zipfile.ZipInfo(name), content)  # dated 1980-01-01
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(str(path), f"cannot be written ({reason})", "Check the folder and the space on it.") from None


def read_archive(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Manifest and members of a bundle file, every member checked against its sum.

    Raises
    ------
    BundleError
        If the file is missing, no bundle, too large, or not what was written.
    """
    path = Path(path)
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > MAX_BYTES:
                raise BundleError(where, f"unpacks to more than {MAX_BYTES >> 20} MiB", "This is no Auscult bundle.")
            _check_is_no_bomb(where, infos)
            content = {info.filename: archive.read(info) for info in infos}
    except FileNotFoundError:
        raise _missing(where) from None
    except IsADirectoryError:
        raise BundleError(where, "is a folder, not a bundle", "Name the .auscult file in it.") from None
    except zipfile.BadZipFile:
        is_zip_start = path.read_bytes()[:2] == b"PK"
        if is_zip_start:
            raise BundleError(where, "is truncated or damaged", DAMAGED) from None
        remedy = "Bundles end in .auscult; a Keras file becomes one with: auscult bundle import-keras"
        raise BundleError(where, "is not a bundle (no zip file)", remedy) from None
    except PermissionError:
        raise BundleError(
            where, "may not be read by this user", "Change its permissions, or run as its owner."
        ) from None
    except (OSError, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise BundleError(where, f"cannot be read ({error})", DAMAGED) from None
    return _checked(where, content)


def _missing(where: str) -> BundleError:
    scheme, slash, name = where.partition(":/")
    if scheme == "oci" and slash:  # as a path has it, which lost a slash
        reference = f"oci://{name.lstrip('/')}"
        remedy = f"Pull it first: auscult bundle pull {reference} -o machine.auscult"
        return BundleError(reference, "is in a registry, and a file is needed here", remedy)
    return BundleError(where, "there is no such file", "Check the path, or make it with: auscult train")


def _check_is_no_bomb(where: str, infos: list[zipfile.ZipInfo]) -> None:
    """Refuse, before anything is read, what could unpack to more than it is."""
    for info in infos:
        if info.compress_type != zipfile.ZIP_STORED:
            problem = f"has a compressed member, {info.filename[:100]!r}, and bundles have none"
            raise BundleError(where, problem, "Make it with Auscult: a zip program's copy is no bundle.")
    if sum(info.file_size for info in infos) > Path(where).stat().st_size:  # members over one another
        raise BundleError(where, "unpacks to more than it is", "This is no Auscult bundle.")


def _checked(where: str, content: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    manifest_json, manifest_sum = content.pop(MANIFEST, None), content.pop(MANIFEST_SUM, b"")
    if manifest_json is None:
        raise BundleError(where, f"is a zip file without {MANIFEST}, so no bundle", "Name a .auscult file.")
    if sha256(manifest_json) != manifest_sum.decode(errors="replace"):
        raise BundleError(where, f"{MANIFEST} is not what was written (its SHA-256 differs)", DAMAGED)
    try:
        manifest = json.loads(manifest_json)
        sums = dict(manifest["members"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise BundleError(where, f"its {MANIFEST} cannot be understood ({error})", DAMAGED) from None
    if sums.keys() != content.keys():
        odd = ", ".join(sorted(sums.keys() ^ content.keys()))
        raise BundleError(where, f"members are missing or too many: {odd}", DAMAGED)
    for name, member in content.items():
        if sha256(member) != sums[name]:
            raise BundleError(where, f"{name} is not what was written (its SHA-256 differs)", DAMAGED)
    return manifest, content


def sha256(content: bytes) -> str:
    """Hexadecimal SHA-256 sum."""
    return hashlib.sha256(content).hexdigest()
