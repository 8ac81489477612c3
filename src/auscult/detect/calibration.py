"""Scores of normal clips that were not learnt from -> p-values, and a threshold with a stated false-alarm rate.

Cross-conformal prediction (V. Vovk, "Cross-conformal predictors", Annals of Mathematics and Artificial Intelligence 74,
2015): a normal clip that resembles the calibration clips has a p-value of at most `a` with a probability of about `a`.
About, because the model that judges has learnt from all blocks, each calibration score from a model without one.
Contiguous blocks are left out in turn, since neighbouring clips are near-duplicates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.detect.alarm_rule import p_values
from auscult.errors import OptionError


@dataclass(frozen=True)
class Calibration:
    """Scores of normal clips, each from a model that had not learnt from its block, and the threshold made of them."""

    scores: NDArray[np.float64]
    """Sorted, shape (n_clips,)."""
    threshold: float
    """A clip is anomalous if its score is larger."""
    false_alarm_rate: float
    """Expected share of normal clips above the threshold: the one asked for, or the least that so few takes support."""
    n_takes: int
    """Recordings that the scores are of: remixes of one are no independent evidence."""

    def p_value(self, score: float) -> float:
        """Share of normal clips that score at least this much, in (0, 1]: ``(1 + #{scores >= score}) / (n + 1)``."""
        return float(p_values(np.array([score]), self.scores)[0])

    def anomaly_probability(self, score: float) -> float:
        """A graded verdict in (0, 1): 0.5 at the threshold, and further by the spread of normal scores.

        Logistic in the distance to the threshold, in standard deviations of the calibration scores. Normal sound alone
        cannot say how probable a fault is; this only shows how clear a verdict is, next to the p-value.
        """
        distance = (score - self.threshold) / max(float(self.scores.std()), 1e-6)
        return float(1 / (1 + np.exp(-np.clip(distance, -30, 30))))


def calibrate(scores: NDArray[np.float64], *, n_takes: int, false_alarm_rate: float) -> Calibration:
    """Threshold from the scores of normal clips.

    Parameters
    ----------
    scores : ndarray, shape (n_clips,)
        From models that did not learn from these clips (`NormalityModel.cross_fitted_scores_`).
    n_takes : int > 0
        Recordings that the clips are of: remixes of one are no independent evidence.
    false_alarm_rate : float in (0, 1)
        Share of normal clips that may be called anomalous. Fewer than ``1 / rate - 1`` takes cannot support it: then
        the threshold is their highest score and the calibration says which rate that is.

    Returns
    -------
    Calibration

    Raises
    ------
    OptionError
        If the rate is not between 0 and 1.
    """
    check_false_alarm_rate(false_alarm_rate)
    scores = np.sort(np.asarray(scores, dtype=np.float64))
    supported = max(false_alarm_rate, 1 / (n_takes + 1))
    rank = min(int(np.ceil((scores.size + 1) * (1 - supported) - 1e-9)), scores.size)  # 1 is the lowest score
    threshold = scores[-1] if supported > false_alarm_rate else scores[rank - 1]
    return Calibration(scores, float(threshold), supported, n_takes)


def check_false_alarm_rate(false_alarm_rate: float) -> None:
    """Check that a false-alarm rate is one.

    Raises
    ------
    OptionError
        If it is not between 0 and 1.
    """
    if not 0 < false_alarm_rate < 1:
        problem = f"expected a share between 0 and 1, got {false_alarm_rate}"
        raise OptionError("false-alarm rate", problem, "0.05 is one clip in twenty.")
