"""Folders or a table of recordings -> clips whose machine, label and take are known: what is learnt from."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from auscult.audio.find import Entry, Recordings
from auscult.audio.layouts import LABEL_REMEDY, Label, Place, is_normal_name, place_of
from auscult.audio.manifest import is_table_name
from auscult.audio.storage import is_url
from auscult.errors import DataError, printable

__all__ = ["Clip", "Label", "clip_at", "index_clips", "lines_passed_over", "machine_at"]


@dataclass(frozen=True)
class Clip:
    """One recording and what its place in the folders, or a table, says of it."""

    path: Path
    machine: str
    """The machine's full name: ``fan/id_00``, or ``press_3`` where no folder says a type."""
    label: Label
    take: str
    """The underlying recording: MIMII gives the same one the same name at every SNR."""
    snr_db: float | None = None
    fault: str = ""
    domain: str = ""
    split: str = ""


def index_clips(root: str | os.PathLike[str]) -> list[Clip]:
    """Clips in a folder tree, or in a table, that are labelled.

    Parameters
    ----------
    root : path
        A folder with any part of MIMII's layout below it: what lies in a folder named ``normal`` or ``abnormal`` is
        taken; where none is called ``abnormal``, folders beside the normal ones are faults. If there is no such folder,
        other words for a label, file names of DCASE and folders of faults are (`auscult.audio.layouts`). Links to
        folders are not followed, hidden files and files that do not end like audio are passed over. Or a CSV with the
        columns ``path`` and ``label`` (`auscult.audio.manifest`), such as ``auscult scan`` writes.

    Returns
    -------
    list of Clip
        Sorted by machine, label and take; at least one. Folders of one name in different places are different
        machines: they get the path below `root` as their names. Folders that differ in the SNR only are one machine.

    Raises
    ------
    DataError
        If there is no such folder, no labelled clip in it, or the table cannot be read.
    """
    where = os.fspath(root)
    if is_url(where):
        raise DataError(where, "is an address, and clips are learnt from on this machine", "Copy them here first.")
    clips = _in_table(where) if _is_table(where) else _in_folder(where)
    return sorted(clips, key=lambda clip: (clip.machine, clip.label != "normal", clip.take, str(clip.path)))


def lines_passed_over(root: str | os.PathLike[str]) -> list[str]:
    """Lines of a table that `index_clips` passes over though they are meant to say a label: which, why, what to do.

    Parameters
    ----------
    root : path
        As in `index_clips`; of a folder there are none.

    Raises
    ------
    DataError
        If the table cannot be read.
    """
    where = os.fspath(root)
    if not _is_table(where):
        return []
    home, lines = Path(os.path.abspath(where)).parent, []  # noqa: PTH100 - as in clip_at
    for entry in Recordings(where):
        path = Path(entry.location)
        name = printable(str(path.relative_to(home) if path.is_relative_to(home) else path))
        if entry.error:
            lines.append(f"{name}: {entry.error}")
        elif entry.unknown_label:
            lines.append(f"{name}: its label {printable(entry.unknown_label)!r} is not known. {LABEL_REMEDY}")
    return lines


def clip_at(path: str | os.PathLike[str]) -> Clip | None:
    """Return the clip at this path, as its folders and its name describe it, or None where they do not name a label.

    A folder is a fault's, as in `index_clips`, only where a folder of normal sound lies beside it on the disk.
    """
    location = os.path.abspath(path)  # noqa: PTH100 - resolves `..` and leaves links their names
    place = place_of(location, has_normal_folder=_has_normal_folder)
    return _clip(location, place) if place.label else None


def machine_at(path: str | os.PathLike[str]) -> str | None:
    """Full name of the machine that the clip at this path is of, as for `clip_at`, or None."""
    location = os.path.abspath(path)  # noqa: PTH100 - as in clip_at
    return place_of(location, has_normal_folder=_has_normal_folder).machine or None


def _is_table(where: str) -> bool:
    return is_table_name(where) and not Path(where).is_dir()


def _has_normal_folder(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(is_normal_name(entry.name) and entry.is_dir() for entry in entries)
    except OSError:
        return False


def _in_folder(root: str) -> list[Clip]:
    labelled = _labelled(Recordings(root, only_labelled=True))
    if any(clip.label == "anomalous" for clip in labelled):
        return labelled
    recordings = Recordings(root, with_truth=False)
    clips = _labelled(recordings)
    if labelled:
        machines = {clip.machine for clip in labelled}
        return labelled + [clip for clip in clips if clip.fault and clip.machine in machines]
    if clips:
        return clips
    problem = f"holds {recordings.n_clips} recordings, none of them in a folder named normal or abnormal"
    raise DataError(recordings.location, problem, "Put them in <machine>/normal/*.wav and <machine>/abnormal/*.wav.")


def _in_table(table: str) -> list[Clip]:
    entries = list(Recordings(table))
    remote = next((entry.location for entry in entries if is_url(entry.location)), "")
    if remote:
        raise DataError(remote, "is an address, and clips are learnt from on this machine", "Copy them here first.")
    if clips := _labelled(entries):
        return clips
    problem = f"lists {len(entries)} recordings, none of them labelled normal or anomalous"
    raise DataError(table, problem, "Fill in its column 'label'.")


def _labelled(entries: Iterable[Entry]) -> list[Clip]:
    return [_clip(entry.location, entry.place) for entry in entries if entry.place.label and not entry.error]


def _clip(location: str, place: Place) -> Clip:
    assert place.label
    return Clip(
        path=Path(location),
        machine=place.machine or "machine",
        label=place.label,
        take=place.take,
        snr_db=place.snr_db,
        fault=place.fault,
        domain=place.domain,
        split=place.split,
    )
