"""Signatures of anomalous clips -> clusters of clips that changed in the same way.

One point a take: remixes and copies of a recording have one fault, so their signatures are averaged and the cluster is
all of theirs. Points are directions (what changed, not how much), reduced to principal components; clusters by k-means,
which on directions is the spherical one (I. Dhillon, D. Modha, Machine Learning 42, 2001).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError, OptionError
from auscult.faults.k_means import inertias, k_means
from auscult.faults.signatures import directions, means_of_takes
from auscult.faults.stability import MOST_CLUSTERS, choose_n_clusters

ENOUGH = 0.8
"""Share of variance that the components explain where their number is not given."""
BY_CHANCE = 80.0
"""Percent of normal takes that have to be less like a cluster than a clip is that belongs to it; else it has none."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Clustering:
    """Clips in clusters.

    Parameters
    ----------
    labels : ndarray of int, shape (n_clips,)
        -1: like none of them.
    points : ndarray, shape (n_clips, n_components)
        Principal components of each clip, or of its take.
    centroids : ndarray, shape (n_clusters, n_components)
    shares : ndarray, shape (n_computed,)
        Of the variance, that each component explains.
    inertias, stabilities : ndarray, shape (n_tried,)
        Of 1, 2, ... clusters; stabilities may be empty.
    reasons : tuple of str
        Why so many components and clusters.
    """

    labels: NDArray[np.intp]
    points: Values
    centroids: Values
    shares: Values
    inertias: Values
    stabilities: Values
    reasons: tuple[str, ...]


def cluster_signatures(
    signatures: Values,
    takes: NDArray[np.intp],
    normal: Values,
    *,
    machines: NDArray[np.intp] | None = None,
    normal_machines: NDArray[np.intp] | None = None,
    named: NDArray[np.intp] | None = None,
    n_components: int | None = None,
    n_clusters: int | None = None,
    seed: int = 0,
) -> Clustering:
    """Find clusters.

    Parameters
    ----------
    signatures : ndarray, shape (n_clips, n)
    takes : ndarray of int, shape (n_clips,)
        Number of each clip's take, from 0.
    normal : ndarray, shape (n_normal, n)
        Signatures of normal takes: what changes by chance.
    machines, normal_machines : ndarray of int, shapes (n_clips,) and (n_normal,), optional
        Number of the machine of each clip and normal take, which clusters should not follow.
    named : ndarray of int, shape (n_clips,), optional
        Number of the fault that a person named each clip, -1 of none: names have a say in the number of clusters
        where it is chosen, and in nothing else.
    n_components, n_clusters : int, optional
        Chosen if left out.
    seed : int

    Raises
    ------
    DataError
        If there are no clips.
    OptionError
        If there are not as many components or different takes.
    """
    if not len(signatures):
        raise DataError("anomalous clips", "there are none", "Give more recordings: faults are found among such clips.")
    of_takes = directions(means_of_takes(signatures, takes))
    points, shares, reason = principal_directions(of_takes, n_components)
    of_take = None if machines is None else machines[np.unique(takes, return_index=True)[1]]
    with_say = _named_takes(named, takes) if named is not None and n_clusters is None else None
    choice = choose_n_clusters(points, seed, of_take, with_say)
    if n_clusters is None:
        n_clusters, why = choice.n_clusters, choice.reason
    else:
        why = f"{n_clusters} cluster{'s' * (n_clusters != 1)}, as asked for (by itself: {choice.reason})"
    labels, centroids = k_means(points, n_clusters, seed)
    labels = np.where(_belong(of_takes, labels, directions(normal)), labels, -1)
    return Clustering(
        labels[takes],
        points[takes],
        centroids,
        shares,
        inertias(points, MOST_CLUSTERS, seed),
        choice.stabilities,
        (reason, why, among_normal(normal, normal_machines, seed)),
    )


def _named_takes(named: NDArray[np.intp], takes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Fault that each take was named; -1 of none, and of two."""
    of_takes = np.full(int(takes.max()) + 1, -1, np.intp)
    has_name = named >= 0
    np.maximum.at(of_takes, takes[has_name], named[has_name])
    of_takes[takes[has_name & (named != of_takes[takes])]] = -1
    return of_takes


def among_normal(normal: Values, machines: NDArray[np.intp] | None = None, seed: int = 0) -> str:
    """What the same way finds among normal takes, which have no faults: the null, in words.

    Parameters
    ----------
    normal : ndarray, shape (n_normal, n)
        Signatures of normal takes.
    machines : ndarray of int, shape (n_normal,), optional
        Number of each one's machine.
    seed : int
    """
    points, _, _ = principal_directions(directions(normal))
    found = choose_n_clusters(points, seed, machines)
    if found.n_clusters == 1:
        return f"among {len(normal)} normal recordings the same way finds nothing ({found.reason.partition(': ')[2]})"
    return (
        f"among {len(normal)} normal recordings the same way finds {found.n_clusters} clusters as well: what was found "
        "may be states of the machine and no faults"
    )


def principal_directions(of_takes: Values, n_components: int | None = None) -> tuple[Values, Values, str]:
    """Principal components of directions.

    Parameters
    ----------
    of_takes : ndarray, shape (n_takes, n)
        At least one.
    n_components : int, optional
        If left out, the fewest that explain 80 % of the variance.

    Returns
    -------
    points : ndarray, shape (n_takes, n_components)
    shares : ndarray, shape (n_possible,)
        Of the variance, that each component explains.
    reason : str
        Why so many, in words.

    Raises
    ------
    OptionError
        If there are not as many.
    """
    centred = of_takes - of_takes.mean(axis=0)
    possible = max(1, min(len(centred) - 1, centred.shape[1]))
    if n_components is not None and not 1 <= n_components <= possible:
        problem = f"expected 1 to {possible} of {len(centred)} recordings, got {n_components}"
        raise OptionError("components", problem, "Leave it out to have it chosen.")
    U, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    power = np.square(lengths)
    total = float(power.sum())
    if total <= 1e-12:
        return np.zeros((len(centred), n_components or 1)), np.ones(1), "1 component: all recordings changed alike"
    shares = power[:possible] / total  # what is beyond is zero: so many centred points span no more
    n_taken = n_components or min(int(np.searchsorted(np.cumsum(shares), ENOUGH)) + 1, possible)
    together = f"{100 * shares[:n_taken].sum():.0f} % of the variance"
    asked = "as asked for" if n_components else f"the fewest that explain {100 * ENOUGH:.0f} %"
    reason = f"{n_taken} component{'s' * (n_taken > 1)}, {asked}: {together}"
    return U[:, :n_taken] * lengths[:n_taken], shares, reason


def _belong(of_takes: Values, labels: NDArray[np.intp], of_normal: Values) -> NDArray[np.bool_]:
    """Takes that are more like their cluster than normal takes are by chance."""
    means = np.stack([of_takes[labels == label].mean(axis=0) for label in range(int(labels.max()) + 1)])
    centres = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    likeness = np.einsum("ij,ij->i", of_takes, centres[labels])
    limits = np.percentile(of_normal @ centres.T, BY_CHANCE, axis=0) if len(of_normal) else np.full(len(centres), -1.0)
    belong: NDArray[np.bool_] = (likeness >= limits[labels]) & of_takes.any(axis=1)  # what did not change is like none
    return belong
