"""Normal clips in the order of time, replayed -> the false alarms that there really were, beside the promised ones."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.detect import MachineDetector


@dataclass(frozen=True)
class ReplayedAlarms:
    """What a machine's alarm rule did on normal sound that was not learnt.

    Parameters
    ----------
    machine : str
    n_alarms : int
    heard_s : float
        Normal sound that was replayed, in seconds.
    promised_s : float
        Mean time between false alarms that the bundle promises; 0 if it promises nothing.
    promise : str
        The same in words, as training says them.
    """

    machine: str
    n_alarms: int
    heard_s: float
    promised_s: float
    promise: str

    @property
    def n_promised(self) -> float:
        """How many false alarms the promise allows in this time."""
        return self.heard_s / self.promised_s if self.promised_s else float("inf")

    @property
    def most_per_day(self) -> float:
        """Upper 95 % limit of the rate in alarms a day (of a Poisson mean; F. Garwood, Biometrika 28, 1936)."""
        return _poisson_upper(self.n_alarms) / self.heard_s * 86400

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "machine": self.machine,
            "n_alarms": self.n_alarms,
            "heard_s": round(self.heard_s, 1),
            "promised_s": round(self.promised_s, 1),
            "promise": self.promise,
            "n_promised": round(self.n_promised, 4) if np.isfinite(self.n_promised) else None,
            "most_per_day": round(self.most_per_day, 3),
        }


def replay(
    name: str, machine: MachineDetector, scores: NDArray[np.float64], sessions: NDArray[np.intp]
) -> ReplayedAlarms:
    """Run a machine's alarm rule over the scores of normal clips.

    Parameters
    ----------
    name : str
        The machine's.
    machine : MachineDetector
    scores : ndarray, shape (n_clips,)
        Of clips that were not learnt from, in the order of time; at least one.
    sessions : ndarray of int, shape (n_clips,)
        The rule starts without evidence where it changes.
    """
    n_alarms = 0
    changes = np.flatnonzero(np.diff(sessions)) + 1
    for low, high in pairwise([0, *changes, scores.size]):
        decision = machine.rule.decision()
        held = [False, *(decision.update(machine.calibration.p_value(score)) for score in scores[low:high])]
        n_alarms += sum(not before and now for before, now in pairwise(held))
    promised_s = machine.rule.promised_s if machine.rule.is_promise else 0.0
    return ReplayedAlarms(name, n_alarms, scores.size * machine.rule.interval_s, promised_s, str(machine.rule))


def _poisson_upper(n: int) -> float:
    """Mean of which `n` or fewer come with a probability of 5 %."""
    low, high = float(n), n + 10.0 + 5 * (n + 1) ** 0.5
    for _ in range(60):
        middle = (low + high) / 2
        terms = np.cumsum(np.log(np.concatenate([[1.0], middle / np.arange(1, n + 1)])))
        is_likely = float(np.exp(terms - middle).sum()) > 0.05
        low, high = (middle, high) if is_likely else (low, middle)
    return float(high)
