"""A data set -> its anomalous clips, and the machines whose normal sound they are compared with."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from auscult.audio import ChannelPolicy, Clip, index_clips
from auscult.audio.formats import most_common_format
from auscult.audio.index import lines_passed_over
from auscult.audio.scan import Progress
from auscult.bundle.bundle import Bundle, load
from auscult.detect import AlarmBudget, MachineDetector
from auscult.errors import BundleError, DataError
from auscult.extras import require
from auscult.features import LogMel
from auscult.pipeline.described_clips import DescribedClip, by_machine, describe
from auscult.pipeline.judged_clips import judge
from auscult.pipeline.machine import GROUPS, Learning, learn_machine


@dataclass(frozen=True)
class AnomalousClips:
    """Anomalous clips with what is known of their machines.

    Parameters
    ----------
    clips : list of DescribedClip
    machines : dict of str -> MachineDetector
        Every clip's is among them.
    features : LogMel
    channels : channel policy
    left_out : list of str
    """

    clips: list[DescribedClip]
    machines: dict[str, MachineDetector]
    features: LogMel
    channels: ChannelPolicy
    left_out: list[str]


def anomalous_clips(
    root: str | os.PathLike[str],
    *,
    bundle: Bundle | str | os.PathLike[str] | None = None,
    by_detector: bool = False,
    on_progress: Progress | None = None,
) -> AnomalousClips:
    """Collect the anomalous clips of a folder or a table.

    Parameters
    ----------
    root : path
        As in `auscult.train`.
    bundle : Bundle or path, optional
        Knows the machines' normal sound; if left out, it is learnt from the normal recordings in `root`.
    by_detector : bool
        Whether to take the clips that the detector calls anomalous, instead of those that are labelled so. It needs a
        bundle, or normal recordings; clips that it learnt from are not judged.
    on_progress : callable, optional

    Raises
    ------
    BundleError
        If the bundle has learnt no normal sound.
    DataError
        If there are no anomalous clips, or no machine of theirs is known.
    """
    require("sklearn", extra="train")
    root = Path(os.path.abspath(root))  # noqa: PTH100 - as index_clips has it
    clips = index_clips(root)
    known = load(bundle) if isinstance(bundle, str | os.PathLike) else bundle
    channels: ChannelPolicy = "mean"
    labelled = [clip for clip in clips if clip.label == "anomalous"]
    if not labelled and not by_detector:
        remedy = "Label some, or let a detector find them: --by-detector with --bundle."
        raise DataError(str(root), f"holds {len(clips)} normal recordings and no anomalous ones", remedy)
    if not labelled and known is None:
        remedy = "Name a bundle that knows normal sound: --bundle."
        raise DataError(str(root), "holds normal recordings only, which a detector would learn and not judge", remedy)
    if known is None:
        rate = most_common_format(str(clip.path) for clip in clips)
        if rate is None:
            raise DataError(str(root), "holds no recording that can be read", "Check them with: auscult scan.")
        features = LogMel.for_rate(rate[0], n_mels=64, groups=GROUPS)
        machines, left_out = _learnt(root, clips, features, on_progress)
    else:
        if known.detector is None or not isinstance(known.manifest.features, LogMel):
            remedy = "Train one on normal sound: auscult train DIR -o BUNDLE."
            raise BundleError("bundle", "has a classifier, and does not know normal sound", remedy)
        features, channels = known.manifest.features, known.manifest.channels
        machines, left_out = dict(known.detector.machines), []
    wanted = clips if by_detector else labelled
    if by_detector and known is None:
        wanted = labelled  # of the normal ones it learnt
    described, unread = describe(wanted, root, features, channels, on_progress)
    left_out += [*unread, *lines_passed_over(root)]
    found = _of_known_machines(described, machines, left_out)
    if by_detector:
        found = _called_anomalous(found, machines)
    if not found:
        raise DataError(str(root), "has no anomalous recordings to look at" + _why(left_out), "Give more of them.")
    return AnomalousClips(found, machines, features, channels, left_out)


def _learnt(
    root: Path, clips: Sequence[Clip], features: LogMel, on_progress: Progress | None
) -> tuple[dict[str, MachineDetector], list[str]]:
    """Machines learnt from all their normal recordings."""
    normal = [clip for clip in clips if clip.label == "normal"]
    described, left_out = describe(normal, root, features, "mean", on_progress)
    learning = Learning(features, "mean", 0.05, AlarmBudget.parse("1/week"))
    machines = {}
    for name, own in by_machine(described).items():
        try:
            machines[name] = learn_machine(own, learning)
        except DataError as error:
            left_out.append(f"{name}: {error.problem}. {error.remedy}")
    if not machines:
        remedy = "Put normal recordings beside them, in <machine>/normal/, or name a bundle: --bundle."
        raise DataError(str(root), "has too little normal sound to compare with" + _why(left_out), remedy)
    return machines, left_out


def _of_known_machines(
    described: list[DescribedClip], machines: dict[str, MachineDetector], left_out: list[str]
) -> list[DescribedClip]:
    """Clips of machines whose normal sound is known; the others are named as left out."""
    for name, own in by_machine(described).items():
        if name not in machines:
            left_out.append(f"{name}: its normal sound is not known, so its {len(own)} recordings are left out.")
    return [clip for clip in described if clip.clip.machine in machines]


def _called_anomalous(described: list[DescribedClip], machines: dict[str, MachineDetector]) -> list[DescribedClip]:
    """Clips that the detector calls anomalous, without those that it learnt."""
    found = []
    for name, own in by_machine(described).items():
        new = [clip for clip in own if not machines[name].has_learnt(clip.content_hash)]
        if new:
            verdicts = judge(name, machines[name], new)
            found += [clip for clip, verdict in zip(new, verdicts, strict=True) if verdict.is_alarm]
    return found


def _why(left_out: list[str]) -> str:
    return f" (left out: {left_out[0].rstrip('.')})" if left_out else ""
