"""The first principal components of clips, as many as a picture has axes."""

import numpy as np
from numpy.typing import NDArray

AXES = ("first principal component", "second principal component", "third principal component")


def first_components(points: NDArray[np.floating], n_axes: int) -> NDArray[np.floating]:
    """First columns of points; zeros for those there are not.

    Parameters
    ----------
    points : ndarray, shape (n_points, n_components)
    n_axes : int

    Returns
    -------
    ndarray, shape (n_points, n_axes)
    """
    there = points[:, :n_axes]
    return np.pad(there, ((0, 0), (0, n_axes - there.shape[1])))
