"""Anomalous clips whose faults are known -> a network that names faults, and figures of how well it does.

The figures are of networks that have not learnt the clips they are asked about; the network that goes into the bundle
has learnt from all of them, but for a fifth of the takes, which say which of its epochs was the best.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.audio import read_audio, read_file
from auscult.audio.scan import Progress
from auscult.diagnose import Epoch, Examples, Fitted, Training, choose_device, fit_network
from auscult.diagnose.examples_file import read_examples, write_examples
from auscult.errors import DataError
from auscult.evaluate.diagnosis import NamedClip, diagnosis_figures
from auscult.evaluate.diagnosis_splits import SPLIT_NAMES, Fold, folds, held_out_takes
from auscult.evaluate.level_meter import LevelMeter
from auscult.faults.changes import Changes
from auscult.files import disk_errors
from auscult.pipeline.anomalous_clips import AnomalousClips
from auscult.pipeline.answers import Answers, calibrated
from auscult.pipeline.clip_counts import fault_counts
from auscult.pipeline.described_clips import DescribedClip, by_machine, in_threads
from auscult.pipeline.fault_labels import FaultLabels
from auscult.pipeline.kept import Arrays, Kept, key_of
from auscult.workers import LostTask, open_workers

NOT_OPTIONS = ("network", "device")
"""Of what is told of a network's training: they are told by themselves."""


@dataclass(frozen=True, eq=False)
class LearntFaults:
    """A network and what is known of it.

    Parameters
    ----------
    onnx_model : bytes
    network : dict
        For `auscult.bundle.manifest.Manifest.network`.
    diagnosis : dict
        `auscult.evaluate.diagnosis.diagnosis_figures`, and where the faults come from as ``labels``.
    history : list of Epoch
    """

    onnx_model: bytes
    network: dict[str, Any]
    diagnosis: dict[str, Any]
    history: list[Epoch]


def learn_faults(
    there: AnomalousClips,
    named: FaultLabels,
    training: Training,
    *,
    kept: Kept,
    n_jobs: int,
    on_progress: Progress | None,
    on_note: Callable[[str], None] | None = None,
) -> LearntFaults:
    """Learn to name faults, and measure it on clips that were not learnt from.

    Parameters
    ----------
    there : AnomalousClips
        The machines and the recipe.
    named : FaultLabels
        With at least two faults.
    training : Training
    kept : Kept
        What was computed before is taken from it.
    n_jobs : int > 0
        Processes that learn at the same time; one on a GPU.
    on_progress : callable or None
        Told of ``faults``: networks that have learnt.
    on_note : callable, optional
        Told in a sentence how many of them had learnt before an interruption.

    Raises
    ------
    DataError, OptionError
        As `auscult.diagnose.fit_network`; or if a process that learns dies again and again.
    """
    examples = _examples(there, named, on_progress)
    splits, not_measured = _splits(examples, named)
    names = tuple(fault.name for fault in named.faults)
    contents = [clip.content_hash for clip in named.clips]
    options = asdict(training.resolved())
    key = key_of("network", contents, examples.labels, examples.changes, list(examples.takes), options)
    if choose_device(training.device)[0].type == "cuda":
        n_jobs = 1
    with TemporaryDirectory(prefix="auscult-", dir=kept.scratch()) as folder, open_workers(n_jobs=n_jobs) as workers:
        with disk_errors(folder):
            write_examples(Path(folder), examples)
        task = _Task(Path(folder), kept.folder, key, training, names)
        n_all = 1 + sum(len(own) for own in splits.values())
        n_learnt = sum(kept.has(_key(task, fold)) for _, fold in _pairs(splits))
        if n_learnt and on_note:
            on_note(f"goes on where it was interrupted: {n_learnt} of {n_all} networks had learnt")
        answers: dict[str, list[Answers]] = {split: [] for split in splits}
        for (split, fold), found in workers.map(partial(_tested, task), _pairs(splits)):
            if isinstance(found, LostTask):
                raise DataError("learning faults", found.reason, "Give the machine more memory, or --jobs 1.")
            answers[split].append(Answers.of(fold, found))
            if on_progress:
                on_progress("faults", sum(map(len, answers.values())), n_all)
        whole = calibrated(answers.get("grouped", []), examples.labels)
        final = _final(task, whole)
    if on_progress:
        on_progress("faults", n_all, n_all)
    clips = {
        split: [
            clip
            for number, one in enumerate(own)
            for clip in _named_clips(number, one, own, examples=examples, named=named)
        ]
        for split, own in answers.items()
    }
    diagnosis = diagnosis_figures(names, clips, not_measured)
    history = [Epoch(int(number), *rest) for number, *rest in final["history"].tolist()]
    network = json.loads(str(final["network"][()])) | {
        "largest_scores": _largest_scores(there, named),
        "clips": fault_counts(named),
    }
    return LearntFaults(final["onnx"].tobytes(), network, {"labels": named.source} | diagnosis, history)


def _examples(there: AnomalousClips, named: FaultLabels, on_progress: Progress | None) -> Examples:
    """What a network learns from: of every clip, what changed against normal sound."""
    changes = Changes(there.features)

    def patch(clip: DescribedClip) -> NDArray[np.float32]:
        heard = there.features.patch(*read_audio(read_file(clip.clip.path), channels=there.channels))
        return changes.patch(there.machines[clip.clip.machine], clip.descriptors, heard)

    values = np.empty((len(named.clips), changes.n_changes), np.float32)
    place_of = {id(clip): place for place, clip in enumerate(named.clips)}
    for name, own in by_machine(named.clips).items():
        X = np.stack([clip.descriptors for clip in own])
        values[[place_of[id(clip)] for clip in own]] = changes.values(there.machines[name], X)
    takes = tuple(f"{clip.clip.machine}/{clip.clip.take}" for clip in named.clips)
    return Examples(in_threads(patch, named.clips, "changes", on_progress), values, named.labels, takes)


def _largest_scores(there: AnomalousClips, named: FaultLabels) -> list[float]:
    """Largest anomaly score among the clips of each fault."""
    largest = np.full(len(named.faults), -np.inf)
    label_of = {id(clip): label for clip, label in zip(named.clips, named.labels.tolist(), strict=True)}
    for name, own in by_machine(named.clips).items():
        scores = there.machines[name].model.anomaly_scores(np.stack([clip.descriptors for clip in own]))
        np.maximum.at(largest, [label_of[id(clip)] for clip in own], scores)
    return [round(float(score), 4) for score in largest]


def _splits(examples: Examples, named: FaultLabels) -> tuple[dict[str, list[Fold]], list[str]]:
    """Folds of each split that can be made, and why others cannot."""
    machines = [clip.clip.machine for clip in named.clips]
    splits, not_measured = {}, []
    for split, name in SPLIT_NAMES.items():
        if split == "naive" and len(set(examples.takes)) == len(examples.takes):
            not_measured.append(f"{name}: each clip is a take of its own, so that it would be the split by take")
            continue
        try:
            found = folds(split, examples.labels, examples.takes, machines)
        except DataError as error:
            not_measured.append(f"{name}: {error.problem}")
            continue
        own = [fold for fold in found if _is_enough(examples, fold)]
        if own:
            splits[str(split)] = own
        else:
            not_measured.append(f"{name}: too few takes remain to learn from")
    return splits, not_measured


def _is_enough(examples: Examples, fold: Fold) -> bool:
    """Whether a network that learns from the fold's takes can hold any of them out."""
    labels, takes = examples.labels[fold.learnt], [examples.takes[place] for place in fold.learnt]
    return bool(held_out_takes(labels, takes, seed=0).any())


def _pairs(splits: Mapping[str, Sequence[Fold]]) -> Iterator[tuple[str, Fold]]:
    return ((split, fold) for split, own in splits.items() for fold in own)


@dataclass(frozen=True)
class _Task:
    """What learning takes: the folder of the examples, that of kept results, and how."""

    examples: Path
    kept: Path | None
    key: str
    training: Training
    names: tuple[str, ...]


def _tested(task: _Task, pair: tuple[str, Fold]) -> Arrays:
    """Answers of one fold's network to the clips that it has not learnt from."""
    fold = pair[1]

    def compute(checkpoint: Path | None) -> Arrays:
        examples = read_examples(task.examples)
        own = examples.subset(fold.learnt)
        known = np.unique(own.labels)  # a fold may lack a fault
        fitted = _fitted(task, replace(own, labels=np.searchsorted(known, own.labels)), known, checkpoint)
        logits = np.full((fold.tested.size, len(task.names)), np.nan)
        logits[:, known] = fitted.logits(examples.subset(fold.tested))
        return {"logits": logits, "calibration": np.array([fitted.temperature, fitted.unknown_below])}

    return _kept(task, _key(task, fold), compute)


def _key(task: _Task, fold: Fold) -> str:
    return key_of(task.key, fold.learnt, fold.tested)


def _final(task: _Task, calibration: tuple[float, float] | None) -> Arrays:
    """The network that has learnt from all clips, calibrated on the answers of those that had not."""

    def compute(checkpoint: Path | None) -> Arrays:
        examples = read_examples(task.examples)
        fitted = _fitted(task, examples, np.arange(len(task.names)), checkpoint)
        if calibration is not None:
            fitted = replace(fitted, temperature=calibration[0], unknown_below=calibration[1])
        return {
            "onnx": np.frombuffer(fitted.to_onnx(), np.uint8),
            "network": np.array(json.dumps(_told(fitted, task.training, len(examples)))),
            "history": np.array(fitted.history, np.float64),
        }

    return _kept(task, key_of(task.key, "final", calibration), compute)


def _kept(task: _Task, key: str, compute: Callable[[Path | None], Arrays]) -> Arrays:
    """What was computed before, or is now: a network that was interrupted goes on from its last epoch."""
    with Kept(task.kept) as kept:
        scratch = kept.scratch()
        checkpoint = None if scratch is None else scratch / f"{key[:16]}.pt"
        arrays = kept.arrays(key, lambda: compute(checkpoint))
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return arrays


def _fitted(task: _Task, own: Examples, known: NDArray[np.integer], checkpoint: Path | None) -> Fitted:
    is_held_out = held_out_takes(own.labels, own.takes, seed=task.training.seed)
    names = [task.names[label] for label in known]
    return fit_network(own.subset(~is_held_out), own.subset(is_held_out), names, task.training, checkpoint=checkpoint)


def _told(fitted: Fitted, training: Training, n_clips: int) -> dict[str, Any]:
    """What a bundle says of its network."""
    options = {name: value for name, value in asdict(training.resolved()).items() if name not in NOT_OPTIONS}
    return {
        "name": fitted.network,
        "n_parameters": fitted.n_parameters,
        "n_clips": n_clips,
        "temperature": round(fitted.temperature, 6),
        "unknown_below": round(fitted.unknown_below, 6),
        "best_epoch": fitted.best_epoch,
        "n_epochs": len(fitted.history),
        "device": fitted.device,
        "options": options,
    } | ({"warning": fitted.warning} if fitted.warning else {})


def _named_clips(
    number: int, own: Answers, all_folds: Sequence[Answers], *, examples: Examples, named: FaultLabels
) -> list[NamedClip]:
    """What one fold's network said of the tested clips, beside the truth."""
    names = [fault.name for fault in named.faults]
    levels_db = np.array([clip.level_db for clip in named.clips])
    meter = LevelMeter().fit(levels_db[own.fold.learnt], examples.labels[own.fold.learnt])
    by_level = meter.name(levels_db[own.fold.tested])
    temperature, unknown_below = calibrated([one for one in all_folds if one is not own], examples.labels) or own.own
    return [
        NamedClip(
            clip=int(place),
            fold=number,
            machine=named.clips[place].clip.machine,
            snr_db=named.clips[place].clip.snr_db,
            take=examples.takes[place],
            fault=names[examples.labels[place]],
            probabilities=tuple(row.tolist()),
            is_unknown=bool(row.max() < unknown_below),
            level_named=names[level],
        )
        for place, row, level in zip(own.fold.tested, own.probabilities(temperature), by_level, strict=True)
    ]
