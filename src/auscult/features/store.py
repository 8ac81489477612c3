"""A folder of features: arrays that numpy maps into memory, a table that says which row is which.

=====================  ===============================================================================================
``store.json``         how the features were made: recipe, channels, seed, ...
``descriptors.npy``    ``(n_rows, n_descriptors)`` float32
``patches.npy``        ``(n_frames of all rows, n_bands)`` float32: the frames of a row lie together
``rows.sqlite``        which recording, by its content, and which augmented copy lies where
``table.csv``          the recordings of the last run, a line for each row, in the order in which they were found
=====================  ===============================================================================================

Rows are added and never changed. A batch of them is one transaction of the database: first the arrays are written
behind the last row it knows, then it is told. So a run that is killed leaves whole rows only, and of two that write at
the same time each adds what the other has not.
"""

import csv
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from auscult.audio.channels import ChannelPolicy, check_channel_policy
from auscult.errors import AuscultError, DataError
from auscult.features.nameplate import Nameplate
from auscult.features.recipe import Recipe
from auscult.features.registry import recipe_from_dict, recipe_to_dict

FORMAT = 1
"""Of the folder and of the arithmetic: rows of different ones are not put together."""

SPECIFICATION = "store.json"
DESCRIPTORS = "descriptors.npy"
PATCHES = "patches.npy"
ROWS = "rows.sqlite"
TABLE = "table.csv"

PLACE_COLUMNS = ("row", "first_frame", "n_frames")
"""Of the table: where a line's features lie, as in `Place`."""

OTHER_VERSION = "Use the Auscult that made it, or build the store anew in another folder."


@dataclass(frozen=True)
class Specification:
    """How the features of a store are made.

    Parameters
    ----------
    recipe : Recipe
    channels : ChannelPolicy
    seed : int
        Of augmented copies.
    has_patches : bool
        Whether patches are kept too.
    nameplates : dict of str -> Nameplate
        By the machine's name.
    """

    recipe: Recipe
    channels: ChannelPolicy
    seed: int
    has_patches: bool
    nameplates: dict[str, Nameplate]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "format": FORMAT,
            "features": recipe_to_dict(self.recipe),
            "channels": self.channels,
            "seed": self.seed,
            "has_patches": self.has_patches,
            "nameplates": {name: asdict(plate) for name, plate in sorted(self.nameplates.items())},
            "descriptor_names": list(self.recipe.descriptor_names),
        }


@dataclass(frozen=True)
class Place:
    """Where the features of one recording, or of one augmented copy, lie.

    Parameters
    ----------
    row : int
        In the descriptors.
    first_frame, n_frames : int
        In the patches.
    """

    row: int
    first_frame: int
    n_frames: int


def read_specification(root: Path) -> Specification:
    """What a store's store.json says.

    Raises
    ------
    DataError
        If there is none, it is damaged, or a newer Auscult wrote it.
    """
    path = root / SPECIFICATION
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            problem = f"has format {content['format']!r}, this Auscult reads and writes {FORMAT}"
            raise DataError(str(path), problem, OTHER_VERSION)
        found = Specification(
            recipe=recipe_from_dict(content["features"]),
            channels=check_channel_policy(content["channels"]),
            seed=int(content["seed"]),
            has_patches=bool(content["has_patches"]),
            nameplates={name: Nameplate.from_dict(plate) for name, plate in content["nameplates"].items()},
        )
        if content["descriptor_names"] != list(found.recipe.descriptor_names):
            problem = f"has other descriptors than this Auscult computes (Auscult {content['auscult']} made it)"
            raise DataError(str(path), problem, OTHER_VERSION)
        return found
    except FileNotFoundError:
        raise DataError(str(root), "is no feature store", "Make one with: auscult features PATH -o STORE") from None
    except DataError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AuscultError) as error:
        remedy = "Restore it from a backup, or build the store anew in another folder."
        raise DataError(str(path), f"cannot be understood ({error})", remedy) from None


def open_rows(root: Path) -> sqlite3.Connection:
    """Database of a store's rows, made if it is not there."""
    connection = sqlite3.connect(root / ROWS, timeout=60, isolation_level=None)
    connection.executescript(
        "CREATE TABLE IF NOT EXISTS rows (row INTEGER PRIMARY KEY, content TEXT NOT NULL, augmentation TEXT NOT NULL,"
        " first_frame INTEGER NOT NULL, n_frames INTEGER NOT NULL, UNIQUE (content, augmentation));"
        "CREATE TABLE IF NOT EXISTS files (location TEXT PRIMARY KEY, state TEXT NOT NULL, content TEXT NOT NULL)"
        " WITHOUT ROWID"
    )
    return connection


class FeatureStore:
    """Features in a folder, to read; nothing is loaded but what is asked for, and 24 bytes for each line of the table.

    Parameters
    ----------
    root : path
        A folder that ``auscult features`` wrote; another process may be writing to it.

    Attributes
    ----------
    specification : Specification

    Raises
    ------
    DataError
        If it is no such folder, or damaged.
    """

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root)
        self.specification = read_specification(self._root)
        self._places = np.empty((0, 3), np.int64)
        self._table_version = (0, 0)

    def __len__(self) -> int:
        """Return the number of lines of the table."""
        return len(self._lines())

    @property
    def recipe(self) -> Recipe:
        """The recipe that the features were made with."""
        return self.specification.recipe

    def table(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, str]]:
        """Lines `start` to `stop` of the table, as texts by the names of its columns.

        Raises
        ------
        DataError
            If no run has come to its end yet.
        """
        with self._open_table() as file:
            yield from islice(csv.DictReader(file), start, stop)

    def descriptors(self, start: int = 0, stop: int | None = None) -> NDArray[np.float32]:
        """Descriptors of lines `start` to `stop` of the table, shape (n_lines, n_descriptors), float32."""
        return self._map(DESCRIPTORS)[self._lines()[start:stop, 0]]

    def patches(self, start: int = 0, stop: int | None = None) -> Iterator[NDArray[np.float32]]:
        """Patches of lines `start` to `stop` of the table, each of shape (n_bands, n_frames), float32.

        Views of a file on the disk, read when they are looked at.

        Raises
        ------
        DataError
            If the store was made without patches.
        """
        if not self.specification.has_patches:
            problem = "was made without patches"
            raise DataError(str(self._root), problem, "Build one without --no-patches in another folder.")
        frames = self._map(PATCHES)
        for _, first, n_frames in self._lines()[start:stop]:
            yield frames[first : first + n_frames].T

    def _lines(self) -> NDArray[np.int64]:
        """Row, first frame and number of frames of each line of the table, read anew when a run has replaced it."""
        with self._open_table() as file:
            status = os.fstat(file.fileno())
            if (version := (status.st_ino, status.st_mtime_ns)) != self._table_version:
                numbers = (int(line[name]) for line in csv.DictReader(file) for name in PLACE_COLUMNS)
                self._places = np.fromiter(numbers, np.int64).reshape(-1, len(PLACE_COLUMNS))
                self._table_version = version
        return self._places

    @contextmanager
    def _open_table(self) -> Iterator[TextIO]:
        path = self._root / TABLE
        try:
            with path.open(newline="", encoding="utf-8") as file:
                yield file
        except FileNotFoundError:
            remedy = "Run auscult features to its end: it goes on where it was."
            raise DataError(str(path), "is not there: the store is not finished", remedy) from None

    def _map(self, name: str) -> NDArray[np.float32]:
        path = self._root / name
        try:
            array: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            remedy = "Restore it from a backup, or build the store anew in another folder."
            raise DataError(str(path), f"cannot be read ({error})", remedy) from None
        return array
