"""Files that are written for people to edit: what they made of them is not written over."""

from pathlib import Path

from auscult.files import disk_errors, write_whole
from auscult.patience import OnNote


def write_or_keep(path: Path, content: bytes, on_note: OnNote, *, is_unedited: bool = False) -> None:
    """Write a file, unless there is one of that name with something else in it.

    Parameters
    ----------
    path : Path
    content : bytes
    on_note : callable
        Told which file was kept.
    is_unedited : bool
        Whether what is there is known to be nobody's work.

    Raises
    ------
    DataError
        If the disk refuses it.
    """
    with disk_errors(path):
        is_kept = path.is_file() and not is_unedited and path.read_bytes() != content
    if is_kept:
        on_note(f"{path}: kept as it is, as you may have edited it; delete it to have it anew")
    else:
        write_whole(path, content)
