"""Tables of recordings as CSV: reading anybody's, writing ours."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from auscult.audio.storage import open_recording
from auscult.errors import AudioError, DataError

TABLE_SUFFIXES = {".csv", ".tsv"}
COLUMNS = (
    "path",
    "machine_type",
    "machine_id",
    "snr_db",
    "label",
    "fault",
    "domain",
    "take",
    "split",
    "n_channels",
    "sr",
    "duration_s",
    "subtype",
    "size",
    "error",
)
"""Of clips.csv; those of the statistics follow."""
SAID_COLUMNS = COLUMNS[: COLUMNS.index("split") + 1]
"""Columns that are taken from a table; what the others say is measured."""
ORIGINAL_COLUMNS = ("filePath", "classLabel")
"""Of the original project's table."""

_ALIASES = {
    "filepath": "path",
    "file_path": "path",
    "file": "path",
    "filename": "path",
    "file_name": "path",
    "classlabel": "label",
    "class": "label",
    "machine": "machine_id",
    "snr": "snr_db",
}
_DELIMITERS = ",;\t|"
_ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ESCAPED_BYTE = re.compile(r"\\udc([89a-f][0-9a-f])")


@dataclass(frozen=True)
class Row:
    """One line of a table: the cells of the columns that are known, but for the path stripped of blanks.

    Parameters
    ----------
    line : int
        Number of the line that it ends on, from 1.
    cells : dict of str to str
        Of `SAID_COLUMNS`, those that the table has.
    error : str
        What is wrong with the line, or empty.
    """

    line: int
    cells: dict[str, str]
    error: str = ""


def is_table_name(location: str) -> bool:
    """Whether a file is a table by its name."""
    return PurePosixPath(location.partition("::")[0]).suffix.lower() in TABLE_SUFFIXES


def read_table(location: str) -> Iterator[Row]:
    """Rows of a table, one at a time; it is in UTF-8 or UTF-16, with commas, semicolons, tabs or bars between cells.

    Parameters
    ----------
    location : str
        Path or URL. The first line names the columns; one of them is ``path`` (or ``file``, ``filename``,
        ``filePath``), others that are not in `SAID_COLUMNS` are passed over.

    Raises
    ------
    DataError
        If there is no such file, it has no column for the path, or is in another encoding.
    """
    with _opened(location) as text:
        n_lines = 0
        try:
            header = text.readline()
            delimiter, names = _columns(header, location)
            n_lines = 1
            reader = csv.reader(text, delimiter=delimiter)
            for cells in reader:
                n_lines = 1 + reader.line_num
                if any(cell.strip() for cell in cells):
                    yield _row(n_lines, names, cells, is_comma_decimal=delimiter != ",")
        except UnicodeError:
            problem = f"line {n_lines + 1} or one soon after it is neither UTF-8 nor UTF-16"
            remedy = "Save it as UTF-8, for example with: iconv -f latin1 -t utf-8 IN.csv > OUT.csv"
            raise DataError(location, problem, remedy) from None
        except csv.Error as error:
            problem = f"after line {n_lines} it is no CSV ({error})"
            raise DataError(location, problem, 'Look there for a quotation mark (") that is not closed.') from None


@contextmanager
def _opened(location: str) -> Iterator[IO[str]]:
    try:
        with open_recording(location) as (file, n_bytes):
            if n_bytes == 0:
                raise DataError(location, "the table is empty (0 bytes)", "Give one with a column path.")
            start = file.read(3)
            file.seek(0)
            encoding = next((name for bom, name in _ENCODINGS.items() if start.startswith(bom)), "utf-8")
            text = io.TextIOWrapper(file, encoding, newline="")
            try:
                yield text
            finally:
                text.detach()
    except AudioError as error:
        raise DataError(location, error.problem, error.remedy) from None


def _columns(header: str, location: str) -> tuple[str, list[str]]:
    """Delimiter, and the columns' names as we call them; empty for those that are not known."""
    if "\0" in header:
        remedy = "Save it as UTF-8, with commas between the cells."
        raise DataError(location, "is not text, or UTF-16 without its byte order mark", remedy)
    candidates = []
    for delimiter in _DELIMITERS:
        raw = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        names = [_ALIASES.get(name.lower(), name.lower()) for name in raw]
        names = [name if name in SAID_COLUMNS else "" for name in names]
        candidates.append((sum(map(bool, names)), -_DELIMITERS.index(delimiter), delimiter, names, raw))
    _, _, delimiter, names, raw = max(candidates)
    if "path" not in names:
        found = ", ".join(raw[:8]) + (", ..." if len(raw) > 8 else "")
        problem = f"its first line names no column 'path', but: {found[:200]!r}"
        raise DataError(location, problem, f"Name the columns in the first line: {', '.join(SAID_COLUMNS)}.")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(location, f"has two columns for '{twice[0]}'", "Take one of them out, or call it otherwise.")
    return delimiter, names


def _row(line: int, names: list[str], cells: list[str], *, is_comma_decimal: bool) -> Row:
    said = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
    if said.get("path"):
        said["path"] = cells[names.index("path")]  # a name may begin or end with a blank
    if is_comma_decimal and "snr_db" in said:
        said["snr_db"] = said["snr_db"].replace(",", ".")
    error = ""
    if any(cell.strip() for cell in cells[len(names) :]):
        error = f"line {line} has {len(cells)} cells under {len(names)} columns. Quote what has the delimiter in it."
    elif not said.get("path"):
        error = f"line {line} names no file. Fill in its path, or take the line out."
    return Row(line, said, error)


def unescaped(path: str) -> str:
    """Name of a file as the disk has it, of one that `auscult.errors.printable` wrote."""
    return _ESCAPED_BYTE.sub(lambda match: chr(0xDC00 + int(match[1], 16)), path)


def table_columns(location: str) -> list[str]:
    """Names of a table's columns as its first line has them; empty if it is none.

    Raises
    ------
    DataError
        If it cannot be opened.
    """
    with _opened(location) as text:
        try:
            return next(csv.reader([text.readline(1 << 16)]), [])
        except (UnicodeError, csv.Error):
            return []


class TableWriter:
    """Writes rows to a binary file as CSV in UTF-8, one at a time."""

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._text = io.TextIOWrapper(file, "utf-8", newline="", write_through=False)
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(columns)

    def write(self, cells: Iterable[object]) -> None:
        """Add a row; None is an empty cell."""
        self._writer.writerow(cells)

    def finish(self) -> None:
        """Hand everything over to the file, which stays open."""
        self._text.detach()
