"""Several operating states: how far a clip is from all components of a mixture of normal distributions.

Gaussian mixture with full covariances (J. Guan et al., "Time-weighted frequency domain audio representation with GMM
estimator for anomalous sound detection", ICASSP 2023, use it on pooled log-mel spectra). scikit-learn fits it; scoring
is numpy.
"""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect.view import Arrays, embedded
from auscult.extras import require

MAX_COMPONENTS = 8
CLIPS_A_COMPONENT = 75
"""With fewer clips, fewer components: a covariance of each has to be estimated."""
REGULARISATION = 0.1
"""Added to the variances of the standardised descriptors, which makes covariances of few clips invertible."""
MAX_ITERATIONS = 5
"""Of expectation maximisation, from k-means: the scores hardly change any more. scikit-learn warns of that."""


class Mixture:
    """Mahalanobis distance from the component that a clip is most probably of; of several, the root of the mean square.

    Not the density itself: a component of a few clips is so narrow that its height would decide on all scores.

    Parameters
    ----------
    n_clips : int > 0
        Clips that it is to learn from, or fewer: they decide on the number of components.
    """

    N_SCORES: ClassVar[int] = 1
    KEEPS_CLIPS: ClassVar[bool] = False

    def __init__(self, n_clips: int = CLIPS_A_COMPONENT) -> None:
        self._n_components = min(MAX_COMPONENTS, max(1, n_clips // CLIPS_A_COMPONENT))

    def fit(self, Z: NDArray[np.float32], widths: list[int]) -> Self:
        """Learn from normal clips, standardised (`auscult.detect.view.View`)."""
        n_components = self._n_components
        mixtures = [_fitted(group[:, :width], n_components) for group, width in zip(Z, widths, strict=True)]
        n, width = MAX_COMPONENTS, Z.shape[2]
        self._roots = embedded([mixture.precisions_cholesky_ for mixture in mixtures], (n, width, width))
        centres = [np.einsum("ki,kij->kj", mixture.means_, mixture.precisions_cholesky_) for mixture in mixtures]
        self._centres = embedded(centres, (n, width))
        self._heights = np.full((len(mixtures), n), -np.inf, np.float32)  # no component where there are fewer
        for heights, mixture in zip(self._heights, mixtures, strict=True):
            log_determinants = np.log(np.diagonal(mixture.precisions_cholesky_, axis1=1, axis2=2)).sum(axis=1)
            own = np.log(mixture.weights_) + log_determinants
            heights[: own.size] = own - own.max()
        return self

    def scores(self, Z: NDArray[np.float32]) -> NDArray[np.float64]:
        """Score clips, shape (1, n_groups, n_clips), >= 0."""
        differences = Z[:, None] @ self._roots - self._centres[:, :, None]  # (n_groups, n_components, n_clips, width)
        exponents = np.einsum("gkij,gkij->gki", differences, differences, dtype=np.float64)
        log_densities = self._heights[:, :, None] - exponents / 2
        shares = np.exp(log_densities - log_densities.max(axis=1, keepdims=True))
        squared = (shares * exponents).sum(axis=1) / shares.sum(axis=1)
        scores: NDArray[np.float64] = np.sqrt(squared)[None]
        return scores

    def to_arrays(self) -> Arrays:
        """What was learnt, but for the normal clips themselves."""
        n = int(np.isfinite(self._heights).sum(axis=1).max())
        return {"roots": self._roots[:, :n], "centres": self._centres[:, :n], "heights": self._heights[:, :n]}

    @classmethod
    def from_arrays(cls, arrays: Arrays, bank: NDArray[np.float32]) -> Self:
        """View with what `to_arrays` gave, of normal clips `bank`."""
        view, (n_groups, _, width) = cls(), bank.shape
        view._heights = arrays["heights"].reshape(n_groups, -1)
        n = view._heights.shape[1]
        view._roots = arrays["roots"].reshape(n_groups, n, width, width)
        view._centres = arrays["centres"].reshape(n_groups, n, width)
        return view


def _fitted(Z: NDArray[np.float32], n_components: int) -> Any:
    """A mixture of one group's descriptors, shape (n_clips, width)."""
    GaussianMixture = require("sklearn.mixture", extra="train").GaussianMixture

    n_components = min(n_components, len(np.unique(Z, axis=0)))
    mixture = GaussianMixture(n_components, reg_covar=REGULARISATION, max_iter=MAX_ITERATIONS, tol=1e-2, random_state=0)
    return mixture.fit(Z.astype(np.float64))
