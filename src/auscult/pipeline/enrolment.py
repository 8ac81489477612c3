"""Another machine, or another session of a known one, into a bundle that is there: nothing else is learnt anew."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from auscult.audio import Clip, index_clips
from auscult.audio.find import Recordings
from auscult.audio.scan import Progress
from auscult.bundle.bundle import DETECTOR, FAULTS, Bundle, load
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.making import new_bundle
from auscult.bundle.npz import write_npz
from auscult.bundle.versions import library_versions
from auscult.detect import AlarmBudget, Detector, MachineDetector
from auscult.detect.calibration import check_false_alarm_rate
from auscult.errors import BundleError, DataError, OptionError
from auscult.extras import require
from auscult.features import LogMel
from auscult.pipeline.described_clips import describe, name_below
from auscult.pipeline.machine import Learning, fingerprint, learn_machine, thresholds
from auscult.pipeline.synthetic import is_synthetic

Known = Literal["refuse", "add", "replace"]
"""What becomes of a machine that is in the bundle already."""


def enroll(
    bundle: Bundle | str | os.PathLike[str],
    root: str | os.PathLike[str],
    *,
    machine_id: str,
    known: Known = "refuse",
    alarms: AlarmBudget | str | None = None,
    false_alarm_rate: float = 0.05,
    on_progress: Progress | None = None,
) -> tuple[Bundle, list[str]]:
    """Teach a bundle a machine from its normal sound.

    Parameters
    ----------
    bundle : Bundle or path
        Trained on normal sound; it gives the features and the channel policy.
    root : path
        Folder with normal recordings of the machine: below folders named ``normal``, or, if no folder says a label, all
        recordings in it. Or a table of recordings.
    machine_id : str
        Full name that the machine gets in the bundle: ``fan/id_08``, ``press_3``.
    known : {"refuse", "add", "replace"}
        If the bundle knows the machine: stop; learn these recordings as a further session, beside what it was enrolled
        with; or forget that.
    alarms : AlarmBudget or str, optional
        As in `auscult.train`. If left out, the budget of a known machine is kept, of another it is 1/week.
    false_alarm_rate : float in (0, 1)
    on_progress : callable, optional

    Returns
    -------
    bundle : Bundle
        A new one, not yet saved.
    left_out : list of str
        Recordings that could not be used, and why.

    Raises
    ------
    BundleError
        If the bundle has learnt no normal sound of any machine.
    OptionError
        If the machine is known and it is not said what to do, or an option is out of range.
    DataError
        If there is too little normal sound, or of several machines and none is called so.
    """
    budget = AlarmBudget.parse(alarms) if isinstance(alarms, str) else alarms
    check_false_alarm_rate(false_alarm_rate)
    require("sklearn", extra="train")
    bundle = bundle if isinstance(bundle, Bundle) else load(bundle)
    features, detector = bundle.manifest.features, bundle.detector
    if detector is None or not isinstance(features, LogMel):
        remedy = "Train one on normal sound: auscult train DIR -o BUNDLE."
        raise BundleError("bundle", "has a classifier, and learns no machines one by one", remedy)
    earlier = _earlier(detector, machine_id, known)
    if budget is None:
        there = detector.machines.get(machine_id)
        budget = AlarmBudget(1, there.rule.asked_s) if there else AlarmBudget.parse("1/week")
    root = Path(os.path.abspath(root))  # noqa: PTH100 - as index_clips has it
    clips = normal_clips_of(root, machine_id)
    described, left_out = describe(clips, root, features, bundle.manifest.channels, on_progress)
    new = [clip for clip in described if earlier is None or not earlier.has_learnt(clip.content_hash)]
    if described and not new:
        raise DataError(str(root), f"all its recordings have been learnt already as {machine_id}", "Record new ones.")
    learning = Learning(features, bundle.manifest.channels, false_alarm_rate, budget)
    try:
        machine = learn_machine(new, learning, earlier)
    except DataError as error:
        reasons = f" (left out: {left_out[0]})" if left_out else ""
        raise DataError(str(root), error.problem + reasons.rstrip("."), error.remedy) from None
    return _with_machine(bundle, machine_id, machine, are_synthetic=is_synthetic(root, clips)), left_out


def _earlier(detector: Detector, machine_id: str, known: Known) -> MachineDetector | None:
    """What is known of the machine and is to be learnt as well."""
    if not machine_id.strip():
        raise OptionError("machine_id", "is empty", "Give the machine a name.")
    if machine_id not in detector.machines:
        if known == "add":
            names = ", ".join(detector.machines)
            raise OptionError(
                "machine_id", f"{machine_id} is not in the bundle, which knows {names}", "Leave out --add."
            )
        return None
    if known == "refuse":
        remedy = "Add these recordings as a further session (--add), or forget what it was enrolled with (--replace)."
        raise OptionError("machine_id", f"{machine_id} is in the bundle already", remedy)
    return detector.machines[machine_id] if known == "add" else None


def normal_clips_of(root: Path, machine_id: str | None) -> list[Clip]:
    """Normal recordings of one machine.

    Parameters
    ----------
    root : path
        As in `enroll`.
    machine_id : str or None
        Which machine's, if the folders name several: its full name or the last part of it.

    Returns
    -------
    list of Clip
        If no folder says a label, every recording is taken for normal.

    Raises
    ------
    DataError
        If there are none, or they are of several machines and none is called so.
    """
    try:
        labelled = index_clips(root)
    except DataError:
        labelled = []
    normal = [clip for clip in labelled if clip.label == "normal"]
    if labelled and not normal:
        raise DataError(str(root), "holds anomalous recordings only", "Enrol a machine with its normal sound.")
    if not normal:
        paths = [Path(entry.location) for entry in Recordings(root, with_truth=False) if not entry.error]
        home = root if root.is_dir() else root.parent
        machine = machine_id or "machine"
        # called as if they lay in <machine>/normal/, so that other mixes of a take are recognised
        takes = [f"{machine}/normal/{name_below(home, path.with_suffix(''))}" for path in paths]
        return [Clip(path, machine, "normal", take) for path, take in zip(paths, takes, strict=True)]
    machines = sorted({clip.machine for clip in normal})
    if len(machines) == 1:
        return normal
    meant = [name for name in machines if name == machine_id or name.rpartition("/")[2] == machine_id]
    if len(meant) != 1:
        problem = f"holds normal sound of {len(machines)} machines ({', '.join(machines[:4])}, ...)"
        called = f", none of them called {machine_id}" if machine_id else ""
        problem += called
        remedy = "Name the folder of one of them, or say which one with --machine-id."
        raise DataError(str(root), problem, remedy)
    return [clip for clip in normal if clip.machine == meant[0]]


def _without(metrics: dict[str, Any], machine: str) -> dict[str, Any]:
    """Figures but those of one machine; how well faults are named on all machines together stays."""
    kept = {"figures": _of_others(metrics.get("figures", []), machine)}
    if diagnosis := metrics.get("diagnosis"):
        splits = [split | {"by_machine": _of_others(split["by_machine"], machine)} for split in diagnosis["splits"]]
        kept |= {"diagnosis": diagnosis | {"splits": splits}}
    return metrics | kept


def _of_others(rows: list[dict[str, Any]], machine: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["machine"] != machine]


def _with_machine(bundle: Bundle, name: str, machine: MachineDetector, *, are_synthetic: bool) -> Bundle:
    """The bundle with a machine; figures that were measured with what it knew of it before are dropped."""
    assert bundle.detector is not None
    manifest = bundle.manifest
    detector = Detector(bundle.detector.machines | {name: machine})
    training_data = manifest.training_data | {
        "n_clips": sum(known.calibration.scores.size for known in detector.machines.values()),
        "fingerprint": fingerprint(detector),
        "is_synthetic": manifest.training_data.get("is_synthetic", False) or are_synthetic,
    }
    manifest = replace(
        manifest,
        thresholds=thresholds(detector),
        training_data=training_data,
        metrics=_without(manifest.metrics, name),
        versions=library_versions(),
    )
    kept = {name: bundle.members[name] for name in (FAULTS, CLASSIFIER) if name in bundle.members}  # faults stay named
    return new_bundle(manifest, kept | {DETECTOR: write_npz(detector.to_arrays())})
