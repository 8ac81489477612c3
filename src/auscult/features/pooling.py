"""Frames -> numbers of a clip: each band's levels over time, pooled.

Which pooling shows a fault depends on the machine: the mean for steady ones such as fans, the loudest frames for
impulsive ones such as valves. Generalised weighted rank pooling goes from one to the other (A. Kolesnikov and
C. Lampert, "Seed, Expand and Constrain", ECCV 2016; for machine sound J. Guan et al., "Time-weighted frequency domain
audio representation with GMM estimator for anomalous sound detection", ICASSP 2023).
"""

import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auscult.products import row_products


def is_pooling(name: str) -> bool:
    """Whether this names a pooling: ``mean``, ``std``, ``p<percent>`` (0 to 100) or ``gwrp<r>`` (0 to 1)."""
    if name in ("mean", "std"):
        return True
    percent, r = _number_after("p", name), _number_after("gwrp", name)
    return (percent is not None and percent <= 100) or (r is not None and r <= 1)


def in_words(pooling: str) -> str:
    """What a pooling shows: level, unsteadiness, quietest, middle or loudest moments."""
    if pooling in ("mean", "std"):
        return "level" if pooling == "mean" else "unsteadiness"
    percent = _number_after("p", pooling)
    return (
        "loudest moments"
        if percent is None or percent > 50
        else "middle moments"
        if percent == 50
        else "quietest moments"
    )


def pool(frames: NDArray[np.float32], poolings: tuple[str, ...]) -> list[NDArray[np.float32]]:
    """Pool frames over time.

    Parameters
    ----------
    frames : ndarray, shape (n_frames, n_bands), float32, dB
        At least one frame.
    poolings : tuple of str
        ``mean``; ``std``, the standard deviation; ``p50``, a percentile (between two frames interpolated linearly);
        ``gwrp0.9``, the mean of a band's frames from the loudest down, the j-th weighted by ``r**j``: 1 is the mean, 0
        the loudest.

    Returns
    -------
    list of ndarray, shape (n_bands,), float32
        One for each pooling, in their order.
    """
    means = frames.mean(axis=0)
    ranks = tuple(name for name in poolings if name not in ("mean", "std"))
    ranked = iter(_pool_ranks(frames, ranks) if ranks else ())
    pooled: list[NDArray[np.float32]] = []
    for name in poolings:
        if name == "mean":
            pooled.append(means)
        elif name == "std":
            pooled.append(np.sqrt(np.square(frames - means).mean(axis=0)))
        else:
            pooled.append(next(ranked))
    return pooled


def _pool_ranks(frames: NDArray[np.float32], ranks: tuple[str, ...]) -> NDArray[np.float32]:
    """Poolings that weigh a band's frames by their ranks, shape (n_ranks, n_bands)."""
    quietest_first = np.sort(np.ascontiguousarray(frames.T))
    return row_products(quietest_first, _rank_weights(ranks, len(frames))).T


@lru_cache(maxsize=64)
def _rank_weights(ranks: tuple[str, ...], n_frames: int) -> NDArray[np.float32]:
    """Weights of frames from the quietest to the loudest, shape (n_frames, n_ranks); each column sums up to 1."""
    return np.stack([_weights(name, n_frames) for name in ranks], axis=1)


def _weights(name: str, n_frames: int) -> NDArray[np.float32]:
    r = _number_after("gwrp", name)
    if r is not None:
        weights = np.power(r, np.arange(n_frames - 1, -1, -1.0))
        return np.asarray(weights / weights.sum(), np.float32)
    percent = _number_after("p", name)
    assert percent is not None
    place = percent / 100 * (n_frames - 1)
    below = int(place)
    weights = np.zeros(n_frames)
    weights[below] = 1 - (place - below)
    if place > below:
        weights[below + 1] = place - below
    return weights.astype(np.float32)


def _number_after(word: str, name: str) -> float | None:
    match = re.fullmatch(rf"{word}(\d+(?:\.\d+)?)", name)
    return float(match[1]) if match else None
