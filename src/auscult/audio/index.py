"""Folders of recordings -> clips whose machine, label and take are known from where they lie.

Understood is MIMII's layout, ``<snr>/<machine_type>/<machine_id>/{normal,abnormal}/*.wav`` (Purohit et al. 2019,
"MIMII Dataset: Sound Dataset for Malfunctioning Industrial Machine Investigation and Inspection"), as Zenodo's archives
and signalML's ``data6db``, ``data0db``, ``data66db`` have it, and any part of it: the folder above ``normal`` is the
machine.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from auscult.errors import DataError, printable

Label = Literal["normal", "anomalous"]

LABEL_FOLDERS: dict[str, Label] = {
    "normal": "normal",
    "abnormal": "anomalous",
    "anomalous": "anomalous",
    "anomaly": "anomalous",
}
AUDIO_SUFFIXES = {".wav", ".wave", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".caf", ".w64", ".rf64"}
MIMII_TYPES = ("fan", "pump", "slider", "valve")
_TYPE = "|".join(MIMII_TYPES)
SNR_FOLDER = re.compile(rf"(?:mimii_|data)?(?:({_TYPE})_)?(-?\d+)_?dB(?:_({_TYPE}))?", re.IGNORECASE)
"""``6_dB_fan``, ``-6_dB_fan``, ``data6db``, ``mimii_fan_0dB``, ``6dB``."""
LABEL_DEPTH = 2
"""A recording lies in the folder that is its label, or in one below that (a day, a session)."""


@dataclass(frozen=True)
class Clip:
    """One recording and what its place in the folders says of it."""

    path: Path
    machine: str
    """The machine's full name: ``fan/id_00``, or ``press_3`` where no folder says a type."""
    label: Label
    take: str
    """The underlying recording: MIMII gives the same one the same name at every SNR."""
    snr_db: float | None = None


def index_clips(root: str | os.PathLike[str]) -> list[Clip]:
    """Clips in a folder tree that are labelled by a folder named ``normal`` or ``abnormal``.

    Parameters
    ----------
    root : path
        A folder with any part of MIMII's layout below it. Links to folders are not followed, hidden files and files
        that do not end like audio are passed over.

    Returns
    -------
    list of Clip
        Sorted by machine, label and take; at least one. Folders of one name in different places are different
        machines: they get the path below `root` as their names. Folders that differ in the SNR only are one machine.

    Raises
    ------
    DataError
        If there is no such folder, or no labelled clip in it.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 - resolves `..` and leaves links their names
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise DataError(str(root), what, "Give a folder with recordings in .../<machine>/normal/.")
    paths = list(_audio_files(root))
    clips = [clip for path in paths if (clip := clip_at(path)) is not None]
    if not clips:
        found = f"{len(paths)} recordings, none of them" if paths else "no recordings, so none"
        problem = f"holds {found} in a folder named normal or abnormal"
        raise DataError(str(root), problem, "Put them in <machine>/normal/*.wav and <machine>/abnormal/*.wav.")
    clips = _with_distinct_names(clips, root)
    return sorted(clips, key=lambda clip: (clip.machine, clip.label != "normal", clip.take, str(clip.path)))


def clip_at(path: str | os.PathLike[str]) -> Clip | None:
    """Return the clip at this path, as its folders describe it, or None where they do not name a label."""
    path = Path(os.path.abspath(path))  # noqa: PTH100 - as in index_clips
    folder = _label_folder(path)
    if folder is None:
        return None
    label, machine_folder = LABEL_FOLDERS[folder.name.lower()], folder.parent
    above = [parent.name for parent in machine_folder.parents][:2]  # <machine_type>, <snr>
    snr_folders = [match for name in above if (match := SNR_FOLDER.fullmatch(name))]
    types = [name.lower() for name in above[:1] if name.lower() in MIMII_TYPES]
    types += [(match[1] or match[3]).lower() for match in snr_folders if match[1] or match[3]]
    name = printable(machine_folder.name or "machine")
    machine = f"{types[0]}/{name}" if types else name
    return Clip(
        path=path,
        machine=machine,
        label=label,
        take=f"{machine}/{label}/{printable(str(path.relative_to(folder).with_suffix('')))}",
        snr_db=_snr_db(snr_folders[0]) if snr_folders else None,
    )


def _label_folder(path: Path) -> Path | None:
    return next((parent for parent in path.parents[:LABEL_DEPTH] if parent.name.lower() in LABEL_FOLDERS), None)


def _with_distinct_names(clips: list[Clip], root: Path) -> list[Clip]:
    """Name machines by their path below the root where one name stands for folders in several places."""
    homes: dict[str, set[str]] = {}
    for clip in clips:
        homes.setdefault(clip.machine, set()).add(_home(clip, root))
    named = []
    for clip in clips:
        if len(homes[clip.machine]) > 1:
            machine = printable(_home(clip, root))
            clip = replace(clip, machine=machine, take=machine + clip.take.removeprefix(clip.machine))  # noqa: PLW2901
        named.append(clip)
    return named


def _home(clip: Clip, root: Path) -> str:
    """Path of a clip's machine below the root, without the folders that only say an SNR."""
    folder = _label_folder(clip.path)
    assert folder is not None
    machine_folder = folder.parent
    parts = machine_folder.relative_to(root).parts if machine_folder.is_relative_to(root) else (machine_folder.name,)
    return "/".join(part for part in parts if not SNR_FOLDER.fullmatch(part)) or root.name


def _audio_files(root: Path) -> Iterator[Path]:
    for folder, folder_names, file_names in os.walk(root):
        folder_names[:] = [name for name in folder_names if not name.startswith(".")]
        for name in file_names:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES:  # noqa: PTH122
                yield Path(folder, name)


def _snr_db(match: re.Match[str]) -> float:
    if match[0].lower() == "data66db":  # signalML's name for -6 dB
        return -6.0
    return float(match[2])
