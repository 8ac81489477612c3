"""Recordings -> a bundle that knows each machine's normal sound, with figures on clips that it has not learnt.

index -> descriptors -> hold out the last normal takes -> normality model and threshold a machine -> figures -> bundle
"""

import os
from collections.abc import Iterable
from pathlib import Path

from auscult.audio import ChannelPolicy, Clip, check_channel_policy, index_clips
from auscult.audio.formats import most_common_format
from auscult.audio.scan import Progress
from auscult.bundle.bundle import DETECTOR, Bundle, write_npz
from auscult.bundle.golden import golden_members
from auscult.bundle.manifest import Manifest
from auscult.bundle.versions import library_versions
from auscult.detect import AlarmBudget, Detector
from auscult.detect.calibration import check_false_alarm_rate
from auscult.errors import DataError, OptionError
from auscult.evaluate import JudgedClip, detection_figures
from auscult.extras import require
from auscult.faults import ANOMALOUS, NORMAL
from auscult.features import LogMel
from auscult.pipeline.described_clips import DescribedClip, by_machine, describe, hold_out
from auscult.pipeline.judged_clips import judge
from auscult.pipeline.machine import Learning, fingerprint, learn_machine, thresholds
from auscult.pipeline.synthetic import is_synthetic

SPLIT = (
    "the last {share:.0%} of each machine's normal takes and all anomalous clips were held out: none was learnt from"
)
SAID_SPLIT = "; of machines with clips that were said to be for testing, these were held out instead of the last"

GROUPS = ("level", "mean", "std", "p5", "gwrp0.5", "modulation", "orders")
"""Descriptors that the detector learns; docs/decisions/0010."""


def train(
    root: str | os.PathLike[str],
    *,
    channels: ChannelPolicy = "mean",
    n_mels: int = 64,
    false_alarm_rate: float = 0.05,
    alarms: AlarmBudget | str = "1/week",
    test_share: float = 0.2,
    on_progress: Progress | None = None,
) -> Bundle:
    """Learn the normal sound of every machine in a folder or a table.

    Parameters
    ----------
    root : path
        Folder in MIMII's layout, or any part of it (`auscult.audio.index_clips`): ``.../<machine>/normal/*.wav`` and,
        for the figures only, ``.../<machine>/abnormal/*.wav``. Any sampling rate, length and number of channels. Or a
        table (.csv) of recordings, as `auscult.audio.scan` writes it: those it labels are taken.
    channels : "mean", "all" or int
        Channel policy, as in `auscult.read_audio`; it goes into the bundle.
    n_mels : int > 0
        Mel bands, spread up to half the recordings' most common sampling rate.
    false_alarm_rate : float in (0, 1)
        Share of single normal clips that may be called anomalous.
    alarms : AlarmBudget or str
        False alarms that are tolerated where clips follow each other, as from a microphone: ``1/week``, ``2/day``.
    test_share : float in [0, 1)
        Share of each machine's normal takes, the last ones, held out for the figures; where a table or the files'
        names say which clips are for testing, those are.
    on_progress : callable, optional
        Called with a stage's name, clips done, and clips in all.

    Returns
    -------
    Bundle
        Not yet saved. What was learnt from, which clips were left out and why, and the figures are in its manifest.

    Raises
    ------
    DataError
        If there are no labelled clips, or no machine has enough normal ones that can be read.
    OptionError
        If an option is out of range.
    """
    if not 0 <= test_share < 1:
        raise OptionError("test share", f"expected 0 or more and less than 1, got {test_share}", "0.2 is a fifth.")
    check_false_alarm_rate(false_alarm_rate)
    budget = alarms if isinstance(alarms, AlarmBudget) else AlarmBudget.parse(alarms)
    check_channel_policy(channels)
    require("sklearn", extra="train")
    root = Path(os.path.abspath(root))  # noqa: PTH100 - as index_clips has it
    clips = index_clips(root)
    split = SPLIT.format(share=test_share) + SAID_SPLIT * any(clip.split == "test" for clip in clips)
    features = LogMel.for_rate(_most_common_rate(clips), n_mels=n_mels, groups=GROUPS)
    described, left_out = describe(clips, root, features, channels, on_progress)
    learnt, held_out = hold_out(described, test_share)
    machines = sorted({clip.clip.machine for clip in described})
    learning = Learning(features, channels, false_alarm_rate, budget)
    detector = _fit(machines, learnt, learning, on_progress, left_out)
    learnt = [clip for clip in learnt if clip.clip.machine in detector.machines]
    manifest = Manifest(
        features=features,
        channels=channels,
        faults=(NORMAL, ANOMALOUS),
        thresholds=thresholds(detector),
        training_data={
            "n_clips": len(learnt),
            "fingerprint": fingerprint(detector),
            "is_synthetic": is_synthetic(root, clips),
            "left_out": left_out,
        },
        metrics={"split": split, "figures": detection_figures(_judge(held_out, detector))},
        versions=library_versions(),
    )
    members = {DETECTOR: write_npz(detector.to_arrays())}
    bundle = Bundle.from_members(manifest, members, "new bundle")
    return Bundle.from_members(manifest, members | golden_members(bundle), "new bundle")


def _most_common_rate(clips: Iterable[Clip]) -> int:
    found = most_common_format(str(clip.path) for clip in clips if clip.label == "normal")
    if found is None:
        problem = "there is no normal recording that can be read"
        raise DataError("training", problem, "See to it that .../<machine>/normal/ holds audio.")
    return found[0]


def _fit(
    names: list[str],
    learnt: list[DescribedClip],
    learning: Learning,
    on_progress: Progress | None,
    left_out: list[str],
) -> Detector:
    """A detector for every machine that has enough clips; the others go to `left_out`."""
    machines = {}
    grouped = by_machine(learnt)
    for n_done, name in enumerate(names, start=1):
        try:
            machines[name] = learn_machine(grouped.get(name, []), learning)
        except DataError as error:
            problem = f"machine not learnt, {error.problem} (beside those held out for the figures)"
            left_out.append(f"{name}: {problem}. {error.remedy}")
        if on_progress:
            on_progress("normality", n_done, len(names))
    if not machines:
        reasons = "; ".join(left_out[:3]) or "there are no normal clips"
        more = f"; and {len(left_out) - 3} more" if len(left_out) > 3 else ""
        remedy = "Record more normal sound of a machine, in .../<machine>/normal/."
        raise DataError("training", f"no machine can be learnt ({reasons.rstrip('.')}{more})", remedy)
    return Detector(machines)


def _judge(held_out: list[DescribedClip], detector: Detector) -> list[JudgedClip]:
    """What the detector says of the held-out clips of the machines it knows."""
    return [
        verdict
        for name, clips in by_machine(held_out).items()
        if name in detector.machines  # of others there are anomalous clips only: nothing to compare them with
        for verdict in judge(name, detector.machines[name], clips)
    ]
