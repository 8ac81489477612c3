"""How normal clips spread: in each descriptor, and which of them are unlike all others."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auscult.errors import DataError

STRANGE = 4.0
"""Robust deviations from the median score from which on a clip is set aside: unlike the others, wherever they are."""
MOST_STRANGE = 0.1
"""Share of the clips that is set aside at most."""
CONSTANT = 1e-6
"""Standard deviation, as a share of the mean, under which a descriptor counts as constant (float32 has 7 digits)."""


def deviations_of(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviations; a descriptor that never varied (a band that is digitally silent, say) gets the median one.

    Otherwise its first small variation would be infinitely improbable, and an alarm.

    Parameters
    ----------
    X : ndarray, shape (n_clips, n_descriptors)

    Returns
    -------
    ndarray, shape (n_descriptors,), > 0
    """
    scale = X.std(axis=0)
    is_constant = scale <= CONSTANT * np.abs(X.mean(axis=0))
    return np.where(is_constant, np.median(scale[~is_constant]) if not is_constant.all() else 1.0, scale)


def are_strange(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which clips are far above the median of the scores, by their median absolute deviation; a tenth at most.

    Parameters
    ----------
    scores : ndarray, shape (n_clips,)
        Of models that did not learn from these clips: a rare operating state is known by others of its kind.

    Returns
    -------
    ndarray of bool, shape (n_clips,)
    """
    from_median = scores - np.median(scores)
    limit = STRANGE * 1.4826 * float(np.median(np.abs(from_median)))
    n_most = int(MOST_STRANGE * scores.size)
    is_far = from_median > max(limit, 1e-9)
    if is_far.sum() > n_most:
        is_far &= np.argsort(np.argsort(-scores, kind="stable"), kind="stable") < n_most
    return is_far


def positive(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Deviations that can be divided by: clips that are all alike have none, and get 1."""
    return np.where(deviations > 1e-9, deviations, 1.0)


def validated(X: ArrayLike) -> NDArray[np.float64]:
    """Descriptors of clips as an array, shape (n_clips, n_descriptors).

    Raises
    ------
    DataError
        If they have another shape, or one is NaN or infinite, naming it.
    """
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or X.shape[1] == 0:
        raise DataError("descriptors", f"expected shape (n_clips, n_descriptors), got {X.shape}", "Reshape them.")
    is_finite = np.isfinite(X)
    if not is_finite.all():
        if (empty := ~is_finite.any(axis=0)).any() and len(X) > 1:
            problem = f"descriptor {int(np.argmax(empty))} is NaN or infinite in all {len(X)} clips"
            raise DataError("descriptors", problem, "Leave that column out.")
        clip, descriptor = np.argwhere(~is_finite)[0]
        raise DataError("descriptors", f"descriptor {descriptor} of clip {clip} is NaN or infinite", "Leave it out.")
    return X
