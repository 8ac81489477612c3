"""A discovery -> its pictures, one by one and on one page, with players; and its exemplars as sound files."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from auscult.audio import read_audio
from auscult.audio.write import flac_bytes, wav_bytes
from auscult.bundle.figure_words import counted
from auscult.errors import AudioError
from auscult.faults.discovery import Discovery, FoundClip, FoundCluster
from auscult.faults.matching import Matching
from auscult.faults.names_file import Names
from auscult.figures import (
    Paragraph,
    Picture,
    Player,
    Section,
    Table,
    centroid_distances_figure,
    cluster_spectra_figure,
    elbow_figure,
    explained_variance_figure,
    scatter_figure,
    swarm_figure,
    write_page,
    write_report,
)
from auscult.files import write_whole

PAGE = "faults.html"
PICTURES = "pictures"
N_PLAYED = 3
"""Exemplars of a cluster that can be played on the page."""
MAX_PLAYED_S = 15.0

CAPTIONS = {
    "explained_variance": "Share of variance that each principal component explains, and all up to it.",
    "elbow": "Inertia of so many clusters, and how surely they are found again when a fifth of the recordings is left "
    "out.",
    "swarm": "Every recording by its first two principal components, the clusters' regions and centroids.",
    "centroid_distances": "Distance of every recording to the centroid of its cluster.",
    "scatter": "Every recording by its first three principal components.",
    "spectra": "Level of each band against the nearest normal recordings: median and quartiles of each cluster; grey: "
    "how far normal recordings differ from each other (3 deviations).",
}


def cluster_names(discovery: Discovery, names: Names) -> list[str]:
    """What each cluster is called: by its number, and by its name where it has one."""
    faults = {fault.id: fault.name for fault in names.faults}
    of_cluster = discovery.matching(names).fault_of_cluster
    return [
        f"{cluster.number} {faults[of_cluster[cluster.number]]}"
        if cluster.number in of_cluster
        else f"cluster {cluster.number}"
        for cluster in discovery.clusters
    ]


def fault_figures(discovery: Discovery, names: Names) -> dict[str, Any]:
    """All pictures of a discovery, by name.

    Parameters
    ----------
    discovery : Discovery
    names : Names
        As they are now.
    """
    arrays = {name: np.asarray(values) for name, values in discovery.arrays.items()}
    called, hover = cluster_names(discovery, names), [_described(clip) for clip in discovery.clips]
    labels, points = discovery.labels, arrays["points"]
    inertias = arrays["inertias"]
    stabilities = np.full(inertias.size, np.nan)
    n_known = min(arrays["stabilities"].size, inertias.size)
    stabilities[:n_known] = arrays["stabilities"][:n_known]
    distances = np.linalg.norm(points - arrays["centroids"][np.maximum(labels, 0)], axis=1)
    figures = {
        "explained_variance": explained_variance_figure(arrays["shares"], n_components=discovery.n_components),
        "elbow": elbow_figure(
            np.arange(1, inertias.size + 1),
            inertias,
            chosen=len(discovery.clusters),
            stabilities=stabilities if n_known else None,
        ),
        "swarm": swarm_figure(points, labels, arrays["centroids"], names=called, hover=hover),
        "centroid_distances": centroid_distances_figure(distances, labels, names=called),
        "scatter": scatter_figure(points, labels, names=called, hover=hover),
    }
    if "centres_hz" in arrays:
        spectra = [arrays[name] for name in ("centres_hz", "change_db", "low_db", "high_db", "usual_db")]
        figures["spectra"] = cluster_spectra_figure(*spectra, names=called)
    return figures


def write_fault_pages(discovery: Discovery, names: Names, folder: Path) -> list[Path]:
    """Write the page, and each picture as a page of its own.

    Parameters
    ----------
    discovery : Discovery
    names : Names
    folder : path
        Gets ``faults.html`` and ``pictures/``.

    Returns
    -------
    list of path
        What was written, the page first.

    Raises
    ------
    DataError
        If the disk refuses it.
    """
    figures = fault_figures(discovery, names)
    page = folder / PAGE
    title = f"Faults of {Path(discovery.root).name}"
    sections = [_summary(discovery, names), *_cluster_sections(discovery, names), _picture_section(figures)]
    write_report(page, title=title, sections=sections, intro=_intro(discovery))
    written = [page]
    for name, figure in figures.items():
        path = folder / PICTURES / f"{name}.html"
        figure.update_layout(title=CAPTIONS[name])
        write_page(figure, path)
        written.append(path)
    return written


def write_exemplars(discovery: Discovery, folder: Path, numbers: list[int]) -> tuple[list[Path], list[str]]:
    """Write the most typical recordings of clusters as WAV files, the mean of their channels.

    Parameters
    ----------
    discovery : Discovery
    folder : path
        Gets ``cluster_0/`` and so on.
    numbers : list of int
        Of the clusters.

    Returns
    -------
    written : list of path
    missing : list of str
        Recordings that cannot be read any more, and why.

    Raises
    ------
    DataError
        If there is no such cluster, or the disk refuses it.
    """
    written, missing = [], []
    for number in numbers:
        for place, clip in enumerate(discovery.exemplars(number)):
            try:
                y, sr = read_audio(clip.path, channels="mean")
            except AudioError as error:
                missing.append(str(error))
                continue
            path = folder / f"cluster_{number}" / f"{place:02d}_{_file_name(clip)}.wav"
            write_whole(path, wav_bytes(y, sr))
            written.append(path)
    return written, missing


def _intro(discovery: Discovery) -> str:
    n_takes = len({(clip.machine, clip.take) for clip in discovery.clips})
    n_none = sum(clip.cluster < 0 for clip in discovery.clips)
    left = f" {n_none} of them are like no cluster." if n_none else ""
    clips = f"{len(discovery.clips)} anomalous recordings ({n_takes} takes)"
    return f"{clips} in {counted(len(discovery.clusters), 'cluster')}.{left} {discovery.audit['verdict']}"


def _summary(discovery: Discovery, names: Names) -> Section:
    rows = [
        [row["attribute"], f"{row['ami']:.2f}", f"{row['p_value']:.3g}", "yes" if row["is_confounder"] else "no"]
        for row in discovery.audit["rows"]
    ]
    matching = discovery.matching(names)
    faults = {fault.id: fault.name for fault in names.faults}
    told = [f"{faults[match.fault_id]}: {match.message}" for match in matching.matches]
    parts: list[Any] = [
        Paragraph(text[:1].upper() + text[1:] + ".")
        for text in (*discovery.reasons, *discovery.audit["findings"], *told)
    ]
    if rows:
        headings = ["attribute", "adjusted mutual information", "p", "clusters follow it"]
        parts.append(Table(headings, rows, "What clusters have in common with what is known of the recordings."))
    return Section("Can they be believed?", parts)


def _cluster_sections(discovery: Discovery, names: Names) -> list[Section]:
    called, matching = cluster_names(discovery, names), discovery.matching(names)
    return [_cluster_section(discovery, cluster, called[cluster.number], matching) for cluster in discovery.clusters]


def _cluster_section(discovery: Discovery, cluster: FoundCluster, title: str, matching: Matching) -> Section:
    texts = [f"{cluster.n_clips} recordings, {cluster.n_takes} takes.", *cluster.findings]
    if cluster.changes:
        texts.append(f"What changed, in deviations of normal recordings: {', '.join(cluster.changes)}.")
    if cluster.physics:
        texts.append(f"Physics, if it is a machine that turns: {cluster.physics}.")
    texts += [match.message for match in matching.matches if match.cluster == cluster.number]
    parts: list[Any] = [Paragraph(text) for text in texts]
    for clip in discovery.exemplars(cluster.number)[:N_PLAYED]:
        try:
            y, sr = read_audio(clip.path, channels="mean")
        except AudioError as error:
            parts.append(Paragraph(f"{_described(clip)}: {error.problem}"))
            continue
        parts.append(Player(flac_bytes(y[: int(MAX_PLAYED_S * sr)], sr), "audio/flac", _described(clip)))
    return Section(title, parts)


def _picture_section(figures: dict[str, Any]) -> Section:
    return Section("Pictures", [Picture(figure, CAPTIONS[name]) for name, figure in figures.items()])


def _described(clip: FoundClip) -> str:
    snr = "" if clip.snr_db is None else f", {clip.snr_db:g} dB"
    return f"{clip.machine}: {clip.take.rpartition('/')[2]}{snr}"


def _file_name(clip: FoundClip) -> str:
    return re.sub(r"[^\w-]", "_", f"{clip.machine}_{clip.take.rpartition('/')[2]}")[:80]
