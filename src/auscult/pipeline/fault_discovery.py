"""Anomalous clips of a data set -> clusters that have been checked: `auscult faults discover`."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.audio import read_audio
from auscult.audio.scan import Progress
from auscult.bundle.bundle import Bundle
from auscult.faults.audit import audit, without
from auscult.faults.clustering import Clustering, cluster_signatures, principal_directions
from auscult.faults.discovery import Discovery, FoundClip, FoundCluster
from auscult.faults.elbow import elbow
from auscult.faults.found_exemplars import faults_of_clips
from auscult.faults.k_means import inertias, k_means
from auscult.faults.names import N_EXEMPLARS
from auscult.faults.names_file import NAMES_FILE, read_names
from auscult.faults.original import principal_components
from auscult.faults.signatures import SignatureSpace, directions, means_of_takes
from auscult.features import OriginalMfcc, recipe_to_dict
from auscult.features.nameplate import Nameplate
from auscult.pipeline.anomalous_clips import AnomalousClips, anomalous_clips
from auscult.pipeline.clip_attributes import attributes_of, channel_of, day_of, values_of
from auscult.pipeline.cluster_physics import cluster_physics
from auscult.pipeline.cluster_spectra import cluster_spectra
from auscult.pipeline.described_clips import DescribedClip, by_machine, in_threads

Recipe = Literal["signatures", "original"]
N_CHANGES = 6
CLEAREST = 1 / 3
"""Share of a cluster's clips that say what changed: those in which most did. The others are mild, or full of noise."""
FEWEST = 3
LEAST_CHANGE = 1.5
"""Deviations from which on a change of a cluster is told."""

Ask = Callable[[str, NDArray[np.float64]], int]
"""Asks a person for a number of ``components`` (shown the shares of variance) or ``clusters`` (shown the inertias)."""


@dataclass(frozen=True)
class Way:
    """How clusters are sought.

    Parameters
    ----------
    recipe : {"signatures", "original"}
    n_components, n_clusters : int, optional
        Chosen, or asked for, if left out.
    seed : int
    ask : callable, optional
    without : str, optional
        Attribute that is removed first: ``machine``, ``SNR``, ``level``, ``channel``, ``day``.
    """

    recipe: Recipe = "signatures"
    n_components: int | None = None
    n_clusters: int | None = None
    seed: int = 0
    ask: Ask | None = None
    without: str | None = None


def discover(
    root: str | os.PathLike[str],
    *,
    bundle: Bundle | str | os.PathLike[str] | None = None,
    way: Way | None = None,
    by_detector: bool = False,
    names_file: str | os.PathLike[str] | None = None,
    nameplates: dict[str, Nameplate] | None = None,
    on_progress: Progress | None = None,
) -> Discovery:
    """Find clusters among the anomalous clips of a data set, and check them.

    Parameters
    ----------
    root, bundle, by_detector
        As `auscult.pipeline.anomalous_clips.anomalous_clips`.
    way : Way, optional
    names_file : path, optional
        Where the names of the faults are, which have a say in the number of clusters if it is chosen; if left out,
        ``faults.yaml`` beside the data. It need not be there.
    nameplates : dict of str -> Nameplate, optional
        What is known of the machines.
    on_progress : callable, optional

    Returns
    -------
    Discovery
        Not yet saved.

    Raises
    ------
    DataError
        If there are no anomalous clips that can be compared with normal ones, or the names cannot be read.
    OptionError
        If an option is out of range.
    """
    way = way or Way()
    folder = Path(os.path.abspath(root))  # noqa: PTH100 - links keep their names
    names_file = names_file or (folder if folder.is_dir() else folder.parent) / NAMES_FILE
    names = read_names(names_file, missing_ok=True)
    there = anomalous_clips(root, bundle=bundle, by_detector=by_detector, on_progress=on_progress)
    space = SignatureSpace(there.features).fit(there.machines)
    aspects = aspects_of(space, there)
    unclustered = [_found_clip(clip, -1) for clip in there.clips]
    takes = numbers_of([f"{clip.machine}\0{clip.take}" for clip in unclustered])
    values = values_of(unclustered, way.without) if way.without else None
    signatures = space.signatures(aspects)
    if way.recipe == "original":
        clustering = _original(there, values, way, on_progress)
    else:
        compared = without(signatures, values) if values is not None else signatures
        machines = numbers_of([clip.machine for clip in unclustered])
        named = faults_of_clips(names.faults, [clip.content_hash for clip in unclustered])
        clustering = clustered(compared, takes, machines, normal_takes(space, there), way, named=named)
    clips = [_found_clip(clip, int(label)) for clip, label in zip(there.clips, clustering.labels, strict=True)]
    checked = audit(clustering.labels, takes.tolist(), attributes_of(clips), seed=way.seed)
    return Discovery(
        root=str(folder),
        bundle=str(bundle) if isinstance(bundle, str | os.PathLike) else None,
        names_file=str(names_file),
        recipe=way.recipe,
        seed=way.seed,
        n_components=clustering.points.shape[1],
        reasons=clustering.reasons,
        clips=tuple(clips),
        clusters=_clusters(
            clustering,
            clips,
            takes=takes,
            aspects=aspects,
            clearness=np.linalg.norm(signatures, axis=1),
            names=space.names,
            findings=checked.findings,
            nameplates=nameplates or {},
        ),
        audit=checked.to_dict(),
        left_out=tuple(there.left_out),
        features=recipe_to_dict(there.features),
        arrays=_arrays(clustering)
        | cluster_spectra(there, clustering.labels, len(clustering.centroids))
        | {
            "aspects": means_of_takes(aspects, takes)[takes],
            "whitening": space.whitening_,
            "directions": directions(means_of_takes(signatures, takes))[takes],
        },
    )


def aspects_of(space: SignatureSpace, there: AnomalousClips) -> NDArray[np.float64]:
    """Aspects of all clips, in their order."""
    aspects = np.zeros((len(there.clips), len(space.names)))
    place_of = {id(clip): place for place, clip in enumerate(there.clips)}
    for name, own in by_machine(there.clips).items():
        X = np.stack([clip.descriptors for clip in own])
        aspects[[place_of[id(clip)] for clip in own]] = space.aspects(there.machines[name], X)
    return aspects


def normal_takes(space: SignatureSpace, there: AnomalousClips) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Signatures of the normal takes of the machines, and the number of the machine of each."""
    machines = [there.machines[name] for name in sorted({clip.clip.machine for clip in there.clips})]
    of_each = [
        means_of_takes(space.signatures(space.normal_aspects(machine)), numbers_of(machine.takes))
        for machine in machines
    ]
    return np.concatenate(of_each), np.repeat(np.arange(len(of_each)), [len(own) for own in of_each])


def clustered(
    signatures: NDArray[np.float64],
    takes: NDArray[np.intp],
    machines: NDArray[np.intp],
    normal: tuple[NDArray[np.float64], NDArray[np.intp]],
    way: Way,
    *,
    named: NDArray[np.intp],
) -> Clustering:
    """Clusters of signatures; a person is shown what would be found, and asked."""
    n_components, n_clusters = way.n_components, way.n_clusters
    of_takes = directions(means_of_takes(signatures, takes))
    if way.ask and n_components is None:
        n_components = way.ask("components", principal_directions(of_takes)[1])
    if way.ask and n_clusters is None:
        n_clusters = way.ask("clusters", inertias(principal_directions(of_takes, n_components)[0], seed=way.seed))
    return cluster_signatures(
        signatures,
        takes,
        normal[0],
        machines=machines,
        normal_machines=normal[1],
        named=named,
        n_components=n_components,
        n_clusters=n_clusters,
        seed=way.seed,
    )


def _original(
    there: AnomalousClips, values: Sequence[object] | None, way: Way, on_progress: Progress | None
) -> Clustering:
    """Clusters as the original demonstration found them."""
    mfcc = OriginalMfcc()

    def patch(clip: DescribedClip) -> NDArray[np.float32]:
        return mfcc.patch(*read_audio(clip.clip.path, channels=there.channels))

    patches = np.stack(in_threads(patch, there.clips, "MFCC", on_progress))
    if values is not None:
        patches = without(patches.reshape(len(patches), -1), values).reshape(patches.shape)
    n_components = way.n_components
    if way.ask and n_components is None:
        n_components = way.ask("components", principal_components(patches, seed=way.seed).shares)
    found = principal_components(patches, n_components=n_components, seed=way.seed)
    curve = inertias(found.points, seed=way.seed)
    n_clusters, why = elbow(curve)
    if way.n_clusters is not None or way.ask:
        n_clusters = way.n_clusters or (way.ask("clusters", curve) if way.ask else n_clusters)
        why = f"{n_clusters} clusters, as asked for"
    labels, centroids = k_means(found.points, n_clusters, way.seed)
    reasons = (found.justification, why)
    return Clustering(labels, found.points, centroids, found.shares, curve, np.empty(0), reasons)


def _clusters(
    clustering: Clustering,
    clips: list[FoundClip],
    *,
    takes: NDArray[np.intp],
    aspects: NDArray[np.float64],
    clearness: NDArray[np.float64],
    names: tuple[str, ...],
    findings: Sequence[str],
    nameplates: dict[str, Nameplate],
) -> tuple[FoundCluster, ...]:
    """What is to be said of each cluster."""
    distances = np.linalg.norm(clustering.points - clustering.centroids[clustering.labels], axis=1)
    clusters = []
    for number in range(len(clustering.centroids)):
        own = np.flatnonzero(clustering.labels == number)
        by_likeness = sorted(
            own, key=lambda place: (distances[place], -(clips[place].snr_db or 0.0), clips[place].path)
        )
        first_of_take = dict.fromkeys(takes[place] for place in by_likeness)
        exemplars = [next(place for place in by_likeness if takes[place] == take) for take in first_of_take]
        clearest = own[np.argsort(-clearness[own], kind="stable")[: max(FEWEST, round(CLEAREST * own.size))]]
        mean = aspects[clearest].mean(axis=0) if own.size else np.zeros(len(names))
        of_cluster = {name: round(float(value), 3) for name, value in zip(names, mean, strict=True)}
        strongest = sorted(of_cluster, key=lambda name: -abs(of_cluster[name]))[:N_CHANGES]
        physics = cluster_physics(of_cluster, [clips[place] for place in clearest], nameplates)
        clusters.append(
            FoundCluster(
                number=number,
                n_clips=int(own.size),
                n_takes=len(first_of_take),
                exemplars=tuple(int(place) for place in exemplars[:N_EXEMPLARS]),
                changes=tuple(
                    f"{name} {of_cluster[name]:+.1f}" for name in strongest if abs(of_cluster[name]) >= LEAST_CHANGE
                ),
                physics=physics.sentence,
                physics_kind=physics.kind,
                aspects=of_cluster,
                findings=tuple(words for words in findings if words.startswith(f"cluster {number} ")),
            )
        )
    return tuple(clusters)


def _arrays(clustering: Clustering) -> dict[str, NDArray[np.generic]]:
    """What pictures are made of."""
    names = ("points", "centroids", "shares", "inertias", "stabilities")
    return {name: getattr(clustering, name) for name in names}


def _found_clip(clip: DescribedClip, cluster: int) -> FoundClip:
    path = clip.clip.path
    return FoundClip(
        path=str(path),
        content_hash=clip.content_hash,
        machine=clip.clip.machine,
        take=clip.clip.take,
        snr_db=clip.clip.snr_db,
        level_db=round(clip.level_db, 2),
        channel=channel_of(path),
        day=day_of(path),
        cluster=cluster,
    )


def numbers_of(keys: Sequence[str]) -> NDArray[np.intp]:
    """Equal keys get equal numbers, from 0."""
    return np.unique(np.asarray(keys), return_inverse=True)[1].astype(np.intp)
