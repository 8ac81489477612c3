"""Normal scores in the order of time -> at how much evidence to alarm, and how rare false alarms can be promised to be.

The scores are replayed as they will be judged: each contiguous block gets its p-values from the other blocks, and the
evidence rises and falls as neighbouring clips resemble each other, so no independence is assumed. Peaks of the
evidence beyond a high one are exponentially distributed as time goes on (peaks over a threshold: J. Pickands,
"Statistical inference using extreme order statistics", Annals of Statistics 3, 1975; for sums with negative drift D. L.
Iglehart, Annals of Mathematical Statistics 43, 1972), which tells how high they will be in a longer time. Upper limits
of their rate and of their scale, 95 % together, are used instead of estimates.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect.alarm_budget import AlarmBudget, describe_period, describe_time
from auscult.detect.evidence import SequentialDecision, excursion_peaks, gains
from auscult.extras import require

CONFIDENCE = 0.95
N_BLOCKS = 5
"""Contiguous blocks of the normal sound, each replayed against the others."""
FARTHEST = 12.0
"""A promise reaches at most so many times as far as the time that was listened to."""
N_LOOKS = 600.0
"""Independent looks at the machine from which on it reaches as far as that; with fewer, proportionally less."""
LUCK = 0.355
"""Mean number of false alarms in a budget's time of which more than one come with a probability of 5 % (Poisson)."""
N_HIGHEST = (5, 10)
"""The tail is also taken from so few of the highest peaks, and the highest of all limits counts: rare disturbances
drown among ordinary peaks, and are what will alarm."""
N_PEAKS = 20
TAIL = 0.1
"""The scale of the peaks is that of the highest tenth, but of at least so many."""


N_BELIEVED = 5
"""Peaks of the expected scale that are counted in, so that the limit of a few real ones is not beyond all sense."""


@dataclass(frozen=True)
class AlarmRule:
    """When to alarm, and what that is worth.

    Parameters
    ----------
    interval_s : float > 0
        Time from one decision to the next: the length of a clip.
    threshold : float > 0
        Evidence in nats at which an alarm begins (`auscult.detect.SequentialDecision`).
    asked_s : float > 0
        Mean time between false alarms that was asked for, in seconds.
    supported_s : float >= 0
        The longest mean time that this much normal sound supports, with 95 % confidence.
    heard_s : float > 0
        Normal sound that was replayed, in seconds.
    memory_s : float > 0
        Time over which neighbouring scores resemble each other (integrated autocorrelation).
    """

    interval_s: float
    threshold: float
    asked_s: float
    supported_s: float
    heard_s: float
    memory_s: float

    @property
    def promised_s(self) -> float:
        """Mean time between false alarms that is promised: as asked for, or as long as is supported."""
        return min(self.asked_s, self.supported_s)

    @property
    def is_promise(self) -> bool:
        """Whether anything is promised: a time of a few decisions is not worth the name."""
        return self.supported_s >= min(self.asked_s, 10 * self.interval_s)

    @property
    def missing_s(self) -> float:
        """How much more normal sound it takes to support what was asked for, if that resembles what was heard."""
        n_looks = self.heard_s / self.memory_s
        if self.supported_s >= self.asked_s:
            return 0.0
        # below N_LOOKS the support grows with the square of the time
        at_square = self.heard_s * np.sqrt(self.asked_s / self.supported_s)
        enough = at_square if at_square / self.heard_s * n_looks <= N_LOOKS else self.asked_s / FARTHEST
        return float(enough - self.heard_s)

    def decision(self) -> SequentialDecision:
        """A decision that starts without evidence, for one live source."""
        return SequentialDecision(self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return asdict(self) | {"promised_s": self.promised_s, "missing_s": self.missing_s}

    @classmethod
    def from_array(cls, values: Sequence[float]) -> Self:
        """Rule from the numbers that `to_array` gave."""
        return cls(*map(float, values))

    def to_array(self) -> NDArray[np.float64]:
        """The numbers that it is made of."""
        return np.array(list(asdict(self).values()), np.float64)

    def __str__(self) -> str:
        """What is promised, in words."""
        heard, asked = describe_time(self.heard_s), describe_period(self.asked_s)
        if self.supported_s >= self.asked_s:
            return f"at most 1 false alarm per {asked} (95 %), from {heard} of normal sound"
        if not self.is_promise:
            said = f"{heard} of normal sound support no promise at all"
        else:
            said = f"{heard} of normal sound support no better than 1 per {describe_period(self.supported_s)} (95 %)"
        return f"{said}; for 1 per {asked} record {describe_time(self.missing_s, up=True)} more"


def fit_alarm_rule(
    scores: NDArray[np.float64],
    sessions: NDArray[np.intp],
    *,
    interval_s: float,
    budget: AlarmBudget,
    n_takes: int | None = None,
) -> AlarmRule:
    """Rule that keeps false alarms within a budget.

    Parameters
    ----------
    scores : ndarray, shape (n_clips,)
        Of normal clips that were not learnt from (`NormalityModel.cross_fitted_scores_`), in the order of time.
    sessions : ndarray of int, shape (n_clips,)
        Recordings without a gap: neighbours of one session follow each other, the evidence starts anew in the next.
    interval_s : float > 0
        Length of a clip.
    budget : AlarmBudget
    n_takes : int, optional
        Different takes that the clips are of, if several are mixes of one: they are heard once.

    Returns
    -------
    AlarmRule
    """
    n_heard = n_takes or scores.size
    heard_s = n_heard * interval_s
    memory = correlation_time(scores, sessions)
    n_looks = n_heard / memory
    supported_s = FARTHEST * heard_s * min(1.0, n_looks / N_LOOKS)
    peaks = np.concatenate([np.empty(0), *(excursion_peaks(gained) for gained in _replayed(scores, sessions))])
    threshold = _threshold(peaks, scores.size, LUCK * interval_s / budget.mean_time_s, memory)
    return AlarmRule(interval_s, threshold, budget.mean_time_s, supported_s, heard_s, memory * interval_s)


def correlation_time(scores: NDArray[np.float64], sessions: NDArray[np.intp]) -> float:
    """Integrated autocorrelation time of scores: so many neighbours are worth one independent look.

    Of normal quantiles of their ranks, up to where the sum of two neighbouring autocorrelations is no longer positive
    (C. J. Geyer, "Practical Markov chain Monte Carlo", Statistical Science 7, 1992).

    Parameters
    ----------
    scores : ndarray, shape (n_clips,)
        In the order of time.
    sessions : ndarray of int, shape (n_clips,)

    Returns
    -------
    float >= 1
        In clips.
    """
    quantiles = normal_quantiles(scores)
    longest = max((np.flatnonzero(sessions == session).size for session in np.unique(sessions)), default=0)
    n_lags = max(1, longest // 2)
    products = np.zeros(n_lags + 2)
    counts = np.zeros(n_lags + 2)
    for session in np.unique(sessions):
        own = quantiles[sessions == session]
        n_fft = 2 * own.size
        spectrum = np.fft.rfft(own, n_fft)
        lagged = np.fft.irfft(np.abs(spectrum) ** 2, n_fft)[: min(own.size, n_lags + 2)]
        products[: lagged.size] += lagged
        counts[: lagged.size] += own.size - np.arange(lagged.size)
    correlations = products / np.maximum(counts, 1) / max(products[0] / max(counts[0], 1), 1e-12)
    time = 1.0
    for lag in range(1, n_lags, 2):
        pair = correlations[lag] + correlations[lag + 1]
        if pair <= 0:
            break
        time += 2 * float(pair)
    return min(time, float(scores.size))


def _replayed(scores: NDArray[np.float64], sessions: NDArray[np.intp]) -> list[NDArray[np.float64]]:
    """Evidence of each contiguous stretch, its p-values from the scores of the other blocks."""
    stretches = []
    for block in _blocks(sessions):
        others = np.sort(np.delete(scores, block))
        gained = gains(p_values(scores[block], others))
        changes = np.flatnonzero((np.diff(sessions[block]) != 0) | (np.diff(block) != 1)) + 1
        stretches += [gained[low:high] for low, high in pairwise([0, *changes, block.size])]
    return stretches


def _blocks(sessions: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """A contiguous fifth of each session, five times: so every session has p-values from clips of its own too."""
    numbers = np.empty(sessions.size, np.intp)
    for place, session in enumerate(np.unique(sessions)):
        own = np.flatnonzero(sessions == session)
        is_long = own.size >= N_BLOCKS
        numbers[own] = (
            N_BLOCKS * np.arange(own.size) // own.size if is_long else (place + np.arange(own.size)) % N_BLOCKS
        )
    blocks = [np.flatnonzero(numbers == number) for number in range(N_BLOCKS)]
    return [block for block in blocks if 0 < block.size < sessions.size]


def p_values(scores: NDArray[np.float64], calibration: NDArray[np.float64]) -> NDArray[np.float64]:
    """Conformal p-values: ``(1 + #{calibration >= score}) / (n + 1)``.

    Parameters
    ----------
    scores : ndarray
    calibration : ndarray, shape (n,)
        Sorted scores of normal clips.
    """
    n_at_least = calibration.size - np.searchsorted(calibration, scores, side="left")
    shares: NDArray[np.float64] = (1.0 + n_at_least) / (calibration.size + 1)
    return shares


def _threshold(peaks: NDArray[np.float64], n_decisions: int, rate: float, memory: float) -> float:
    """Evidence that normal sound reaches at most `rate` times a decision, with 95 % confidence.

    Never less than the logarithm of the mean number of decisions between alarms, which would do for exact and
    independent p-values. Their peaks have the scale 1; scores that resemble their `memory` neighbours have peaks so
    many times as high, which is believed as if some such peaks had been seen, until there are enough real ones.
    """
    chi2 = require("scipy.stats", extra="train").chi2
    doubt = (1 - CONFIDENCE) / 2
    ranked = np.sort(peaks)[::-1]
    highest = max(float(-np.log(rate)), 1.0)
    for n_tail in {*N_HIGHEST, max(N_PEAKS, int(TAIL * ranked.size))}:
        n = max(0, min(ranked.size - 1, n_tail))
        start = float(ranked[n]) if ranked.size else 0.0
        most_often = chi2.ppf(1 - doubt, 2 * n + 2) / 2 / n_decisions
        above = float((ranked[:n] - start).sum()) + N_BELIEVED * memory
        widest = 2 * above / chi2.ppf(doubt, 2 * (n + N_BELIEVED))
        highest = max(highest, start + float(widest) * max(0.0, float(np.log(most_often / rate))))
    return highest


def normal_quantiles(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores as they would be if they were normally distributed, mean 0, deviation 1; ties get one value.

    Parameters
    ----------
    scores : ndarray, shape (n_clips,)
    """
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middles = (np.cumsum(counts) - counts / 2) / scores.size
    inverse_cdf = NormalDist().inv_cdf
    return np.array([inverse_cdf(float(share)) for share in middles])[inverse]
