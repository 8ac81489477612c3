"""Distance from the mean of the normal clips, by how they spread.

Mahalanobis distance with the covariance shrunk after O. Ledoit and M. Wolf, "A well-conditioned estimator for
large-dimensional covariance matrices", Journal of Multivariate Analysis 88, 2004: it is defined with fewer clips than
descriptors. scikit-learn fits it; scoring is numpy.
"""

from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect.view import Arrays, embedded
from auscult.extras import require


class Mahalanobis:
    """Mahalanobis distance from the mean."""

    N_SCORES: ClassVar[int] = 1
    KEEPS_CLIPS: ClassVar[bool] = False

    def fit(self, Z: NDArray[np.float32], widths: list[int]) -> Self:
        """Learn from normal clips, standardised (`auscult.detect.view.View`)."""
        LedoitWolf = require("sklearn.covariance", extra="train").LedoitWolf

        own = [group[:, :width] for group, width in zip(Z, widths, strict=True)]
        precisions = [LedoitWolf(assume_centered=True).fit(group).precision_ for group in own]
        self._precisions = embedded(precisions, (Z.shape[2], Z.shape[2]))
        return self

    def scores(self, Z: NDArray[np.float32]) -> NDArray[np.float64]:
        """Score clips, shape (1, n_groups, n_clips), >= 0."""
        squared = np.einsum("gij,gij->gi", Z @ self._precisions, Z, dtype=np.float64)
        scores: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0))[None]
        return scores

    def to_arrays(self) -> Arrays:
        """What was learnt, but for the normal clips themselves."""
        return {"precisions": self._precisions}

    @classmethod
    def from_arrays(cls, arrays: Arrays, bank: NDArray[np.float32]) -> Self:
        """View with what `to_arrays` gave, of normal clips `bank`."""
        view, (n_groups, _, width) = cls(), bank.shape
        view._precisions = arrays["precisions"].reshape(n_groups, width, width)
        return view
