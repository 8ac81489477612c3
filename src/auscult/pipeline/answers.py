"""Answers of networks to clips that they have not learnt from, and what these say about how far to believe them.

A network's own held-out clips chose its best epoch, so it is surer of them, and more often right, than of others; and
of few clips they are few. The clips that were tested in the other folds are new to their networks, and many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.diagnose import calibrate, softmax
from auscult.evaluate.diagnosis_splits import Fold

FEWEST = 10
"""Clips, of fewer nothing is to be learnt about how far to believe a network."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What the network of one fold says of the tested clips.

    Parameters
    ----------
    fold : Fold
    logits : ndarray, shape (n_tested, n_faults)
        NaN for faults that the fold has not learnt.
    own : tuple of float
        Temperature, and probability below which a fault is unknown, by the network's own held-out clips.
    """

    fold: Fold
    logits: NDArray[np.float64]
    own: tuple[float, float]

    @classmethod
    def of(cls, fold: Fold, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Answers as arrays ``logits`` and ``calibration`` hold them."""
        temperature, unknown_below = arrays["calibration"].tolist()
        return cls(fold, np.asarray(arrays["logits"], np.float64), (temperature, unknown_below))

    def probabilities(self, temperature: float) -> NDArray[np.float64]:
        """Probability of each fault, shape (n_tested, n_faults); 0 of those that were not learnt."""
        known = np.isfinite(self.logits).all(axis=0)
        probabilities = np.zeros(self.logits.shape)
        probabilities[:, known] = softmax(self.logits[:, known], temperature)
        return probabilities


def calibrated(answers: Sequence[Answers], labels: NDArray[np.integer]) -> tuple[float, float] | None:
    """Temperature, and probability below which a fault is unknown, as answers to new clips say.

    Parameters
    ----------
    answers : sequence of Answers
        Those of networks that lack a fault do not count.
    labels : ndarray of int, shape (n_clips,)
        Fault of every clip.

    Returns
    -------
    temperature, unknown_below : float
        None where there are too few answers.
    """
    whole = [one for one in answers if np.isfinite(one.logits).all()]
    if sum(len(one.logits) for one in whole) < FEWEST:
        return None
    found = calibrate(
        np.concatenate([one.logits for one in whole]), np.concatenate([labels[one.fold.tested] for one in whole])
    )
    return found.temperature, found.unknown_below
