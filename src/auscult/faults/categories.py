"""What is known of clips (machine, SNR, level, ...), as categories: the clips of one are counted together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_NUMBERS = 12
"""Different numbers up to which each is a category of its own, as SNRs are, if they recur: more are a measurement."""
LEAST_OFTEN = 3
"""How often such numbers recur, on the average."""
THIRDS = ("low", "middle", "high")


@dataclass(frozen=True)
class Categories:
    """An attribute of clips.

    Parameters
    ----------
    codes : ndarray of int, shape (n_clips,)
        Number of each clip's category, from 0 without gaps; -1 where it is unknown.
    names : tuple of str
        Of the categories.
    """

    codes: NDArray[np.intp]
    names: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[object], *, thirds: tuple[str, str, str] = THIRDS, unit: str = "") -> "Categories":
        """Categories of values.

        Parameters
        ----------
        values : sequence, length n_clips
            Texts and whole numbers are categories. Numbers of which any is a float are measurements: they are cut into
            thirds of about the same size, unless few different ones recur (-6.0, 0.0, 6.0). None and NaN are unknown.
        thirds : tuple of str
            What the thirds are called; their ranges are added.
        unit : str
            Of the ranges.
        """
        plain = [value.item() if isinstance(value, np.generic) else value for value in values]
        places = [place for place, value in enumerate(plain) if not _is_unknown(value)]
        known = [plain[place] for place in places]
        codes = np.full(len(plain), -1, np.intp)
        numbers = [float(value) for value in known if isinstance(value, int | float)]
        if any(isinstance(value, float) for value in known) and len(numbers) == len(known):
            codes[places], names = _of_measurements(np.array(numbers), thirds, f" {unit}" if unit else "")
            return cls(codes, names)
        numbering: dict[object, int] = {}
        codes[places] = [numbering.setdefault(value, len(numbering)) for value in known]
        return cls(codes, tuple(map(str, numbering)))


def _is_unknown(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _of_measurements(
    numbers: NDArray[np.float64], thirds: tuple[str, str, str], unit: str
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    different, codes = np.unique(numbers, return_inverse=True)
    if different.size <= min(MOST_NUMBERS, numbers.size // LEAST_OFTEN):
        return codes, tuple(f"{number:g}{unit}" for number in different)
    edges = np.sort(numbers)[[numbers.size // 3, 2 * numbers.size // 3]]  # of the numbers: one may be infinite
    low, high = (f"{edge:.4g}" for edge in edges)
    ranges = (f"below {low}{unit}", f"{low} to {high}{unit}", f"{high}{unit} and more")
    there, codes = np.unique(np.searchsorted(edges, numbers, side="right"), return_inverse=True)
    return codes, tuple(f"{thirds[third]} ({ranges[third]})" for third in there)
