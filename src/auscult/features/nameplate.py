"""What is known of a machine beforehand: the figures on its nameplate."""

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from auscult.errors import DataError, OptionError
from auscult.features.bearing import Bearing


@dataclass(frozen=True)
class Nameplate:
    """A machine's nominal figures; leave out what is not known.

    Parameters
    ----------
    rotation_hz : float > 0, optional
        Nominal rotation frequency in Hz, a sixtieth of the rpm: the true one is sought within 5 % of it.
    n_blades : int > 0, optional
        Blades of a fan or vanes of a pump.
    mains_hz : {50, 60}, optional
        Frequency of the mains in Hz.
    bearing : Bearing, optional
        The rolling bearing of the shaft.

    Raises
    ------
    OptionError
        If there can be no such machine.
    """

    rotation_hz: float | None = None
    n_blades: int | None = None
    mains_hz: float | None = None
    bearing: Bearing | None = None

    def __post_init__(self) -> None:
        if self.rotation_hz is not None and not (math.isfinite(self.rotation_hz) and 0.5 <= self.rotation_hz <= 1000):
            problem = f"expected a rotation frequency of 0.5 to 1000 Hz (30 to 60000 rpm), got {self.rotation_hz} Hz"
            raise OptionError("nameplate", problem, "Give revolutions in a minute divided by 60.")
        if self.n_blades is not None and not 1 <= self.n_blades <= 200:
            raise OptionError("nameplate", f"expected 1 to 200 blades, got {self.n_blades}", "Count them again.")
        if self.mains_hz not in (None, 50, 60):
            problem = f"expected mains of 50 or 60 Hz, got {self.mains_hz}"
            raise OptionError("nameplate", problem, "Leave it out where a machine runs on neither.")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The nameplate that `dataclasses.asdict` gave this content of."""
        bearing = content.get("bearing")
        return cls(**{**content, "bearing": Bearing(**bearing) if bearing else None})


def read_nameplates(path: str | os.PathLike[str]) -> dict[str, Nameplate]:
    """Nameplates of machines from a table.

    Parameters
    ----------
    path : path
        A CSV whose first line names its columns: ``machine`` (``fan/id_00``), or ``machine_type`` and ``machine_id``;
        ``rpm``, or ``rotation_hz``; ``n_blades``; ``mains_hz``; of its bearing ``n_rollers``, ``diameter_ratio`` and
        ``contact_deg`` if it is not 0. Others are passed over, cells may be empty, and a machine may stand in several
        lines if they agree: a synthetic data set's truth.csv is such a table.

    Returns
    -------
    dict of str -> Nameplate
        By the machine's full name.

    Raises
    ------
    DataError
        If it cannot be read, or a line cannot be understood.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            return _plates(csv.DictReader(file), str(path))
    except FileNotFoundError:
        raise DataError(str(path), "there is no such file", "Check the path.") from None
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(str(path), f"cannot be read ({error})", "Save it as CSV in UTF-8.") from None


def _plates(lines: "csv.DictReader[str]", where: str) -> dict[str, Nameplate]:
    columns = set(lines.fieldnames or ())
    if not ("machine" in columns or "machine_id" in columns):
        problem = f"its first line names no column 'machine', but: {', '.join(columns)[:200]!r}"
        raise DataError(where, problem, "Name the columns in the first line: machine,rpm,n_blades")
    plates: dict[str, Nameplate] = {}
    for line in lines:
        name = line.get("machine") or "/".join(filter(None, (line.get("machine_type"), line.get("machine_id"))))
        try:
            plate = _plate(line)
        except (ValueError, OptionError) as error:
            problem = f"line {lines.line_num} cannot be understood ({error})"
            raise DataError(where, problem, "Write numbers, or leave the cell empty.") from None
        if plates.setdefault(name, plate) != plate:
            problem = f"line {lines.line_num} says another thing of {name} than a line before"
            raise DataError(where, problem, "Leave one of them out.")
    return plates


def _plate(line: Mapping[str, str | None]) -> Nameplate:
    """The nameplate that a line of the table says; ValueError or OptionError if it cannot be understood."""

    def number(column: str) -> float | None:
        cell = (line.get(column) or "").strip()
        return float(cell) if cell else None

    def count(column: str) -> int | None:
        found = number(column)
        if found is not None and not found.is_integer():
            raise ValueError(f"expected a whole number in {column}, got {found:g}")
        return None if found is None else int(found)

    rpm, n_rollers, diameter_ratio = number("rpm"), count("n_rollers"), number("diameter_ratio")
    if (n_rollers is None) != (diameter_ratio is None):
        problem = "says only one of n_rollers and diameter_ratio"
        raise OptionError("bearing", problem, "Give both, or leave both empty.")
    bearing = None
    if n_rollers is not None and diameter_ratio is not None:
        bearing = Bearing(n_rollers, diameter_ratio, number("contact_deg") or 0.0)
    return Nameplate(
        rotation_hz=number("rotation_hz") if rpm is None else rpm / 60,
        n_blades=count("n_blades"),
        mains_hz=number("mains_hz"),
        bearing=bearing,
    )
