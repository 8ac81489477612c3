"""How a clip's descriptors changed -> aspects of the change, which mean the same on every machine.

The same fault raises another octave on another machine, and lies on other mel bands at another speed. So what is kept
of each family of descriptors is what it did on the whole, where it rose most and where it fell most, whichever octave
that was; of lines, what their orders did. Levels count in the unit of how normal clips differ from each other.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from auscult.features import LogMel
from auscult.features.filters import mel_centres_hz, octave_edges_hz
from auscult.features.pooling import in_words, is_pooling

LOUDNESS = "mean"
"""The pooling that is level; the others are told apart from it."""
SPEEDS = {"slow": (0, 3), "middle": (3, 5), "fast": (5, 7)}
"""Octaves of modulation frequency from 0.5 Hz: up to 4 Hz, up to 16, up to 64."""
HUM_HZ = (50, 60, 100, 120, 200, 240, 300, 360)
LINES = {
    "prominence of orders": ("prominence of its multiples",),
    "order 1": ("order 1",),
    "orders 1 to 3": ("order 1", "order 2", "order 3"),
    "orders 4 to 16": ("order 4", "order 5", "order 6", "order 8", "order 10", "order 12", "order 16"),
    "half orders": ("order 0.5", "order 1.5"),
    "mains hum": tuple(f"{hz} Hz" for hz in HUM_HZ),
}
ROTATION = "rotation frequency"

Values = NDArray[np.float64]


class Aspects:
    """Aspects of changes of one recipe's descriptors.

    Parameters
    ----------
    features : LogMel
        Groups that it does not have give no aspects.

    Attributes
    ----------
    names : tuple of str
    """

    def __init__(self, features: LogMel) -> None:
        self._columns: list[NDArray[np.float64]] = []  # each part as a weighted sum of descriptors
        self._n_descriptors = features.n_descriptors
        self._pools: list[tuple[str, list[int], Callable[[Values], Values]]] = []
        self._slices = features.descriptor_groups
        self._add_bands(features)
        if "modulation" in self._slices:
            self._add_modulation(features)
        if "orders" in self._slices:
            self._add_lines(features)
        self.names = tuple(name for name, _, _ in self._pools)
        self._weights = np.stack(self._columns, axis=1) if self._columns else np.zeros((self._n_descriptors, 0))

    def levels(self, X: NDArray[np.floating]) -> Values:
        """Descriptors whose pooled bands are levels, also where they are kept relative to the clip's level.

        Parameters
        ----------
        X : ndarray, shape (..., n_descriptors)
        """
        levels = np.array(X, np.float64)
        if "level" in self._slices:
            for name in self._slices:
                if is_pooling(name) and name != "std":
                    levels[..., self._slices[name]] += levels[..., self._slices["level"]]
        return levels

    def parts(self, changes: Values) -> Values:
        """What aspects are made of: octaves and lines.

        Parameters
        ----------
        changes : ndarray, shape (n_clips, n_descriptors)
            Of `levels`.

        Returns
        -------
        ndarray, shape (n_clips, n_parts)
            In dB, the rotation frequency in Hz.
        """
        parts: Values = changes @ self._weights
        return parts

    def of(self, changes: Values) -> Values:
        """Aspects of changes.

        Parameters
        ----------
        changes : ndarray, shape (n_clips, n_parts)
            Of the parts, in usual deviations.

        Returns
        -------
        ndarray, shape (n_clips, n_aspects)
        """
        if not self._pools:
            return np.zeros((len(changes), 0))
        return np.stack([pooled(changes[:, places]) for _, places, pooled in self._pools], axis=1)

    def _add_bands(self, features: LogMel) -> None:
        """Each pooling in octaves: levels, and how far the other poolings lie from them."""
        centres_hz = mel_centres_hz(n_mels=features.n_mels, fmin=features.fmin, fmax=features.fmax)
        inner_hz = np.array(octave_edges_hz(features.fmax)[1:-1])
        octave_of = np.searchsorted(inner_hz, centres_hz, side="right")  # bands outside belong to the outermost
        words = [in_words(name) for name in features.groups if is_pooling(name)]
        for name in filter(is_pooling, features.groups):
            word, places = in_words(name), []
            for octave in np.unique(octave_of):
                bands = np.flatnonzero(octave_of == octave)
                column = self._mean_of(self._slices[name].start + bands)
                if name not in (LOUDNESS, "std") and LOUDNESS in self._slices:
                    column -= self._mean_of(self._slices[LOUDNESS].start + bands)
                places.append(self._add_part(column))
            if name == LOUDNESS:  # whose mean over all octaves the thirds say already
                thirds = np.array_split(np.array(places), 3)
                for pitch, third in zip(("low", "middle", "high"), thirds, strict=True):
                    self._pools.append((f"level of {pitch} octaves", third.tolist(), _mean))
                self._add_extremes(word, places)
            else:
                self._add_family(word if words.count(word) == 1 else f"{word} ({name})", places)

    def _add_modulation(self, features: LogMel) -> None:
        """Swing of each octave, slow, middle and fast."""
        start = self._slices["modulation"].start
        n_octaves = len(octave_edges_hz(features.fmax)) - 1
        n_speeds = (self._slices["modulation"].stop - start) // n_octaves
        for word, (low, high) in SPEEDS.items():
            octaves = [start + n_speeds * octave + np.arange(low, high) for octave in range(n_octaves)]
            self._add_family(f"{word} swing", [self._add_part(self._mean_of(own)) for own in octaves])

    def _add_lines(self, features: LogMel) -> None:
        """Rotation frequency, its orders, swing at them, and hum."""
        start = self._slices["orders"].start
        place_of = {name: start + n for n, name in enumerate(features.descriptor_names[self._slices["orders"]])}
        part_of = {name: self._add_part(self._mean_of(np.array([place]))) for name, place in place_of.items()}
        for order in (1, 2):
            swings = [part for name, part in part_of.items() if name.endswith(f" at order {order}")]
            self._pools.append((f"swing at order {order}", swings, _mean))
            self._pools.append((f"swing at order {order}, rise", swings, _highest))
        self._pools.append(("change of rotation frequency", [part_of[ROTATION]], _size))
        for word, lines in LINES.items():
            self._pools.append((word, [part_of[line] for line in lines], _mean))
        self._pools.append(("hum line that changed most", [part_of[line] for line in LINES["mains hum"]], _largest))

    def _add_family(self, name: str, places: list[int]) -> None:
        self._pools.append((name, places, _mean))
        self._add_extremes(name, places)

    def _add_extremes(self, name: str, places: list[int]) -> None:
        self._pools += [(f"{name}, rise", places, _highest), (f"{name}, fall", places, _lowest)]

    def _add_part(self, column: Values) -> int:
        self._columns.append(column)
        return len(self._columns) - 1

    def _mean_of(self, places: NDArray[np.intp]) -> Values:
        column = np.zeros(self._n_descriptors)
        column[places] = 1 / places.size
        return column


def _mean(changes: Values) -> Values:
    mean: Values = changes.mean(axis=1)
    return mean


def _highest(changes: Values) -> Values:
    highest: Values = changes.max(axis=1)
    return highest


def _lowest(changes: Values) -> Values:
    lowest: Values = changes.min(axis=1)
    return lowest


def _size(changes: Values) -> Values:
    return np.abs(_mean(changes))


def _largest(changes: Values) -> Values:
    """The change farthest from nothing, with its sign."""
    largest: Values = np.take_along_axis(changes, np.abs(changes).argmax(axis=1)[:, None], axis=1)[:, 0]
    return largest
