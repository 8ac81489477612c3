"""Which of the new clusters an old name belongs to: the one where the clips lie that the name was given to.

Clips are known by their contents, so files may be renamed and clusters change places. A name is used again without
asking only where it is clear: what is not is said, and a person decides.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.extras import require
from auscult.faults.directions import unit
from auscult.faults.found_exemplars import FOREIGN_SHARE, KEPT_SHARE, FoundExemplars, whole_clusters
from auscult.faults.names import Fault

Status = Literal["kept", "split", "merged", "moved", "weak", "lost"]

LARGEST_SHARE = 1 / 2
"""Share from which on the largest part has the name: with less, most of the exemplars are in other clusters."""
LEAST_LIKENESS = 0.5
"""Cosine of the mean signatures of the exemplars and of their cluster's other clips, 60 degrees: below it, less than a
quarter of the power of the one is in the direction of the other."""
_UNCONFIRMED = ": the name is not used again until it is confirmed"


@dataclass(frozen=True)
class Match:
    """What became of a fault.

    Parameters
    ----------
    fault_id : str
    cluster : int or None
        Where most of its exemplars are. It has the name if the fault is kept or split, shares it if it is merged, and
        awaits a person's word if it is moved or weak. None if it is lost.
    status : {"kept", "split", "merged", "moved", "weak", "lost"}
        kept: (nearly) all of its exemplars are in one cluster, and hardly any of another fault. split: its largest
        part has the name. merged: another fault is in its cluster as well, and clips are named one by one. moved: the
        other clips of its cluster are unlike it. weak: too few exemplars are found, or nowhere enough. lost: none is
        found, or none in any cluster.
    share : float
        Share of the found exemplars that are in the cluster, and in others that are the fault's as well, 0 to 1.
    n_found, n_exemplars : int
        Exemplars that are among the clips, and all.
    message : str
        The same in words.
    """

    fault_id: str
    cluster: int | None
    status: Status
    share: float
    n_found: int
    n_exemplars: int
    message: str

    @property
    def has_name(self) -> bool:
        """Whether the cluster has the fault's name, without asking anyone."""
        return self.status in ("kept", "split")


@dataclass(frozen=True)
class Matching:
    """Old names and new clusters.

    Parameters
    ----------
    matches : tuple of Match
        One of each fault, in their order.
    names_of_clips : tuple of (str or None), length n_clips
        Fault of each clip, by its id. Exemplars have theirs wherever they are.
    fault_of_cluster : dict of int -> str
        Clusters that have a name: of kept and split faults; several may have one, if they were named alike.
    new_clusters : tuple of int
        Clusters that hold no fault's main part: they have no name, share none, and no moved fault is in them.
    """

    matches: tuple[Match, ...]
    names_of_clips: tuple[str | None, ...]
    fault_of_cluster: dict[int, str]
    new_clusters: tuple[int, ...]


def match_names(
    faults: Sequence[Fault],
    content_hashes: Sequence[str],
    labels: NDArray[np.integer],
    signatures: NDArray[np.floating],
    takes: Sequence[Hashable] | None = None,
) -> Matching:
    """Find the faults again among clips that were clustered anew.

    Parameters
    ----------
    faults : sequence of Fault
        With their exemplars, by hash.
    content_hashes : sequence of str, length n_clips
        SHA-256 of every clip's file. Copies may be among them: an exemplar counts once.
    labels : ndarray of int, shape (n_clips,)
        Cluster of every clip, -1 of none.
    signatures : ndarray, shape (n_clips, n)
        Only their directions count.
    takes : sequence, length n_clips, optional
        Underlying recording of every clip; if left out, each is one of its own.

    Returns
    -------
    Matching
        Other numbers of the clusters change nothing but the numbers.

    Raises
    ------
    ValueError
        If the arguments do not belong together, a signature is not finite, two faults have one id or one exemplar.
    MissingExtraError
        If SciPy is not installed.
    """
    n_clips, labels = len(content_hashes), np.asarray(labels)
    takes = range(n_clips) if takes is None else takes
    if labels.shape != (n_clips,) or not len(signatures) == len(takes) == n_clips:
        problem = (
            f"{n_clips} clips, labels of shape {labels.shape}, {len(takes)} takes and {len(signatures)} signatures"
        )
        raise ValueError(f"{problem} do not belong together")
    units = unit(np.asarray(signatures, np.float64).reshape(n_clips, -1 if n_clips else 0))
    found = FoundExemplars.of(faults, content_hashes, labels)
    heard = np.where(found.is_enough[:, None], found.shares, 0.0)
    further = _further(found, units, takes)
    homes = _homes(heard, further)
    has_say = (heard > FOREIGN_SHARE) & np.isin(np.arange(len(found.clusters)), homes)
    matches = []
    for number, (fault, home) in enumerate(zip(faults, homes, strict=True)):
        if home < 0:
            matches.append(_homeless(fault.id, found, number))
        else:
            own = {home, *further[number]} - (set(homes[:number]) | set(homes[number + 1 :]))
            further[number] = sorted(own - {home})
            sharers = [faults[other].name for other in np.flatnonzero(has_say[:, home]).tolist() if other != number]
            likeness = _likeness(found, units, number, home)
            matches.append(_at_home(fault.id, found, number, home, further[number], sharers=sharers, likeness=likeness))
    all_homes = [[home, *more] for home, more in zip(homes, further, strict=True)]
    taken = {home for own in all_homes for home in own}
    names = _names_of_clips(found, units, all_homes, has_say, matches)
    named = {
        found.clusters[home]: match.fault_id
        for own, match in zip(all_homes, matches, strict=True)
        for home in own
        if match.has_name
    }
    return Matching(
        tuple(matches),
        tuple(faults[number].id if number >= 0 else None for number in names.tolist()),
        named,
        tuple(sorted(cluster for number, cluster in enumerate(found.clusters) if number not in taken)),
    )


def _further(found: FoundExemplars, units: NDArray[np.float64], takes: Sequence[Hashable]) -> list[list[int]]:
    """Clusters of each fault whose exemplars are nearly all its own, enough of them, and like the other clips."""
    counts = np.rint(found.shares * np.array([[own.size] for own in found.places]).reshape(-1, 1))
    pairs = set(zip(found.cluster_of_clip.tolist(), takes, strict=True))
    n_takes = np.array([sum(own == cluster for own, _ in pairs) for cluster in range(len(found.clusters))])
    is_own = whole_clusters(counts, n_takes) & found.is_enough[:, None]
    return [
        [
            cluster
            for cluster in np.flatnonzero(row).tolist()
            if _likeness(found, units, number, cluster) >= LEAST_LIKENESS
        ]
        for number, row in enumerate(is_own)
    ]


def _homes(heard: NDArray[np.float64], further: list[list[int]]) -> list[int]:
    """Cluster that has a large enough share of each fault's exemplars, -1 if none has.

    Of two halves the one is taken that leaves other faults their clusters (the Hungarian method).
    """
    assignment = require("scipy.optimize", extra="train").linear_sum_assignment

    claims = np.where(heard >= LARGEST_SHARE, heard, 0.0)
    homes = [int(claim.argmax()) if claim.any() else -1 for claim in claims]
    for number, cluster in zip(*assignment(claims, maximize=True), strict=True):
        if claims[number, cluster] > 0:
            homes[number] = int(cluster)
    for number, own in enumerate(further):  # no half anywhere, and two thirds together in clusters of its own
        if homes[number] < 0 and heard[number, own].sum() >= KEPT_SHARE:
            homes[number] = max(own, key=lambda cluster: heard[number, cluster])
    return homes


def _likeness(found: FoundExemplars, units: NDArray[np.float64], number: int, home: int) -> float:
    """Cosine of the mean signatures of a fault's exemplars and of the other clips at its home; 1 if there are none."""
    others = found.others_in(home)
    if not others.size:
        return 1.0
    means = unit(np.stack([units[found.exemplars_in(home, number)].mean(axis=0), units[others].mean(axis=0)]))
    return float(means[0] @ means[1])


def _at_home(
    fault_id: str,
    found: FoundExemplars,
    number: int,
    home: int,
    further: list[int],
    *,
    sharers: list[str],
    likeness: float,
) -> Match:
    """What became of a fault that has a home."""
    share = float(found.shares[number, [home, *further]].sum())
    status: Status = "kept" if share >= KEPT_SHARE else "split"
    remark, advice = "" if status == "kept" else " (which has the name now)", ""
    if sharers:
        status, remark = "merged", f" (with {' and '.join(map(repr, sharers))})"
        advice = ": its clips go to the exemplars they are most like"
    elif likeness < LEAST_LIKENESS:
        status, remark = "moved", f" (whose other clips are unlike them: cosine {likeness:.2f})"
        advice = _UNCONFIRMED
    message = f"{status}: {_parts(found, number, home, remark)}{advice}"
    n_found, n_exemplars = found.places[number].size, found.n_exemplars[number]
    return Match(fault_id, found.clusters[home], status, share, n_found, n_exemplars, message)


def _homeless(fault_id: str, found: FoundExemplars, number: int) -> Match:
    """What became of a fault that no cluster has enough exemplars of."""
    n_found, n_exemplars = found.places[number].size, found.n_exemplars[number]
    if found.shares[number].any():
        largest = int(found.shares[number].argmax())
        message = f"weak: {_parts(found, number, largest)}{_UNCONFIRMED}"
        share = float(found.shares[number, largest])
        return Match(fault_id, found.clusters[largest], "weak", share, n_found, n_exemplars, message)
    if n_found:
        message = f"lost: {_parts(found, number, -1)}"
    elif n_exemplars == 1:
        message = "lost: its one exemplar is not among the clips"
    elif n_exemplars:
        message = f"lost: none of its {n_exemplars} exemplars is among the clips"
    else:
        message = "lost: it was given to no clip"
    return Match(fault_id, None, "lost", 0.0, n_found, n_exemplars, message)


def _parts(found: FoundExemplars, number: int, first: int, remark: str = "") -> str:
    """How many exemplars of a fault are where: in one cluster first, then in the others, and how many are missing."""
    n_found = found.places[number].size
    counts = Counter(found.cluster_of_clip[found.places[number]].tolist())
    n_first = counts.pop(first)
    words = [f"{n_first} of {n_found} exemplar{'s' * (n_found > 1)} in {_cluster(found, first)}{remark}"]
    rest = sorted(counts.items(), key=lambda item: (item[0] < 0, -item[1], item[0]))
    words += [f"{count} in {_cluster(found, cluster)}" for cluster, count in rest]
    n_missing = found.n_exemplars[number] - n_found
    missing = f"; {n_missing} more {'is' if n_missing == 1 else 'are'} not among the clips" if n_missing else ""
    return ", ".join(words) + missing


def _cluster(found: FoundExemplars, number: int) -> str:
    return f"cluster {found.clusters[number]}" if number >= 0 else "no cluster"


def _names_of_clips(
    found: FoundExemplars,
    units: NDArray[np.float64],
    homes: list[list[int]],
    has_say: NDArray[np.bool_],
    matches: list[Match],
) -> NDArray[np.intp]:
    """Fault of every clip by number, -1 of none."""
    names = np.full(len(units), -1, np.intp)
    for number, match in enumerate(matches):
        if match.has_name:
            for home in homes[number]:
                names[found.others_in(home)] = number
    for cluster in np.flatnonzero(has_say.sum(axis=0) > 1).tolist():
        sharers = np.flatnonzero(has_say[:, cluster])
        means = unit(np.stack([units[found.exemplars_in(cluster, number)].mean(axis=0) for number in sharers.tolist()]))
        others = found.others_in(cluster)
        cosines = units[others] @ means.T
        nearest = sharers[cosines.argmax(axis=1)]
        is_used = np.array([match.has_name or match.status == "merged" for match in matches])
        names[others] = np.where(is_used[nearest] & (cosines.max(axis=1) > 0), nearest, -1)
    return np.where(found.fault_of_clip >= 0, found.fault_of_clip, names)
