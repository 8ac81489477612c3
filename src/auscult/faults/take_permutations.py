"""Do clusters agree with an attribute by chance? Those of whole takes are exchanged, and the agreement counted again.

Clips of one take lie in one cluster because they are one recording, and are of one machine for the same reason: to
exchange clips one by one would take that for evidence. Where an attribute differs within takes, as SNR does among
remixes, it is evidence; so clusters are exchanged among the clips of each take as well.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_N_AT_ONCE = 2**18
"""Clips of permutations that are counted at a time: some megabytes, which stay in the cache."""
_ROUNDING = 1e-9


def mutual_information(labels: NDArray[np.intp], codes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mutual information of labels and an attribute.

    Parameters
    ----------
    labels : ndarray of int, shape (n_labellings, n_clips)
        Clusters from 0.
    codes : ndarray of int, shape (n_clips,)
        Categories from 0.

    Returns
    -------
    ndarray, shape (n_labellings,)
        In nats; 0 if they have nothing to do with each other.
    """
    n_labellings, n_clips = labels.shape
    shape = (n_labellings, int(labels.max()) + 1, int(codes.max()) + 1)
    cells = (np.arange(n_labellings)[:, None] * shape[1] + labels) * shape[2] + codes
    shares = np.bincount(cells.ravel(), minlength=int(np.prod(shape))).reshape(shape) / n_clips
    information = _entropy(shares.sum(axis=2)) + _entropy(shares.sum(axis=1))
    return information - _entropy(shares.reshape(n_labellings, -1))


def p_values(
    labellings: Sequence[NDArray[np.intp]],
    codes: NDArray[np.intp],
    takes: NDArray[np.intp],
    *,
    n_permutations: int,
    seed: int,
) -> list[float]:
    """Chance of labels that have nothing to do with an attribute to agree with it as well, for each labelling.

    Parameters
    ----------
    labellings : sequence of ndarray of int, shape (n_clips,)
        Clusters from 0.
    codes : ndarray of int, shape (n_clips,)
        Categories of the attribute from 0.
    takes : ndarray of int, shape (n_clips,)
        Number of each clip's take, from 0, without gaps.
    n_permutations : int > 0
    seed : int

    Returns
    -------
    list of float in (0, 1]
        ``(1 + number of permutations that agree as well) / (1 + n_permutations)``.
    """
    order = np.argsort(takes, kind="stable")
    codes, labellings = codes[order], [labels[order] for labels in labellings]
    observed = [mutual_information(labels[None], codes)[0] - _ROUNDING for labels in labellings]
    n_as_well = [1] * len(labellings)
    for sources in _permutations(np.bincount(takes), n_permutations, np.random.default_rng(seed)):
        for place, labels in enumerate(labellings):
            n_as_well[place] += int((mutual_information(labels[sources], codes) >= observed[place]).sum())
    return [count / (1 + n_permutations) for count in n_as_well]


def _permutations(sizes: NDArray[np.intp], n_permutations: int, rng: np.random.Generator) -> Iterator[NDArray[np.intp]]:
    """Which clip's cluster each clip gets, where clips stand in the order of takes; shape (n_at_once, n_clips)."""
    n_takes, n_clips = len(sizes), int(sizes.sum())
    of_clip = np.repeat(np.arange(n_takes), sizes)
    starts = np.cumsum(sizes) - sizes
    slots = np.arange(n_clips) - starts[of_clip]
    n_at_once = max(1, _N_AT_ONCE // n_clips)
    for first in range(0, n_permutations, n_at_once):
        n = min(n_at_once, n_permutations - first)
        exchanged = rng.permuted(np.tile(np.arange(n_takes), (n, 1)), axis=1)[:, of_clip]
        # A take with more clips than the one whose clusters it gets has them several times over.
        places = starts[exchanged] + slots % sizes[exchanged]
        shuffled = np.argsort(of_clip + rng.random((n, n_clips)), axis=1, kind="stable")  # the clips of each take
        yield np.take_along_axis(shuffled, places, axis=1)


def _entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """In nats, of each row."""
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy: NDArray[np.float64] = -(shares * logarithms).sum(axis=1)
    return entropy
