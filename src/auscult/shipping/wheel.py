"""Auscult as it is installed here -> the wheel it was installed from.

A wheel of pure Python is its files, zipped, with a list of their sums (PEP 427).
"""

import base64
import hashlib
import io
import zipfile
from importlib import metadata
from pathlib import Path

import auscult
from auscult.files import write_whole

INFO_FILES = ("METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE")


def write_wheel(folder: Path) -> Path:
    """Write the wheel of this Auscult, from a clone as from an index: an image gets the code that runs here.

    Parameters
    ----------
    folder : Path
        In which the wheel is put. The same code gives the same bytes.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    DataError
        If the disk refuses it.
    """
    distribution = metadata.distribution("auscult")
    stem = f"auscult-{distribution.version}"
    package = Path(auscult.__file__).parent
    members = {
        f"auscult/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in sorted(package.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
    for name in INFO_FILES:
        text = distribution.read_text(name)
        if text is not None:
            members[f"{stem}.dist-info/{name}"] = text.encode()
    record = f"{stem}.dist-info/RECORD"
    lines = [f"{name},sha256={_sum(content)},{len(content)}" for name, content in members.items()]
    members[record] = "\n".join([*lines, f"{record},,\n"]).encode()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name), member, zipfile.ZIP_DEFLATED)
    path = folder / f"{stem}-py3-none-any.whl"
    write_whole(path, content.getvalue())
    return path


def _sum(content: bytes) -> str:
    """SHA-256 as lists of wheels have it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
