"""K-means: points -> clusters around centroids, the same ones whenever it is asked."""

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.extras import require
from auscult.one_thread import one_thread

MOST_CLUSTERS = 10
"""Numbers of clusters that are tried where none is given: more kinds of malfunction than one listener tells apart."""
N_STARTS = 10
"""Starts of which the tightest result counts: from one alone, k-means often stops at a poor one."""
SAME = 1e-5
"""Points that differ by less, relative to the largest coordinate, are copies: components are computed in float32."""


def k_means(
    points: NDArray[np.floating], n_clusters: int, seed: int = 0, *, n_starts: int = N_STARTS
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Clusters of points, the largest first.

    Parameters
    ----------
    points : ndarray, shape (n_clips, n_components)
    n_clusters : int
    seed : int
    n_starts : int > 0
        The tightest result of so many counts.

    Returns
    -------
    labels : ndarray of int, shape (n_clips,)
        Cluster of every clip, from 0.
    centroids : ndarray, shape (n_clusters, n_components)
        Means of the clusters.

    Raises
    ------
    OptionError
        If it is no number from 1 to that of different clips.
    ValueError
        If `points` is not two-dimensional, or has NaN or infinity in it.
    """
    points = _checked(points)
    most_possible = n_different(points)
    if n_clusters < 1:
        raise OptionError("clusters", f"expected at least 1, got {n_clusters}", "Leave it out to have it chosen.")
    if n_clusters > most_possible:
        problem = f"{n_clusters} clusters cannot be made of {most_possible} different clip{'s' * (most_possible != 1)}"
        remedy = f"Ask for at most {most_possible}, or give more recordings." if most_possible else "Give recordings."
        raise OptionError("clusters", problem, remedy)
    with one_thread():
        return tightest(points, n_clusters, seed, n_starts)


def inertias(points: NDArray[np.floating], most: int = MOST_CLUSTERS, seed: int = 0) -> NDArray[np.float64]:
    """How tight clusters are, for each number of them.

    Parameters
    ----------
    points : ndarray, shape (n_clips, n_components)
    most : int
        Largest number of clusters.
    seed : int

    Returns
    -------
    ndarray, shape (n_tried,)
        Sum of squared distances from points to their centroids, for 1, 2, ... clusters: up to `most`, or to the number
        of different clips if that is smaller.

    Raises
    ------
    OptionError, ValueError
        As `k_means`.
    """
    points = _checked(points)
    if most < 1:
        raise OptionError("clusters", f"expected at least 1 as the most, got {most}", "Leave it out to have it chosen.")
    most_possible = n_different(points)
    if most_possible == 1:
        return np.zeros(1)
    with one_thread():
        fits = [tightest(points, n, seed, N_STARTS) for n in range(1, min(most, most_possible) + 1)]
    return np.array([inertia(points, *fit) for fit in fits])


def inertia(points: NDArray[np.float64], labels: NDArray[np.intp], centroids: NDArray[np.float64]) -> float:
    """Sum of squared distances from points to the centroids of their clusters."""
    return float(np.square(points - centroids[labels]).sum())


def _checked(points: NDArray[np.floating]) -> NDArray[np.float64]:
    checked: NDArray[np.float64] = np.asarray(points, np.float64)
    if checked.ndim != 2:
        raise ValueError(f"expected shape (n_clips, n_components), got {checked.shape}")
    if not np.isfinite(checked).all():
        raise ValueError("NaN or infinity in the points")
    return checked


def n_different(points: NDArray[np.floating]) -> int:
    """Number of points that are no copies of each other: `k_means` makes as many clusters at most.

    Parameters
    ----------
    points : ndarray, shape (n_clips, n_components)
    """
    largest = np.abs(points).max(initial=0.0)
    if not largest:
        return min(len(points), 1)
    return len(np.unique(np.round(points / (SAME * largest)), axis=0))


def tightest(
    points: NDArray[np.float64], n_clusters: int, seed: int, n_starts: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Clusters as `k_means` gives them, unchecked and on the threads that are allowed: within `one_thread`.

    Parameters
    ----------
    points : ndarray, shape (n_clips, n_components)
    n_clusters : int
        From 1 to the number of different points.
    seed : int
    n_starts : int > 0
    """
    if n_clusters == 1:
        return np.zeros(len(points), np.intp), points.mean(axis=0, keepdims=True)
    KMeans = require("sklearn.cluster", extra="train").KMeans
    raw = KMeans(n_clusters, n_init=n_starts, random_state=seed).fit(points).labels_
    # Largest first, and of equal ones that of the earliest clip: k-means itself numbers as its seed has it.
    _, first, raw, sizes = np.unique(raw, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    labels = np.argsort(order)[raw].astype(np.intp)
    means = [points[labels == cluster].mean(axis=0) for cluster in range(len(order))]
    centroids: NDArray[np.float64] = np.stack(means)
    return labels, centroids
