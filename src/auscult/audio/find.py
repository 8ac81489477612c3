"""A folder, a table or a URL -> the recordings there and what is said of each, one at a time.

All is gone through twice: once to count and to see which names stand for several machines, then again for the
recordings themselves, so that a hundred thousand of them take no more memory than a thousand.
"""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from auscult.audio.layouts import (
    LABEL_WORDS,
    Place,
    full_name,
    is_audio_name,
    is_normal_name,
    is_snr_name,
    labelled_place,
    place_of,
)
from auscult.audio.manifest import Row, is_table_name, read_table, table_columns, unescaped
from auscult.audio.storage import Trouble, is_url, joined, kind_of, parent_of, walk
from auscult.errors import DataError, printable

TRUTH = "truth.csv"
"""Table of a synthetic data set, which describes the clips of the folder that it lies in."""


@dataclass(frozen=True)
class Entry:
    """One recording, found or listed.

    Parameters
    ----------
    location : str
        Absolute path, or URL.
    place : Place
    unknown_label : str
        What the table says instead of a label.
    error : str
        What is wrong with its line in the table.
    is_listed : bool
        Whether it is from a table.
    """

    location: str
    place: Place
    unknown_label: str = ""
    error: str = ""
    is_listed: bool = False


class Recordings:
    """The recordings that a path leads to.

    Parameters
    ----------
    path : path or URL
        Of a folder or a table.
    on_trouble : callable
        Called once for each folder that is not looked into.
    with_truth : bool
        Whether a folder's truth.csv is believed.
    only_labelled : bool
        Whether of a folder only those count that lie in a folder called ``normal``, ``abnormal``, ... (then there may
        be none).

    Attributes
    ----------
    location : str
        The path, absolute.
    n_clips : int
        How many there are; at least one.

    Raises
    ------
    DataError
        If there is nothing at the path, no recording in the folder, or the table cannot be read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        on_trouble: Trouble = lambda *_: None,
        *,
        with_truth: bool = True,
        only_labelled: bool = False,
    ) -> None:
        given = os.fspath(path)
        self._with_truth = with_truth and not only_labelled
        self._only_labelled = only_labelled
        self.location = given if is_url(given) else os.path.abspath(given)  # noqa: PTH100 - leaves links their names
        self._table = self._find_table()
        is_folder = self._table != self.location
        self._folder = self.location if is_folder else ""
        self._root = self.location if is_folder else parent_of(self.location)
        self._homes: dict[str, set[str]] = {}
        self._listed: set[int] = set()
        self.n_clips = 0
        n_other = _Counter()
        for entry in self._entries(on_trouble, n_other):
            self.n_clips += 1
            if entry.place.home:
                self._homes.setdefault(entry.place.machine, set()).add(self._home(entry.place))
        if not self.n_clips and not only_labelled:
            raise self._nothing(n_other.n)

    def __iter__(self) -> Iterator[Entry]:
        """Go through the recordings: those of a table in its order, those of folders by name."""
        for entry in self._entries(lambda *_: None, _Counter()):
            if entry.place.home and len(self._homes.get(entry.place.machine, ())) > 1:
                yield replace(entry, place=entry.place.renamed(printable(self._home(entry.place))))
            else:
                yield entry

    def _find_table(self) -> str:
        """Location of the table, if there is one."""
        kind = kind_of(self.location)
        if not kind:
            raise DataError(self.location, "there is no such file or folder", "Check the path.")
        if kind == "file":
            if is_table_name(self.location):
                return self.location
            problem = "is a file, not a folder or a table (.csv)"
            raise DataError(self.location, problem, "Give the folder that the recordings lie in.")
        truth = joined(self.location, TRUTH)
        if not self._with_truth:
            return ""
        return truth if kind_of(truth) == "file" and {"path", "label"} <= set(table_columns(truth)) else ""

    def _nothing(self, n_other: int) -> DataError:
        if not self._folder:
            return DataError(
                self.location, "the table lists no recordings", "Give it a line for each, below the first."
            )
        found = f", only {n_other} files of other kinds" if n_other else ""
        remedy = "Give a folder with WAV, FLAC, OGG, MP3 or AIFF files in it or below it."
        return DataError(self.location, f"holds no recordings{found}", remedy)

    def _entries(self, on_trouble: Trouble, n_other: "_Counter") -> Iterator[Entry]:
        if self._table:
            base = parent_of(self._table)
            for row in read_table(self._table):
                entry = _listed(row, base)
                self._listed.add(hash(entry.location))
                yield entry
        if self._folder:
            yield from self._in_folders(on_trouble, n_other)

    def _in_folders(self, on_trouble: Trouble, n_other: "_Counter") -> Iterator[Entry]:
        with_normal: set[str] = set()
        for folder in walk(self._folder, on_trouble):
            if any(map(is_normal_name, folder.folder_names)):
                with_normal.add(folder.path)
            for name in folder.file_names:
                location = folder.at(name)
                path = f"{folder.path}/{name}"
                if not is_audio_name(name) or (self._only_labelled and labelled_place(path) is None):
                    n_other.n += 1
                elif hash(location) not in self._listed:
                    place = place_of(path, has_normal_folder=with_normal.__contains__)
                    yield Entry(location, place if place.take else replace(place, take=self._relative(location)))

    def _relative(self, location: str) -> str:
        """Path below the root, without the suffix."""
        inside = location.partition("::")[0].removeprefix(self._root.partition("::")[0]).lstrip("/")
        return printable(str(PurePosixPath(inside).with_suffix("")))

    def _home(self, place: Place) -> str:
        """Path of a machine below the root, without the folders that only say an SNR."""
        home, root = PurePosixPath(place.home), PurePosixPath(_path(self._root))
        parts = home.relative_to(root).parts if home.is_relative_to(root) else (home.name,)
        return "/".join(part for part in parts if not is_snr_name(part)) or root.name


class _Counter:
    def __init__(self) -> None:
        self.n = 0


def _path(location: str) -> str:
    """Path of a location: of a URL what stands after the protocol."""
    return "/" + location.partition("::")[0].partition("://")[2].strip("/") if is_url(location) else location


def _listed(row: Row, base: str) -> Entry:
    """A recording that a table lists: what the table does not say, its path does."""
    said = row.cells
    path = said.get("path", "")
    if not path:
        return Entry(f"line {row.line}", Place(take=f"line {row.line}"), error=row.error, is_listed=True)
    location = _located(path, base)
    place = place_of(_path(location))
    changes: dict[str, Any] = {name: said[name] for name in ("fault", "domain", "split") if name in said}
    unknown_label, error = "", row.error
    if "label" in said:
        changes["label"] = LABEL_WORDS.get(said["label"].lower(), "")
        changes["label_name"] = said["label"]
        unknown_label = said["label"] if not changes["label"] else ""
    elif said.get("fault"):
        changes |= {"label": "anomalous", "label_name": said["fault"]}
    if "snr_db" in said:
        changes["snr_db"] = _number(said["snr_db"])
        if said["snr_db"] and changes["snr_db"] is None:
            error = f"line {row.line} says an snr_db of {said['snr_db']!r}. Write it as a number, or leave it empty."
    if "machine_id" in said or "machine_type" in said:
        changes |= {"machine_type": said.get("machine_type", ""), "machine_id": said.get("machine_id", ""), "home": ""}
    named = replace(place, **changes)
    take = said.get("take") or _take(place, named, path)
    return Entry(location, replace(named, take=take), unknown_label, error, is_listed=True)


def _take(place: Place, named: Place, path: str) -> str:
    """Take of a recording of which the table says none: as its place says it, of the machine that the table says."""
    label = named.label or "unknown"
    inside = (
        place.take.removeprefix(f"{place.machine}/") if place.take else f"{label}/{PurePosixPath(path).with_suffix('')}"
    )
    return f"{full_name(named.machine_type, named.machine_id)}/{inside}".lstrip("/")


def _located(path: str, base: str) -> str:
    if is_url(path):
        return path
    if is_url(base):
        return joined(base, path)
    names = dict.fromkeys((path, path.strip(), unescaped(path), path.strip().replace("\\", "/")))  # the last of Windows
    locations = [os.path.abspath(os.path.join(base, name)) for name in names]  # noqa: PTH100, PTH118 - links keep names
    return next((location for location in locations[:-1] if os.path.lexists(location)), locations[-1])


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
