"""What a machine's detector says of described clips, beside the truth."""

from collections.abc import Sequence

import numpy as np

from auscult.detect import MachineDetector
from auscult.evaluate import JudgedClip
from auscult.pipeline.described_clips import DescribedClip


def judge(name: str, machine: MachineDetector, described: Sequence[DescribedClip]) -> list[JudgedClip]:
    """Judge clips of one machine.

    Parameters
    ----------
    name : str
        The machine's full name.
    machine : MachineDetector
    described : sequence of DescribedClip
        At least one.

    Returns
    -------
    list of JudgedClip
        In their order.
    """
    scores = machine.model.anomaly_scores(np.stack([clip.descriptors for clip in described]))
    return [
        JudgedClip(
            machine=name,
            snr_db=clip.clip.snr_db,
            take=clip.clip.take,
            is_anomalous=clip.clip.label == "anomalous",
            score=float(score),
            is_alarm=bool(score > machine.calibration.threshold),
            level_db=clip.level_db,
        )
        for clip, score in zip(described, scores, strict=True)
    ]
