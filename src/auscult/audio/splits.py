"""Clips -> parts that share no take, so that nothing is judged by what it was learnt from."""

import re
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
        The underlying recording of every clip; their names in order, with
        numbers taken as numbers, are the order of recording.
    n_blocks : int > 0

    Returns
    -------
    list of ndarray
        Indices into `takes`; at most `n_blocks`, fewer where there are fewer takes, none empty.
    """
    take_numbers = _in_time(takes)
    n_takes = int(take_numbers.max()) + 1
    blocks = np.array_split(np.arange(n_takes), min(n_blocks, n_takes))
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
    take_numbers = _in_time(takes)
    n_takes = int(take_numbers.max()) + 1
    n_held_out = max(1, round(share * n_takes)) if share > 0 else 0
    return take_numbers >= n_takes - n_held_out


def _in_time(takes: Sequence[str]) -> NDArray[np.intp]:
    """Number of every clip's take in the order of recording: by name, where ``clip_9`` comes before ``clip_10``."""
    names = sorted(set(takes), key=lambda name: ([_number_or_text(part) for part in re.split(r"(\d+)", name)], name))
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[take] for take in takes], dtype=np.intp)


def _number_or_text(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (-1, part)
