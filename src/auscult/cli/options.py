"""Options that several verbs have."""

import zipfile
from pathlib import Path

from auscult.audio import ChannelPolicy
from auscult.bundle.archive import MANIFEST, MANIFEST_SUM
from auscult.errors import OptionError


def channel_policy(text: str) -> ChannelPolicy:
    """Channel policy as it is written on the command line: ``mean``, ``all`` or an index from 0.

    Raises
    ------
    OptionError
        If it is anything else.
    """
    if text == "mean":
        return "mean"
    if text == "all":
        return "all"
    if text.isascii() and text.isdigit():
        return int(text)
    raise OptionError("--channels", f"expected mean, all or an index from 0, got {text!r}", "Choose one of them.")


def is_bundle(path: Path) -> bool:
    """Whether a file is a bundle by its name or, however it is called, by its content."""
    if path.suffix == ".auscult":
        return True
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return {MANIFEST, MANIFEST_SUM} <= set(archive.namelist())


def check_output(path: Path) -> Path:
    """Check before hours of work that their result can be put there.

    Raises
    ------
    OptionError
        If the folder does not exist, the path is a folder, or a file that is no bundle would be overwritten.
    """
    if path.is_dir():
        raise OptionError(str(path), "is a folder", f"Name the file in it: -o {path / 'machine.auscult'}")
    if path.exists() and not is_bundle(path):
        raise OptionError(str(path), "exists and is no bundle", "Name another file, so that it is not overwritten.")
    if not path.parent.is_dir():
        raise OptionError(str(path), f"there is no folder {path.parent}", f"Make it with: mkdir -p {path.parent}")
    return path
