"""How long it takes from the beginning of a fault to its alarm, for faults of given strength.

A fault's strength is stated as the AUC of single clips: the probability that a clip with the fault scores higher than
one without. Its scores are those of the normal sound that was heard, with their autocorrelation, moved upward by as
many standard deviations as that AUC means (the binormal model: D. M. Green and J. A. Swets, "Signal Detection Theory
and Psychophysics", 1966).
"""

from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from auscult.detect.alarm_rule import normal_quantiles
from auscult.detect.evidence import cumulated, gains

STRENGTHS = (0.7, 0.8, 0.9, 0.95, 0.99)
"""AUCs that delays are stated for."""
LONGEST = 20_000
"""Decisions after which a fault counts as not found: 2.3 days of clips of 10 s."""
N_STARTS = 100


def expected_delay(scores: NDArray[np.float64], *, threshold: float, auc: float, seed: int = 0) -> float | None:
    """Median number of decisions from the beginning of a fault to its alarm.

    Parameters
    ----------
    scores : ndarray, shape (n_clips,)
        Of normal clips that were not learnt from, in the order of time.
    threshold : float > 0
        Evidence at which an alarm begins (`auscult.detect.AlarmRule`).
    auc : float in (0.5, 1)
        Strength of the fault.
    seed : int

    Returns
    -------
    float or None
        None if most such faults are not found at all.
    """
    normal = NormalDist()
    quantiles = normal_quantiles(scores)
    ordered = np.sort(quantiles)
    shift = sqrt(2) * normal.inv_cdf(auc)
    at_least = ordered.size - np.searchsorted(ordered, quantiles + shift, side="left")
    gained = gains((1.0 + at_least) / (ordered.size + 1))
    rng = np.random.default_rng(seed)
    n_rounds = -(-LONGEST // gained.size)
    delays = []
    for start in rng.integers(gained.size, size=N_STARTS):
        evidence = cumulated(np.tile(np.roll(gained, -int(start)), n_rounds)[:LONGEST])
        reached = np.flatnonzero(evidence >= threshold)
        delays.append(float(reached[0] + 1) if reached.size else np.inf)
    median = float(np.median(delays))
    return median if np.isfinite(median) else None
