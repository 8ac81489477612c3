"""Names that were given to clusters -> a bundle whose verdicts say them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auscult.bundle.bundle import DETECTOR, FAULTS, Bundle, write_npz
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.making import new_bundle
from auscult.errors import BundleError, OptionError
from auscult.faults import ANOMALOUS, NORMAL
from auscult.faults.discovery import Discovery
from auscult.faults.namer import FaultNamer
from auscult.faults.names import UNKNOWN_FAULT
from auscult.faults.names_file import Names
from auscult.faults.prototypes import Prototypes
from auscult.faults.signatures import SignatureSpace, directions
from auscult.features import LogMel, recipe_to_dict

BY_PROTOTYPES = "its faults are those that people named, each told by a few of its clips, and were not measured"
NONE_NAMED = "none has a name"


def with_names(bundle: Bundle, discovery: Discovery, names: Names) -> tuple[Bundle, list[str]]:
    """Teach a bundle the faults that were named.

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
        A new one, not yet saved. A network stays if all names are of faults that it knows, by their identifiers; else
        few clips name the faults instead of it (`auscult.faults.namer`), until it is trained again. Faults whose clips
        are not in the discovery stay as the bundle knew them.
    unknown : list of str
        Names of faults of which neither the discovery nor the bundle knows a clip.

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
    if bundle.network is not None and names.faults and {fault.id for fault in names.faults} <= _ids(bundle):
        return _renamed(bundle, names), []
    space = bundle.namer.space if bundle.namer is not None else _space_of(discovery, features)
    known = _known(bundle, discovery, names, space)
    faults = [fault for fault in names.faults if fault.id in known]
    unknown = [fault.name for fault in names.faults if fault.id not in known]
    classes = (NORMAL, *faults, UNKNOWN_FAULT) if faults else (NORMAL, ANOMALOUS)
    members = {DETECTOR: bundle.members[DETECTOR]}
    if faults:
        namer = FaultNamer(space, Prototypes.merged([known[fault.id] for fault in faults]))
        members[FAULTS] = write_npz(namer.to_arrays())
    note = BY_PROTOTYPES if faults else NONE_NAMED
    metrics = bundle.manifest.metrics | {"diagnosis": None, "diagnosis_note": note}
    manifest = replace(bundle.manifest, faults=classes, network={}, metrics=metrics)
    return new_bundle(manifest, members), unknown


def _ids(bundle: Bundle) -> set[str]:
    """Identifiers of the faults that a bundle's network names."""
    return {fault.id for fault in bundle.manifest.faults[1:-1]}


def _renamed(bundle: Bundle, names: Names) -> Bundle:
    """The bundle whose network calls its faults by other names, and so do its figures."""
    manifest = bundle.manifest
    named = {fault.id: fault for fault in names.faults}
    faults = tuple(named.get(fault.id, fault) for fault in manifest.faults)
    metrics = manifest.metrics
    if diagnosis := metrics.get("diagnosis"):
        called = {before.name: after.name for before, after in zip(manifest.faults, faults, strict=True)}
        worst = [row | {key: called[row[key]] for key in ("fault", "named")} for row in diagnosis["worst"]]
        renamed = {"class_names": [called[name] for name in diagnosis["class_names"]], "worst": worst}
        metrics = metrics | {"diagnosis": diagnosis | renamed}
    members = {name: bundle.members[name] for name in (DETECTOR, CLASSIFIER)}
    return new_bundle(replace(manifest, faults=faults, metrics=metrics), members)


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
