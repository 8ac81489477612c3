"""A clip beside the normal clips most like it: what is different, and how different normal clips are from each other.

Not beside the mean of all: that would show the load, or the weather, before it showed the fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.detect.normality import NormalityModel

N_COMPARED = 8
"""Nearest normal clips, whose median is what the clip is compared with."""
MAD_TO_DEVIATION = 1.4826
"""Median absolute deviation -> standard deviation, of a normal distribution."""


@dataclass(frozen=True)
class Comparison:
    """A clip and its nearest normal clips.

    Parameters
    ----------
    descriptors : ndarray, shape (n_descriptors,)
        Of the clip.
    nearest : ndarray of int, shape (n_nearest,)
        Places of the nearest normal clips in the model's bank, nearest first.
    bank : ndarray, shape (n_bank, n_descriptors)
        The normal clips.
    nearest_of_bank : ndarray of int, shape (n_bank, n_nearest)
        The same of each of them.
    """

    descriptors: NDArray[np.float64]
    nearest: NDArray[np.intp]
    bank: NDArray[np.float64]
    nearest_of_bank: NDArray[np.intp]

    def change(self, values: NDArray[np.float64], of_bank: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far values of the clip are from those of its nearest normal clips.

        Parameters
        ----------
        values : ndarray, shape (n,)
            Descriptors of the clip, or what is made of them.
        of_bank : ndarray, shape (n_bank, n)
            The same of the normal clips.
        """
        difference: NDArray[np.float64] = values - np.median(of_bank[self.nearest], axis=0)
        return difference

    def usual(self, of_bank: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far normal clips are from their nearest: a robust standard deviation, shape (n,)."""
        differences = of_bank - np.median(of_bank[self.nearest_of_bank], axis=1)
        deviations: NDArray[np.float64] = MAD_TO_DEVIATION * np.median(np.abs(differences), axis=0)
        return deviations


class Surroundings:
    """Normal clips of a machine, and which of them are most like each other.

    Parameters
    ----------
    model : NormalityModel
        Fitted.
    takes : sequence of str, length n_bank, optional
        Of the clips in its bank: no clip is compared with others of its own take, which are the same sound. If left
        out, every clip is a take of its own.

    Attributes
    ----------
    bank : ndarray, shape (n_bank, n_descriptors)
    nearest : ndarray of int, shape (n_bank, n_nearest)
        Places of the normal clips most like each, nearest first.
    """

    def __init__(self, model: NormalityModel, takes: Sequence[str] | None = None) -> None:
        self._model = model
        self.bank = model.bank_.astype(np.float64)
        self._coordinates = model.coordinates(self.bank)
        distances = _distances(self._coordinates, self._coordinates)
        is_own = np.eye(len(self.bank), dtype=bool)
        if takes is not None:
            is_own = np.asarray(takes)[:, None] == np.asarray(takes)
        distances[is_own] = np.inf
        self._n_nearest = min(N_COMPARED, int((~is_own).sum(axis=1).min()))
        self.nearest = self._first(distances)

    def compare(self, descriptors: NDArray[np.floating]) -> Comparison:
        """Find the normal clips that a clip is most like.

        Parameters
        ----------
        descriptors : ndarray, shape (n_descriptors,)
        """
        clip = np.asarray(descriptors, np.float64)
        return Comparison(clip, self.nearest_to(clip[None])[0], self.bank, self.nearest)

    def nearest_to(self, X: NDArray[np.floating]) -> NDArray[np.intp]:
        """Places of the normal clips most like each clip, nearest first; all groups of descriptors count alike.

        Parameters
        ----------
        X : ndarray, shape (n_clips, n_descriptors)

        Returns
        -------
        ndarray of int, shape (n_clips, n_nearest)
        """
        return self._first(_distances(self._model.coordinates(np.asarray(X, np.float64)), self._coordinates))

    def _first(self, distances: NDArray[np.float64]) -> NDArray[np.intp]:
        return np.argsort(distances, axis=1, kind="stable")[:, : self._n_nearest]


def _distances(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    squares = np.square(one).sum(axis=1)[:, None] + np.square(other).sum(axis=1)
    distances: NDArray[np.float64] = np.maximum(squares - 2.0 * one @ other.T, 0).astype(np.float64)
    return distances
