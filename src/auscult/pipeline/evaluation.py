"""A bundle and recordings that it has not learnt from -> how good it is."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from auscult.audio import index_clips
from auscult.audio.index import lines_passed_over
from auscult.audio.scan import Progress
from auscult.bundle import Bundle, load
from auscult.detect import groups_of
from auscult.errors import BundleError, DataError, MachineError
from auscult.evaluate import JudgedClip, detection_figures
from auscult.evaluate.alarms import replay
from auscult.evaluate.dcase import ScoredFile, write_dcase
from auscult.evaluate.detection import summary
from auscult.evaluate.transfer import LabelledDescriptors, enrolment_curve, snr_transfer
from auscult.extras import require
from auscult.features import LogMel
from auscult.pipeline.described_clips import DescribedClip, by_machine, describe, in_time_order
from auscult.pipeline.judged_clips import judge
from auscult.pipeline.synthetic import is_synthetic


@dataclass(frozen=True)
class Evaluation:
    """Figures of a bundle on clips that it has not learnt from.

    Parameters
    ----------
    is_synthetic : bool
        Whether the clips are.
    n_clips : int
        Clips that were judged.
    n_learnt : int
        Clips left out because the bundle has learnt from them, or from another SNR of the same take.
    figures : list of dict
        `auscult.evaluate.detection_figures`: each machine and SNR.
    summary : dict
        Means and the worst machine.
    alarms : list of dict
        False alarms on normal clips in the order of time, beside the promised ones.
    leave_one_out : list of dict
        `auscult.evaluate.transfer.enrolment_curve`, if it was asked for.
    snr_transfer : list of dict
        `auscult.evaluate.transfer.snr_transfer`, if it was asked for.
    left_out : list of str
        Other clips without a verdict, and why.
    """

    is_synthetic: bool
    n_clips: int
    n_learnt: int
    figures: list[dict[str, Any]]
    summary: dict[str, Any]
    alarms: list[dict[str, Any]]
    leave_one_out: list[dict[str, Any]]
    snr_transfer: list[dict[str, Any]]
    left_out: list[str]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return asdict(self)


def evaluate(
    bundle: Bundle | str | os.PathLike[str],
    root: str | os.PathLike[str],
    *,
    machine_id: str | None = None,
    same_names: bool = False,
    leave_one_out: bool = False,
    transfer: bool = False,
    dcase: Path | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Measure a bundle on labelled recordings; those it has learnt from are left out.

    Parameters
    ----------
    bundle : Bundle or path
    root : path
        Folder or table of labelled recordings, as for `auscult.train`.
    machine_id : str, optional
        Machine of the bundle that all recordings are of, where folders call it otherwise.
    same_names : bool
        Whether clips that are called as takes that were learnt are other recordings all the same.
    leave_one_out, transfer : bool
        Whether to learn the machines anew, from few and from none of their normal takes; at one SNR for another. What
        the bundle has learnt is used for it.
    dcase : Path, optional
        Folder to write scores and decisions to as DCASE's evaluators read them; of several SNRs, one below for each.
    on_progress : callable, optional

    Returns
    -------
    Evaluation

    Raises
    ------
    BundleError
        If the bundle has no detector, or cannot be read.
    DataError
        If no clip is left to measure on.
    MachineError
        If `machine_id` is not in the bundle.
    """
    bundle = bundle if isinstance(bundle, Bundle) else load(bundle)
    features = bundle.manifest.features
    if bundle.detector is None or not isinstance(features, LogMel):
        problem = "has a classifier, and evaluation measures what was learnt from normal sound"
        raise BundleError("bundle", problem, "Train one on normal sound: auscult train DIR -o BUNDLE.")
    name_of_all = bundle.detector.resolve(machine_id) if machine_id is not None else None
    if leave_one_out or transfer:
        require("sklearn", extra="train")
    root = Path(os.path.abspath(root))  # noqa: PTH100 - as index_clips has it
    clips = index_clips(root)
    described, left_out = describe(clips, root, features, bundle.manifest.channels, on_progress)
    left_out += lines_passed_over(root)
    named, unknown = _named(described, bundle, name_of_all)
    left_out += unknown
    judged = {name: _not_learnt(own, bundle, name, same_names=same_names) for name, own in named.items()}
    n_known = sum(map(len, named.values()))
    n_judged = sum(map(len, judged.values()))
    if not n_judged:
        reason = left_out[0] if left_out else "the bundle has learnt from all of them"
        problem = f"none of its {len(clips)} labelled recordings can be measured on ({reason.rstrip('.')})"
        raise DataError(str(root), problem, "Name recordings that were not learnt from, of machines in the bundle.")
    machines = bundle.detector.machines
    verdicts = {name: judge(name, machines[name], own) for name, own in judged.items() if own}
    pairs = [pair for name, own in verdicts.items() for pair in zip(judged[name], own, strict=True)]
    if dcase is not None:
        _write_dcase(pairs, dcase)
    rows = detection_figures([clip for _, clip in pairs])
    data, groups = _labelled(described), groups_of(features.descriptor_groups)
    return Evaluation(
        is_synthetic=is_synthetic(root, clips),
        n_clips=n_judged,
        n_learnt=n_known - n_judged,
        figures=rows,
        summary=summary(rows),
        alarms=_alarms(bundle, judged),
        leave_one_out=enrolment_curve(data, groups) if leave_one_out else [],
        snr_transfer=snr_transfer(data, groups) if transfer else [],
        left_out=left_out,
    )


def _named(
    described: Sequence[DescribedClip], bundle: Bundle, name_of_all: str | None
) -> tuple[dict[str, list[DescribedClip]], list[str]]:
    """Clips by the bundle's name of their machine, and which machines it does not know."""
    assert bundle.detector is not None
    if name_of_all is not None:
        return {name_of_all: list(described)}, []
    named: dict[str, list[DescribedClip]] = {}
    unknown = []
    for machine, own in by_machine(described).items():
        try:
            named.setdefault(bundle.detector.resolve(machine, is_from_folders=True), []).extend(own)
        except MachineError as error:
            unknown.append(f"{machine}: {len(own)} clips, {error.problem}. {error.remedy}")
    return named, unknown


def _not_learnt(own: Sequence[DescribedClip], bundle: Bundle, name: str, *, same_names: bool) -> list[DescribedClip]:
    """Clips of a machine that it was not learnt from, nor from another mix of the same take."""
    assert bundle.detector is not None
    machine = bundle.detector.machines[name]
    return [
        clip
        for clip in own
        if not machine.has_learnt(clip.content_hash) and (same_names or not machine.has_learnt_take(clip.clip.take))
    ]


def _alarms(bundle: Bundle, judged: dict[str, list[DescribedClip]]) -> list[dict[str, Any]]:
    """False alarms of each machine's rule on the normal clips, in the order of time."""
    assert bundle.detector is not None
    rows = []
    for name, own in judged.items():
        normal = [clip for clip in own if clip.clip.label == "normal"]
        if normal:
            ordered, sessions = in_time_order(normal)
            machine = bundle.detector.machines[name]
            scores = machine.model.anomaly_scores(np.stack([clip.descriptors for clip in ordered]))
            rows.append(replay(name, machine, scores, sessions).to_dict())
    return rows


def _labelled(described: Sequence[DescribedClip]) -> LabelledDescriptors:
    return LabelledDescriptors(
        X=np.stack([clip.descriptors for clip in described]).astype(np.float64),
        is_anomalous=np.array([clip.clip.label == "anomalous" for clip in described]),
        machines=np.array([clip.clip.machine for clip in described]),
        takes=np.array([clip.clip.take for clip in described]),
        snrs_db=np.array([np.nan if clip.clip.snr_db is None else clip.clip.snr_db for clip in described]),
    )


def _write_dcase(judged: Sequence[tuple[DescribedClip, JudgedClip]], folder: Path) -> None:
    """Scores and decisions of each SNR; MIMII's clips get names as in DCASE, for theirs need their folders."""
    snrs_db = sorted({clip.snr_db for _, clip in judged}, key=lambda snr_db: snr_db or 0.0)
    for snr_db in snrs_db:
        files = [
            ScoredFile(clip.machine, _dcase_name(described, clip), clip.score, clip.is_alarm)
            for described, clip in judged
            if clip.snr_db == snr_db
        ]
        name = "no_SNR" if snr_db is None else f"{snr_db:g}_dB"
        write_dcase(files, folder if len(snrs_db) == 1 else folder / name)


def _dcase_name(described: DescribedClip, judged: JudgedClip) -> str:
    path = described.clip.path
    is_in_dcase = path.name.startswith(("normal_", "anomaly_", "section_", "id_"))
    word = "anomaly" if judged.is_anomalous else "normal"
    return path.name if is_in_dcase else f"{word}_{PurePosixPath(judged.machine).name}_{path.name}"
