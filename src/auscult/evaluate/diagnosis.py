"""How well faults are named, for each split, SNR and machine, beside what a level meter could name.

Accuracy is not given: it grows by naming the most frequent fault always. F1 averaged over the faults does not.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.diagnose import calibration_bins, calibration_error
from auscult.evaluate.diagnosis_splits import SPLIT_NAMES
from auscult.faults import UNKNOWN_FAULT
from auscult.metrics import macro_f1, macro_f1_interval

N_BINS = 10
"""Of the calibration curve."""
N_WORST = 8


@dataclass(frozen=True)
class NamedClip:
    """A tested clip with its fault and what was said of it."""

    clip: int
    """Its place among all clips."""
    fold: int
    """Number of the fold in which it was tested."""
    machine: str
    snr_db: float | None
    take: str
    fault: str
    """The truth."""
    probabilities: tuple[float, ...]
    """Of each fault there is a name of; 0 for those that were not learnt in that fold."""
    is_unknown: bool
    """Whether the largest probability was below the network's limit, so that it named no fault."""
    level_named: str
    """The fault that a level meter named (`auscult.evaluate.level_meter`)."""


def diagnosis_figures(
    class_names: Sequence[str], named: Mapping[str, Sequence[NamedClip]], not_measured: Sequence[str] = ()
) -> dict[str, Any]:
    """Figures of a network that names faults.

    Parameters
    ----------
    class_names : sequence of str
        The faults, in the order of the probabilities.
    named : mapping of str -> sequence of NamedClip
        Tested clips of each split (`auscult.evaluate.diagnosis_splits`); each was learnt from in no network that named
        it.
    not_measured : sequence of str
        Which splits could not be made, and why.

    Returns
    -------
    dict
        ``class_names``. ``splits``: of each split, the clips, takes and folds; macro F1 with its 95 % interval over
        takes, where a clip called unknown counts as missed, and the level meter's, also by SNR, highest first, and by
        machine; the share called unknown; the confusion matrix, a row for each fault, the last column of it
        unknown; the calibration curve and its error, whatever was called unknown. ``worst``: most confident errors, and
        then clips called ``unknown fault``, of different takes, of the grouped split, or of leaving machines out if
        there is none. ``not_measured``. Numbers have 4 digits.
    """
    clips_of = {split: list(named[split]) for split in SPLIT_NAMES if named.get(split)}
    shown = clips_of.get("grouped") or clips_of.get("machine") or []
    return {
        "class_names": list(class_names),
        "splits": [{"split": split} | _split_figures(class_names, clips) for split, clips in clips_of.items()],
        "worst": _worst(class_names, shown),
        "not_measured": list(not_measured),
    }


def _split_figures(class_names: Sequence[str], clips: list[NamedClip]) -> dict[str, Any]:
    labels, predicted = _numbered(class_names, clips)
    probabilities = np.array([clip.probabilities for clip in clips])
    confusion = np.zeros((len(class_names), len(class_names) + 1), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)
    bins = calibration_bins(probabilities, labels, n_bins=N_BINS)
    return {
        "n_folds": len({clip.fold for clip in clips}),
        "n_takes": len({clip.take for clip in clips}),
        **_figures(class_names, clips),
        "unknown_share": round(float(np.mean([clip.is_unknown for clip in clips])), 4),
        "by_snr": _by("snr_db", class_names, clips, order=lambda snr_db: (-(snr_db or 0.0), snr_db is None)),
        "by_machine": _by("machine", class_names, clips, order=str),
        "confusion": confusion.tolist(),
        "calibration": [{name: round(value, 4) for name, value in one._asdict().items()} for one in bins],
        "calibration_error": round(calibration_error(probabilities, labels, n_bins=N_BINS), 4),
    }


def _by(
    name: str, class_names: Sequence[str], clips: list[NamedClip], *, order: Callable[[Any], Any]
) -> list[dict[str, Any]]:
    """Figures of the clips that have one value of a field, for each value."""
    groups: dict[Any, list[NamedClip]] = {}
    for clip in clips:
        groups.setdefault(getattr(clip, name), []).append(clip)
    return [{name: value} | _figures(class_names, groups[value]) for value in sorted(groups, key=order)]


def _figures(class_names: Sequence[str], clips: list[NamedClip]) -> dict[str, Any]:
    labels, predicted = _numbered(class_names, clips)
    low, high = macro_f1_interval(labels, predicted, [clip.take for clip in clips])
    by_level = np.array([class_names.index(clip.level_named) for clip in clips])
    return {
        "n_clips": len(clips),
        "macro_f1": round(macro_f1(labels, predicted), 4),
        "macro_f1_95": [round(low, 4), round(high, 4)],
        "level_macro_f1": round(macro_f1(labels, by_level), 4),
    }


def _numbered(class_names: Sequence[str], clips: Sequence[NamedClip]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places of true and of named faults; unknown has the place after the last."""
    labels = np.array([class_names.index(clip.fault) for clip in clips])
    best = np.array([clip.probabilities for clip in clips]).argmax(axis=1)
    return labels, np.where([clip.is_unknown for clip in clips], len(class_names), best)


def _worst(class_names: Sequence[str], clips: Sequence[NamedClip]) -> list[dict[str, Any]]:
    """Most confident errors, and then clips that were called unknown, which counts as wrong, too."""
    worst: dict[str, dict[str, Any]] = {}
    for clip in sorted(clips, key=lambda clip: (clip.is_unknown, -max(clip.probabilities), clip.clip)):
        named = UNKNOWN_FAULT.name if clip.is_unknown else class_names[int(np.argmax(clip.probabilities))]
        if named != clip.fault and clip.take not in worst:
            probability = round(float(max(clip.probabilities)), 4)
            worst[clip.take] = {"clip": clip.clip, "fault": clip.fault, "named": named, "probability": probability}
    return list(worst.values())[:N_WORST]
