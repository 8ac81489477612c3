"""What is different about a clip: which bands moved, how it swings, what its lines do.

Differences are to the nearest normal clips, and are told beside how different normal clips are from each other: a
change of 3 dB is nothing in a band that wanders by 4.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.detect.comparison import Comparison
from auscult.detect.detector import MachineDetector
from auscult.features import LogMel
from auscult.features.filters import mel_centres_hz
from auscult.features.pooling import in_words, is_pooling

NOTABLE = 3.0
"""Usual deviations from which on a change is told."""
LEAST_DB = 1.0
"""No smaller change is told, however steady the machine is."""
LOUD = 1.5
"""Deviations over time by which normal sound's louder frames exceed its mean: strokes and knocks that belong to it."""
N_TOLD = 8
LEAST_TOLD = 0.1
"""Below this, a usual deviation is said to be less: ±0.0 would be no spread at all."""
ROTATION = "rotation frequency"


@dataclass(frozen=True)
class Change:
    """Something that moved.

    Parameters
    ----------
    what : str
        ``level``, ``loudest moments``, ``swing of 500 to 1000 Hz at 8 to 16 Hz``, ``order 2``, ...
    low_hz, high_hz : float or None
        Band of neighbouring mel bands, where it has one.
    change : float
        Against the nearest normal clips: dB, or Hz for the rotation frequency.
    usual : float
        Standard deviation of the same among normal clips.
    unit : {"dB", "Hz"}
    """

    what: str
    change: float
    usual: float
    unit: str = "dB"
    low_hz: float | None = None
    high_hz: float | None = None

    @property
    def strength(self) -> float:
        """By how many usual deviations it moved."""
        return abs(self.change) / max(self.usual, 0.1)

    def __str__(self) -> str:
        """The change in words."""
        where = "" if self.low_hz is None else f" at {_hz(self.low_hz, self.high_hz)}"
        usual = f"±{self.usual:.1f}" if self.usual >= LEAST_TOLD else f"less than ±{LEAST_TOLD}"
        return f"{self.what}{where} {self.change:+.1f} {self.unit} (normal clips: {usual} {self.unit})"


@dataclass(frozen=True)
class Explanation:
    """What is different about a clip.

    Parameters
    ----------
    groups : dict of str -> float
        Anomaly score of each group of descriptors, the largest first; their mean is the clip's score.
    changes : tuple of Change
        What moved notably: bands before swings and lines, the strongest first.
    centres_hz, change_db, usual_db : ndarray, shape (n_mels,)
        Level of every mel band against the nearest normal clips, and how normal clips differ in it.
    reference_db : ndarray, shape (n_mels,)
        Level of every mel band of the nearest normal clips, in the scale of `LogMel.patch`.
    loud_db : ndarray, shape (n_mels,)
        Level that their louder frames reach: `LOUD` deviations over time above it.
    nearest : tuple of str
        Takes of the nearest normal clips.
    exemplar : int or None
        Which of the machine's exemplars the clip is most like, if there are any.
    """

    groups: dict[str, float]
    changes: tuple[Change, ...]
    centres_hz: NDArray[np.float64]
    change_db: NDArray[np.float64]
    usual_db: NDArray[np.float64]
    reference_db: NDArray[np.float64]
    loud_db: NDArray[np.float64]
    nearest: tuple[str, ...]
    exemplar: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        bands = zip(self.centres_hz, self.change_db, self.usual_db, strict=True)
        return {
            "Groups": {name: round(score, 3) for name, score in self.groups.items()},
            "Changes": [{**_rounded(asdict(change)), "words": str(change)} for change in self.changes],
            "Bands": [
                {"centre_hz": round(float(hz), 1), "change_db": round(float(db), 2), "usual_db": round(float(usual), 2)}
                for hz, db, usual in bands
            ],
            "NearestNormal": list(self.nearest),
        }


def explain(machine: MachineDetector, features: LogMel, descriptors: NDArray[np.floating]) -> Explanation:
    """Tell what is different about a clip.

    Parameters
    ----------
    machine : MachineDetector
        The machine that the clip is of.
    features : LogMel
        The recipe of the descriptors.
    descriptors : ndarray, shape (n_descriptors,)

    Returns
    -------
    Explanation
        Without bands if the descriptors have no mean over time.
    """
    comparison = machine.surroundings.compare(descriptors)
    slices = features.descriptor_groups
    centres_hz = mel_centres_hz(n_mels=features.n_mels, fmin=features.fmin, fmax=features.fmax)
    changes: list[Change] = []
    for name, own in slices.items():
        if is_pooling(name):
            changes += _bands(in_words(name), centres_hz, *_moved(comparison, slices, name))
        elif name != "level":
            moved, usual = (values[own] for values in _moved(comparison, slices, ""))
            changes += _named(features.descriptor_names[own], moved, usual)
    if "mean" in slices:
        change_db, usual_db = _moved(comparison, slices, "mean")
        levels = _levels(comparison.bank, slices, "mean")
        reference_db = loud_db = np.median(levels[comparison.nearest], axis=0)
        if "std" in slices:
            loud_db = reference_db + LOUD * np.median(comparison.bank[comparison.nearest][:, slices["std"]], axis=0)
    else:
        centres_hz = change_db = usual_db = reference_db = loud_db = np.empty(0)
    scores = machine.model.group_scores(np.asarray(descriptors)[None])
    ranked = sorted(((name, float(score[0])) for name, score in scores.items()), key=lambda item: -item[1])
    told = sorted(_told_once(changes), key=lambda change: (change.low_hz is None, -change.strength))[:N_TOLD]
    nearest = tuple(machine.takes[place] for place in comparison.nearest)
    exemplars = machine.exemplars
    exemplar = exemplars.nearest(machine.model, descriptors) if exemplars and exemplars.patches else None
    return Explanation(
        dict(ranked), tuple(told), centres_hz, change_db, usual_db, reference_db, loud_db, nearest, exemplar
    )


def _levels(values: NDArray[np.float64], slices: dict[str, slice], name: str) -> NDArray[np.float64]:
    """Descriptors of a group; pooled bands as levels, which are kept relative to the clip's level if there is one."""
    if not name:
        return values
    own = values[..., slices[name]]
    levels: NDArray[np.float64] = own if name == "std" or "level" not in slices else own + values[..., slices["level"]]
    return levels


def _moved(
    comparison: Comparison, slices: dict[str, slice], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Change of each value of a group, or of all descriptors, and what is usual."""
    of_bank = _levels(comparison.bank, slices, name)
    return comparison.change(_levels(comparison.descriptors, slices, name), of_bank), comparison.usual(of_bank)


def _bands(
    word: str, centres_hz: NDArray[np.float64], change_db: NDArray[np.float64], usual_db: NDArray[np.float64]
) -> list[Change]:
    """Neighbouring bands that moved notably in the same direction, as one change each."""
    signs = np.where(_is_notable(change_db, usual_db), np.sign(change_db), 0)
    edges = np.concatenate([centres_hz[:1], np.sqrt(centres_hz[1:] * centres_hz[:-1]), centres_hz[-1:]])
    starts = np.flatnonzero(np.diff(np.concatenate([[0], signs]))) if signs.any() else np.empty(0, int)
    changes = []
    for start in starts:
        if signs[start] == 0:
            continue
        stop = start + int(np.argmax(np.append(signs[start:] != signs[start], True)))
        own = slice(start, stop)
        changes.append(
            Change(
                word,
                float(change_db[own].mean()),
                float(usual_db[own].mean()),
                low_hz=float(edges[start]),
                high_hz=float(edges[stop]),
            )
        )
    return changes


def _told_once(changes: list[Change]) -> list[Change]:
    """Changes without those that others say already.

    Loud or quiet moments that move as the level does; of the swings of an octave all but the strongest; orders where
    the rotation frequency was found elsewhere, perhaps because a new tone was taken for it.
    """
    levels = [change for change in changes if change.what == in_words("mean")]
    is_elsewhere = any(change.what == ROTATION for change in changes)
    swings: dict[str, Change] = {}
    others = []
    for change in changes:
        if "order" in change.what and is_elsewhere:
            continue
        if change.what.startswith("swing of "):
            octave = change.what.partition(" Hz")[0]
            swings[octave] = max(change, swings.get(octave, change), key=lambda one: one.strength)
        elif not any(_is_said_by(level, change) for level in levels):
            others.append(change)
    return [*others, *swings.values()]


def _is_said_by(level: Change, other: Change) -> bool:
    if other.low_hz is None or other.high_hz is None or not other.what.endswith("moments"):
        return False
    assert level.low_hz is not None
    assert level.high_hz is not None
    shared_hz = min(level.high_hz, other.high_hz) - max(level.low_hz, other.low_hz)
    is_same_place = shared_hz >= 0.5 * (other.high_hz - other.low_hz)
    return is_same_place and level.change * other.change > 0 and abs(other.change) < 2 * abs(level.change)


def _named(names: Sequence[str], moved: NDArray[np.float64], usual: NDArray[np.float64]) -> list[Change]:
    """Swings, orders and the like that moved notably."""
    notable = np.flatnonzero(_is_notable(moved, usual))
    unit_of = {ROTATION: "Hz"}
    return [
        Change(name, float(moved[place]), float(usual[place]), unit_of.get(name, "dB"))
        for place in map(int, notable)
        if (name := names[place])
    ]


def _is_notable(moved: NDArray[np.float64], usual: NDArray[np.float64]) -> NDArray[np.bool_]:
    notable: NDArray[np.bool_] = np.abs(moved) >= np.maximum(NOTABLE * usual, LEAST_DB)
    return notable


def _hz(low_hz: float, high_hz: float | None) -> str:
    assert high_hz is not None
    if high_hz < 1000:
        return f"{low_hz:.0f} to {high_hz:.0f} Hz"
    low, high = (f"{edge_hz / 1000:.2g}" for edge_hz in (low_hz, high_hz))
    if low == high:  # of a narrow band
        low, high = (f"{edge_hz / 1000:.3g}" for edge_hz in (low_hz, high_hz))
    return f"{low} to {high} kHz"


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}
