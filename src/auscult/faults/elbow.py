"""How many clusters: where the curve of their inertias bends.

The elbow is the point farthest from the straight line between the curve's ends (V. Satopaa, J. Albrecht, D. Irwin,
B. Raghavan, "Finding a 'kneedle' in a haystack", ICDCS Workshops 2011, without its smoothing and its threshold). It is
what a person sees in the picture, and no more: points without any groups bend the curve as well.
"""

import numpy as np
from numpy.typing import NDArray

STRAIGHT = 0.05
"""Share of its height that a curve may hang below the line and be straight: a poor start bends it as much."""


def elbow(inertias: NDArray[np.floating]) -> tuple[int, str]:
    """Number of clusters at the elbow.

    Parameters
    ----------
    inertias : ndarray, shape (n_tried,)
        Of 1, 2, ... clusters.

    Returns
    -------
    n_clusters : int
        1 if the curve is straight.
    justification : str
        Why, in words.

    Raises
    ------
    ValueError
        If there is none, or one that is no number.
    """
    curve = np.asarray(inertias, np.float64)
    if curve.ndim != 1 or not curve.size or not np.isfinite(curve).all():
        raise ValueError(f"expected inertias of 1, 2, ... clusters, got {inertias!r}")
    if curve[0] <= 0:
        return 1, "1 cluster: all clips are alike"
    if curve.size < 3:
        return 1, "1 cluster: no elbow shows where fewer than 3 numbers of clusters can be tried"
    height = curve[0] - curve[-1]
    if height <= 0:
        return 1, "1 cluster: more of them are no tighter"
    line = np.linspace(curve[0], curve[-1], curve.size)
    depths = (line - curve) / height
    place = int(depths.argmax())
    if depths[place] <= STRAIGHT:
        return 1, f"1 cluster: the inertias of 1 to {curve.size} lie on a straight line, without an elbow"
    where = f"the curve of inertias of 1 to {curve.size} is farthest from the straight line between its ends there"
    return place + 1, f"{place + 1} clusters: {where} ({100 * depths[place]:.0f} % of its height)"
