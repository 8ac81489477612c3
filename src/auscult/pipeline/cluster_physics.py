"""What a cluster is consistent with: its aspects, and the lines of the bearings that nameplates tell of."""

from collections.abc import Mapping, Sequence

import numpy as np

from auscult.audio import read_audio
from auscult.errors import AudioError
from auscult.faults.discovery import FoundClip
from auscult.faults.physics import Physics, consistent_with
from auscult.features.envelope_lines import bearing_evidence
from auscult.features.nameplate import Nameplate
from auscult.features.orders import LineSpectrum

N_LISTENED = 12
"""Clips in which lines are sought: a median of more says the same."""


def cluster_physics(
    aspects: Mapping[str, float], clips: Sequence[FoundClip], nameplates: Mapping[str, Nameplate]
) -> Physics:
    """Judge a cluster by physics.

    Parameters
    ----------
    aspects : mapping of str -> float
        Of the cluster.
    clips : sequence of FoundClip
        Its clips, those first in which most changed.
    nameplates : mapping of str -> Nameplate
        By machine.

    Returns
    -------
    Physics
    """
    plates = {nameplates[clip.machine] for clip in clips if clip.machine in nameplates}
    plate = plates.pop() if len(plates) == 1 else None  # orders of several bearings are no one's
    return consistent_with(aspects, nameplate=plate, bearing_lines=_bearing_lines(clips, nameplates))


def _bearing_lines(clips: Sequence[FoundClip], nameplates: Mapping[str, Nameplate]) -> dict[str, float]:
    """Median height in dB of the line of each part of the bearings; empty where no bearing is known."""
    known = [clip for clip in clips if clip.machine in nameplates and nameplates[clip.machine].bearing]
    heights: dict[str, list[float]] = {}
    for clip in known[:N_LISTENED]:
        plate = nameplates[clip.machine]
        assert plate.bearing
        try:
            y, sr = read_audio(clip.path, channels="mean")
        except AudioError:
            continue  # it was there when it was described, and others are
        rotation_hz = LineSpectrum(y, sr).rotation(plate).frequency_hz
        for part, height in bearing_evidence(y, sr, rotation_hz, plate.bearing).items():
            heights.setdefault(part, []).append(height)
    return {part: float(np.median(values)) for part, values in heights.items()}
