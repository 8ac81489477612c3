"""A few normal clips that stand for all, kept as spectrograms: to show what normal looks like where no recording is."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect.normality import NormalityModel
from auscult.extras import require
from auscult.one_thread import one_thread

N_EXEMPLARS = 8
MAX_FRAMES = 1000
"""Of longer clips the beginning: half a minute."""
LOWEST_DB = -100.0
STEP_DB = 0.5
"""Levels are kept in a byte each."""


@dataclass(frozen=True)
class Exemplars:
    """Spectrograms of some of a model's normal clips.

    Parameters
    ----------
    places : ndarray of int, shape (n,)
        Which of the clips in the model's bank they are.
    patches : list of ndarray, shape (n_mels, n_frames), uint8
    """

    places: NDArray[np.intp]
    patches: list[NDArray[np.uint8]]

    @classmethod
    def of(cls, places: NDArray[np.intp], patches_db: list[NDArray[np.float32]]) -> Self:
        """Exemplars from their log-mel patches in dB, shape (n_mels, n_frames)."""
        steps = [np.rint((patch[:, :MAX_FRAMES] - LOWEST_DB) / STEP_DB) for patch in patches_db]
        return cls(places, [np.clip(step, 0, 255).astype(np.uint8) for step in steps])

    def patch_db(self, number: int) -> NDArray[np.float32]:
        """Log-mel patch of one of them in dB, to half a decibel."""
        return self.patches[number].astype(np.float32) * np.float32(STEP_DB) + np.float32(LOWEST_DB)

    def nearest(self, model: NormalityModel, descriptors: NDArray[np.floating]) -> int:
        """Which of them a clip is most like.

        Parameters
        ----------
        model : NormalityModel
        descriptors : ndarray, shape (n_descriptors,)
        """
        own = model.coordinates(np.asarray(descriptors, np.float64)[None])
        theirs = model.coordinates(model.bank_[self.places].astype(np.float64))
        return int(np.argmin(np.square(theirs - own).sum(axis=1)))

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """All of it, by name."""
        patches = {f"patch{number}": patch for number, patch in enumerate(self.patches)}
        return {"places": self.places.astype(np.int64), **patches}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Exemplars from what `to_arrays` gave."""
        places = np.asarray(arrays["places"], np.intp)
        return cls(places, [np.asarray(arrays[f"patch{number}"], np.uint8) for number in range(places.size)])


def choose_exemplars(model: NormalityModel) -> NDArray[np.intp]:
    """Places of clips in a model's bank that differ from each other and are each like many: centres of k-means.

    Parameters
    ----------
    model : NormalityModel
        Fitted.

    Returns
    -------
    ndarray of int, shape (n,), sorted
        At most 8.
    """
    KMeans = require("sklearn.cluster", extra="train").KMeans

    coordinates = model.coordinates(model.bank_.astype(np.float64))
    n = min(N_EXEMPLARS, len(np.unique(coordinates, axis=0)))
    with one_thread():
        distances = KMeans(n, n_init=1, random_state=0).fit(coordinates).transform(coordinates)
    return np.unique(distances.argmin(axis=0)).astype(np.intp)
