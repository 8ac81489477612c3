"""How many clusters there are, if any: as many as are found again, and are tighter than fewer heaps would be cut.

Clusters that are there are found again when a fifth of the takes is left out (T. Lange, V. Roth, M. Braun, J. Buhmann,
"Stability-based validation of clustering solutions", Neural Computation 16, 2004). That alone is not enough: a single
elongated heap is cut in half again and again. So clusters must be tighter, too, than those of normal distributions of
the same covariance: much tighter than those of one, or there is nothing at all (Y. Liu, D. Hayes, A. Nobel, J. Marron,
"Statistical significance of clustering for high-dimension, low-sample size data", JASA 103, 2008), and tighter than
those of one fewer, or one of them is a heap that was cut.

Names that people gave are evidence, too: recordings of one name belong together, those of two names do not (K.
Wagstaff, C. Cardie, S. Rogers, S. Schroedl, "Constrained k-means clustering with background knowledge", ICML 2001). Of
the numbers that are found again, one is taken at which most names are so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.faults.found_exemplars import FEWEST_FURTHER, FOREIGN_SHARE, KEPT_SHARE, whole_clusters
from auscult.faults.k_means import N_STARTS, inertia, n_different, tightest
from auscult.one_thread import one_thread

MOST_CLUSTERS = 8
SHARE = 0.8
"""Of the takes, that are drawn each time."""
N_RESAMPLES = 20
N_NULL = 20
FEW_STARTS = 3
"""Of k-means, where many results are averaged."""
LEAST_STABILITY = 0.75
"""Adjusted Rand index from which on clusters count as found again."""
LEAST_FROM_ONE = 4.0
"""Deviations by which clusters must be tighter than those of one normal distribution."""
LEAST_FROM_FEWER = 0.5
"""The same of one distribution fewer than clusters. It is little: two clusters of one fault can be given one name, but
two faults in one cluster cannot be told apart any more."""
MOST_AMI = 0.05
"""Agreement with machines up to which a number of clusters is taken: half of what an audit would object to."""
MOST_POINTS = 1500
"""Of more, so many are drawn: what they say together does not change any more."""
FEWEST = 10
"""Takes below which no split is believed."""

Fit = tuple[NDArray[np.intp], NDArray[np.float64]]
"""Labels of points and centroids of their clusters."""


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


def choose_n_clusters(
    points: NDArray[np.float64],
    seed: int = 0,
    machines: NDArray[np.intp] | None = None,
    named: NDArray[np.intp] | None = None,
) -> Choice:
    """Choose how many clusters points fall into.

    Parameters
    ----------
    points : ndarray, shape (n_takes, n_components)
        One a take: clips of one take would be found together for no other reason.
    seed : int
    machines : ndarray of int, shape (n_takes,), optional
        Number of each take's machine: no number of clusters is taken that makes them follow machines.
    named : ndarray of int, shape (n_takes,), optional
        Number of the fault that a person named each take, -1 of none. Without names the choice is the same as if none
        had been given.

    Returns
    -------
    Choice
        1 where no more are found again, or they are no tighter than by chance, unless names ask for more.
    """
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.permutation(len(points))[:MOST_POINTS])
    points, machines = points[drawn], np.zeros(drawn.size, np.intp) if machines is None else machines[drawn]
    named = np.full(drawn.size, -1) if named is None else named[drawn]
    n_kinds = n_different(points)
    if n_kinds < FEWEST:
        there = "1 different recording is" if n_kinds == 1 else f"{n_kinds} different recordings are"
        reason = f"1 cluster: {there} too few to tell kinds apart, expected {FEWEST}"
        return Choice(1, np.ones(1), reason)
    with one_thread():
        fits = {n: tightest(points, n, seed, N_STARTS) for n in range(1, min(MOST_CLUSTERS, n_kinds // 3) + 1)}
        by_itself = _choice(points, fits, machines, rng, seed)
    return _for_names(by_itself, fits, machines, named)


def _choice(
    points: NDArray[np.float64],
    fits: dict[int, Fit],
    machines: NDArray[np.intp],
    rng: np.random.Generator,
    seed: int,
) -> Choice:
    most = len(fits)
    stabilities = np.array([1.0, *(_stability(points, fits[n], rng, seed) for n in range(2, most + 1))])
    found_again = [n for n in range(2, most + 1) if stabilities[n - 1] >= LEAST_STABILITY]
    if not found_again:
        best = float(stabilities[1:].max())
        reason = f"1 cluster: no split is found again in other draws of the recordings (at best {best:.2f} of 1)"
        return Choice(1, stabilities, reason)
    from_one = {n: _distance(points, fits[n], fits[1], rng, seed) for n in range(2, most + 1)}
    farthest = max(from_one, key=lambda n: from_one[n])
    if from_one[farthest] < LEAST_FROM_ONE:
        distance = f"{from_one[farthest]:.1f} deviations"
        reason = (
            f"1 cluster: cut into {farthest} they lie hardly closer together than if they were all alike ({distance})"
        )
        return Choice(1, stabilities, reason)
    tight = [n for n in found_again if _distance(points, fits[n], fits[n - 1], rng, seed) >= LEAST_FROM_FEWER]
    if not tight:
        reason = f"1 cluster: {found_again[0]} are no tighter than fewer heaps would be cut, though there may be some"
        return Choice(1, stabilities, reason)
    in_turn = [n for n in tight if set(range(tight[0], n)) <= set(tight)]  # once a heap was cut, it is cut again
    of_faults = [n for n in in_turn if not _follow(machines, fits[n][0])]
    if not of_faults:
        reason = (
            f"1 cluster: {in_turn[0]} would tell machines apart rather than faults; ask for {in_turn[0]} to see them"
        )
        return Choice(1, stabilities, reason)
    n_clusters = of_faults[-1]
    reason = f"{n_clusters} clusters: the most that are found again when a fifth of the recordings is left out "
    reason += f"({stabilities[n_clusters - 1]:.2f} of 1) and are tighter than fewer heaps would be cut "
    return Choice(n_clusters, stabilities, f"{reason}({from_one[n_clusters]:.0f} deviations from a single one)")


def _for_names(by_itself: Choice, fits: dict[int, Fit], machines: NDArray[np.intp], named: NDArray[np.intp]) -> Choice:
    """The number nearest to the one chosen by itself at which most names are together and apart.

    Fewer clusters put parts of named faults together again. As many as hold hardly any named take must stay, or a new
    fault would hide behind an old name.
    """
    chosen, n_named = by_itself.n_clusters, np.unique(named[named >= 0]).size
    n_apart = {n: _n_apart(labels, named) for n, (labels, _) in fits.items()}
    n_free = {
        n: int((np.bincount(labels[named >= 0], minlength=n) < FEWEST_FURTHER).sum()) for n, (labels, _) in fits.items()
    }
    better = [
        n
        for n in range(2, len(fits) + 1)
        if n_apart[n] > n_apart[chosen]
        and (n > chosen or n_free[n] >= n_free[chosen])
        and by_itself.stabilities[n - 1] >= LEAST_STABILITY
        and not _follow(machines, fits[n][0])
    ]
    if not better:
        return by_itself
    n_clusters = min(better, key=lambda n: (-n_apart[n], abs(n - chosen), -n))
    reason = f"{n_clusters} clusters, for the names: at this number, which is found again "
    reason += (
        f"({by_itself.stabilities[n_clusters - 1]:.2f} of 1), the recordings of {n_apart[n_clusters]} of {n_named} "
    )
    reason += f"named faults are together and apart from those of others, instead of {n_apart[chosen]}; ask for "
    return Choice(
        n_clusters, by_itself.stabilities, f"{reason}{chosen} to see what is found by itself ({by_itself.reason})"
    )


def _n_apart(labels: NDArray[np.intp], named: NDArray[np.intp]) -> int:
    """Number of named faults that have a cluster, or several as a whole: most of their takes, and few of another's."""
    own = named >= 0
    if not own.any():
        return 0
    faults = np.unique(named[own], return_inverse=True)[1]
    counts = np.zeros((faults.max() + 1, labels.max() + 1))
    np.add.at(counts, (faults, labels[own]), 1)
    shares = counts / counts.sum(axis=1, keepdims=True)
    is_main = (shares >= KEPT_SHARE) & ((shares > FOREIGN_SHARE).sum(axis=0) == 1)
    is_whole = whole_clusters(counts, np.bincount(labels))
    return int((is_main.any(axis=1) | ((shares * is_whole).sum(axis=1) >= KEPT_SHARE)).sum())


def _follow(machines: NDArray[np.intp], labels: NDArray[np.intp]) -> bool:
    """Whether clusters begin to tell machines apart."""
    adjusted_mutual_info_score = require("sklearn.metrics", extra="train").adjusted_mutual_info_score
    return bool(adjusted_mutual_info_score(machines, labels) > MOST_AMI)


def _stability(points: NDArray[np.float64], whole: Fit, rng: np.random.Generator, seed: int) -> float:
    """Mean adjusted Rand index of the clusters of all points and of draws, to whose clusters all are assigned."""
    adjusted_rand_score = require("sklearn.metrics", extra="train").adjusted_rand_score
    scores = []
    for _ in range(N_RESAMPLES):
        drawn = points[rng.permutation(len(points))[: round(SHARE * len(points))]]
        n_found = min(len(whole[1]), n_different(drawn))
        _, centroids = tightest(drawn, n_found, seed, FEW_STARTS)
        scores.append(adjusted_rand_score(whole[0], nearest_centroids(points, centroids)))
    return float(np.mean(scores))


def _distance(points: NDArray[np.float64], fit: Fit, fewer: Fit, rng: np.random.Generator, seed: int) -> float:
    """By how many deviations clusters are tighter, against fewer of them, than where there are only those fewer."""
    labels, centroids = fewer

    def log_ratio(points: NDArray[np.float64]) -> float:
        more, less = (tightest(points, len(one[1]), seed, FEW_STARTS) for one in (fit, fewer))
        return float(np.log(max(inertia(points, *more), 1e-12) / max(inertia(points, *less), 1e-12)))

    null = []
    for _ in range(N_NULL):
        heaps = np.empty_like(points)
        for number, centroid in enumerate(centroids):
            own = np.flatnonzero(labels == number)
            # random sums of the points' differences have their covariance
            mixed = rng.standard_normal((own.size, own.size)) @ (points[own] - centroid)
            heaps[own] = centroid + mixed / np.sqrt(max(1, own.size - 1))
        null.append(log_ratio(heaps))
    return (float(np.mean(null)) - log_ratio(points)) / max(float(np.std(null)), 1e-6)


def nearest_centroids(points: NDArray[np.float64], centroids: NDArray[np.float64]) -> NDArray[np.intp]:
    """Nearest centroid of every point, shape (n,)."""
    squares = np.square(centroids).sum(axis=1) - 2 * points @ centroids.T
    nearest: NDArray[np.intp] = squares.argmin(axis=1)
    return nearest
