"""Recordings -> a bundle that knows each machine's normal sound, with figures on clips that it has not learnt.

index -> descriptors -> hold out the last normal takes -> normality model and threshold a machine -> figures -> bundle
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.audio import (
    ChannelPolicy,
    Clip,
    check_channel_policy,
    hold_out_last,
    index_clips,
    read_audio,
    read_file,
)
from auscult.audio.formats import most_common_format
from auscult.audio.scan import Progress
from auscult.bundle.archive import sha256
from auscult.bundle.bundle import DETECTOR, Bundle, write_npz
from auscult.bundle.golden import golden_members
from auscult.bundle.manifest import Manifest
from auscult.bundle.versions import library_versions
from auscult.detect import Detector, MachineDetector
from auscult.detect.calibration import check_false_alarm_rate
from auscult.errors import AudioError, DataError, OptionError, printable
from auscult.evaluate import JudgedClip, detection_figures
from auscult.extras import require
from auscult.faults import ANOMALOUS, NORMAL
from auscult.features import LogMel
from auscult.synth.truth import is_truth_csv

SPLIT = (
    "the last {share:.0%} of each machine's normal takes and all anomalous clips were held out: none was learnt from"
)
SAID_SPLIT = "; of machines with clips that were said to be for testing, these were held out instead of the last"

GROUPS = ("mean", "std")
"""Descriptors that the detector learns; docs/decisions/0005."""


@dataclass(frozen=True)
class DescribedClip:
    """A clip with what is computed from its sound."""

    clip: Clip
    descriptors: NDArray[np.float32]
    level_db: float
    content_hash: str


def train(
    root: str | os.PathLike[str],
    *,
    channels: ChannelPolicy = "mean",
    n_mels: int = 64,
    false_alarm_rate: float = 0.05,
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
        Share of normal clips that may be called anomalous.
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
    check_channel_policy(channels)
    require("sklearn", extra="train")
    root = Path(os.path.abspath(root))  # noqa: PTH100 - as index_clips has it
    clips = index_clips(root)
    split = SPLIT.format(share=test_share) + SAID_SPLIT * any(clip.split == "test" for clip in clips)
    features = LogMel.for_rate(_most_common_rate(clips), n_mels=n_mels, groups=GROUPS)
    described, left_out = _describe(clips, root, features, channels, on_progress)
    described = _without_copies(described, left_out)
    learnt, held_out = _hold_out(described, test_share)
    machines = sorted({clip.clip.machine for clip in described})
    detector = _fit(machines, learnt, false_alarm_rate, on_progress, left_out)
    learnt = [clip for clip in learnt if clip.clip.machine in detector.machines]
    manifest = Manifest(
        features=features,
        channels=channels,
        faults=(NORMAL, ANOMALOUS),
        thresholds=_thresholds(detector),
        training_data=_training_data(_is_synthetic(root, clips), learnt, left_out),
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


def _describe(
    clips: list[Clip],
    root: Path,
    features: LogMel,
    channels: ChannelPolicy,
    on_progress: Progress | None,
) -> tuple[list[DescribedClip], list[str]]:
    """Every clip's descriptors in the order of the clips, and which clips have none and why."""

    def describe(clip: Clip) -> DescribedClip | AudioError:
        try:
            content = read_file(clip.path)
            y, sr = read_audio(content, channels=channels)
            if float(np.ptp(y)) == 0:
                raise AudioError("clip", "holds only silence, as of a dead microphone", "Record it again.")
            descriptors = features.descriptors(y, sr)
        except AudioError as error:
            return error
        level_db = 10 * np.log10(max(float(np.mean(np.square(y))), 1e-10))
        return DescribedClip(clip, descriptors, level_db, sha256(content))

    described, left_out = [], []
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:  # numpy lets go of the interpreter while it computes
        try:
            for n_done, (clip, outcome) in enumerate(zip(clips, pool.map(describe, clips), strict=True), start=1):
                if isinstance(outcome, AudioError):
                    name = printable(str(clip.path.relative_to(root) if clip.path.is_relative_to(root) else clip.path))
                    left_out.append(f"{name}: {outcome.problem}. {outcome.remedy}")
                else:
                    described.append(outcome)
                if on_progress:
                    on_progress("features", n_done, len(clips))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # Ctrl-C ends now, not after the last clip
            raise
    return described, left_out


def _without_copies(described: list[DescribedClip], left_out: list[str]) -> list[DescribedClip]:
    """Clips without those that have another's very bytes, which would be learnt twice, or measured and learnt."""
    first: dict[str, DescribedClip] = {}
    for clip in described:
        if (other := first.setdefault(clip.content_hash, clip)) is not clip:
            label = f", which is labelled {other.clip.label}" if other.clip.label != clip.clip.label else ""
            copy, original = printable(str(clip.clip.path)), printable(str(other.clip.path))
            left_out.append(f"{copy}: is the same recording as {original}{label}. Keep one of them.")
    return list(first.values())


def _hold_out(described: list[DescribedClip], share: float) -> tuple[list[DescribedClip], list[DescribedClip]]:
    """Clips to learn from (normal only) and clips to measure on, which share no take."""
    learnt: list[DescribedClip] = []
    held_out = [clip for clip in described if clip.clip.label == "anomalous"]
    for normal in _by_machine([clip for clip in described if clip.clip.label == "normal"]).values():
        takes = [clip.clip.take for clip in normal]
        for_testing = {clip.clip.take for clip in normal if clip.clip.split == "test"}
        is_said = 0 < len(for_testing) < len(set(takes))
        is_held_out = [take in for_testing for take in takes] if is_said else hold_out_last(takes, share)
        learnt += [clip for clip, out in zip(normal, is_held_out, strict=True) if not out]
        held_out += [clip for clip, out in zip(normal, is_held_out, strict=True) if out]
    return learnt, held_out


def _by_machine(described: Iterable[DescribedClip]) -> dict[str, list[DescribedClip]]:
    machines: dict[str, list[DescribedClip]] = {}
    for clip in described:
        machines.setdefault(clip.clip.machine, []).append(clip)
    return machines


def _fit(
    names: list[str],
    learnt: list[DescribedClip],
    false_alarm_rate: float,
    on_progress: Progress | None,
    left_out: list[str],
) -> Detector:
    """A detector for every machine that has enough clips; the others go to `left_out`."""
    machines = {}
    grouped = _by_machine(learnt)
    for n_done, name in enumerate(names, start=1):
        try:
            if name not in grouped:
                raise DataError(name, "no normal recordings to learn from", "Record normal sound of it.")
            X = np.stack([clip.descriptors for clip in grouped[name]]).astype(np.float64)
            takes = [clip.clip.take for clip in grouped[name]]
            machines[name] = MachineDetector.fit(X, takes, false_alarm_rate=false_alarm_rate)
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
    judged = []
    for name, clips in _by_machine(held_out).items():
        if name not in detector.machines:
            continue  # anomalous clips of a machine without normal ones: there is nothing to compare them with
        machine = detector.machines[name]
        scores = machine.model.anomaly_scores(np.stack([clip.descriptors for clip in clips]))
        judged += [
            JudgedClip(
                machine=name,
                snr_db=clip.clip.snr_db,
                take=clip.clip.take,
                is_anomalous=clip.clip.label == "anomalous",
                score=float(score),
                is_alarm=bool(score > machine.calibration.threshold),
                level_db=clip.level_db,
            )
            for clip, score in zip(clips, scores, strict=True)
        ]
    return judged


def _thresholds(detector: Detector) -> dict[str, dict[str, float]]:
    return {
        name: {
            "threshold": machine.calibration.threshold,
            "false_alarm_rate": machine.calibration.false_alarm_rate,
            "n_takes": machine.calibration.n_takes,
        }
        for name, machine in sorted(detector.machines.items())
    }


def _training_data(is_synthetic: bool, learnt: list[DescribedClip], left_out: list[str]) -> dict[str, Any]:
    return {
        "n_clips": len(learnt),
        "fingerprint": sha256("".join(sorted(clip.content_hash for clip in learnt)).encode()),
        "is_synthetic": is_synthetic,
        "left_out": left_out,
    }


def _is_synthetic(root: Path, clips: list[Clip]) -> bool:
    """Whether a folder near the clips holds the table of a synthetic data set."""
    if root.is_dir():
        near = [*(folder / "truth.csv" for folder in [root, *root.parents[:4]]), *root.rglob("truth.csv")]
    else:
        homes = {
            folder for clip in clips for folder in clip.path.parents[:5]
        }  # up to <snr> and above, in MIMII's layout
        near = [folder / "truth.csv" for folder in sorted(homes)]
    return any(is_truth_csv(table) for table in near)
