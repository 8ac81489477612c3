"""Adding rows to a feature store."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from auscult import __version__
from auscult.errors import DataError, OptionError
from auscult.features.extract import Extracted
from auscult.features.growing_array import GrowingArray
from auscult.features.recipe import Features
from auscult.features.store import (
    DESCRIPTORS,
    PATCHES,
    SPECIFICATION,
    Place,
    Specification,
    open_rows,
    read_specification,
)
from auscult.files import disk_errors


class StoreWriter:
    """A feature store that is open for writing; `open` makes one.

    Attributes
    ----------
    n_rows_before : int
        Rows that were there when it was opened.
    """

    def __init__(self, root: Path, specification: Specification) -> None:
        self._root = root
        self._specification = specification
        recipe = specification.recipe
        self._descriptors = GrowingArray(root / DESCRIPTORS, recipe.n_descriptors)
        self._patches = GrowingArray(root / PATCHES, recipe.n_bands) if specification.has_patches else None
        with self._database_errors():
            self._rows = open_rows(root)
        with self._transaction():
            self._write([], *self._end())  # takes away what a run that was killed has left behind the last row
        self.n_rows_before: int = self._ask("SELECT COUNT(*) FROM rows")[0]

    @classmethod
    @contextmanager
    def open(cls, root: Path, specification: Specification) -> Iterator[Self]:
        """Open a store for writing, made if it is not there.

        Raises
        ------
        OptionError
            If it was made in another way, or the folder holds other things.
        DataError
            If it is damaged, of another version, or the disk refuses it.
        """
        _claim(root, specification)
        writer = cls(root, specification)
        try:
            yield writer
        finally:
            writer.close()

    def known_content(self, location: str, state: str) -> str:
        """Content of a file that has not changed since it was read; empty if it is not known."""
        found = self._ask("SELECT content FROM files WHERE location = ? AND state = ?", location, state)
        return found[0] if found else ""

    def content_at(self, location: str) -> str:
        """Content of a file when it was last read; empty if it is not known."""
        found = self._ask("SELECT content FROM files WHERE location = ?", location)
        return found[0] if found else ""

    def forget(self, location: str) -> None:
        """Take back what is known of a file, which can no longer be read."""
        with self._transaction():
            self._rows.execute("DELETE FROM files WHERE location = ?", (location,))

    def remember(self, batch: Sequence[tuple[str, str, str]]) -> None:
        """Note the contents of files, each by (location, state, content)."""
        with self._transaction():
            self._rows.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", batch)

    def places(self, content: str, augmentations: Sequence[str]) -> dict[str, Place]:
        """Where the copies of a content lie, of those that there are."""
        found = {}
        for name in augmentations:
            query = "SELECT row, first_frame, n_frames FROM rows WHERE content = ? AND augmentation = ?"
            if place := self._ask(query, content, name):
                found[name] = Place(*place)
        return found

    def append(self, batch: Sequence[tuple[str, str, Extracted]]) -> int:
        """Add the features of recordings, whole or not at all; those that are there already are passed over.

        Parameters
        ----------
        batch : sequence of (location, state, Extracted)

        Returns
        -------
        int
            Rows added.

        Raises
        ------
        DataError
            If the disk refuses them.
        """
        with self._transaction():
            return self._append(batch)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that is written to the database meanwhile, or nothing; other writers wait."""
        with self._database_errors():
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._rows.execute("COMMIT")
            except BaseException:
                if self._rows.in_transaction:
                    self._rows.execute("ROLLBACK")
                raise

    def _append(self, batch: Sequence[tuple[str, str, Extracted]]) -> int:
        row, frame = self._end()
        new: list[Features] = []
        n_frames = 0
        for location, state, extracted in batch:
            there = self.places(extracted.content, list(extracted.features))
            for name, features in extracted.features.items():
                if name in there:
                    continue
                n_own = features.patch.shape[1] if self._patches else 0
                values = (row + len(new), extracted.content, name, frame + n_frames, n_own)
                self._rows.execute("INSERT INTO rows (row, content, augmentation, first_frame, n_frames)"
                                   " VALUES (?, ?, ?, ?, ?)", values)  # fmt: skip
                new.append(features)
                n_frames += n_own
            self._rows.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", (location, state, extracted.content))
        if new:
            self._write(new, row, frame)
        return len(new)

    def _end(self) -> tuple[int, int]:
        """The row and the frame behind the last ones."""
        row, frame = self._ask("SELECT COALESCE(MAX(row) + 1, 0), COALESCE(MAX(first_frame + n_frames), 0) FROM rows")
        return row, frame

    def _write(self, new: list[Features], row: int, frame: int) -> None:
        """Put features into the arrays, from this row and frame on, as their last ones."""
        recipe = self._specification.recipe
        descriptors = [np.empty((0, recipe.n_descriptors), np.float32), *(own.descriptors[None] for own in new)]
        self._descriptors.write(row, np.concatenate(descriptors))
        if self._patches is not None:
            frames = [np.empty((0, recipe.n_bands), np.float32), *(own.patch.T for own in new)]
            self._patches.write(frame, np.concatenate(frames))

    def close(self) -> None:
        """Close its files."""
        self._rows.close()
        self._descriptors.close()
        if self._patches is not None:
            self._patches.close()

    def _ask(self, query: str, *values: str) -> Any:
        with self._database_errors():
            return self._rows.execute(query, values).fetchone()

    @contextmanager
    def _database_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            remedy = "Free the disk if it is full, see that nobody else keeps the store locked, and run it again."
            raise DataError(str(self._root), f"its rows cannot be read or written ({error})", remedy) from None


def _claim(root: Path, specification: Specification) -> None:
    """Make sure that a folder is a store of this specification, or becomes one."""
    with disk_errors(root):
        if root.is_file():
            raise OptionError(str(root), "is a file, not a folder", "Name a folder for the store.")
        root.mkdir(parents=True, exist_ok=True)
        if not (root / SPECIFICATION).exists():
            others = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
            if others and not (root / SPECIFICATION).exists():  # which another process may just have made
                problem = f"holds other things ({others[0]}, ...)"
                raise OptionError(str(root), problem, "Name an empty folder for the store.")
            _write_first(root / SPECIFICATION, specification)
    there, wanted = read_specification(root).to_dict(), specification.to_dict()
    for name, value in wanted.items():
        if there[name] != value and name != "descriptor_names":
            raise _other_options(root, name, there[name], value)


def _write_first(path: Path, specification: Specification) -> None:
    """Write a file whole, unless another process has been faster."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        content = specification.to_dict() | {"auscult": __version__}
        part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        os.link(part, path)
    except FileExistsError:
        pass  # it is compared like any that was there
    except PermissionError:  # a file system without links, such as exFAT
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _other_options(root: Path, name: str, there: Any, wanted: Any) -> OptionError:
    """What a store differs in."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        keys = [key for key in there.keys() | wanted.keys() if there.get(key) != wanted.get(key)]
        name, there, wanted = f"{name}: {keys[0]}", there.get(keys[0]), wanted.get(keys[0])
    problem = f"was made with other options ({name} is {there!r} there, now {wanted!r})"
    return OptionError(str(root), problem, "Give the same options, or name another folder.")
