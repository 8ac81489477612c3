"""Where the clips that faults were named on are now, among clips that were clustered anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.faults.names import N_EXEMPLARS, Fault

KEPT_SHARE = 2 / 3
"""Share of a fault's exemplars in one cluster that is the whole fault: clustering anew moves clips at the edge, but
twice as many stayed as went."""
FOREIGN_SHARE = 1 / 3
"""Share of another fault's exemplars that may be in a cluster that is one fault's: as many as that fault may lose and
be kept."""
FEWEST_FURTHER = 3
"""Exemplars of a fault, at least, that make another cluster its own as well: a person gave two clusters one name. It
has two thirds of those, too, that a name is given to: a part of a cluster that was torn has fewer."""
FEW_FOUND = 2
"""A name that was given to `MANY_NAMED` clips or more is not used again for fewer found: the one may be the odd one."""
MANY_NAMED = 3


@dataclass(frozen=True)
class FoundExemplars:
    """Exemplars of faults and the clusters they are in now; faults and clusters by number.

    Parameters
    ----------
    clusters : list of int
        Label of each cluster, in an order that follows from what is in them: ties do not hang on labels.
    cluster_of_clip : ndarray of int, shape (n_clips,)
        -1 of none.
    places : list of ndarray of int
        Of each fault, one clip of each exemplar that is among the clips.
    fault_of_clip : ndarray of int, shape (n_clips,)
        Of exemplars and their copies; -1 of others.
    n_exemplars : list of int
    shares : ndarray, shape (n_faults, n_clusters)
        Share of the found exemplars of a fault that are in a cluster.
    is_enough : ndarray of bool, shape (n_faults,)
        Whether enough exemplars are found to use the name again.
    """

    clusters: list[int]
    cluster_of_clip: NDArray[np.intp]
    places: list[NDArray[np.intp]]
    fault_of_clip: NDArray[np.intp]
    n_exemplars: list[int]
    shares: NDArray[np.float64]
    is_enough: NDArray[np.bool_]

    @classmethod
    def of(cls, faults: Sequence[Fault], content_hashes: Sequence[str], labels: NDArray[np.integer]) -> Self:
        """Look for the exemplars of faults among clips.

        Parameters
        ----------
        faults : sequence of Fault
        content_hashes : sequence of str, length n_clips
            Copies may be among them.
        labels : ndarray of int, shape (n_clips,)
            Cluster of every clip, -1 of none.

        Raises
        ------
        ValueError
            If two faults have one id or one exemplar.
        """
        clusters = _in_order_of_contents(content_hashes, labels)
        numbers = {label: number for number, label in enumerate(clusters)}
        cluster_of_clip = np.array([numbers.get(label, -1) for label in labels.tolist()], np.intp)
        fault_of_clip = faults_of_clips(faults, content_hashes)
        places: list[dict[str, int]] = [{} for _ in faults]
        # Of copies in several clusters the one in the first cluster counts.
        by_cluster = np.lexsort((cluster_of_clip, cluster_of_clip < 0))
        for place in by_cluster[fault_of_clip[by_cluster] >= 0].tolist():
            places[fault_of_clip[place]].setdefault(content_hashes[place], place)
        where = [np.array(list(own.values()), np.intp) for own in places]
        shares = np.zeros((len(faults), len(clusters)))
        for number, own in enumerate(where):
            in_any = cluster_of_clip[own][cluster_of_clip[own] >= 0]
            shares[number] = np.bincount(in_any, minlength=len(clusters)) / max(own.size, 1)
        n_exemplars = [len(set(fault.exemplars)) for fault in faults]
        is_enough = [own.size >= FEW_FOUND or n < MANY_NAMED for own, n in zip(where, n_exemplars, strict=True)]
        return cls(clusters, cluster_of_clip, where, fault_of_clip, n_exemplars, shares, np.array(is_enough, bool))

    def exemplars_in(self, cluster: int, number: int) -> NDArray[np.intp]:
        """Clips of a fault's exemplars that are in a cluster."""
        places = self.places[number]
        here: NDArray[np.intp] = places[self.cluster_of_clip[places] == cluster]
        return here

    def others_in(self, cluster: int) -> NDArray[np.intp]:
        """Clips of a cluster that are nobody's exemplars."""
        return np.flatnonzero((self.cluster_of_clip == cluster) & (self.fault_of_clip < 0))


def whole_clusters(counts: NDArray[np.floating], n_takes: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Clusters that a fault's name was given to as a whole, by all signs.

    Parameters
    ----------
    counts : ndarray, shape (n_faults, n_clusters)
        Exemplars of each fault in each cluster.
    n_takes : ndarray of int, shape (n_clusters,)

    Returns
    -------
    ndarray of bool, shape (n_faults, n_clusters)
        Where nearly all exemplars are the fault's, and as many as a name is given to.
    """
    fewest = np.maximum(FEWEST_FURTHER, KEPT_SHARE * np.minimum(N_EXEMPLARS, n_takes))
    are_whole: NDArray[np.bool_] = (counts >= fewest) & (counts >= KEPT_SHARE * counts.sum(axis=0))
    return are_whole


def faults_of_clips(faults: Sequence[Fault], content_hashes: Sequence[str]) -> NDArray[np.intp]:
    """Number of the fault that each clip is an exemplar of, or a copy of one; -1 of others.

    Parameters
    ----------
    faults : sequence of Fault
    content_hashes : sequence of str, length n_clips

    Returns
    -------
    ndarray of int, shape (n_clips,)

    Raises
    ------
    ValueError
        If two faults have one id or one exemplar.
    """
    if len({fault.id for fault in faults}) < len(faults):
        raise ValueError("two faults have the same id")
    fault_of_hash: dict[str, int] = {}
    for number, fault in enumerate(faults):
        for content_hash in fault.exemplars:
            if fault_of_hash.setdefault(content_hash, number) != number:
                raise ValueError(f"the exemplar {content_hash} belongs to two faults")
    return np.array([fault_of_hash.get(one, -1) for one in content_hashes], np.intp)


def _in_order_of_contents(content_hashes: Sequence[str], labels: NDArray[np.integer]) -> list[int]:
    members: dict[int, list[int]] = {}
    for place, label in enumerate(labels.tolist()):
        if label >= 0:
            members.setdefault(label, []).append(place)
    contents = {label: sorted(content_hashes[place] for place in places) for label, places in members.items()}
    return sorted(members, key=lambda label: (contents[label], members[label]))
