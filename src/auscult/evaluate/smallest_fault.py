"""Normal sound with something added at graded levels -> the smallest addition that is announced in time.

No fault is modelled: a tone, impacts, modulation and noise in each octave stand for what faults add (`auscult.synth.
injection`). What is found says how sensitive a microphone, a place and a detector are, before any fault exists.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.detect import MachineDetector
from auscult.detect.alarm_rule import p_values
from auscult.detect.evidence import cumulated, gains

LEVELS_DB = tuple(range(-24, 13, 3))
"""What is added, in dB re what the machine itself has in that octave."""
SWINGS_DB = (1, 1.5, 2, 3, 4, 6, 8, 10, 12, 15, 18, 24, 30)
"""Of modulation: from the quietest moment to the loudest."""
BEYOND_DB = 3.0
"""What is not found at the highest level counts as so much above it, in means."""


def levels_of(kind: str) -> tuple[float, ...]:
    """Graded levels of a kind of addition, in dB, ascending."""
    return SWINGS_DB if kind == "modulation" else LEVELS_DB


@dataclass(frozen=True)
class Trial:
    """One kind of addition in one octave, at all levels.

    Parameters
    ----------
    kind : str
    band_hz : (float, float)
    levels_db : tuple of float, length n_levels
        Ascending.
    X : ndarray, shape (n_levels, n_clips, n_descriptors)
        Of clips that were not learnt from.
    """

    kind: str
    band_hz: tuple[float, float]
    levels_db: tuple[float, ...]
    X: NDArray[np.float32]


def smallest_level(machine: MachineDetector, trial: Trial, *, within_s: float) -> float | None:
    """Lowest level from which on an addition is announced in time, in dB; None if it is not at any.

    Parameters
    ----------
    machine : MachineDetector
        Its alarm rule says how much evidence an alarm takes.
    trial : Trial
    within_s : float > 0
        In seconds: the clips of the trial follow each other, again and again.
    """
    n_levels, n_clips, n_descriptors = trial.X.shape
    scores = machine.model.anomaly_scores(trial.X.reshape(-1, n_descriptors)).reshape(n_levels, n_clips)
    gained = gains(p_values(scores, machine.calibration.scores))
    n_decisions = max(1, int(within_s / machine.rule.interval_s))
    n_rounds = -(-n_decisions // n_clips)
    is_found = [
        bool((cumulated(np.tile(own, n_rounds)[:n_decisions]) >= machine.rule.threshold).any()) for own in gained
    ]
    n_missed = n_levels - int(np.argmin([*is_found[::-1], False]))
    return None if n_missed == n_levels else float(trial.levels_db[n_missed])


def smallest_levels(machine: MachineDetector, trials: list[Trial], *, within_s: float) -> list[dict[str, Any]]:
    """Smallest level of each trial.

    Parameters
    ----------
    machine : MachineDetector
    trials : list of Trial
    within_s : float > 0

    Returns
    -------
    list of dict
        ``kind``, ``low_hz``, ``high_hz``, ``level_db`` (None: not found at any level).
    """
    return [
        {
            "kind": trial.kind,
            "low_hz": trial.band_hz[0],
            "high_hz": trial.band_hz[1],
            "level_db": smallest_level(machine, trial, within_s=within_s),
        }
        for trial in trials
    ]


def mean_level(rows: list[dict[str, Any]]) -> float:
    """Mean of the smallest levels, in dB: the lower, the better.

    Parameters
    ----------
    rows : list of dict
        From `smallest_levels`, at least one.
    """
    beyond = {kind: levels_of(kind)[-1] + BEYOND_DB for kind in {row["kind"] for row in rows}}
    return float(np.mean([beyond[row["kind"]] if row["level_db"] is None else row["level_db"] for row in rows]))
