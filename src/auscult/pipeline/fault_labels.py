"""Anomalous clips -> which fault each has: as it is said, as people named it, or as clusters have it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.audio.find import TRUTH
from auscult.audio.index import Clip
from auscult.bundle.figure_words import counted
from auscult.errors import DataError, OptionError
from auscult.faults import ORIGINAL_FAULTS, Fault
from auscult.faults.found_exemplars import faults_of_clips
from auscult.faults.matching import match_names
from auscult.faults.names import check_name, fault_id
from auscult.faults.names_file import NAMES_FILE, Names, read_names
from auscult.faults.signatures import SignatureSpace, directions, means_of_takes
from auscult.pipeline.anomalous_clips import AnomalousClips
from auscult.pipeline.contradictions import contradictions, some
from auscult.pipeline.described_clips import DescribedClip
from auscult.pipeline.fault_discovery import Way, aspects_of, clustered, normal_takes, numbers_of

Source = Literal["given", "names file", "clusters"]

COLUMN = "column"
NONE = "none"
FEWEST_CLIPS = 6
FEWEST_TAKES = 3
"""Fewer cannot be learnt from and held out as well; a fault with fewer is named by nearest prototype
(`auscult.faults.prototypes`) or not at all."""
MOST_CLIPS = 3000
"""Clips that a network learns from: more of the same few faults teach it little, and take hours."""
N_EXEMPLARS = 12
MESSAGES = {fault.id: fault.message for fault in ORIGINAL_FAULTS}
"""What the original said of the faults it knew, by their identifiers."""


@dataclass(frozen=True, eq=False)
class FaultLabels:
    """Which fault each of some anomalous clips has.

    Parameters
    ----------
    source : {"given", "names file", "clusters"}
        A table's column or the folders; a file of names; clusters of the clips themselves.
    faults : tuple of Fault
        At least two, or none.
    clips : list of DescribedClip
    labels : ndarray of int, shape (n_clips,)
        Place of each clip's fault.
    note : str
        Why there are no faults.
    warnings : tuple of str
        What does not fit together, and what was made of it.
    """

    source: Source
    faults: tuple[Fault, ...]
    clips: list[DescribedClip]
    labels: NDArray[np.int64]
    note: str = ""
    warnings: tuple[str, ...] = ()


def check_labels(clips: Sequence[Clip], root: Path, labels: str | None) -> None:
    """Check before hours of work that what is to say the faults does.

    Parameters
    ----------
    clips : sequence of Clip
        All of the data, normal or not.
    root : path
    labels : str, optional
        As `fault_labels`.

    Raises
    ------
    DataError
        If the file of names cannot be read, a fault's name is none, or ``column`` is asked for and no fault is said.
    OptionError
        If it is nearly a word that there is.
    """
    if labels not in (None, COLUMN, NONE) and not Path(labels).exists():
        meant = get_close_matches(labels.casefold(), (COLUMN, NONE), n=1)
        if meant:
            raise OptionError("labels", f"{labels!r} is no way and no file of names", f"Did you mean {meant[0]}?")
    said = {clip.fault: clip for clip in reversed(clips) if clip.label == "anomalous" and clip.fault}
    if labels == COLUMN and not said:
        problem = "says no fault of any anomalous recording"
        remedy = "Fill in the column 'fault' of a table, or put the clips into folders of faults."
        if (root / TRUTH).is_file():
            remedy = f"Give {root / TRUTH} as the data, or the table of: auscult scan {root} -o clips.csv"
        raise DataError(str(root), problem, remedy)
    names_file = _names_file(root, labels)
    if names_file is not None:
        read_names(names_file)
    elif labels != NONE:
        for fault, clip in said.items():
            try:
                check_name(fault)
            except OptionError as error:
                raise DataError(str(clip.path), f"its fault's name {error.problem}", error.remedy) from None


def _names_file(root: Path, labels: str | None) -> Path | None:
    """The file of names that says the faults; None if none does."""
    if labels is not None:
        return None if labels in (COLUMN, NONE) else Path(labels)
    beside = (root if root.is_dir() else root.parent) / NAMES_FILE
    return beside if beside.exists() else None


def fault_labels(
    there: AnomalousClips, normal: Sequence[DescribedClip], root: Path, *, labels: str | None, seed: int
) -> FaultLabels:
    """Find out which fault each anomalous clip has.

    Parameters
    ----------
    there : AnomalousClips
        Of data that `check_labels` was called on.
    normal : sequence of DescribedClip
        The normal clips of the same data.
    root : path
        The folder or the table they come from.
    labels : str, optional
        ``column``: as a table's column ``fault``, or folders of faults, say. ``none``: no fault is to be named. Else
        the path of a file of names (``faults.yaml``). If left out: the file of names beside the data; where there is
        none, what is said; where nothing is, clusters of clips that changed alike.
    seed : int

    Returns
    -------
    FaultLabels

    Raises
    ------
    DataError
        If the file of names cannot be read.
    """
    contrary = contradictions(there.clips, normal, root)
    if labels == NONE or not there.clips:
        note = "none were asked for" if labels == NONE else "there are no anomalous clips of the learnt machines"
        return FaultLabels("given", (), [], np.empty(0, np.int64), note, contrary)
    names_file = _names_file(root, labels)
    if names_file is not None:
        named = _by_names(there, read_names(names_file), seed)
    elif labels == COLUMN or any(clip.clip.fault for clip in there.clips):
        named = _as_said(there)
    else:
        named = _by_clusters(there, seed)
    named = replace(named, warnings=(*contrary, *named.warnings))
    return _learnable(_limited(named, seed), len(there.clips))


def _as_said(there: AnomalousClips) -> FaultLabels:
    """The fault that a table or the folders say of each clip."""
    said = [clip for clip in there.clips if clip.clip.fault]
    faults: dict[str, Fault] = {}
    for name in sorted({clip.clip.fault for clip in said}):
        checked = check_name(name)
        same = next((fault for fault in faults.values() if fault.name.casefold() == checked.casefold()), None)
        number = fault_id(checked, {one.id for one in faults.values()})
        faults[name] = same or Fault(number, checked, MESSAGES.get(number, f"Fault: {checked}"))
    different = tuple(dict.fromkeys(faults.values()))
    places = {name: different.index(fault) for name, fault in faults.items()}
    labels = np.array([places[clip.clip.fault] for clip in said], np.int64)
    n_without = len(there.clips) - len(said)
    has = "anomalous clip has" if n_without == 1 else "anomalous clips have"
    warnings = (f"{n_without} {has} no fault said of them: not learnt from",) if n_without else ()
    return FaultLabels("given", different, said, labels, warnings=warnings)


def _by_names(there: AnomalousClips, names: Names, seed: int) -> FaultLabels:
    """Faults that people named: of their exemplars, and of the clips in the clusters that those are the heart of."""
    hashes = [clip.content_hash for clip in there.clips]
    exemplars = {one for fault in names.faults for one in fault.exemplars}
    if exemplars and exemplars.isdisjoint(hashes):
        note = "none of the recordings that the names file was made of is among these: it is of other data"
        return FaultLabels("names file", (), [], np.empty(0, np.int64), note)
    labels, of_clips = _clusters(there, seed, names.faults)
    takes = [(clip.clip.machine, clip.clip.take) for clip in there.clips]
    matching = match_names(names.faults, hashes, labels, of_clips, takes)
    warnings = [
        f"fault {fault.name!r}: {match.message}"
        for fault, match in zip(names.faults, matching.matches, strict=True)
        if match.status not in ("kept", "split")
    ]
    return _called(there, names.faults, matching.names_of_clips, tuple(warnings))


def _called(
    there: AnomalousClips, faults: Sequence[Fault], ids: Sequence[str | None], warnings: tuple[str, ...]
) -> FaultLabels:
    """Clips that have a fault, by its identifier, and what folders or a table say against it."""
    place_of = {fault.id: place for place, fault in enumerate(faults)}
    named = [(clip, place_of[one]) for clip, one in zip(there.clips, ids, strict=True) if one is not None]
    others = [
        f"{clip.clip.path.name} ({clip.clip.fault})"
        for clip, place in named
        if clip.clip.fault and clip.clip.fault.casefold() != faults[place].name.casefold()
    ]
    if others:
        have = "clip has" if len(others) == 1 else "clips have"
        found = f"{len(others)} {have} another fault there than the table or the folders say"
        warnings = (*warnings, f"names file: {found} ({some(others)}): the names file is believed")
    labels = np.array([place for _, place in named], np.int64)
    return FaultLabels("names file", tuple(faults), [clip for clip, _ in named], labels, warnings=warnings)


def _by_clusters(there: AnomalousClips, seed: int) -> FaultLabels:
    """Clusters, called ``fault 1``, ``fault 2``, ... until somebody listens to them."""
    labels, _ = _clusters(there, seed, ())
    is_in = labels >= 0
    n = int(labels.max()) + 1
    faults = tuple(Fault(f"fault-{k}", f"fault {k}", f"Fault {k}, which has no name yet") for k in range(1, n + 1))
    clips = [clip for clip, one in zip(there.clips, is_in, strict=True) if one]
    return FaultLabels("clusters", faults, clips, labels[is_in])


def _clusters(
    there: AnomalousClips, seed: int, faults: Sequence[Fault]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Cluster of each clip, as `auscult faults discover` finds them; and the direction in which it changed."""
    space = SignatureSpace(there.features).fit(there.machines)
    signatures = space.signatures(aspects_of(space, there))
    takes = numbers_of([f"{clip.clip.machine}\0{clip.clip.take}" for clip in there.clips])
    machines = numbers_of([clip.clip.machine for clip in there.clips])
    named = faults_of_clips(faults, [clip.content_hash for clip in there.clips])
    found = clustered(signatures, takes, machines, normal_takes(space, there), Way(seed=seed), named=named)
    return np.asarray(found.labels, np.int64), directions(means_of_takes(signatures, takes))[takes]


def _limited(named: FaultLabels, seed: int) -> FaultLabels:
    """At most so many clips, of whole takes drawn at random: a take of each fault in turn, as long as it has some."""
    if len(named.clips) <= MOST_CLIPS:
        return named
    takes = numbers_of([f"{clip.clip.machine}\0{clip.clip.take}" for clip in named.clips])
    rng, turns = np.random.default_rng(seed), np.zeros(int(takes.max()) + 1)
    for label in np.unique(named.labels):
        own = rng.permutation(np.unique(takes[named.labels == label]))
        turns[own] = np.arange(own.size)
    in_turn = np.argsort(turns, kind="stable")
    drawn = in_turn[np.cumsum(np.bincount(takes)[in_turn]) <= MOST_CLIPS]
    chosen = np.flatnonzero(np.isin(takes, drawn))
    found = f"{len(chosen)} of the {len(named.clips)} were drawn, by take"
    warning = f"a network learns from {MOST_CLIPS} clips at most: {found}"
    clips = [named.clips[place] for place in chosen]
    return replace(named, clips=clips, labels=named.labels[chosen], warnings=(*named.warnings, warning))


def _learnable(named: FaultLabels, n_clips: int) -> FaultLabels:
    """Faults with enough clips, with some of them as exemplars; or why there are too few such faults."""
    takes_of: Mapping[int, set[str]] = {place: set() for place in range(len(named.faults))}
    for clip, label in zip(named.clips, named.labels.tolist(), strict=True):
        takes_of[label].add(f"{clip.clip.machine}\0{clip.clip.take}")
    counts = Counter(named.labels.tolist())
    is_enough = [counts[place] >= FEWEST_CLIPS and len(takes) >= FEWEST_TAKES for place, takes in takes_of.items()]
    warnings = list(named.warnings)
    for place, fault in enumerate(named.faults):
        if not is_enough[place]:
            has = f"{counted(counts[place], 'clip')} of {counted(len(takes_of[place]), 'take')}"
            wanted = f"a network needs {FEWEST_CLIPS} of {FEWEST_TAKES}"
            remedy = "record more of it, or name clips of it with: auscult faults name"
            warnings.append(f"fault {fault.name!r}: {has}, {wanted}: not learnt; {remedy}")
    kept = [place for place, enough in enumerate(is_enough) if enough]
    if named.note:
        return named
    if len(kept) < 2:
        of_one = f"only {named.faults[kept[0]].name!r} has enough clips" if kept else "none has enough clips"
        if named.source == "clusters":
            of_one = (
                f"so few anomalous clips ({n_clips}) do not show for sure that they fall apart into faults (to see "
                "them in two groups all the same: auscult faults discover DATA -o FOUND --clusters 2)"
            )
        note = f"{of_one}, and a network needs two faults to tell apart"
        return FaultLabels(named.source, (), [], np.empty(0, np.int64), note, tuple(warnings))
    is_kept = np.isin(named.labels, kept)
    clips = [clip for clip, one in zip(named.clips, is_kept, strict=True) if one]
    labels = np.searchsorted(kept, named.labels[is_kept])
    faults = tuple(_with_exemplars(named.faults[place], clips, labels == n) for n, place in enumerate(kept))
    return FaultLabels(named.source, faults, clips, labels.astype(np.int64), "", tuple(warnings))


def _with_exemplars(fault: Fault, clips: Sequence[DescribedClip], is_own: NDArray[np.bool_]) -> Fault:
    if fault.exemplars:
        return fault
    own = np.flatnonzero(is_own)
    spread = own[np.linspace(0, own.size - 1, min(own.size, N_EXEMPLARS)).round().astype(int)]  # over all machines
    return replace(fault, exemplars=tuple(clips[place].content_hash for place in spread))
