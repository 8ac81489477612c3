"""What a mere level meter could say of faults: the baseline beside which a network's figures are given."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

MIN_VARIANCE = 1e-6
"""In dB squared: levels that are all alike within their faults are told apart by the least difference."""


class LevelMeter:
    """Faults by level alone: each has a normal distribution, and all have one variance.

    That is linear discriminant analysis of one number (T. Hastie, R. Tibshirani, J. Friedman, "The Elements of
    Statistical Learning", 2009, section 4.3).
    """

    def fit(self, levels_db: ArrayLike, labels: ArrayLike) -> Self:
        """Learn the mean level and the share of each fault.

        Parameters
        ----------
        levels_db : array-like, shape (n_clips,)
            RMS levels in dB, finite; at least one.
        labels : array-like, shape (n_clips,)
            Fault of each clip.

        Returns
        -------
        self
        """
        levels = np.asarray(levels_db, dtype=np.float64)
        self._faults, fault_of, n_clips = np.unique(labels, return_inverse=True, return_counts=True)
        means = np.bincount(fault_of, weights=levels) / n_clips
        variance = max(float(np.mean((levels - means[fault_of]) ** 2)), MIN_VARIANCE)
        self._slopes = means / variance
        self._offsets = np.log(n_clips / levels.size) - means**2 / (2 * variance)
        return self

    def name(self, levels_db: ArrayLike) -> NDArray[Any]:
        """Most probable fault of each clip.

        Parameters
        ----------
        levels_db : array-like, shape (n_clips,)

        Returns
        -------
        ndarray, shape (n_clips,)
            Of the kind of the labels that were learnt.
        """
        levels = np.asarray(levels_db, dtype=np.float64)
        return np.asarray(self._faults[(levels[:, None] * self._slopes + self._offsets).argmax(axis=1)])
