"""How good is a detector, or a classifier: pure functions, arrays in, floats out. Larger scores mean more anomalous.

ROC AUC and partial AUC as in DCASE Task 2 (D. K. McClish, "Analyzing a portion of the ROC curve", Medical Decision
Making 9, 1989); intervals by resampling takes, so that several clips of one take do not pass for independent evidence.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError

Metric = Callable[[NDArray[np.bool_], NDArray[np.float64]], float]


def roc_auc(is_anomalous: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Probability that an anomalous clip scores above a normal one; a tie counts half.

    Parameters
    ----------
    is_anomalous : ndarray, shape (n_clips,), bool
    scores : ndarray, shape (n_clips,)

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    DataError
        If one of the two kinds is missing, or the shapes differ.
    """
    is_anomalous, scores = _validate(is_anomalous, scores)
    normal = np.sort(scores[~is_anomalous])
    anomalous = scores[is_anomalous]
    n_below = np.searchsorted(normal, anomalous, side="left")
    n_tied = np.searchsorted(normal, anomalous, side="right") - n_below
    return float(np.mean(n_below + 0.5 * n_tied) / normal.size)


def partial_roc_auc(is_anomalous: NDArray[np.bool_], scores: NDArray[np.float64], *, max_fpr: float = 0.1) -> float:
    """Standardised area under the ROC curve up to a false-positive rate of `max_fpr`: 0.5 for chance, 1 for perfect.

    Parameters
    ----------
    is_anomalous, scores
        As `roc_auc`.
    max_fpr : float in (0, 1]

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    DataError
        As `roc_auc`.
    """
    is_anomalous, scores = _validate(is_anomalous, scores)
    order = np.argsort(-scores, kind="stable")
    is_last_of_ties = np.append(np.diff(scores[order]) != 0, True)
    tpr = np.append(0, np.cumsum(is_anomalous[order])[is_last_of_ties] / is_anomalous.sum())
    fpr = np.append(0, np.cumsum(~is_anomalous[order])[is_last_of_ties] / (~is_anomalous).sum())
    n_inside = np.searchsorted(fpr, max_fpr, side="right")
    xs = np.append(fpr[:n_inside], max_fpr)
    ys = np.append(tpr[:n_inside], np.interp(max_fpr, fpr, tpr))
    area = float(np.sum(np.diff(xs) * (ys[1:] + ys[:-1]) / 2))
    chance = max_fpr**2 / 2
    return 0.5 * (1 + (area - chance) / (max_fpr - chance))


def macro_f1(labels: NDArray[np.integer], predicted: NDArray[np.integer]) -> float:
    """Mean of F1, the harmonic mean of precision and recall, over the classes that there are.

    Parameters
    ----------
    labels, predicted : ndarray of int, shape (n_clips,)
        True and predicted class of each clip; at least one. A class without clips only costs those that it takes.

    Returns
    -------
    float in [0, 1]
    """
    scores = []
    for label in np.unique(labels):
        n_right = np.count_nonzero((labels == label) & (predicted == label))
        scores.append(2 * n_right / (np.count_nonzero(labels == label) + np.count_nonzero(predicted == label)))
    return float(np.mean(scores))


def interval(
    metric: Metric,
    is_anomalous: NDArray[np.bool_],
    scores: NDArray[np.float64],
    takes: Sequence[str],
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Bootstrap interval of a metric, 95 %, resampling whole takes of each kind.

    Parameters
    ----------
    metric : callable (is_anomalous, scores) -> float
    is_anomalous, scores
        As `roc_auc`.
    takes : sequence of str, length n_clips
        The underlying recording of every clip.
    n_resamples : int > 0
    seed : int

    Returns
    -------
    low, high : float
        Percentiles 2.5 and 97.5 (B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
    """
    is_anomalous, scores = _validate(is_anomalous, scores)
    rng = np.random.default_rng(seed)
    _, take_numbers = np.unique(np.asarray(takes), return_inverse=True)
    members = [np.flatnonzero(take_numbers == number) for number in range(take_numbers.max() + 1)]
    kinds = [[clips for clips in members if bool(is_anomalous[clips[0]]) is kind] for kind in (False, True)]
    values = []
    for _ in range(n_resamples):
        drawn = [kind[i] for kind in kinds for i in rng.integers(len(kind), size=len(kind))]
        clips = np.concatenate(drawn)
        values.append(metric(is_anomalous[clips], scores[clips]))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def macro_f1_interval(
    labels: NDArray[np.integer],
    predicted: NDArray[np.integer],
    takes: Sequence[str],
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Bootstrap interval of `macro_f1`, 95 %, resampling whole takes of each class.

    Parameters
    ----------
    labels, predicted
        As `macro_f1`.
    takes : sequence of str, length n_clips
        The underlying recording of every clip. One whose clips differ in class is drawn among those of its first.
    n_resamples : int > 0
    seed : int

    Returns
    -------
    low, high : float
        As `interval`. Where each class has one take only they are equal: there is nothing to draw from.
    """
    rng = np.random.default_rng(seed)
    classes, numbers = np.unique(np.concatenate([labels, predicted]), return_inverse=True)
    truth, said = np.split(numbers, 2)
    _, first, take_of = np.unique(np.asarray(takes), return_index=True, return_inverse=True)
    # F1 needs of each take and class only three counts, which add up over takes.
    right, true, named = counts = np.zeros((3, first.size, classes.size))
    is_right = truth == said
    np.add.at(right, (take_of[is_right], truth[is_right]), 1)
    np.add.at(true, (take_of, truth), 1)
    np.add.at(named, (take_of, said), 1)
    n_drawn = np.zeros((n_resamples, first.size))
    for kind in np.unique(truth[first]):
        own = np.flatnonzero(truth[first] == kind)
        n_drawn[:, own] = rng.multinomial(own.size, np.full(own.size, 1 / own.size), size=n_resamples)
    n_right, n_true, n_named = n_drawn @ counts
    f1 = 2 * n_right / np.maximum(n_true + n_named, 1)
    is_there = n_true > 0
    values = f1.sum(axis=1, where=is_there) / is_there.sum(axis=1)
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _validate(
    is_anomalous: NDArray[np.bool_], scores: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    is_anomalous = np.asarray(is_anomalous, dtype=bool)
    scores = np.asarray(scores, dtype=np.float64)
    if is_anomalous.ndim != 1 or is_anomalous.shape != scores.shape:
        problem = f"labels of shape {is_anomalous.shape} and scores of shape {scores.shape} do not belong together"
        raise DataError("metric", problem, "Give one label and one score a clip.")
    if not np.isfinite(scores).all():
        raise DataError("metric", "a score is NaN or infinite", "Find the clip it belongs to.")
    if is_anomalous.all() or not is_anomalous.any():
        kind = "normal" if is_anomalous.all() else "anomalous"
        raise DataError("metric", f"there is no {kind} clip", "Such a figure needs clips of both kinds.")
    return is_anomalous, scores
