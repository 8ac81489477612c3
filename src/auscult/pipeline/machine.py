"""Normal clips of one machine -> its detector, with exemplars; what a bundle's manifest says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from auscult.audio import ChannelPolicy, read_audio, read_file
from auscult.bundle.archive import sha256
from auscult.detect import AlarmBudget, Detector, MachineDetector, groups_of
from auscult.detect.exemplars import N_EXEMPLARS, Exemplars, choose_exemplars
from auscult.features import LogMel
from auscult.pipeline.described_clips import DescribedClip, in_time_order, normal_clips

GROUPS = ("level", "mean", "std", "p5", "gwrp0.5", "modulation", "orders")
"""Descriptors that a detector learns; docs/decisions/0010."""


@dataclass(frozen=True)
class Learning:
    """How machines are learnt.

    Parameters
    ----------
    features : LogMel
    channels : channel policy
    false_alarm_rate : float in (0, 1)
        Of single clips.
    budget : AlarmBudget
        Of clips that follow each other.
    """

    features: LogMel
    channels: ChannelPolicy
    false_alarm_rate: float
    budget: AlarmBudget


def learn_machine(
    described: Sequence[DescribedClip], learning: Learning, earlier: MachineDetector | None = None
) -> MachineDetector:
    """Learn a machine from its normal clips.

    Parameters
    ----------
    described : sequence of DescribedClip
        Normal clips of one machine.
    learning : Learning
    earlier : MachineDetector, optional
        What it was enrolled with before: its clips are learnt as well.

    Raises
    ------
    DataError
        If there are too few clips.
    """
    machine = MachineDetector.fit(
        normal_clips(described),
        groups_of(learning.features.descriptor_groups),
        false_alarm_rate=learning.false_alarm_rate,
        budget=learning.budget,
        earlier=earlier,
    )
    return replace(machine, exemplars=_exemplars(machine, described, learning, earlier))


def _exemplars(
    machine: MachineDetector,
    described: Sequence[DescribedClip],
    learning: Learning,
    earlier: MachineDetector | None,
) -> Exemplars:
    """Spectrograms of clips that stand for all: of earlier sessions the old ones, their recordings may be gone."""
    ordered, _ = in_time_order(described)
    n_earlier = len(earlier.takes) if earlier is not None else 0
    bank_places = machine.model.bank_places_
    chosen = [place for place in choose_exemplars(machine.model) if bank_places[place] >= n_earlier]
    paths = [ordered[bank_places[place] - n_earlier].clip.path for place in chosen]
    patches = [learning.features.patch(*read_audio(read_file(path), channels=learning.channels)) for path in paths]
    new = Exemplars.of(np.array(chosen, np.intp), patches)
    if earlier is None or earlier.exemplars is None:
        return new
    kept = [number for number, place in enumerate(earlier.exemplars.places) if place in bank_places][-N_EXEMPLARS:]
    places = np.searchsorted(bank_places, earlier.exemplars.places[kept])
    old = [earlier.exemplars.patches[number] for number in kept]
    return Exemplars(np.concatenate([places, new.places]), [*old, *new.patches])


def thresholds(detector: Detector) -> dict[str, dict[str, Any]]:
    """What a manifest says of each machine's thresholds, as JSON can hold it."""
    return {
        name: {
            "threshold": machine.calibration.threshold,
            "false_alarm_rate": machine.calibration.false_alarm_rate,
            "n_takes": machine.calibration.n_takes,
            "strange": list(machine.strange),
            "alarms": machine.rule.to_dict()
            | {"delays_s": {str(auc): delay for auc, delay in machine.delays_s.items()}},
        }
        for name, machine in sorted(detector.machines.items())
    }


def fingerprint(detector: Detector) -> str:
    """What all machines of a detector were learnt from, in one number: equal for equal recordings."""
    return sha256("".join(sorted(set().union(*(machine.learnt for machine in detector.machines.values())))).encode())
