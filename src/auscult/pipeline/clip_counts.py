"""How many clips there are to learn from, of each machine, label and fault."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from auscult.bundle.figure_words import counted
from auscult.pipeline.described_clips import DescribedClip
from auscult.pipeline.fault_labels import FaultLabels


def clip_counts(described: Sequence[DescribedClip]) -> list[dict[str, Any]]:
    """How many clips of each machine, label and SNR went in, of how many takes, and how long they are together.

    Parameters
    ----------
    described : sequence of DescribedClip
    """
    groups: dict[tuple[str, str, float | None], list[DescribedClip]] = {}
    for clip in described:
        groups.setdefault((clip.clip.machine, clip.clip.label, clip.clip.snr_db), []).append(clip)
    return [
        {
            "machine": machine,
            "label": label,
            "snr_db": snr_db,
            "n_clips": len(own),
            "n_takes": len({clip.clip.take for clip in own}),
            "duration_s": round(sum(clip.duration_s for clip in own), 3),
        }
        for (machine, label, snr_db), own in sorted(groups.items(), key=lambda one: (*one[0][:2], one[0][2] or 0.0))
    ]


def fault_counts(named: FaultLabels) -> list[dict[str, Any]]:
    """How many clips a network learns of each machine's faults, for `auscult.bundle.manifest.Manifest.network`.

    Parameters
    ----------
    named : FaultLabels

    Returns
    -------
    list of dict
        Of each machine its name and ``n_clips``, in the order of the faults, whatever these will be called.
    """
    machines = np.array([clip.clip.machine for clip in named.clips])
    return [
        {
            "machine": str(name),
            "n_clips": np.bincount(named.labels[machines == name], minlength=len(named.faults)).tolist(),
        }
        for name in np.unique(machines)
    ]


def count_lines(described: Sequence[DescribedClip], named: FaultLabels) -> list[str]:
    """The same in words: ``press: 50 normal clips, 30 anomalous; of faults: bearing 16, belt 14`` for each machine.

    Parameters
    ----------
    described : sequence of DescribedClip
        All of the data.
    named : FaultLabels
        Those of them whose faults are to be learnt.
    """
    of = Counter((clip.clip.machine, clip.clip.label) for clip in described)
    faults = {row["machine"]: row["n_clips"] for row in fault_counts(named)}
    lines = []
    for machine in sorted({clip.clip.machine for clip in described}):
        line = f"{machine}: {counted(of[machine, 'normal'], 'normal clip')}, {of[machine, 'anomalous']:,} anomalous"
        numbers = zip(named.faults, faults.get(machine, []), strict=False)
        told = ", ".join(f"{fault.name} {number:,}" for fault, number in numbers)
        lines.append(f"{line}; of faults: {told}" if told else line)
    return lines
