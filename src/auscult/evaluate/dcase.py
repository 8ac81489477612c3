"""Scores of clips -> the CSV files that the evaluators of DCASE Task 2 read, 2020 to 2025.

No header; a line is ``<file name>,<score>`` in ``anomaly_score_<type>_section_<nn>_test.csv``, and
``<file name>,<0|1>`` in ``decision_result_<type>_section_<nn>_test.csv``. The evaluator of 2020 reads
``anomaly_score_<type>_id_<nn>.csv`` and no decisions. They sort the lines by file name and pair them with the truth by
their place: a name that is there twice would move every clip after it.
"""

import csv
import errno
import io
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auscult.errors import DataError, printable
from auscult.files import disk_errors, whole_file

_IN_DCASE = re.compile(r"(?P<type>.+)/(?P<part>section_\d+|id_\d+)", re.ASCII)
_NO_SECTION = "section_00"
"""DCASE's first: of a machine whose name says none."""


@dataclass(frozen=True)
class ScoredFile:
    """A clip and what was said of it."""

    machine: str
    """The machine's full name: ``fan/section_00``, ``fan/id_00`` or ``press_3``."""
    path: str
    """Only the file's name is written."""
    score: float
    is_alarm: bool
    """Whether the score is above the machine's threshold."""


def write_dcase(files: Sequence[ScoredFile], folder: Path) -> list[Path]:
    """Write scores and decisions as the evaluators of DCASE Task 2 read them, all of them or none.

    Parameters
    ----------
    files : sequence of ScoredFile
        In any order. ``fan/section_03`` is type ``fan``, section 3; ``fan/id_02`` is named as in 2020. The name of any
        other machine is its type, section 0. What is no letter, digit, ``-`` or ``_`` in a type becomes ``_``.
    folder : Path
        Made if it is missing. Files of the same names are replaced.

    Returns
    -------
    list of Path
        For each machine, by name: its scores, its decisions.

    Raises
    ------
    DataError
        If two machines would share a file, two clips of a machine have one file name, a score is not finite, or the
        disk refuses.
    """
    contents: dict[Path, bytes] = {}
    for ending, clips in sorted(_by_ending(files).items()):
        by_name = _by_file_name(clips)
        contents[folder / f"anomaly_score_{ending}.csv"] = _csv(
            (name, _written(clip)) for name, clip in by_name.items()
        )
        contents[folder / f"decision_result_{ending}.csv"] = _csv(
            (name, str(int(clip.is_alarm))) for name, clip in by_name.items()
        )
    _write_all(contents, folder)
    return list(contents)


def _by_ending(files: Sequence[ScoredFile]) -> dict[str, list[ScoredFile]]:
    """Clips by how the names of their two files end."""
    groups: dict[str, list[ScoredFile]] = {}
    for clip in files:
        group = groups.setdefault(_ending(clip.machine), [])
        if group and group[0].machine != clip.machine:
            raise DataError(
                f"anomaly_score_{_ending(clip.machine)}.csv",
                f"would hold two machines, {printable(group[0].machine)} and {printable(clip.machine)}",
                "Rename one of them, or write each into a folder of its own.",
            )
        group.append(clip)
    return groups


def _ending(machine: str) -> str:
    match = _IN_DCASE.fullmatch(machine)
    machine_type, part = (match["type"], match["part"]) if match else (machine, _NO_SECTION)
    machine_type = re.sub(r"[^\w-]", "_", machine_type)
    return f"{machine_type}_{part}" if part.startswith("id_") else f"{machine_type}_{part}_test"


def _by_file_name(clips: Sequence[ScoredFile]) -> dict[str, ScoredFile]:
    """Clips of a machine by file name, sorted by it."""
    by_name: dict[str, ScoredFile] = {}
    for clip in clips:
        name = printable(PurePosixPath(clip.path).name)
        if name in by_name:
            raise DataError(
                clip.machine,
                f"has two clips called {name}, {printable(by_name[name].path)} and {printable(clip.path)}",
                "DCASE tells clips of a machine apart by file name. Write each SNR into a folder of its own, and give "
                "normal and anomalous clips names of their own, such as normal_id_00_00000000.wav.",
            )
        by_name[name] = clip
    return dict(sorted(by_name.items()))


def _written(clip: ScoredFile) -> str:
    score = float(clip.score)
    if not math.isfinite(score):
        raise DataError(clip.path, f"has the score {score}", "Leave the clip out, or find out why it has no score.")
    return repr(score)


def _csv(rows: Iterable[tuple[str, str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _write_all(contents: Mapping[Path, bytes], folder: Path) -> None:
    """Give the files their names only when all of them are complete."""
    with disk_errors(folder), ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            with disk_errors(path):
                if path.is_dir():  # found out by the renaming, it would be too late for the others
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                file = stack.enter_context(whole_file(path))
                file.write(content)
                file.close()  # a full disk says so here; and there may be more files than a process may have open
