"""How many clusters there are, if any: as many as are found again in other recordings.

Clusters that are there are found again when a fifth of the takes is left out (T. Lange, V. Roth, M. Braun, J. Buhmann,
"Stability-based validation of clustering solutions", Neural Computation 16, 2004). That alone is not enough: a single
elongated heap is cut in half again and again. So they must be tighter, too, than those of one normal distribution of
the same covariance (Y. Liu, D. Hayes, A. Nobel, J. Marron, "Statistical significance of clustering for high-dimension,
low-sample size data", JASA 103, 2008).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.faults.k_means import k_means, n_different

MOST_CLUSTERS = 8
SHARE = 0.8
"""Of the takes, that are drawn each time."""
N_RESAMPLES = 20
N_NULL = 20
N_STARTS = 3
LEAST_STABILITY = 0.75
"""Adjusted Rand index from which on clusters count as found again."""
LEAST_DISTANCE = 4.0
"""Standard deviations by which clusters must be tighter than those of one normal distribution."""
TIE = 0.1
"""Stabilities that differ by less are equal, and the larger number is taken: two clusters of one fault can be given one
name, while two faults in one cluster cannot be told apart any more."""
MOST_AMI = 0.05
"""Agreement with machines up to which a number of clusters is taken: half of what an audit would object to."""
MOST_POINTS = 1500
"""Of more, so many are drawn: what they say together does not change any more."""
FEWEST = 10
"""Takes below which no split is believed."""


@dataclass(frozen=True)
class Choice:
    """A number of clusters and why.

    Parameters
    ----------
    n_clusters : int
    stabilities : ndarray, shape (n_tried,)
        Of 1, 2, ... clusters: 1 if they are always found again, 0 for chance; 1 for a single one.
    reason : str
    """

    n_clusters: int
    stabilities: NDArray[np.float64]
    reason: str


def choose_n_clusters(points: NDArray[np.float64], seed: int = 0, machines: NDArray[np.intp] | None = None) -> Choice:
    """Choose how many clusters points fall into.

    Parameters
    ----------
    points : ndarray, shape (n_takes, n_components)
        One a take: clips of one take would be found together for no other reason.
    seed : int
    machines : ndarray of int, shape (n_takes,), optional
        Number of each take's machine: no number of clusters is taken that makes them follow machines.

    Returns
    -------
    Choice
        1 where no more are found again, or they are no tighter than by chance.
    """
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(len(points))[:MOST_POINTS])
    points, machines = points[drawn], np.zeros(drawn.size, np.intp) if machines is None else machines[drawn]
    n_kinds = n_different(points)
    if n_kinds < FEWEST:
        reason = f"1 cluster: {n_kinds} different recordings are too few to tell kinds apart, expected {FEWEST}"
        return Choice(1, np.ones(1), reason)
    tried = range(2, min(MOST_CLUSTERS, n_kinds // 3) + 1)
    stabilities = np.array([1.0, *(_stability(points, n, rng, seed) for n in tried)])
    best = float(stabilities[1:].max())
    if best < LEAST_STABILITY:
        reason = f"1 cluster: no split is found again in other draws of the recordings (at best {best:.2f} of 1)"
        return Choice(1, stabilities, reason)
    as_good = np.flatnonzero(stabilities[1:] >= max(best - TIE, LEAST_STABILITY)) + 2
    distances = {int(n): _distance(points, int(n), rng, seed) for n in as_good[::-1]}
    tight = [n for n, distance in distances.items() if distance >= LEAST_DISTANCE]
    tight = [n for n in tight if not _follow(machines, k_means(points, n, seed)[0])] or tight[-1:]
    if not tight:
        most, distance = max(distances.items(), key=lambda item: item[1])
        reason = f"1 cluster: {most} are hardly tighter than a single heap would be cut ({distance:.1f} deviations)"
        return Choice(1, stabilities, reason)
    n_clusters = tight[0]
    found_again = f"{stabilities[n_clusters - 1]:.2f} of 1; the most that are about as good as the best"
    reason = f"{n_clusters} clusters: found again when a fifth of the recordings is left out ({found_again}), and much"
    return Choice(n_clusters, stabilities, f"{reason} tighter than chance ({distances[n_clusters]:.0f} deviations)")


def _follow(machines: NDArray[np.intp], labels: NDArray[np.intp]) -> bool:
    """Whether clusters begin to tell machines apart."""
    adjusted_mutual_info_score = require("sklearn.metrics", extra="train").adjusted_mutual_info_score
    return bool(adjusted_mutual_info_score(machines, labels) > MOST_AMI)


def _stability(points: NDArray[np.float64], n_clusters: int, rng: np.random.Generator, seed: int) -> float:
    """Mean adjusted Rand index of the clusters of all points and of draws, to whose clusters all are assigned."""
    adjusted_rand_score = require("sklearn.metrics", extra="train").adjusted_rand_score
    whole, _ = k_means(points, n_clusters, seed)
    scores = []
    for _ in range(N_RESAMPLES):
        drawn = points[rng.permutation(len(points))[: round(SHARE * len(points))]]
        n_found = min(n_clusters, n_different(drawn))
        _, centroids = k_means(drawn, n_found, seed, n_starts=N_STARTS)
        scores.append(adjusted_rand_score(whole, nearest_centroids(points, centroids)))
    return float(np.mean(scores))


def _distance(points: NDArray[np.float64], n_clusters: int, rng: np.random.Generator, seed: int) -> float:
    """By how many deviations the clusters are tighter than those of draws from one normal distribution."""
    covariance = np.atleast_2d(np.cov(points.T))
    centre = np.zeros(points.shape[1])
    heaps = (rng.multivariate_normal(centre, covariance, len(points), method="eigh") for _ in range(N_NULL))
    null = [_tightness(heap, n_clusters, seed) for heap in heaps]
    return float((np.mean(null) - _tightness(points, n_clusters, seed)) / max(float(np.std(null)), 1e-6))


def _tightness(points: NDArray[np.float64], n_clusters: int, seed: int) -> float:
    """Share of the squared distances that is left within clusters (the cluster index of Liu et al.)."""
    labels, centroids = k_means(points, n_clusters, seed, n_starts=N_STARTS)
    within = np.square(points - centroids[labels]).sum()
    return float(within / np.square(points - points.mean(axis=0)).sum())


def nearest_centroids(points: NDArray[np.float64], centroids: NDArray[np.float64]) -> NDArray[np.intp]:
    """Nearest centroid of every point, shape (n,)."""
    squares = np.square(centroids).sum(axis=1) - 2 * points @ centroids.T
    nearest: NDArray[np.intp] = squares.argmin(axis=1)
    return nearest
