"""Directions of signatures: what changed, and not how much: a fault is taken to keep it while it gets worse."""

import numpy as np
from numpy.typing import NDArray


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Vectors of length 1.

    Parameters
    ----------
    vectors : ndarray, shape (n, n_dimensions)

    Returns
    -------
    ndarray, shape (n, n_dimensions)
        Zeros where the vector was zero: it has no direction, and no cosine with any.

    Raises
    ------
    ValueError
        If it is not two-dimensional, or has NaN or infinity in it.
    """
    vectors = np.asarray(vectors, np.float64)
    if vectors.ndim != 2:
        raise ValueError(f"expected shape (n, n_dimensions), got {vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ValueError("NaN or infinity in the signatures")
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    scaled = vectors / np.where(largest > 0, largest, 1.0)  # squares of very small or large values are no numbers
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    units: NDArray[np.float64] = scaled / np.where(lengths > 0, lengths, 1.0)
    return units
