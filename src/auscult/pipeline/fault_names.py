"""Names that were given to clusters -> a bundle whose verdicts say them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.bundle.bundle import DETECTOR, FAULTS, Bundle
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.making import new_bundle
from auscult.bundle.npz import write_npz
from auscult.errors import BundleError, OptionError
from auscult.faults import ANOMALOUS, NORMAL, Fault
from auscult.faults.discovery import NONE, Discovery
from auscult.faults.found_exemplars import FOREIGN_SHARE
from auscult.faults.matching import Match, Matching
from auscult.faults.namer import FaultNamer
from auscult.faults.names import UNKNOWN_FAULT
from auscult.faults.names_file import Names
from auscult.faults.prototypes import Prototypes
from auscult.faults.signatures import SignatureSpace, directions
from auscult.features import LogMel, recipe_to_dict

BY_PROTOTYPES = "its faults are those that people named, each told by a few of its clips, and were not measured"
NONE_NAMED = "none has a name"
NOT_LEARNT = "the network has not learnt it as a fault of its own"


def with_names(bundle: Bundle, discovery: Discovery, names: Names) -> tuple[Bundle, dict[str, str]]:
    """Teach a bundle the faults that were named.

    A network goes on, and calls what it learnt as people do. A name is of the one fault that was learnt in the clusters
    of the named clips, both without doubt (`auscult.faults.matching`), else of the one that has its identifier.
    Faults that no name is of are called as they were learnt, whatever they were called since.

    Where there is no network, few clips name the faults (`auscult.faults.namer`); those whose clips are not in the
    discovery stay as the bundle knew them.

    Parameters
    ----------
    bundle : Bundle
        Trained on normal sound.
    discovery : Discovery
        Where the named clips were found.
    names : Names

    Returns
    -------
    bundle : Bundle
        A new one, not yet saved.
    unsaid : dict of str -> str
        Names that its verdicts cannot say, and why.

    Raises
    ------
    BundleError
        If the bundle has learnt no normal sound.
    OptionError
        If the discovery was made with other features than the bundle's.
    """
    features = bundle.manifest.features
    if bundle.detector is None or not isinstance(features, LogMel):
        remedy = "Train one on normal sound: auscult train DIR -o BUNDLE."
        raise BundleError("bundle", "has a classifier of its own, whose faults have their names", remedy)
    if recipe_to_dict(features) != discovery.features:
        remedy = "Discover with it: auscult faults discover DIR --bundle BUNDLE."
        raise OptionError("bundle", "describes sound otherwise than the discovery does", remedy)
    if bundle.network is None:
        return _with_prototypes(bundle, discovery, names, features)
    # Prototypes could say any name at once. But they would take the network's place, and with it the faults without a
    # name, those whose clips are not at hand, and all that was measured. Names are given one at a time, into the same
    # file, and taken back: no slip may cost the network. It learns a name when it is trained again.
    return _with_network(bundle, discovery, names)


@dataclass(frozen=True)
class _Learnt:
    """A fault of a network, as it learnt it and as it is called, and the clusters that it is in."""

    fault: Fault
    called: Fault
    clear: set[int]
    """Clusters that are without doubt its own."""
    near: set[int]
    """The same, and others that so many of its exemplars are in that they are no other fault's alone."""


def _with_network(bundle: Bundle, discovery: Discovery, names: Names) -> tuple[Bundle, dict[str, str]]:
    """The same network under the names that are of its faults, and why others are not."""
    known = _learnt_faults(bundle, discovery)
    matching = discovery.matching(names)
    claims: dict[int, list[Fault]] = {}
    unsaid: dict[str, str] = {}
    for fault, match in zip(names.faults, matching.matches, strict=True):
        clear = _clear(matching, match)
        place = _place(fault, clear, known)
        if place is None:
            unsaid[fault.name] = _why_none(clear, match, known)
        else:
            claims.setdefault(place, []).append(fault)
    for claimants in claims.values():
        if len(claimants) > 1:
            alike = " and ".join(repr(fault.name) for fault in claimants)
            unsaid |= {fault.name: f"{alike} are one fault to the network" for fault in claimants}
    said = {place: claimants[0] for place, claimants in claims.items() if len(claimants) == 1}
    while taken := [place for place in said if _is_another_called_so(place, said, known)]:
        unsaid |= {said.pop(place).name: "the network learnt another fault by that name" for place in taken}
    return _renamed(bundle, known, said), unsaid


def _learnt_faults(bundle: Bundle, discovery: Discovery) -> list[_Learnt]:
    called = bundle.manifest.faults[1:-1]
    learnt = bundle.manifest.learnt_faults or called
    n = Counter(one for fault in learnt for one in set(fault.exemplars))
    # Copies of a recording may have been learnt as different faults: they speak for none.
    own = [replace(fault, exemplars=tuple(one for one in fault.exemplars if n[one] == 1)) for fault in learnt]
    matching = discovery.matching(Names(tuple(own)))
    known = []
    for fault, now, one, match in zip(learnt, called, own, matching.matches, strict=True):
        clear = _clear(matching, match)
        known.append(_Learnt(fault, now, clear, clear | _near(discovery, one)))
    return known


def _near(discovery: Discovery, fault: Fault) -> set[int]:
    """Clusters with too many of a fault's exemplars to be another's alone."""
    cluster_of = {clip.content_hash: clip.cluster for clip in discovery.clips if clip.content_hash in fault.exemplars}
    counts = Counter(cluster_of.values())
    return {cluster for cluster, n in counts.items() if cluster != NONE and n > FOREIGN_SHARE * len(cluster_of)}


def _clear(matching: Matching, match: Match) -> set[int]:
    """Clusters that are without doubt a fault's: of a split one, a half may be something else."""
    if match.status != "kept":
        return set()
    return {cluster for cluster, of_cluster in matching.fault_of_cluster.items() if of_cluster == match.fault_id}


def _place(fault: Fault, clear: set[int], known: Sequence[_Learnt]) -> int | None:
    """Which of the network's faults a name is of; None of none."""
    near = [place for place, one in enumerate(known) if clear & one.near]
    if not near:  # the clusters do not say: a name stays with the fault that has it, if it was not heard elsewhere now
        ids = [None if clear and one.near else one.called.id for one in known]
        return ids.index(fault.id) if fault.id in ids else None
    place, *others = near
    is_all_of_it = bool(known[place].clear) and known[place].clear <= clear
    return place if not others and (is_all_of_it or known[place].fault.id == fault.id) else None


def _why_none(clear: set[int], match: Match, known: Sequence[_Learnt]) -> str:
    """Why a name is of no fault that was learnt."""
    if not clear:
        return f"its recordings are no clear group of those that were found ({match.message})"
    near = [repr(one.fault.name) for one in known if clear & one.near]
    return f"the network learnt its recordings otherwise, as {' and '.join(near)}" if near else NOT_LEARNT


def _is_another_called_so(place: int, said: Mapping[int, Fault], known: Sequence[_Learnt]) -> bool:
    """Whether another fault of the network keeps the name or the identifier that one is to have."""
    own, others = said[place], [said.get(other, one.fault) for other, one in enumerate(known) if other != place]
    return any(own.id == other.id or own.name == other.name for other in others)


def _renamed(bundle: Bundle, known: Sequence[_Learnt], said: Mapping[int, Fault]) -> Bundle:
    """The bundle whose network calls its faults so, or as it learnt them, and so do its figures."""
    manifest = bundle.manifest
    learnt = tuple(one.fault for one in known)
    named = [said.get(place, fault) for place, fault in enumerate(learnt)]
    faults = (manifest.faults[0], *named, manifest.faults[-1])
    metrics: dict[str, Any] = manifest.metrics
    if diagnosis := metrics.get("diagnosis"):
        now = {before.name: after.name for before, after in zip(manifest.faults, faults, strict=True)}
        worst = [row | {key: now[row[key]] for key in ("fault", "named")} for row in diagnosis["worst"]]
        renamed = {"class_names": [now[name] for name in diagnosis["class_names"]], "worst": worst}
        metrics = metrics | {"diagnosis": diagnosis | renamed}
    manifest = replace(manifest, faults=faults, learnt_faults=learnt, metrics=metrics)
    return new_bundle(manifest, {name: bundle.members[name] for name in (DETECTOR, CLASSIFIER)})


def _with_prototypes(
    bundle: Bundle, discovery: Discovery, names: Names, features: LogMel
) -> tuple[Bundle, dict[str, str]]:
    """The bundle with a namer of the faults of which a clip is known, and why others have none."""
    space = bundle.namer.space if bundle.namer is not None else _space_of(discovery, features)
    known = _known(bundle, discovery, names, space)
    faults = [fault for fault in names.faults if fault.id in known]
    unsaid = {fault.name: "none of its recordings is known here" for fault in names.faults if fault.id not in known}
    classes = (NORMAL, *faults, UNKNOWN_FAULT) if faults else (NORMAL, ANOMALOUS)
    members = {DETECTOR: bundle.members[DETECTOR]}
    if faults:
        namer = FaultNamer(space, Prototypes.merged([known[fault.id] for fault in faults]))
        members[FAULTS] = write_npz(namer.to_arrays())
    metrics = bundle.manifest.metrics | {"diagnosis_note": BY_PROTOTYPES if faults else NONE_NAMED}
    return new_bundle(replace(bundle.manifest, faults=classes, metrics=metrics), members), unsaid


def _space_of(discovery: Discovery, features: LogMel) -> SignatureSpace:
    """Space that a discovery's signatures were measured in; a bundle keeps its first one, whatever is found later."""
    space = SignatureSpace(features)
    space.whitening_ = np.asarray(discovery.arrays["whitening"], np.float64)
    return space


def _known(bundle: Bundle, discovery: Discovery, names: Names, space: SignatureSpace) -> dict[str, Prototypes]:
    """Prototypes in a space, of each fault of which a clip is known, by its id."""
    of_clips = directions(space.signatures(np.asarray(discovery.arrays["aspects"], np.float64)))
    direction_of = {clip.content_hash: row for clip, row in zip(discovery.clips, of_clips, strict=True)}
    earlier = bundle.namer.prototypes.by_fault() if bundle.namer is not None else {}
    known: dict[str, Prototypes] = {}
    for fault in names.faults:
        found: list[NDArray[np.float64]] = [direction_of[one] for one in fault.exemplars if one in direction_of]
        if found:
            known[fault.id] = Prototypes().fit(np.stack(found), [fault.id] * len(found))
        elif fault.id in earlier:
            known[fault.id] = earlier[fault.id]
    return known
