"""What normal clips have in common, learnt from their descriptors; how far a clip is from that.

Mahalanobis distance with the covariance shrunk after O. Ledoit and M. Wolf, "A well-conditioned estimator for
large-dimensional covariance matrices", Journal of Multivariate Analysis 88, 2004: it is defined with fewer clips than
descriptors. scikit-learn fits it; scoring is numpy.
"""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auscult.errors import BundleError, DataError
from auscult.extras import require

MIN_CLIPS = 4
"""Fewest normal clips that a covariance is estimated from."""

CONSTANT = 1e-6
"""Standard deviation, as a share of the mean, under which a descriptor counts as constant (float32 has 7 digits)."""

ARRAYS = ("mean", "scale", "precision")


class NormalityModel:
    """Normal-only model of one machine's descriptors.

    Attributes
    ----------
    mean_, scale_ : ndarray, shape (n_descriptors,)
        Mean and standard deviation of the normal clips' descriptors; where one is constant, the median of the others.
    precision_ : ndarray, shape (n_descriptors, n_descriptors)
        Inverse of the shrunk covariance of the standardised descriptors.
    """

    mean_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    precision_: NDArray[np.float64]

    def fit(self, X: ArrayLike) -> Self:
        """Learn from normal clips.

        Parameters
        ----------
        X : array, shape (n_clips, n_descriptors), finite

        Returns
        -------
        self

        Raises
        ------
        DataError
            If there are fewer than 4 clips, or a descriptor is NaN or infinite.
        """
        LedoitWolf = require("sklearn.covariance", extra="train").LedoitWolf

        X = _validate(X)
        if X.shape[0] < MIN_CLIPS:
            problem = f"{X.shape[0]} normal clips are too few to learn from, expected at least {MIN_CLIPS}"
            raise DataError("normality", problem, "Record more normal sound.")
        self.mean_ = X.mean(axis=0)
        self.scale_ = _scale(X)
        self.precision_ = LedoitWolf(assume_centered=True).fit((X - self.mean_) / self.scale_).precision_
        return self

    def anomaly_scores(self, X: ArrayLike) -> NDArray[np.float64]:
        """How far clips are from normal.

        Parameters
        ----------
        X : array, shape (n_clips, n_descriptors), finite

        Returns
        -------
        ndarray, shape (n_clips,), >= 0
            Mahalanobis distance over the square root of the number of descriptors; larger is more anomalous.

        Raises
        ------
        DataError
            If the number of descriptors is not the one learnt from, or one is NaN or infinite.
        """
        X = _validate(X)
        if X.shape[1] != self.mean_.shape[0]:
            problem = f"{X.shape[1]} descriptors a clip, expected {self.mean_.shape[0]}"
            raise DataError("normality", problem, "Compute them as for the clips learnt from.")
        Z = (X - self.mean_) / self.scale_
        squared = np.einsum("ij,ij->i", Z @ self.precision_, Z)
        scores: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0) / Z.shape[1])
        return scores

    def to_arrays(self) -> dict[str, NDArray[np.float32]]:
        """What was learnt, by name, as a bundle stores it."""
        return {name: getattr(self, f"{name}_").astype(np.float32) for name in ARRAYS}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.float32]]) -> Self:
        """Model with what `to_arrays` gave.

        Raises
        ------
        BundleError
            If an array is missing, or their shapes do not belong together.
        """
        shapes = {name: arrays[name].shape for name in ARRAYS if name in arrays}
        n = shapes.get("mean", (0,))[0]
        if shapes != {"mean": (n,), "scale": (n,), "precision": (n, n)}:
            raise BundleError("detector.npz", f"unexpected arrays {shapes}", "Train the bundle again.")
        model = cls()
        model.mean_, model.scale_, model.precision_ = (arrays[name].astype(np.float64) for name in ARRAYS)
        return model


def _scale(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviations; a descriptor that never varied (a band that is digitally silent, say) gets the median one.

    Otherwise its first small variation would be infinitely improbable, and an alarm.
    """
    scale = X.std(axis=0)
    is_constant = scale <= CONSTANT * np.abs(X.mean(axis=0))
    return np.where(is_constant, np.median(scale[~is_constant]) if not is_constant.all() else 1.0, scale)


def _validate(X: ArrayLike) -> NDArray[np.float64]:
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] == 0:
        raise DataError("descriptors", f"expected shape (n_clips, n_descriptors), got {X.shape}", "Reshape them.")
    if not np.isfinite(X).all():
        clip, descriptor = np.argwhere(~np.isfinite(X))[0]
        raise DataError("descriptors", f"descriptor {descriptor} of clip {clip} is NaN or infinite", "Leave it out.")
    return X
