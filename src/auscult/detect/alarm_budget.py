"""How many false alarms a person is willing to have: ``1/week``."""

import math
import re
from dataclasses import dataclass
from typing import Self

from auscult.errors import OptionError

UNITS_S = {"minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0, "month": 2592000.0, "year": 31536000.0}
"""Lengths of what a budget may be stated for; a month has 30 days, a year 365."""
_SHORT = {"min": "minute", "mins": "minute", "h": "hour", "hr": "hour", "hrs": "hour", "d": "day", "w": "week"}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(?:/|per)\s*(?:(\d+(?:\.\d+)?)\s*)?([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True)
class AlarmBudget:
    """At most `n` false alarms in `period_s`.

    Parameters
    ----------
    n : float > 0
    period_s : float > 0
        In seconds.
    """

    n: float
    period_s: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Budget as a person writes it: ``1/week``, ``2/day``, ``1/30d``, ``1 per 12 hours``.

        Raises
        ------
        OptionError
            If it cannot be understood, or is none at all.
        """
        match = _FORM.fullmatch(text.strip())
        unit = _unit(match[3]) if match else None
        if match is None or unit is None:
            problem = f"expected a number of false alarms in a time, got {text!r}"
            raise OptionError("alarms", problem, "For example 1/week, 2/day, 1/30d; units: min, h, d, w, month, year.")
        n, period_s = float(match[1]), float(match[2] or 1) * UNITS_S[unit]
        if not (0 < n < math.inf and 0 < period_s < math.inf and 0 < n / period_s < math.inf):
            problem = f"expected more than none, got {text!r}"
            raise OptionError("alarms", problem, "No alarm at all is no promise anyone can keep: 1/year is the least.")
        return cls(n, period_s)

    @property
    def mean_time_s(self) -> float:
        """Time from one false alarm to the next, on average, in seconds."""
        return self.period_s / self.n

    def __str__(self) -> str:
        return f"{self.n:g} per {describe_period(self.period_s)}"


def describe_period(time_s: float) -> str:
    """What something happens once per, in words: ``week``, ``36 hours``.

    Parameters
    ----------
    time_s : float > 0
    """
    unit = next((name for name, length_s in UNITS_S.items() if length_s == time_s), None)
    return unit or describe_time(time_s)


def describe_time(time_s: float, *, up: bool = False) -> str:
    """Time in words, in the largest unit of which it is more than one and a half: ``36 hours``, ``5 days``.

    Parameters
    ----------
    time_s : float > 0
    up : bool
        Whether two figures are rounded up; else down, so that a promise is not made better by rounding.
    """
    for unit, length_s in reversed(UNITS_S.items()):
        if time_s >= 1.5 * length_s and unit not in ("month", "year"):
            return _counted(time_s / length_s, unit, up=up)
    return _counted(time_s, "second", up=up)


def _counted(value: float, unit: str, *, up: bool) -> str:
    digits = max(0, 1 - math.floor(math.log10(value))) if value >= 1 else 1
    steps = value * 10**digits
    rounded = (math.ceil(steps - 1e-9) if up else math.floor(steps + 1e-9)) / 10**digits
    return f"{rounded:,g} {unit}{'' if rounded == 1 else 's'}"


def _unit(word: str) -> str | None:
    word = word.lower()
    word = _SHORT.get(word, word.removesuffix("s"))
    return word if word in UNITS_S else None
