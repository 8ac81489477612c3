"""Recordings of any machine -> a table with a row each, what they are like, and what is wrong with them.

Rows are written as they come; what is kept is counters, a few names for each problem and, with the sound, a fingerprint
of each clip, by which duplicates are found at the end.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

from auscult.audio.characteristics import Characteristics
from auscult.audio.describe import Description, describe_file
from auscult.audio.find import Entry, Recordings
from auscult.audio.fingerprint import Duplicate, Fingerprint, find_duplicates
from auscult.audio.layouts import Place
from auscult.audio.leaks import SplitClip, find_leaks
from auscult.audio.manifest import COLUMNS, ORIGINAL_COLUMNS, TableWriter, table_columns
from auscult.audio.problems import Problem, Problems
from auscult.audio.sides import check_splits, describe_leak, split_anew
from auscult.audio.statistics import ClipStatistics
from auscult.audio.storage import LOCKED, is_url
from auscult.errors import AuscultError, DataError, OptionError, printable
from auscult.files import disk_errors, whole_file
from auscult.workers.workers import in_order

STATISTICS_COLUMNS = tuple(field.name for field in fields(ClipStatistics))
BATCH = 16
"""Headers that a thread reads before it hands them over: a single one takes no longer than handing it over."""
N_AHEAD = 4
"""Batches for each thread that are begun before the first of them is written."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, the number of clips done, and their total."""


@dataclass(frozen=True)
class Scan:
    """What a scan found.

    Parameters
    ----------
    path : str
        What was scanned.
    characteristics : dict
        Shares of channel counts, sampling rates and bit depths; durations, hours, levels; clips by machine and label.
    problems : list of Problem
        Empty if nothing is wrong.
    """

    path: str
    characteristics: dict[str, Any]
    problems: list[Problem]

    def to_dict(self) -> dict[str, Any]:
        """Everything, as JSON can take it."""
        return {
            "path": printable(self.path),
            **self.characteristics,
            "problems": [problem.to_dict() for problem in self.problems],
        }


def scan(
    path: str | os.PathLike[str],
    *,
    output: str | os.PathLike[str] | None = None,
    original_csv: str | os.PathLike[str] | None = None,
    with_audio: bool = True,
    shares: tuple[float, float, float] | None = None,
    held_out: Sequence[str] = (),
    with_leaks: bool = False,
    n_jobs: int | None = None,
    on_progress: Progress | None = None,
) -> Scan:
    """Index the recordings in a folder, a table or at a URL.

    Parameters
    ----------
    path : path or URL
        A folder in MIMII's or DCASE's layout or with any folders named for labels; a CSV with a column ``path``; or
        either at a URL of fsspec.
    output : path, optional
        Table to write: `auscult.audio.manifest.COLUMNS` and, with the sound, the fields of the statistics.
    original_csv : path, optional
        The original project's table to write: path and name of the label.
    with_audio : bool
        Whether to read the sound too; else the headers only.
    shares : (float, float, float), optional
        Split the labelled clips anew: shares of each machine's normal takes for training, calibration and testing
        (`auscult.audio.splits.assign_splits`). Else the column ``split`` says what names or a table say.
    held_out : sequence of str
        Machines all of whose clips are for testing, with `shares`.
    with_leaks : bool
        Whether to look for recordings on more than one side of the split, by the takes' names and by ear.
    n_jobs : int >= 1, optional
        Threads; as many as there are cores where it is not given.
    on_progress : callable, optional
        Called with a stage's name, clips done, and clips in all.

    Returns
    -------
    Scan

    Raises
    ------
    DataError
        If there is nothing at the path, no recording there, or a table cannot be read or written.
    OptionError
        If a table's place is taken by something else, or an option is out of range.
    """
    n_jobs = (os.cpu_count() or 1) if n_jobs is None else n_jobs
    if n_jobs < 1:
        raise OptionError("n_jobs", f"expected 1 or more, got {n_jobs}", "Give the number of threads.")
    if output is not None and original_csv is not None and Path(output).absolute() == Path(original_csv).absolute():
        raise OptionError(str(output), "is asked for two tables", "Give the original's table another name.")
    check_table_output(output, COLUMNS[0])
    check_table_output(original_csv, ORIGINAL_COLUMNS[0])
    problems, characteristics = Problems(), Characteristics()
    recordings = Recordings(
        path, lambda kind, name: problems.add("locked_folders" if kind == LOCKED else "linked_folders", printable(name))
    )
    entries: Iterable[Entry] = recordings if shares is None else split_anew(recordings, shares, held_out)
    check_splits(entries, with_leaks=with_leaks)
    columns = COLUMNS + STATISTICS_COLUMNS if with_audio else COLUMNS
    fingerprints: dict[str, Fingerprint] = {}
    takes: dict[str, str] = {}
    sides: list[SplitClip] = []
    with ExitStack() as stack:
        table = _table(stack, output, columns)
        original = _table(stack, original_csv, ORIGINAL_COLUMNS)
        for n_done, (entry, description) in enumerate(_described(entries, with_audio, n_jobs), start=1):
            name = printable(entry.location)
            problems.add_clip(entry, description, name)
            characteristics.add(entry.place, description)
            if table is not None and output is not None:
                table.write(_row(entry, description, _name_in(entry.location, Path(output)), len(columns)))
            if original is not None and original_csv is not None:
                original.write([_name_in(entry.location, Path(original_csv)), entry.place.label_name])
            if description.fingerprint is not None:
                fingerprints[name], takes[name] = description.fingerprint, entry.place.take
            if with_leaks and entry.place.split:
                sides.append(SplitClip(name, entry.place.split, entry.place.take))
            if on_progress is not None:
                on_progress("scan", n_done, recordings.n_clips)
    duplicates = find_duplicates(fingerprints) if fingerprints else []
    _add_duplicates(problems, duplicates, takes)
    for leak in find_leaks(sides, duplicates=duplicates):
        problems.add("leaks", leak.clips[0], describe_leak(leak))
    return Scan(recordings.location, characteristics.to_dict(), problems.found())


def _add_duplicates(problems: Problems, duplicates: Iterable[Duplicate], takes: Mapping[str, str]) -> None:
    for duplicate in duplicates:
        if duplicate.kind == "identical":
            problems.add("exact_duplicates", duplicate.second, f"as {duplicate.first}")
        elif takes[duplicate.first] != takes[duplicate.second]:  # remixes of one take are not held against it
            detail = f"{duplicate.kind} of {duplicate.first}"
            detail += f", {duplicate.offset_s:+.2f} s" if duplicate.kind == "shifted" else ""
            problems.add("near_duplicates", duplicate.second, detail)


def check_table_output(path: str | os.PathLike[str] | None, first_column: str) -> None:
    """Check before the work that a table can be put there.

    Raises
    ------
    OptionError
        If the path is a folder or in none, or something else than such a table would be overwritten.
    """
    if path is None:
        return
    path = Path(path)
    if path.is_dir():
        raise OptionError(str(path), "is a folder", f"Name the file in it: {path / 'clips.csv'}")
    if not path.parent.is_dir():
        raise OptionError(str(path), f"there is no folder {path.parent}", f"Make it with: mkdir -p {path.parent}")
    if path.exists():
        try:
            is_ours = table_columns(str(path.absolute()))[:1] == [first_column]
        except DataError:
            is_ours = False
        if not is_ours:
            remedy = "Name another file, so that it is not overwritten."
            raise OptionError(str(path), f"exists and is no table that begins with '{first_column}'", remedy)


def _table(stack: ExitStack, path: str | os.PathLike[str] | None, columns: Iterable[str]) -> TableWriter | None:
    """A table that appears when the stack is left in good order; where the disk refuses it, that is said."""
    if path is None:
        return None
    stack.enter_context(disk_errors(path))
    writer = TableWriter(stack.enter_context(whole_file(path)), list(columns))
    stack.callback(writer.finish)
    return writer


def _described(entries: Iterable[Entry], with_audio: bool, n_jobs: int) -> Iterator[tuple[Entry, Description]]:
    """Each entry with what its file holds, in order; several threads read ahead, but not far."""

    def describe(batch: list[Entry]) -> list[tuple[Entry, Description]]:
        return [
            (entry, Description() if entry.error else describe_file(entry.location, with_audio=with_audio))
            for entry in batch
        ]

    remaining = iter(entries)
    n_batch = 1 if with_audio else BATCH
    batches = iter(lambda: list(islice(remaining, n_batch)), [])

    def begin(batch: list[Entry]) -> Future[list[tuple[Entry, Description]]]:
        return pool.submit(describe, batch)

    with ThreadPoolExecutor(n_jobs) as pool:
        try:
            for _, described in in_order(
                batches, begin, lambda _, future: future.result(), Future.cancel, n_ahead=N_AHEAD * n_jobs
            ):
                yield from described
        finally:
            pool.shutdown(cancel_futures=True)  # Ctrl-C ends now, not after what was begun


def _row(entry: Entry, description: Description, name: str, n_columns: int) -> list[object]:
    place, header, heard = entry.place, description.header, description.statistics
    cells: list[object] = [name, *_said(place)]
    if header is None:
        cells += [None] * 4
    else:
        cells += [header.n_channels, header.sr, round(header.duration_s, 6), header.subtype]
    cells += [description.n_bytes, entry.error or _error(description.error)]
    if heard is not None:
        cells += [_cell(getattr(heard, column)) for column in STATISTICS_COLUMNS]
    return cells + [None] * (n_columns - len(cells))


def _said(place: Place) -> list[object]:
    snr_db = None if place.snr_db is None else f"{place.snr_db:g}"
    who = [place.machine_type, place.machine_id, snr_db]
    return [*who, place.label, place.fault, place.domain, place.take, place.split]


def _error(error: AuscultError | None) -> str:
    return "" if error is None else f"{error.problem}. {error.remedy}"


def _cell(value: object) -> object:
    return int(value) if isinstance(value, bool) else float(f"{value:.6g}") if isinstance(value, float) else value


def _name_in(location: str, table: Path) -> str:
    """Name of a file in a table: relative if it lies below the table's folder, so that both may be moved together."""
    if is_url(location):
        return location
    folder = os.path.abspath(table.parent)  # noqa: PTH100 - leaves links their names
    inside = location.removeprefix(folder.rstrip("/") + "/")
    return printable(inside)
