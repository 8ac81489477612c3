"""The original demonstration's way from anomalous clips to points: MFCC patches, made flat -> principal components.

Its clusters are those of `k_means`, as many as `elbow` says. It is kept to compare with: patches made flat tell clips
apart by when something happens in them, and whatever differs most decides, be it the machine or the noise.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError, OptionError
from auscult.extras import require

MOST_COMPONENTS = 50
"""As many are computed at most: k-means finds nothing in more, and each costs a pass over all clips."""
ENOUGH = 0.8
"""Share of variance that the components have to explain where their number is not given."""
_EXACT = 500
"""Clips, or values of a clip, up to which the exact decomposition is as fast as the randomised one."""
_ROWS = 64
"""Clips that are standardised at a time: a few megabytes."""


@dataclass(frozen=True)
class PrincipalComponents:
    """Clips by their principal components.

    Parameters
    ----------
    points : ndarray, shape (n_clips, n_components)
    shares : ndarray, shape (n_computed,)
        Of the variance, that each component explains, 0 to 1: also of those that were not taken.
    justification : str
        Why so many of them, in words.
    """

    points: NDArray[np.float64]
    shares: NDArray[np.float64]
    justification: str


def principal_components(
    patches: NDArray[np.floating], *, n_components: int | None = None, seed: int = 0
) -> PrincipalComponents:
    """Principal components of patches, every value of which is standardised over all clips.

    Parameters
    ----------
    patches : ndarray, shape (n_clips, n_bands, n_frames)
        MFCC of the anomalous clips. One copy of it in float32 is made.
    n_components : int, optional
        If not given, the fewest that explain 80 % of the variance, or all 50 if those do not.
    seed : int
        Of the randomised decomposition (N. Halko, P.-G. Martinsson, J. A. Tropp, SIAM Review 53, 2011), which is used
        for more than 500 clips.

    Returns
    -------
    PrincipalComponents
        One component, or as many as asked for, of zeros if all clips are alike.

    Raises
    ------
    DataError
        If there are no clips.
    OptionError
        If there are not as many components.
    ValueError
        If `patches` is not three-dimensional, or has NaN or infinity in it.
    """
    if patches.ndim != 3 or not patches.shape[1] * patches.shape[2]:
        raise ValueError(f"expected shape (n_clips, n_bands, n_frames), got {patches.shape}")
    n_clips = len(patches)
    if not n_clips:
        raise DataError("anomalous clips", "there are none", "Give more recordings: faults are found among such clips.")
    possible = max(1, min(n_clips - 1, patches[0].size, MOST_COMPONENTS))
    if n_components is not None and not 1 <= n_components <= possible:
        problem = f"expected 1 to {possible} of {n_clips} clip{'s' * (n_clips > 1)}, got {n_components}"
        raise OptionError("components", problem, "Leave it out to have it chosen.")
    flat = np.array(patches.reshape(n_clips, -1), np.float32, order="C")
    if not _standardise(flat):
        n_taken = n_components or 1
        justification = f"{n_taken} component{'s' * (n_taken > 1)} of nothing: all clips are alike"
        return PrincipalComponents(np.zeros((n_clips, n_taken)), np.zeros(n_taken), justification)
    PCA = require("sklearn.decomposition", extra="train").PCA
    solver = "full" if min(flat.shape) <= _EXACT else "randomized"
    pca = PCA(possible, svd_solver=solver, copy=False, random_state=seed)
    components = pca.fit_transform(flat)
    shares = np.asarray(pca.explained_variance_ratio_, np.float64)
    n_taken, justification = _choice(shares, n_components)
    return PrincipalComponents(components[:, :n_taken].astype(np.float64), shares, justification)


def _standardise(flat: NDArray[np.float32]) -> bool:
    """Give every column the mean 0 and the variance 1, in place; whether any column varies at all.

    Columns that do not vary become zeros.
    """
    blocks = [flat[start : start + _ROWS] for start in range(0, len(flat), _ROWS)]
    with np.errstate(invalid="ignore", over="ignore"):
        mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(flat)
        squares = sum(((block - mean) ** 2).sum(axis=0) for block in blocks)
        deviation = np.sqrt(squares / len(flat))
    if not np.isfinite(deviation).all():
        raise ValueError("NaN or infinity in the patches")
    is_still = deviation <= np.finfo(np.float32).eps * np.abs(mean)  # no more than rounding
    scale = np.where(is_still, 0.0, 1 / np.where(is_still, 1.0, deviation))
    for block in blocks:
        block[...] = (block - mean) * scale
    return not is_still.all()


def _choice(shares: NDArray[np.float64], n_components: int | None) -> tuple[int, str]:
    """Number of components, and why."""
    together = np.cumsum(shares)
    reached = int(np.searchsorted(together, ENOUGH - 1e-6)) + 1  # shares are sums in float32
    n_taken = n_components or min(reached, shares.size)
    noun = f"{n_taken} component{'s' * (n_taken > 1)}"
    explained = f"{100 * together[n_taken - 1]:.0f} % of the variance"
    if n_components is not None:
        return n_taken, f"{noun}, as asked for: {explained}"
    if reached > shares.size:
        return n_taken, f"{noun}, all that were computed: {explained}, less than {100 * ENOUGH:.0f} %"
    return n_taken, f"{noun}: the fewest that explain {100 * ENOUGH:.0f} % of the variance ({explained})"
