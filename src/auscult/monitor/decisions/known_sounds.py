"""What people said of earlier alarms, and which later sounds are like that: false alarms are ignored, faults named.

A window is like a marked one if it is nearer to it than a radius, in the coordinates in which the model of normal sound
compares clips. The radius is as far as two normal windows of the machine, or two of the marked ones, are apart: the
same disturbance comes back over another background, and two backgrounds differ that much. It is never more than half
the way from the marked window to the nearest normal one, so whatever is ignored is more like what was marked than like
anything that was learnt.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from auscult.detect.normality import NormalityModel
from auscult.errors import DataError

ALIKE = 0.9
"""Share of pairs of windows that are at most as far apart as a radius: nine of ten."""
WINDOWS_AT_A_TIME = 4096
"""Windows whose distances to all marked ones are in memory."""
LIKE = "like the false alarm of"
"""How every reason begins for which a window is ignored because of what a person said."""


@dataclass(frozen=True)
class KnownSound:
    """What a person said that an alarm was.

    Parameters
    ----------
    id : str
        Of the feedback.
    what : {"false alarm", "fault"}
    fault : str or None
        Name of the fault.
    who : str
        The person.
    at : float
        When it was said, Unix time in seconds.
    expires_at : float or None
        Until when it counts; None: for ever.
    descriptors : ndarray, shape (n_windows, n_descriptors)
        Of the anomalous windows of the alarm.
    """

    id: str
    what: Literal["false alarm", "fault"]
    fault: str | None
    who: str
    at: float
    expires_at: float | None
    descriptors: NDArray[np.floating[Any]]

    @property
    def why_normal(self) -> str:
        """Why a window like this does not count as evidence; empty if it does."""
        if self.what != "false alarm":
            return ""
        return f"{LIKE} {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M} UTC ({self.who})"


class KnownSounds:
    """All that was said of one machine's alarms.

    Parameters
    ----------
    sounds : iterable of KnownSound
    model : NormalityModel
        Of the machine; may be left out if there are no sounds.

    Attributes
    ----------
    sounds : tuple of KnownSound
    radii : ndarray, shape (n_windows,)
        How near to each marked window another has to be, of all sounds one after the other.

    Raises
    ------
    DataError
        If the descriptors of a sound are not those that the model learnt from.
    """

    def __init__(self, sounds: Iterable[KnownSound] = (), model: NormalityModel | None = None) -> None:
        self.sounds = tuple(sound for sound in sounds if len(sound.descriptors))
        self.radii = np.empty(0, np.float32)
        if not self.sounds:
            return
        assert model is not None
        for sound in self.sounds:
            if sound.descriptors.shape[1] != model.mean_.size:
                problem = f"has {sound.descriptors.shape[1]} descriptors a window, the bundle {model.mean_.size}"
                raise DataError(f"feedback {sound.id}", problem, "Take it back: it is of another bundle.")
        self._model = model
        marked = [self._coordinates(sound.descriptors) for sound in self.sounds]
        self._marked = np.concatenate(marked)
        self._squares = np.square(self._marked).sum(axis=1)
        self._of = np.repeat(np.arange(len(marked)), [len(own) for own in marked])
        """Number of the sound that a marked window is of."""
        ends = [np.inf if sound.expires_at is None else sound.expires_at for sound in self.sounds]
        self._ends = np.array(ends)[self._of]
        normal = self._coordinates(model.bank_)
        usual = _distance_of_pairs(normal)
        self.radii = np.concatenate([_radii(own, normal, usual) for own in marked])

    def why_normal(self, descriptors: NDArray[np.floating[Any]], at: float) -> str:
        """Why a window does not count as evidence, because of what a person said; empty if it does.

        Parameters
        ----------
        descriptors : ndarray, shape (n_descriptors,)
        at : float
            Its end, Unix time in seconds.
        """
        sound = self._recognise_one(descriptors, at)
        return sound.why_normal if sound is not None else ""

    def fault(self, descriptors: NDArray[np.floating[Any]], at: float) -> str | None:
        """Name of the fault that a person said such a window was of; None if nobody did.

        Parameters
        ----------
        descriptors : ndarray, shape (n_descriptors,)
        at : float
            Its end, Unix time in seconds.
        """
        sound = self._recognise_one(descriptors, at)
        return sound.fault if sound is not None else None

    def recognise(self, X: NDArray[np.floating[Any]], at: NDArray[np.float64]) -> list[KnownSound | None]:
        """Which sound each window is like: that of the nearest marked window, if it is within that one's radius.

        Parameters
        ----------
        X : ndarray, shape (n_windows, n_descriptors)
        at : ndarray, shape (n_windows,)
            Their ends, Unix time in seconds: what has expired by then is not known any more.
        """
        if not self.sounds:
            return [None] * len(X)
        found: list[KnownSound | None] = []
        for start in range(0, len(X), WINDOWS_AT_A_TIME):
            some = slice(start, start + WINDOWS_AT_A_TIME)
            squared = self._squared_distances(self._coordinates(X[some]))
            is_like = (squared < np.square(self.radii)) & (at[some, None] < self._ends)
            nearest = np.where(is_like, squared, np.inf).argmin(axis=1)
            numbers = np.where(is_like.any(axis=1), self._of[nearest], -1)
            found += [None if number < 0 else self.sounds[number] for number in numbers]
        return found

    def _recognise_one(self, descriptors: NDArray[np.floating[Any]], at: float) -> KnownSound | None:
        if not self.sounds:  # the usual case, in which nothing need be computed
            return None
        return self.recognise(descriptors[None], np.array([at]))[0]

    def _squared_distances(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """To each marked window, shape (n_windows, n_marked)."""
        if len(windows) == 1:  # not through BLAS, which would wake other threads for it
            products = np.einsum("ij,j->i", self._marked, windows[0])[None]
        else:
            products = windows @ self._marked.T
        squared: NDArray[np.float32] = np.square(windows).sum(axis=1)[:, None] + self._squares - 2 * products
        return squared

    def _coordinates(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        return self._model.coordinates(np.asarray(X, np.float64))


def _radii(marked: NDArray[np.float32], normal: NDArray[np.float32], usual: float) -> NDArray[np.float32]:
    """How near to each marked window another has to be, shape (n_marked,)."""
    to_normal = np.sqrt(_squared_distances(marked, normal).min(axis=1))
    radii: NDArray[np.float32] = np.minimum(max(usual, _distance_of_pairs(marked)), to_normal / 2)
    return radii


def _distance_of_pairs(windows: NDArray[np.float32]) -> float:
    """How far apart nine of ten pairs of windows are at most; 0 if there is only one."""
    pairs = np.triu_indices(len(windows), 1)
    squared = _squared_distances(windows, windows)[pairs]
    return float(np.sqrt(np.quantile(squared, ALIKE))) if squared.size else 0.0


def _squared_distances(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    one, other = one.astype(np.float64), other.astype(np.float64)
    squares = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1)
    squared: NDArray[np.float64] = np.maximum(squares - 2 * one @ other.T, 0)
    return squared
