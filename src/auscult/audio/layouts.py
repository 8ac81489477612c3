"""Path of a recording -> what its place and its name say of it, without looking at the disk.

Understood, the first that fits: MIMII's folders (Purohit et al. 2019, "MIMII Dataset: Sound Dataset for Malfunctioning
Industrial Machine Investigation and Inspection") as Zenodo's archives and signalML's ``data6db``, ``data0db``,
``data66db`` have them, and any part of them: the folder above ``normal`` is the machine; file names of DCASE Task 2,
2020 to 2025; folders with another word for a label (``ok``, ``ng``); folders beside those, which are faults.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from auscult.errors import printable

Label = Literal["normal", "anomalous"]

LABEL_FOLDERS: Mapping[str, Label] = {
    "normal": "normal",
    "abnormal": "anomalous",
    "anomalous": "anomalous",
    "anomaly": "anomalous",
}
"""Names of folders that are labels wherever they are met."""
LABEL_WORDS: Mapping[str, Label] = {
    **LABEL_FOLDERS,
    **dict.fromkeys(("ok", "good", "healthy", "pass", "io"), "normal"),
    **dict.fromkeys(("ng", "nok", "nio", "bad", "faulty", "defective", "broken", "fail"), "anomalous"),
}
"""All words for a label, in lower case: of folders and in tables."""
LABEL_REMEDY = "Write normal or anomalous, and which fault it is in the column fault."
"""What to do about a table that says another word."""
AUDIO_SUFFIXES = {".wav", ".wave", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".caf", ".w64", ".rf64"}
MIMII_TYPES = ("fan", "pump", "slider", "valve")
_TYPE = "|".join(MIMII_TYPES)
SNR_FOLDER = re.compile(rf"(?:mimii_|data)?(?:({_TYPE})_)?(-?\d+)_?dB(?:_({_TYPE}))?", re.IGNORECASE)
"""``6_dB_fan``, ``-6_dB_fan``, ``data6db``, ``mimii_fan_0dB``, ``6dB``."""
LABEL_DEPTH = 2
"""A recording lies in the folder that is its label, or in one below that (a day, a session)."""

_SPLITS = {"train": "train", "test": "test", "source_test": "test", "target_test": "test"}
_SPLITS |= dict.fromkeys(("supplemental", "supplementary", "supplement"), "supplemental")
_DOMAINS = ("source", "target")
_DCASE_LABELS: Mapping[str, Label] = {"normal": "normal", "anomaly": "anomalous"}
_DCASE_2020 = re.compile(r"(?:(?P<words>normal|anomaly)_)?(?P<id>id_\d+)_\d+(?:_.*)?")
_DCASE_2021 = re.compile(
    r"(?P<id>section_\d+)"
    r"(?P<words>(?:_(?:source|target|train|test|supplement(?:al|ary)?|clean|noise|normal|anomaly))*)"
    r"_\d+(?:_.*)?"
)


@dataclass(frozen=True)
class Place:
    """What the place and the name of a recording say of it; empty where they say nothing.

    Parameters
    ----------
    machine_type, machine_id : str
        ``fan`` and ``id_00``, or no type and ``press_3``. A machine id with a slash is the machine's full name.
    snr_db : float, optional
    label : {"normal", "anomalous", ""}
    label_name : str
        The label as the folder, the file name or the table has it: ``abnormal``.
    fault : str
    domain : {"source", "target", ""}
        Of DCASE's domain shift.
    take : str
        The underlying recording: MIMII gives the same one the same name at every SNR.
    split : {"train", "test", "supplemental", ""}
    home : str
        Path of the machine: two machines of one name have two homes.
    """

    machine_type: str = ""
    machine_id: str = ""
    snr_db: float | None = None
    label: Label | Literal[""] = ""
    label_name: str = ""
    fault: str = ""
    domain: str = ""
    take: str = ""
    split: str = ""
    home: str = ""

    @property
    def machine(self) -> str:
        """The machine's full name: ``fan/id_00``, or ``press_3`` where nothing says a type."""
        return full_name(self.machine_type, self.machine_id)

    def renamed(self, machine: str) -> "Place":
        """Return the same place with another full name of its machine, in its take too."""
        return replace(self, machine_id=machine, take=machine + self.take.removeprefix(self.machine))


def full_name(machine_type: str, machine_id: str) -> str:
    """Full name of a machine from its type and its id, which is the full name already if it has a slash in it."""
    if machine_type and machine_id and "/" not in machine_id:
        return f"{machine_type}/{machine_id}"
    return machine_id or machine_type


def is_audio_name(name: str) -> bool:
    """Whether a file is audio by its name, and not hidden."""
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES


def is_snr_name(name: str) -> bool:
    """Whether a folder's name says an SNR."""
    return SNR_FOLDER.fullmatch(name) is not None


def labelled_place(path: str) -> Place | None:
    """What a path says, if it lies in a folder named ``normal``, ``abnormal``, ``anomalous`` or ``anomaly``.

    Parameters
    ----------
    path : str
        Absolute, or as long as it is known, with forward slashes.
    """
    whole = PurePosixPath(path)
    folder = _nearest(whole, lambda parent: parent.name.lower() in LABEL_FOLDERS)
    return None if folder is None else _in_label_folder(whole, folder)


def place_of(path: str, *, has_normal_folder: Callable[[str], bool] = lambda _: False) -> Place:
    """What a path says of the recording there.

    Parameters
    ----------
    path : str
        As in `labelled_place`.
    has_normal_folder : callable
        Says of a folder's path whether a folder of normal sound lies in it: other folders in it are then faults.

    Returns
    -------
    Place
        Empty where nothing is known by name.
    """
    if (place := labelled_place(path) or _dcase_place(path)) is not None:
        return place
    whole = PurePosixPath(path)
    folder = _nearest(whole, lambda parent: parent.name.lower() in LABEL_WORDS)
    if folder is None:
        folder = _nearest(whole, lambda parent: _may_be_fault(parent.name) and has_normal_folder(str(parent.parent)))
    return Place() if folder is None else _in_label_folder(whole, folder)


def is_normal_name(name: str) -> bool:
    """Whether a folder's name is a word for normal sound."""
    return LABEL_WORDS.get(name.lower()) == "normal"


def _may_be_fault(name: str) -> bool:
    return bool(name) and name.lower() not in _SPLITS and not is_snr_name(name)


def _nearest(path: PurePosixPath, is_wanted: Callable[[PurePosixPath], bool]) -> PurePosixPath | None:
    return next((parent for parent in path.parents[:LABEL_DEPTH] if is_wanted(parent)), None)


def _in_label_folder(path: PurePosixPath, folder: PurePosixPath) -> Place:
    """MIMII's layout: ``<snr>/<machine_type>/<machine_id>/<label>/...``."""
    name = folder.name.lower()
    label = LABEL_WORDS.get(name, "anomalous")
    machine_folder = folder.parent
    machine_type, snr_db = _above(machine_folder)
    machine_id = printable(machine_folder.name or "machine")
    machine = full_name(machine_type, machine_id)
    return Place(
        machine_type=machine_type,
        machine_id=machine_id,
        snr_db=snr_db,
        label=label,
        label_name=printable(folder.name),
        fault="" if name in LABEL_WORDS else printable(folder.name),
        take=f"{machine}/{_take_folder(folder, label)}/{printable(str(path.relative_to(folder).with_suffix('')))}",
        home=str(machine_folder),
    )


def _take_folder(folder: PurePosixPath, label: Label) -> str:
    """Folders of different faults hold different takes; those of one label by other words do too."""
    name = folder.name.lower()
    return label if name in LABEL_FOLDERS or LABEL_WORDS.get(name) == "normal" else f"{label}/{printable(folder.name)}"


def _above(machine_folder: PurePosixPath) -> tuple[str, float | None]:
    """Machine type and SNR that the two folders above a machine's say."""
    above = [parent.name for parent in machine_folder.parents[:2]]  # <machine_type>, <snr>
    snr_folders = [match for name in above if (match := SNR_FOLDER.fullmatch(name))]
    types = [name.lower() for name in above[:1] if name.lower() in MIMII_TYPES]
    types += [(match[1] or match[3]).lower() for match in snr_folders if match[1] or match[3]]
    return types[0] if types else "", _snr_db(snr_folders[0]) if snr_folders else None


def _dcase_place(path: str) -> Place | None:
    """``<machine_type>/{train,test,...}/<name>``, the name in DCASE's form of 2020 or of 2021 and later."""
    whole = PurePosixPath(path)
    match = _DCASE_2020.fullmatch(whole.stem) or _DCASE_2021.fullmatch(whole.stem)
    if match is None:
        return None
    words = [word for word in (match["words"] or "").split("_") if word]
    folder = whole.parent.name.lower()
    is_in_split = folder in _SPLITS
    type_folder = whole.parent.parent if is_in_split else whole.parent
    words += folder.split("_") if is_in_split else []  # the name comes first
    label_name = next((word for word in words if word in _DCASE_LABELS), "")
    label: Label | Literal[""] = _DCASE_LABELS.get(label_name, "")
    machine_type, machine_id = printable(type_folder.name), match["id"]
    return Place(
        machine_type=machine_type,
        machine_id=machine_id,
        label=label,
        label_name=label_name,
        domain=next((word for word in words if word in _DOMAINS), ""),
        take=f"{full_name(machine_type, machine_id)}/{label or 'unknown'}/{printable(whole.stem)}",
        split=next((_SPLITS[word] for word in words if word in _SPLITS), ""),
        home=str(type_folder / machine_id),
    )


def _snr_db(match: re.Match[str]) -> float:
    if match[0].lower() == "data66db":  # signalML's name for -6 dB
        return -6.0
    return float(match[2])
