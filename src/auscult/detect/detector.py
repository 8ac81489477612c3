"""All the machines of a bundle: what normal is for each, when a clip is anomalous, and when to alarm."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect.alarm_budget import AlarmBudget
from auscult.detect.alarm_rule import AlarmRule, fit_alarm_rule
from auscult.detect.calibration import Calibration, calibrate
from auscult.detect.comparison import Surroundings
from auscult.detect.delay import STRENGTHS, expected_delay
from auscult.detect.exemplars import Exemplars
from auscult.detect.normal_clips import NormalClips
from auscult.detect.normality import NormalityModel
from auscult.detect.score_history import ScoreHistory
from auscult.errors import BundleError, DataError, MachineError

Arrays = dict[str, NDArray[np.generic]]
N_HEX = 16
"""Digits of a content's SHA-256 that are kept: 64 bits, enough to tell recordings apart."""


@dataclass(frozen=True)
class MachineDetector:
    """Normality model of one machine, and what its scores mean.

    Parameters
    ----------
    model : NormalityModel
    calibration : Calibration
        For single clips.
    rule : AlarmRule
        For one clip after the other.
    delays_s : dict of float -> float or None
        Time from the beginning of a fault to its alarm, by the AUC of single clips; None: not found.
    takes : tuple of str
        Of the clips in the model's bank.
    history : ScoreHistory
        Scores of all clips it was enrolled with: what calibration and rule are made of.
    learnt : frozenset of str
        Beginnings of the SHA-256 of the contents and of the takes' names of all clips learnt from: nothing is to be
        measured on them.
    strange : tuple of str
        Takes that sound unlike all others: not learnt, and worth being listened to.
    exemplars : Exemplars, optional
    """

    model: NormalityModel
    calibration: Calibration
    rule: AlarmRule
    delays_s: dict[float, float | None]
    takes: tuple[str, ...]
    history: ScoreHistory
    learnt: frozenset[str]
    strange: tuple[str, ...] = ()
    exemplars: Exemplars | None = None

    @classmethod
    def fit(
        cls,
        clips: NormalClips,
        groups: Mapping[str, slice] | None = None,
        *,
        false_alarm_rate: float,
        budget: AlarmBudget,
        earlier: "MachineDetector | None" = None,
    ) -> Self:
        """Learn a machine from its normal clips.

        Parameters
        ----------
        clips : NormalClips
        groups : mapping of str -> slice, optional
            As in `NormalityModel`.
        false_alarm_rate : float in (0, 1)
            Share of single normal clips that may be called anomalous.
        budget : AlarmBudget
            False alarms that are tolerated where clips follow each other.
        earlier : MachineDetector, optional
            What it was enrolled with before: the clips that were kept of it are learnt again, its scores count too.

        Raises
        ------
        DataError
            If there are too few clips.
        """
        if earlier is not None:
            clips = earlier.normal_clips().followed_by(clips)
        model = NormalityModel(groups).fit(clips.X, clips.takes)
        kept = model.bank_places_
        history = ScoreHistory.of(model.cross_fitted_scores_, clips.sessions, list(clips.takes), kept)
        learnt = [*(content[:N_HEX] for content in clips.contents if content), *map(_of_take, clips.takes)]
        strange = [take for take, out in zip(clips.takes, model.is_strange_, strict=True) if out]
        if earlier is not None:
            history = earlier.history.followed_by(history)
            learnt += earlier.learnt
            strange = [*earlier.strange, *strange]
        scores, sessions, n_takes = history.scores, history.sessions, history.n_takes
        rule = fit_alarm_rule(scores, sessions, interval_s=clips.interval_s, budget=budget, n_takes=n_takes)
        delays = {auc: expected_delay(scores, threshold=rule.threshold, auc=auc) for auc in STRENGTHS}
        return cls(
            model,
            calibrate(scores, n_takes=n_takes, false_alarm_rate=false_alarm_rate),
            rule,
            {auc: delay and delay * clips.interval_s for auc, delay in delays.items()},
            tuple(clips.takes[place] for place in kept),
            history,
            frozenset(learnt),
            tuple(dict.fromkeys(strange)),
        )

    def has_learnt(self, content: str) -> bool:
        """Whether a clip, by the SHA-256 of its file, is one that was learnt from."""
        return content[:N_HEX] in self.learnt

    def has_learnt_take(self, take: str) -> bool:
        """Whether a clip is of a take that was learnt from, by its name: the same at another SNR, say."""
        return _of_take(take) in self.learnt

    @cached_property
    def surroundings(self) -> Surroundings:
        """Its normal clips, and which of them are most like each other: found once, at the first clip compared."""
        return Surroundings(self.model, self.takes)

    def normal_clips(self) -> NormalClips:
        """The clips in the model's bank, to learn again with others; of which file each was, is not known any more."""
        X = self.model.bank_.astype(np.float64)
        sessions = self.history.sessions[self.history.kept]
        return NormalClips(X, self.takes, sessions, [""] * len(X), self.rule.interval_s)

    def to_arrays(self) -> Arrays:
        """Everything learnt, as arrays that need no pickle."""
        calibration = self.calibration
        numbers = [calibration.threshold, calibration.false_alarm_rate, calibration.n_takes]
        delays = [[auc, np.nan if delay is None else delay] for auc, delay in self.delays_s.items()]
        arrays: Arrays = {f"model/{key}": value for key, value in self.model.to_arrays().items()}
        arrays |= {
            "threshold": np.array(numbers),
            "rule": self.rule.to_array(),
            "delays": np.array(delays),
            "takes": np.array(self.takes),
            "learnt": np.array(sorted(self.learnt)),
            "strange": np.array(self.strange, np.str_),
        }
        arrays |= {f"history/{key}": value for key, value in self.history.to_arrays().items()}
        if self.exemplars is not None:
            arrays |= {f"exemplars/{key}": value for key, value in self.exemplars.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays, groups: Mapping[str, slice] | None = None) -> Self:
        """Machine with what `to_arrays` gave.

        Raises
        ------
        KeyError, ValueError, TypeError, BundleError
            If something is missing or has another shape.
        """
        threshold, rate, n_takes = arrays["threshold"].tolist()
        delays = {float(auc): None if np.isnan(delay) else float(delay) for auc, delay in arrays["delays"].tolist()}
        model = NormalityModel.from_arrays(_below(arrays, "model/"), groups)
        rule, history = (
            AlarmRule.from_array(arrays["rule"].tolist()),
            ScoreHistory.from_arrays(_below(arrays, "history/")),
        )
        if not np.isfinite(threshold):
            raise ValueError("its threshold is none")
        if not np.isfinite(arrays["rule"]).all() or not rule.threshold > 0 or not rule.interval_s > 0:
            raise ValueError("its alarm rule is not one")
        takes = tuple(arrays["takes"].tolist())
        if not len(takes) == history.kept.size == len(model.bank_):
            raise ValueError("its clips and their takes differ in number")
        exemplars = _below(arrays, "exemplars/")
        return cls(
            model,
            Calibration(np.sort(history.scores), threshold, rate, int(n_takes)),
            rule,
            delays,
            takes,
            history,
            frozenset(arrays["learnt"].tolist()),
            tuple(arrays["strange"].tolist()),
            Exemplars.from_arrays(exemplars) if exemplars else None,
        )


@dataclass(frozen=True)
class Detector:
    """Machine name -> its detector."""

    machines: dict[str, MachineDetector] = field(default_factory=dict)

    def resolve(self, machine_id: str | None, *, is_from_folders: bool = False) -> str:
        """Full name of the machine meant.

        Parameters
        ----------
        machine_id : str or None
            The full name (``fan/id_00``), its last part where that is unmistakable (``id_00``), or None where the
            bundle has one machine only.
        is_from_folders : bool
            Whether it is the name that folders give, which must be the full one: another type's id_00 is another
            machine.

        Raises
        ------
        MachineError
            If it is unknown, could be several, or is not said: comparing with the wrong machine would be a guess.
        """
        known = f"The bundle knows {', '.join(self.machines)}"
        if machine_id is None:
            if len(self.machines) == 1:
                return next(iter(self.machines))
            remedy = f"{known}: say which as machine_id, in a form or a call, or as --machine-id."
            raise MachineError("machine", "not said which one this clip is of", remedy)
        if machine_id in self.machines:
            return machine_id
        matches = [] if is_from_folders else [name for name in self.machines if machine_id == name.rpartition("/")[2]]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise MachineError(machine_id, f"could be {' or '.join(matches)}", "Give the machine's full name.")
        enrol = f"enrol this one with: auscult enroll BUNDLE DIR --machine-id {machine_id}"
        remedy = f"{known}: give the machine id of one of them, or {enrol}."
        raise MachineError(machine_id, "this machine is not in the bundle", remedy)

    def to_arrays(self) -> Arrays:
        """Everything learnt, as arrays: ``<number>/<name>``, numbered in the order of the names."""
        arrays: Arrays = {"machines": np.array(sorted(self.machines))}
        for number, name in enumerate(sorted(self.machines)):
            arrays |= {f"{number}/{key}": value for key, value in self.machines[name].to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays, groups: Mapping[str, slice] | None = None) -> Self:
        """Detector with what `to_arrays` gave, for descriptors of these groups.

        Raises
        ------
        BundleError
            If something is missing or has another shape.
        """
        try:
            machines = {
                str(name): MachineDetector.from_arrays(_below(arrays, f"{number}/"), groups)
                for number, name in enumerate(arrays["machines"].tolist())
            }
        except (KeyError, ValueError, TypeError, IndexError, OverflowError, DataError) as error:
            raise BundleError("detector.npz", f"lacks what a detector needs ({error})", "Train it again.") from None
        return cls(machines)


def groups_of(descriptor_groups: Mapping[str, slice]) -> dict[str, slice]:
    """Groups of descriptors that are looked at together: a recipe's own, the level with the group that follows it.

    Parameters
    ----------
    descriptor_groups : mapping of str -> slice
        As `auscult.features.LogMel.descriptor_groups`.
    """
    groups = dict(descriptor_groups)
    if len(groups) > 1 and (level := groups.pop("level", None)) is not None:
        following = next((name for name, own in groups.items() if own.start == level.stop), None)
        if following is None:
            groups["level"] = level
        else:
            groups[following] = slice(level.start, groups[following].stop)
    return groups


def _of_take(take: str) -> str:
    return hashlib.sha256(take.encode("utf-8", "backslashreplace")).hexdigest()[:N_HEX]


def _below(arrays: Arrays, prefix: str) -> Arrays:
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
