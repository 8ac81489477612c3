"""One p-value after the other -> evidence that the machine has changed, and the alarm: a conformal CUSUM.

Each p-value is a bet against the machine being normal, ``e(p) = 0.5 * p**-0.5``, whose mean is at most 1 as long as it
is; the logarithms are added up and never fall below nothing (E. S. Page, "Continuous inspection schemes", Biometrika
41, 1954; for p-values V. Vovk, I. Petej, I. Nouretdinov et al., "Retrain or not retrain: conformal test martingales
for change-point detection", COPA 2021). One clip of a strange noise is little evidence, a few minutes of a slight
change are much.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError

MOST = 2.0
"""Evidence is cut off at so many times the alarm threshold, so that an alarm ends soon after its cause has."""


def gains(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evidence in each p-value, in nats: positive below 0.25.

    Parameters
    ----------
    p_values : ndarray in (0, 1]
    """
    evidence: NDArray[np.float64] = np.log(0.5) - 0.5 * np.log(p_values)
    return evidence


def cumulated(gained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evidence after each decision, ``W_t = max(W_(t-1), 0) + g_t`` with ``W_0 = 0``, all at once.

    Parameters
    ----------
    gained : ndarray, shape (n_decisions,)
    """
    sums = np.concatenate([[0.0], np.cumsum(gained)])
    evidence: NDArray[np.float64] = sums[1:] - np.minimum.accumulate(sums[:-1])
    return evidence


def excursion_peaks(gained: NDArray[np.float64]) -> NDArray[np.float64]:
    """Highest evidence of each stretch in which there is any: what would have been one alarm, or none.

    Parameters
    ----------
    gained : ndarray, shape (n_decisions,)

    Returns
    -------
    ndarray, shape (n_excursions,), > 0
        In the order of time.
    """
    evidence = np.maximum(cumulated(gained), 0)
    is_on = evidence > 0
    starts = np.flatnonzero(is_on & ~np.concatenate([[False], is_on[:-1]]))
    return np.maximum.reduceat(evidence, starts) if starts.size else np.empty(0)


class SequentialDecision:
    """The same, decision by decision, for a live source.

    An alarm begins when the evidence reaches the threshold and ends when none is left.

    Parameters
    ----------
    threshold : float > 0
        Evidence in nats, of an `auscult.detect.AlarmRule`.

    Attributes
    ----------
    evidence : float >= 0
    is_alarm : bool
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self.evidence = 0.0
        self.is_alarm = False

    def update(self, p_value: float) -> bool:
        """Take the next p-value, and say whether there is an alarm.

        Parameters
        ----------
        p_value : float in (0, 1]

        Raises
        ------
        OptionError
            If it is none: evidence that is no number would never alarm again.
        """
        if not 0 < p_value <= 1:
            raise OptionError("p_value", f"expected more than 0 and at most 1, got {p_value}", "Give a p-value.")
        gained = float(gains(np.array([p_value]))[0])
        self.evidence = min(max(self.evidence + gained, 0.0), MOST * self._threshold)
        self.is_alarm = self.evidence >= self._threshold or (self.is_alarm and self.evidence > 0)
        return self.is_alarm
