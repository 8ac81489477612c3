"""What the page that names faults shows: clusters, their names, and what became of names given before."""

from pathlib import Path
from typing import Any

from auscult.faults.discovery import Discovery, FoundCluster
from auscult.faults.matching import Matching
from auscult.faults.names_file import Names


def naming_state(discovery: Discovery, names: Names) -> dict[str, Any]:
    """Clusters and names, for JSON.

    Parameters
    ----------
    discovery : Discovery
    names : Names

    Returns
    -------
    dict
        ``root``, ``verdict`` and ``confounders`` of the audit, ``reasons``; ``faults`` with what became of them, as
        `auscult.faults.matching.Match` has it; ``clusters`` with their names and exemplars. Texts may be no Unicode
        where names of files are not.
    """
    matching = discovery.matching(names)
    return {
        "root": discovery.root,
        "verdict": str(discovery.audit.get("verdict", "")),
        "confounders": list(discovery.audit.get("confounders", ())),
        "reasons": list(discovery.reasons),
        "faults": [
            {
                "id": fault.id,
                "name": fault.name,
                "message": fault.message,
                "note": fault.note,
                "status": match.status,
                "cluster": match.cluster,
                "words": match.message,
            }
            for fault, match in zip(names.faults, matching.matches, strict=True)
        ],
        "clusters": [_cluster(discovery, cluster, matching) for cluster in discovery.clusters],
    }


def _cluster(discovery: Discovery, cluster: FoundCluster, matching: Matching) -> dict[str, Any]:
    exemplars = []
    for place in cluster.exemplars:
        clip = discovery.clips[place]
        exemplars.append(
            {
                "place": place,
                "file": Path(clip.path).name,
                "machine": clip.machine,
                "take": clip.take,
                "snr_db": clip.snr_db,
                "channel": clip.channel,
                "day": clip.day,
                "fault": matching.names_of_clips[place],
            }
        )
    return {
        "number": cluster.number,
        "n_clips": cluster.n_clips,
        "n_takes": cluster.n_takes,
        "changes": list(cluster.changes),
        "physics": cluster.physics,
        "findings": list(cluster.findings),
        "fault": matching.fault_of_cluster.get(cluster.number),
        "exemplars": exemplars,
    }
