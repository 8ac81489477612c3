"""Recordings -> a bundle that knows each machine's normal sound and names its faults, with honest figures.

index -> descriptors -> hold out the last normal takes -> normality model and threshold a machine -> which fault the
anomalous clips have -> a network that names faults -> figures -> bundle
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from auscult.audio import ChannelPolicy, check_channel_policy, index_clips
from auscult.audio.index import lines_passed_over
from auscult.audio.scan import Progress
from auscult.bundle.bundle import DETECTOR, Bundle
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.making import new_bundle
from auscult.bundle.manifest import Manifest
from auscult.bundle.npz import write_npz
from auscult.bundle.versions import library_versions
from auscult.detect import AlarmBudget, Detector, MachineDetector, groups_of
from auscult.detect.calibration import check_false_alarm_rate
from auscult.diagnose import Training, choose_device
from auscult.errors import DataError, OptionError
from auscult.evaluate import JudgedClip, detection_figures
from auscult.extras import require
from auscult.faults import ANOMALOUS, NORMAL, UNKNOWN_FAULT
from auscult.features import recipe_to_dict
from auscult.files import disk_errors
from auscult.pipeline.anomalous_clips import AnomalousClips
from auscult.pipeline.clip_counts import clip_counts, count_lines
from auscult.pipeline.described_clips import DescribedClip, by_machine, describe, hold_out
from auscult.pipeline.fault_labels import FaultLabels, check_labels, fault_labels
from auscult.pipeline.fault_learning import LearntFaults, learn_faults
from auscult.pipeline.judged_clips import judge
from auscult.pipeline.kept import Kept, key_of
from auscult.pipeline.learning_recipe import learning_recipe
from auscult.pipeline.machine import Learning, fingerprint, learn_machine, thresholds
from auscult.pipeline.synthetic import is_synthetic
from auscult.pipeline.training_report import write_training_report

SPLIT = (
    "the last {share:.0%} of each machine's normal takes and all anomalous clips were held out: what is normal was "
    "learnt from none of them"
)
SAID_SPLIT = "; of machines with clips that were said to be for testing, these were held out instead of the last"

UNFINISHED = ".unfinished"


def train(
    root: str | os.PathLike[str],
    *,
    channels: ChannelPolicy = "mean",
    n_mels: int = 64,
    false_alarm_rate: float = 0.05,
    alarms: AlarmBudget | str = "1/week",
    test_share: float = 0.2,
    labels: str | os.PathLike[str] | None = None,
    training: Training | None = None,
    report: str | os.PathLike[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    n_jobs: int = 1,
    on_progress: Progress | None = None,
    on_note: Callable[[str], None] | None = None,
) -> Bundle:
    """Learn the normal sound of every machine in a folder or a table, and which faults its anomalous clips have.

    Parameters
    ----------
    root : path
        Folder in MIMII's layout, or any part of it (`auscult.audio.index_clips`): ``.../<machine>/normal/*.wav`` and,
        for the faults and the figures, ``.../<machine>/abnormal/*.wav``. Any sampling rate, length and number of
        channels. Or a table (.csv) of recordings, as `auscult.audio.scan` writes it: those it labels are taken.
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
    labels : str or path, optional
        Which fault the anomalous clips have: ``column``, ``none`` or a file of names, as
        `auscult.pipeline.fault_labels.fault_labels` has it. What is anomalous is learnt from normal clips alone.
    training : auscult.diagnose.Training, optional
        How the network that names faults learns, and the seed of all that is drawn by chance.
    report : path, optional
        A page (.html) to write on what was learnt and how well.
    output : path, optional
        Where to save the bundle. Until it is there, a folder beside it, ``<output>.unfinished``, keeps what was
        computed: after an interruption the same call goes on from there, to the same bundle.
    n_jobs : int > 0
        Processes in which networks learn at the same time. With more than 1 a script must have the usual
        ``if __name__ == "__main__":``.
    on_progress : callable, optional
        Called with a stage's name, how much is done, and how much there is.
    on_note : callable, optional
        Told in a sentence what is to be learnt, before it takes its time, and where an interrupted run goes on.

    Returns
    -------
    Bundle
        What was learnt from, which clips were left out and why, and the figures are in its manifest.

    Raises
    ------
    DataError
        If there are no labelled clips, or no machine has enough normal ones that can be read; as
        `auscult.pipeline.fault_labels.check_labels` and `auscult.diagnose.fit_network`; or if the disk refuses a file.
    OptionError
        As `auscult.pipeline.learning_recipe.learning_recipe`; or if an option is out of range, CUDA is asked for and
        does not compute, or the report's name is none of a page.
    """
    _check_numbers(test_share=test_share, false_alarm_rate=false_alarm_rate, n_jobs=n_jobs)
    budget = alarms if isinstance(alarms, AlarmBudget) else AlarmBudget.parse(alarms)
    check_channel_policy(channels)
    training, note = _checked_training(training or Training()), on_note or (lambda _: None)
    root = Path(os.path.abspath(root))  # noqa: PTH100 - as index_clips has it
    clips = index_clips(root)
    said = None if labels is None else os.fspath(labels)
    check_labels(clips, root, said)
    _check_places(report, output)
    features = learning_recipe(clips, channels, n_mels)
    learning = Learning(features, channels, false_alarm_rate, budget)
    output = None if output is None else Path(output)
    with Kept(None if output is None else output.with_name(output.name + UNFINISHED), is_run=True) as kept:
        described, left_out = describe(clips, root, features, channels, on_progress, kept)
        left_out += lines_passed_over(root)
        if kept.n_found:
            note(f"goes on where it was interrupted: {kept.n_found} of {len(clips):,} clips had been described")
        learnt, held_out = hold_out(described, test_share)
        names = sorted({clip.clip.machine for clip in described})
        detector = _fit(names, learnt, learning, kept, left_out=left_out, on_progress=on_progress)
        held_out = [clip for clip in held_out if clip.clip.machine in detector.machines]  # others compare with nothing
        anomalous = [clip for clip in held_out if clip.clip.label == "anomalous"]
        there = AnomalousClips(anomalous, detector.machines, features, channels, left_out)
        normal = [clip for clip in described if clip.clip.label == "normal"]
        named = fault_labels(there, normal, root, labels=said, seed=training.seed)
        for line in count_lines(described, named):
            note(line)
        faults = None
        if named.faults:
            faults = learn_faults(
                there, named, training, kept=kept, n_jobs=n_jobs, on_progress=on_progress, on_note=note
            )
        data = _training_data(described, detector, learnt, left_out, named.warnings)
        data |= {"is_synthetic": is_synthetic(root, clips)}
        split = SPLIT.format(share=test_share) + SAID_SPLIT * any(clip.split == "test" for clip in clips)
        metrics = {"split": split, "figures": detection_figures(_judge(held_out, detector))}
        manifest = _manifest(there, named, faults, data, metrics)
        members = {DETECTOR: write_npz(detector.to_arrays())} | ({CLASSIFIER: faults.onnx_model} if faults else {})
        bundle = new_bundle(manifest, members)
        if report is not None:
            _write_report(Path(report), manifest, named, faults)
        if output is not None:
            bundle.save(output)
            kept.remove()
    return bundle


def _check_numbers(*, test_share: float, false_alarm_rate: float, n_jobs: int) -> None:
    if not 0 <= test_share < 1:
        raise OptionError("test share", f"expected 0 or more and less than 1, got {test_share}", "0.2 is a fifth.")
    check_false_alarm_rate(false_alarm_rate)
    if n_jobs < 1:
        raise OptionError("jobs", f"expected 1 or more, got {n_jobs}", "Give the number of processes.")


def _checked_training(training: Training) -> Training:
    """The same with nothing left to the recipe, if it can be done here."""
    require("sklearn", extra="train")
    if training.device == "cuda":
        choose_device(training.device)
    return training.resolved()


def _check_places(report: str | os.PathLike[str] | None, output: str | os.PathLike[str] | None) -> None:
    """Check before hours of work that their results can be written."""
    if report is not None and Path(report).suffix.lower() not in (".html", ".htm"):
        raise OptionError("report", f"expected a name that ends in .html, got {Path(report).name}", "It is a page.")
    for path in (Path(place) for place in (report, output) if place is not None):
        if path.is_dir():
            raise OptionError(str(path), "is a folder", "Name a file in it.")
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=path.parent):
                pass


def _manifest(
    there: AnomalousClips,
    named: FaultLabels,
    faults: LearntFaults | None,
    training_data: dict[str, Any],
    metrics: dict[str, Any],
) -> Manifest:
    """What a bundle says of itself, with a network or without one."""
    diagnosis = {"diagnosis": faults.diagnosis if faults else None, "diagnosis_note": named.note}
    return Manifest(
        features=there.features,
        channels=there.channels,
        faults=(NORMAL, *named.faults, UNKNOWN_FAULT) if faults else (NORMAL, ANOMALOUS),
        thresholds=thresholds(Detector(there.machines)),
        network=faults.network if faults else {},
        training_data=training_data,
        metrics=metrics | diagnosis,
        versions=library_versions(),
    )


def _training_data(
    described: Sequence[DescribedClip],
    detector: Detector,
    learnt: Sequence[DescribedClip],
    left_out: list[str],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """What a manifest says of the recordings."""
    return {
        "n_clips": sum(clip.clip.machine in detector.machines for clip in learnt),
        "clips": clip_counts(described),
        "fingerprint": fingerprint(detector),
        "left_out": left_out,
        "warnings": list(warnings),
    }


def _write_report(path: Path, manifest: Manifest, named: FaultLabels, faults: LearntFaults | None) -> None:
    """Write the report, with the sound of what was named wrongly."""
    worst = faults.diagnosis["worst"] if faults else []
    errors = [(row, named.clips[row["clip"]].clip.path) for row in worst]
    write_training_report(path, manifest, faults.history if faults else [], errors)


def _fit(
    names: list[str],
    learnt: list[DescribedClip],
    learning: Learning,
    kept: Kept,
    *,
    left_out: list[str],
    on_progress: Progress | None,
) -> Detector:
    """A detector for every machine that has enough clips; the others go to `left_out`."""
    machines = {}
    grouped = by_machine(learnt)
    for n_done, name in enumerate(names, start=1):
        try:
            machines[name] = _machine(grouped.get(name, []), learning, kept)
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


def _machine(learnt: list[DescribedClip], learning: Learning, kept: Kept) -> MachineDetector:
    """A machine's detector: as it comes out of a bundle, so that a run that went on gives the same as one in one go."""
    rates = [learning.false_alarm_rate, str(learning.budget)]
    options = [recipe_to_dict(learning.features), learning.channels, *rates]
    clips = [[clip.content_hash, clip.clip.take, clip.clip.snr_db] for clip in learnt]
    arrays = kept.arrays(key_of("machine", options, clips), lambda: learn_machine(learnt, learning).to_arrays())
    return MachineDetector.from_arrays(arrays, groups_of(learning.features.descriptor_groups))


def _judge(held_out: list[DescribedClip], detector: Detector) -> list[JudgedClip]:
    """What the detector says of the held-out clips of the machines it knows."""
    return [
        verdict
        for name, clips in by_machine(held_out).items()
        for verdict in judge(name, detector.machines[name], clips)
    ]
