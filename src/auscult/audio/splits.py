"""Clips -> parts that share no take, so that nothing is judged by what it was learnt from."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def contiguous_blocks(takes: Sequence[str], n_blocks: int) -> list[NDArray[np.intp]]:
    """Split clips into blocks of neighbouring takes.

    All clips of a take (its SNR remixes, channels, crops) come into one block, and neighbours in time, which are
    near-duplicates, mostly too.

    Parameters
    ----------
    takes : sequence of str, length n_clips, at least 1
        The underlying recording of every clip; their sorted order is the order of recording.
    n_blocks : int > 0

    Returns
    -------
    list of ndarray
        Indices into `takes`; at most `n_blocks`, fewer where there are fewer takes, none empty.
    """
    names, take_numbers = np.unique(np.asarray(takes), return_inverse=True)
    blocks = np.array_split(np.arange(names.size), min(n_blocks, names.size))
    return [np.flatnonzero(np.isin(take_numbers, block)) for block in blocks]


def hold_out_last(takes: Sequence[str], share: float) -> NDArray[np.bool_]:
    """Mark the clips of the last takes, to be kept for testing.

    Parameters
    ----------
    takes : sequence of str, length n_clips
        As in `contiguous_blocks`.
    share : float in [0, 1)
        Of the takes; at least one is held out unless it is 0.

    Returns
    -------
    ndarray, shape (n_clips,), bool
        True for the held-out clips.
    """
    names, take_numbers = np.unique(np.asarray(takes), return_inverse=True)
    n_held_out = max(1, round(share * names.size)) if share > 0 else 0
    return take_numbers >= names.size - n_held_out
