"""Logits of held-out clips -> how far the network's probabilities can be believed, and when it should not say a name.

Temperature and calibration error after C. Guo, G. Pleiss, Y. Sun and K. Weinberger, "On calibration of modern neural
networks", ICML 2017.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.05, 20.0
N_STEPS = 60
"""Of the golden section: each leaves 0.618 of the interval, all of them 1e-12."""
KEPT = 0.95
"""Share of the rightly named held-out clips that keep their name."""


class Calibration(NamedTuple):
    """What held-out clips say about a network's probabilities."""

    temperature: float
    """What logits are divided by."""
    unknown_below: float
    """Largest probability below which a clip's fault is unknown."""
    calibration_error: float
    """How far probabilities and shares of right answers are apart on these same clips, 0 to 1."""


class CalibrationBin(NamedTuple):
    """Clips whose largest probability lies between two limits."""

    low: float
    high: float
    n_clips: int
    confidence: float
    """Their mean largest probability."""
    right: float
    """Share of them that were named rightly, 0 to 1."""


def calibrate(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> Calibration:
    """Temperature, and limit of the unknown, from clips that the network has not learnt from.

    Parameters
    ----------
    logits : ndarray, shape (n_clips, n_classes)
    labels : ndarray of int, shape (n_clips,)

    Raises
    ------
    ValueError
        If there are none, or they do not belong together.
    """
    temperature = fit_temperature(logits, labels)
    probabilities = softmax(logits, temperature)
    limit = unknown_limit(probabilities, labels)
    return Calibration(temperature, limit, calibration_error(probabilities, labels))


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities, shape (n_clips, n_classes), whose logarithms differ as the logits do, divided by a temperature."""
    return np.asarray(np.exp(_log_softmax(logits, temperature)), dtype=np.float64)


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """Temperature of the least log loss.

    If all clips are named rightly, however few, their log loss is least at a temperature of 0 and certainty. So a label
    counts as right with a probability of (n + 1) / (n + 2), Laplace's rule of succession after n right ones, as in
    J. Platt, "Probabilistic outputs for support vector machines", 1999.

    Parameters
    ----------
    logits : ndarray, shape (n_clips, n_classes)
    labels : ndarray of int, shape (n_clips,)

    Returns
    -------
    float, `LOWEST_TEMPERATURE` to `HIGHEST_TEMPERATURE`

    Raises
    ------
    ValueError
        As `calibrate`.
    """
    logits, labels = _checked(logits, labels)
    n_clips, n_classes = logits.shape
    doubt = 1 / (n_clips + 2)
    targets = np.full(logits.shape, doubt / max(n_classes - 1, 1))
    targets[np.arange(n_clips), labels] = 1 - doubt

    def loss(log_temperature: float) -> float:
        return -float(np.sum(targets * _log_softmax(logits, math.exp(log_temperature))))

    # The loss is convex in the reciprocal of the temperature, so that it has one valley in its logarithm.
    low, high = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    section = (math.sqrt(5) - 1) / 2
    left, right = high - section * (high - low), low + section * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(N_STEPS):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - section * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + section * (high - low)
            at_right = loss(right)
    return math.exp((low + high) / 2)


def calibration_error(probabilities: NDArray[np.floating], labels: NDArray[np.integer], *, n_bins: int = 15) -> float:
    """Expected calibration error: mean distance of the largest probability and the share of right answers.

    Parameters
    ----------
    probabilities : ndarray, shape (n_clips, n_classes)
    labels : ndarray of int, shape (n_clips,)
    n_bins : int > 0
        Bins of equal width, within which both are averaged.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    ValueError
        As `calibrate`.
    """
    bins = calibration_bins(probabilities, labels, n_bins=n_bins)
    return sum(one.n_clips * abs(one.confidence - one.right) for one in bins) / len(labels)


def calibration_bins(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], *, n_bins: int = 15
) -> list[CalibrationBin]:
    """Clips by their largest probability, and how many of them were named rightly: the calibration curve.

    Parameters
    ----------
    probabilities, labels, n_bins
        As `calibration_error`.

    Returns
    -------
    list of CalibrationBin
        Those with clips, ascending.

    Raises
    ------
    ValueError
        As `calibrate`.
    """
    probabilities, labels = _checked(probabilities, labels)
    largest = probabilities.max(axis=1)
    is_right = probabilities.argmax(axis=1) == labels
    numbers = np.minimum((largest * n_bins).astype(np.int64), n_bins - 1)
    bins = []
    for number in np.unique(numbers).tolist():
        own = numbers == number
        confidence, right = float(largest[own].mean()), float(is_right[own].mean())
        bins.append(CalibrationBin(number / n_bins, (number + 1) / n_bins, int(own.sum()), confidence, right))
    return bins


def unknown_limit(probabilities: NDArray[np.floating], labels: NDArray[np.integer], *, kept: float = KEPT) -> float:
    """Largest probability below which the answer is an unknown fault.

    Parameters
    ----------
    probabilities : ndarray, shape (n_clips, n_classes)
    labels : ndarray of int, shape (n_clips,)
    kept : float in (0, 1]
        Share of the rightly named clips whose largest probability is no smaller.

    Returns
    -------
    float
        Rounded down to 4 digits, so that rounding elsewhere changes no verdict; at least chance. 1 if no clip was named
        rightly: then no name is worth saying.

    Raises
    ------
    ValueError
        As `calibrate`.
    """
    probabilities, labels = _checked(probabilities, labels)
    is_right = probabilities.argmax(axis=1) == labels
    if not is_right.any():
        return 1.0
    sure = np.sort(probabilities.max(axis=1)[is_right])
    n_lost = math.floor((1 - kept) * sure.size + 1e-9)
    limit = math.floor(float(sure[min(n_lost, sure.size - 1)]) * 1e4) / 1e4
    return float(max(limit, 1 / probabilities.shape[1]))


def _log_softmax(logits: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    logarithms: NDArray[np.float64] = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
    return logarithms


def _checked(
    values: NDArray[np.floating], labels: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    table, places = np.asarray(values, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    if table.ndim != 2 or not table.size or places.shape != table.shape[:1] or not np.isfinite(table).all():
        raise ValueError(f"values of shape {table.shape} and labels of shape {places.shape} do not belong together")
    if places.min() < 0 or places.max() >= table.shape[1]:
        raise ValueError(f"labels from {places.min()} to {places.max()} for {table.shape[1]} classes")
    return table, places
