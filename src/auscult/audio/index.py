"""Folders of recordings -> clips whose machine, label and take are known from where they lie.

Understood is MIMII's layout, ``<snr>/<machine_type>/<machine_id>/{normal,abnormal}/*.wav`` (Purohit et al. 2019,
"MIMII Dataset: Sound Dataset for Malfunctioning Industrial Machine Investigation and Inspection"), as Zenodo's archives
and signalML's ``data6db``, ``data0db``, ``data66db`` have it, and any part of it: the folder above ``normal`` is the
machine.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auscult.errors import DataError

Label = Literal["normal", "anomalous"]

LABEL_FOLDERS: dict[str, Label] = {
    "normal": "normal",
    "abnormal": "anomalous",
    "anomalous": "anomalous",
    "anomaly": "anomalous",
}
AUDIO_SUFFIXES = {".wav", ".wave", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".caf", ".w64", ".rf64"}
MIMII_TYPES = ("fan", "pump", "slider", "valve")
MIMII_ID = re.compile(r"id_\d+")
SNR_FOLDER = re.compile(r"(?:^|[^0-9-])(-?\d+)_?dB(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Clip:
    """One recording and what its place in the folders says of it."""

    path: Path
    machine_id: str
    """The folder above the label: ``id_00``, or whatever the machine is called."""
    label: Label
    machine_type: str | None = None
    """``fan``, ``pump``, ... or None where no folder says it."""
    snr_db: float | None = None

    @property
    def machine(self) -> str:
        """The machine's full name, ``fan/id_00``, or ``id_00`` where the type is not known."""
        return f"{self.machine_type}/{self.machine_id}" if self.machine_type else self.machine_id

    @property
    def take(self) -> str:
        """The underlying recording: MIMII gives the same one the same name at every SNR."""
        return f"{self.machine}/{self.label}/{self.path.stem}"


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
        Sorted by machine, label and take; at least one.

    Raises
    ------
    DataError
        If there is no such folder, or no labelled clip in it.
    """
    root = Path(root).absolute()
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise DataError(str(root), what, "Give a folder with recordings in .../<machine>/normal/.")
    paths = list(_audio_files(root))
    clips = [clip for path in paths if (clip := clip_at(path)) is not None]
    if not clips:
        found = f"{len(paths)} recordings, none of them" if paths else "no recordings, so none"
        problem = f"holds {found} in a folder named normal or abnormal"
        raise DataError(str(root), problem, "Put them in <machine>/normal/*.wav and <machine>/abnormal/*.wav.")
    return sorted(clips, key=lambda clip: (clip.machine, clip.label != "normal", clip.take, str(clip.path)))


def clip_at(path: str | os.PathLike[str]) -> Clip | None:
    """Return the clip at this path, as its folders describe it, or None where they do not name a label."""
    path = Path(path).absolute()
    label = LABEL_FOLDERS.get(path.parent.name.lower())
    if label is None:
        return None
    machine_folder = path.parent.parent
    above = [folder.name for folder in machine_folder.parents][:2]  # <machine_type>, <snr>
    machine_type = next((kind for name in above if (kind := _mimii_type(name))), None)
    if machine_type is None and MIMII_ID.fullmatch(machine_folder.name) and above and _snr_db(above[0]) is None:
        machine_type = above[0] or None  # id_00 alone would be many machines: gearbox/id_00, bearing/id_00
    return Clip(
        path=path,
        machine_id=machine_folder.name or "machine",
        label=label,
        machine_type=machine_type,
        snr_db=next((snr for name in above if (snr := _snr_db(name)) is not None), None),
    )


def _audio_files(root: Path) -> Iterator[Path]:
    for folder, folder_names, file_names in os.walk(root):
        folder_names[:] = [name for name in folder_names if not name.startswith(".")]
        for name in file_names:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES:  # noqa: PTH122
                yield Path(folder, name)


def _mimii_type(folder_name: str) -> str | None:
    words = re.split(r"[^a-z]+", folder_name.lower())
    return next((kind for kind in MIMII_TYPES if kind in words), None)


def _snr_db(folder_name: str) -> float | None:
    if folder_name == "data66db":  # signalML's name for -6 dB
        return -6.0
    match = SNR_FOLDER.search(folder_name)
    return float(match[1]) if match else None
