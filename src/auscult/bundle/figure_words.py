"""Figures -> the words for them, the same in a report, a model card and on the terminal."""

from collections.abc import Sequence
from typing import NamedTuple

WIDE = 0.2
"""An interval wider than this is said to be wide."""


class Split(NamedTuple):
    """What a split is called, and which question its figures answer."""

    name: str
    question: str


SPLITS = {
    "grouped": Split("by take", "new recordings of these machines"),
    "machine": Split("one machine left out", "a machine it has not heard faulty"),
    "naive": Split("naive, by clip", "none: it flatters, never quote it"),
}
"""In the order of a report: those to believe first."""
LABELS = {
    "given": "The names were given with the recordings (folders or table) and taken for true.",
    "names file": "The names are those that a listener gave to clusters of recordings (a names file): they are not "
    "checked faults, and the figures say how well the network names what that listener would.",
    "clusters": "The classes are clusters that were found among the anomalous recordings, and nobody has checked what "
    "they are: these figures say how well the network repeats the clusters, not whether they are true faults.",
    "named clusters": "The classes are clusters that were found among the anomalous recordings, named by a listener "
    "after the network had learnt them: no checked faults, and these figures say how well it repeats the clusters.",
}


def counted(n: int, noun: str) -> str:
    """``1 clip``, ``2,000 clips``."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def snr_words(snr_db: float | None) -> str | None:
    """``6 dB``; None where it is not known, which a table shows as a dash."""
    return None if snr_db is None else f"{snr_db:g} dB"


def with_snr(name: str, snr_db: float | None) -> str:
    """``fan/id_00 at 6 dB``; the name alone where the SNR is not known."""
    return name if snr_db is None else f"{name} at {snr_words(snr_db)}"


def score_words(score: float, interval: Sequence[float]) -> str:
    """``0.710 (0.62-0.79)``: a score and its 95 % interval."""
    return f"{score:.3f} ({interval[0]:.2f}-{interval[1]:.2f})"


def is_shown_better(interval: Sequence[float], level_score: float) -> bool:
    """Whether even the lower end of an interval is above what a mere level meter reaches."""
    return interval[0] > level_score


def listed(names: Sequence[str], n_most: int = 5) -> str:
    """Names in a sentence, and how many more there are of them."""
    n_more = len(names) - n_most
    return ", ".join(names[:n_most]) + (f" and {n_more:,} more" if n_more > 0 else "")
