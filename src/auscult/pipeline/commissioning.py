"""Normal sound of one machine -> whether there is enough of it, which microphone is best, how small a fault is found.

normal clips -> learn from the first, keep the last -> add sounds to the last -> smallest addition that is announced
"""

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.audio import hold_out_last, read_audio, read_file
from auscult.audio.formats import most_common_format
from auscult.audio.scan import Progress
from auscult.detect import AlarmBudget, MachineDetector, groups_of
from auscult.errors import DataError, OptionError
from auscult.evaluate.smallest_fault import Trial, levels_of, mean_level, smallest_level, smallest_levels
from auscult.extras import require
from auscult.features import LogMel
from auscult.features.filters import octave_edges_hz
from auscult.pipeline.described_clips import in_threads, in_time_order, normal_clips
from auscult.pipeline.enrolment import normal_clips_of
from auscult.pipeline.heard_channels import MEAN, HeardClip, Waveform, hear_channels, split_channels
from auscult.pipeline.machine import GROUPS
from auscult.synth.injection import INJECTIONS, inject

TEST_SHARE = 0.3
N_TEST = 6
"""Held-out clips that something is added to."""
MIN_TAKES = 10
CURVE = (10, 20, 50, 100, 200, 500, 1000, 2000)
"""Numbers of takes of the learning curve."""
DEAF = 1e-3
"""Share of the loudest channel's power below which a channel hears nothing: 30 dB less."""
ENOUGH_DB = 1.0
"""More sound that helps by less than this is not needed for detection."""
COARSE = 3
"""Channels are compared in every third octave, at every second level, on every second clip: a twelfth of the work."""
Wanted = tuple[str, tuple[float, float], tuple[float, ...]]
"""A kind of addition, its band in Hz, its levels in dB."""


@dataclass(frozen=True)
class Commissioning:
    """What can be expected of a monitor before any fault exists.

    Parameters
    ----------
    machine : str
    n_takes : int
        Normal takes that were learnt from; others were kept to try the detector on.
    heard_s : float
    within_s : float
        Time in which a fault is to be announced.
    promise : str
        What is promised of false alarms, in words.
    alarms : dict
        The same in numbers.
    channels : list of dict
        ``channel`` (mean, 0, 1, ...), ``mean_level_db``: the best one first.
    smallest : list of dict
        For each kind of addition and octave the smallest level that is announced in time, on the best channel.
    learning_curve : list of dict
        ``n_takes``, ``heard_s``, ``mean_level_db``.
    n_enough : int or None
        Takes from which on more help by less than 1 dB; None if even the last step helped by more.
    is_calm : bool
        Whether the recordings raise no alarm as they are; else what was added to them is found for the wrong reason.
    left_out : list of str
    """

    machine: str
    n_takes: int
    heard_s: float
    within_s: float
    promise: str
    alarms: dict[str, Any]
    channels: list[dict[str, Any]]
    smallest: list[dict[str, Any]]
    learning_curve: list[dict[str, Any]]
    n_enough: int | None
    is_calm: bool
    left_out: list[str]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return asdict(self)


def commission(
    root: str | os.PathLike[str],
    *,
    machine_id: str | None = None,
    alarms: AlarmBudget | str = "1/week",
    within_s: float = 600.0,
    n_mels: int = 64,
    on_progress: Progress | None = None,
) -> Commissioning:
    """Find out what a monitor of a machine will be able to hear, from its normal sound.

    Parameters
    ----------
    root : path
        Normal recordings, as for `auscult.pipeline.enrolment.enroll`.
    machine_id : str, optional
        Which machine's, if the folders name several.
    alarms : AlarmBudget or str
        False alarms that are tolerated.
    within_s : float > 0
        Time in which a fault is to be announced, in seconds.
    n_mels : int > 0
        As in `auscult.train`.
    on_progress : callable, optional

    Returns
    -------
    Commissioning

    Raises
    ------
    DataError
        If there are fewer than 10 takes that can be used.
    OptionError
        If an option is out of range.
    """
    budget = alarms if isinstance(alarms, AlarmBudget) else AlarmBudget.parse(alarms)
    if not 0 < within_s < math.inf:
        raise OptionError("within_s", f"expected more than 0 seconds, got {within_s}", "600 is ten minutes.")
    require("sklearn", extra="train")
    root = Path(os.path.abspath(root))  # noqa: PTH100 - as index_clips has it
    clips = normal_clips_of(root, machine_id)
    found = most_common_format(str(clip.path) for clip in clips)
    if found is None:
        raise DataError(str(root), "none of its recordings can be read", "See what is wrong with: auscult scan PATH")
    features = LogMel.for_rate(found[0], n_mels=n_mels, groups=GROUPS)
    heard, left_out = hear_channels(clips, root, features, found[1], on_progress)
    trying = _Trying(heard, features, budget, within_s, on_progress)
    channels = trying.channels()
    best = channels[0]["channel"]
    trials = trying.trials(best, stage="faults")
    machine = trying.learn(best, trying.n_takes)
    curve = trying.curve(best, trials)
    enough = [row["n_takes"] for row in curve if row["mean_level_db"] <= curve[-1]["mean_level_db"] + ENOUGH_DB]
    return Commissioning(
        machine=clips[0].machine,
        n_takes=machine.calibration.n_takes,
        heard_s=machine.rule.heard_s,
        within_s=within_s,
        promise=str(machine.rule),
        alarms=machine.rule.to_dict(),
        channels=channels,
        smallest=smallest_levels(machine, trials, within_s=within_s),
        learning_curve=curve,
        n_enough=enough[0] if len(enough) > 1 else None,
        is_calm=trying.is_calm(best),
        left_out=left_out,
    )


def _trials(wanted: Sequence[Wanted], of_clips: Sequence[list[NDArray[np.float32] | None]]) -> list[Trial]:
    """Trials of what could be added to every clip."""
    trials = []
    for (kind, band, levels_db), added in zip(wanted, zip(*of_clips, strict=True), strict=True):
        heard = [descriptors for descriptors in added if descriptors is not None]
        if len(heard) == len(added):
            trials.append(Trial(kind, band, levels_db, np.stack(heard, axis=1)))
    return trials


class _Trying:
    """A machine's clips, some to learn from and some to add faults to."""

    def __init__(
        self,
        heard: list[HeardClip],
        features: LogMel,
        budget: AlarmBudget,
        within_s: float,
        on_progress: Progress | None,
    ) -> None:
        ordered, _ = in_time_order([clip.by_channel[MEAN] for clip in heard])
        by_content = {clip.by_channel[MEAN].content_hash: clip for clip in heard}
        takes = [clip.clip.take for clip in ordered]
        if len(set(takes)) < MIN_TAKES:
            problem = f"{len(set(takes))} normal recordings are too few to try anything, expected at least {MIN_TAKES}"
            raise DataError("commissioning", problem, "Record more normal sound: auscult record.")
        is_test = hold_out_last(takes, TEST_SHARE)
        in_order = [by_content[clip.content_hash] for clip in ordered]
        self._learnt = [clip for clip, out in zip(in_order, is_test, strict=True) if not out]
        test = [clip for clip, out in zip(in_order, is_test, strict=True) if out]
        self._takes = list(dict.fromkeys(clip.clip.take for clip in self._learnt))
        self.n_takes = len(self._takes)
        self._test = [test[place] for place in np.unique(np.linspace(0, len(test) - 1, N_TEST).astype(int))]
        self._features = features
        self._budget = budget
        self._within_s = within_s
        self._on_progress = on_progress
        self._bands = [band for band in pairwise(octave_edges_hz(features.fmax)) if band[0] >= features.fmin]

    @cache  # noqa: B019 - it lives as long as one commissioning
    def learn(self, channel: str, n_takes: int) -> MachineDetector:
        """Detector of the last takes before those that are kept."""
        takes = set(self._takes[-n_takes:])
        some = [clip for clip in self._learnt if clip.clip.take in takes]
        clips = normal_clips([clip.by_channel[channel] for clip in some])
        groups = groups_of(self._features.descriptor_groups)
        return MachineDetector.fit(clips, groups, false_alarm_rate=0.05, budget=self._budget)

    def trials(self, channel: str, *, stage: str) -> list[Trial]:
        """Every kind of addition in every octave, to each of the kept clips."""
        wanted = [(kind, band, levels_of(kind)) for kind in INJECTIONS for band in self._bands]

        def one(clip: HeardClip) -> list[NDArray[np.float32] | None]:
            own = self._read(clip)[channel]
            return [self._added(own, own, *what) for what in wanted]

        trials = _trials(wanted, in_threads(one, self._test, stage, self._on_progress))
        if not trials:
            raise DataError("commissioning", f"channel {channel} is silent in every octave", "Record another channel.")
        return trials

    def is_calm(self, channel: str) -> bool:
        """Whether the kept clips raise no alarm without any addition."""
        unaltered = np.stack([clip.by_channel[channel].descriptors for clip in self._test])[None]
        nothing = Trial("nothing", (0.0, 0.0), (0.0,), unaltered)
        return smallest_level(self.learn(channel, self.n_takes), nothing, within_s=self._within_s) is None

    def channels(self) -> list[dict[str, Any]]:
        """How small an addition each channel shows, the best first; dead ones are left out.

        The same is added to all channels, as by a machine that all of them hear: relative to the loudest, not to each
        channel's own sound, which would praise the one that is drowned in noise. One far below the loudest does not
        hear the machine, and would not hear what is added either.
        """
        waveforms = [self._read(clip) for clip in self._test[::2]]
        names = [name for name in waveforms[0] if all(np.ptp(own[name]) > 0 for own in waveforms)]
        single = [name for name in names if name != MEAN]
        if len(single) < 2:
            return [{"channel": single[0] if single else MEAN, "mean_level_db": None}]
        power = {name: float(np.mean([np.mean(np.square(own[name])) for own in waveforms])) for name in single}
        loudest = max(single, key=lambda name: power[name])
        names = [name for name in names if name == MEAN or power[name] > DEAF * power[loudest]]
        bands = self._bands[COARSE // 2 :: COARSE] or self._bands[:1]
        wanted = [(kind, band, levels_of(kind)[::2]) for kind in INJECTIONS for band in bands]

        def one(task: tuple[str, dict[str, Waveform]]) -> list[NDArray[np.float32] | None]:
            name, own = task
            return [self._added(own[name], own[loudest], *what) for what in wanted]

        tasks = [(name, own) for name in names for own in waveforms]
        rows, outcomes = [], in_threads(one, tasks, "channels", self._on_progress)
        for number, name in enumerate(names):
            trials = _trials(wanted, outcomes[number * len(waveforms) : (number + 1) * len(waveforms)])
            levels = smallest_levels(self.learn(name, self.n_takes), trials, within_s=self._within_s)
            rows.append({"channel": name, "mean_level_db": round(mean_level(levels), 2) if levels else None})
        return sorted(rows, key=lambda row: np.inf if row["mean_level_db"] is None else row["mean_level_db"])

    def _read(self, clip: HeardClip) -> dict[str, Waveform]:
        y, sr = read_audio(read_file(clip.clip.path), channels="all")
        return split_channels(self._features.at_own_rate(y, sr))

    def _added(
        self, y: Waveform, reference: Waveform, kind: str, band: tuple[float, float], levels_db: tuple[float, ...]
    ) -> NDArray[np.float32] | None:
        """Descriptors of a clip with something added at each level re a channel; None if that is silent there."""
        sr = self._features.sr
        try:
            changed = [inject(reference, sr, kind, band_hz=band, level_db=level_db, seed=0) for level_db in levels_db]
        except OptionError:
            return None
        return np.stack([self._features.features(y + (clip - reference)).descriptors for clip in changed])

    def curve(self, channel: str, trials: list[Trial]) -> list[dict[str, Any]]:
        """How small an addition is found by the number of takes learnt from."""
        rows = []
        for n_takes in [*(n for n in CURVE if n < self.n_takes), self.n_takes]:
            machine = self.learn(channel, n_takes)
            level_db = mean_level(smallest_levels(machine, trials, within_s=self._within_s))
            rows.append({"n_takes": n_takes, "heard_s": machine.rule.heard_s, "mean_level_db": round(level_db, 2)})
        return rows
