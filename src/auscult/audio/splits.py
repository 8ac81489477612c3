"""Clips -> parts that share no take, so that nothing is judged by what it was learnt from.

Neighbours in time are nearly alike even where they are different takes, hence contiguous blocks and not a draw (D. R.
Roberts et al., "Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic structure",
Ecography 40, 2017). What a random draw of clips claims instead is in docs/splits.md.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError, OptionError

SPLITS = ("train", "calibration", "test")


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
    take_numbers = time_order(takes)
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
    take_numbers = time_order(takes)
    n_takes = int(take_numbers.max()) + 1
    n_held_out = max(1, round(share * n_takes)) if share > 0 else 0
    return take_numbers >= n_takes - n_held_out


def assign_splits(
    takes: Sequence[str],
    labels: Sequence[str],
    machines: Sequence[str],
    *,
    shares: tuple[float, float, float] = (0.6, 0.2, 0.2),
) -> list[str]:
    """Split every machine's normal takes in the order of recording; all anomalous takes are for testing.

    Parameters
    ----------
    takes : sequence of str, length n_clips
        The underlying recording of every clip, as in `contiguous_blocks`; one of the same name of another machine is
        another take.
    labels : sequence of {"normal", "anomalous"}, length n_clips
        A take of which any clip is anomalous is anomalous.
    machines : sequence of str, length n_clips
    shares : (float, float, float) in [0, 1]
        Of each machine's normal takes, for training, calibration and testing; their sum is 1.

    Returns
    -------
    list of {"train", "calibration", "test"}, length n_clips
        The boundaries lie at the takes nearest to the shares; of few takes a part may be empty.

    Raises
    ------
    DataError
        If the three sequences differ in length, or a label is another.
    OptionError
        If the shares are no shares.
    """
    if not len(takes) == len(labels) == len(machines):
        problem = f"{len(takes)} takes, {len(labels)} labels and {len(machines)} machines do not belong together"
        raise DataError("splits", problem, "Give one of each for every clip.")
    if unknown := sorted(set(labels) - {"normal", "anomalous"}):
        raise DataError("splits", f"a clip has the label {unknown[0]!r}", "Labels are normal and anomalous.")
    if len(shares) != len(SPLITS) or not min(shares) >= 0 or not abs(sum(shares) - 1) < 1e-9:
        raise OptionError("shares", f"expected three shares whose sum is 1, got {shares}", "For example 0.6, 0.2, 0.2.")
    clips = list(zip(machines, takes, strict=True))
    anomalous = {clip for clip, label in zip(clips, labels, strict=True) if label == "anomalous"}
    split_of = dict.fromkeys(clips, "test")
    for machine in set(machines):
        normal = sorted({take for name, take in clips if name == machine and (name, take) not in anomalous}, key=_time)
        ends = [int(share * len(normal) + 0.5) for share in (shares[0], shares[0] + shares[1])]
        for number, take in enumerate(normal):
            split_of[machine, take] = SPLITS[(number >= ends[0]) + (number >= ends[1])]
    return [split_of[clip] for clip in clips]


def leave_one_machine_out(machines: Sequence[str]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Hold out one machine at a time: what a model knows of machines that it has never heard.

    Parameters
    ----------
    machines : sequence of str, length n_clips

    Yields
    ------
    machine : str
        The one held out, in the order of their names.
    is_test : ndarray, shape (n_clips,), bool
        True for its clips.
    """
    names = np.array(machines, dtype=str)
    for machine in sorted(set(machines)):
        yield machine, names == machine


def random_split(n: int, share: float, seed: int) -> NDArray[np.bool_]:
    """Draw clips for testing at random: the original's naive split, which leaks. For comparison only.

    Clips of one take (SNR remixes, augmented copies) fall on both sides, so a model is tested on what it has learnt by
    heart (signalML split so; docs/splits.md has the difference). Use `assign_splits` to measure anything.

    Parameters
    ----------
    n : int > 0
        Number of clips.
    share : float in [0, 1]
        Of the clips, rounded to whole ones.
    seed : int >= 0

    Returns
    -------
    ndarray, shape (n,), bool
        True for clips to test with.
    """
    is_test = np.zeros(n, dtype=bool)
    is_test[np.random.default_rng(seed).permutation(n)[: round(share * n)]] = True
    return is_test


def time_order(takes: Sequence[str]) -> NDArray[np.intp]:
    """Number of every clip's take in the order of recording: by name, where ``clip_9`` comes before ``clip_10``.

    Parameters
    ----------
    takes : sequence of str, length n_clips

    Returns
    -------
    ndarray of int, shape (n_clips,)
        The same for clips of one take.
    """
    numbers = {name: number for number, name in enumerate(sorted(set(takes), key=_time))}
    return np.array([numbers[take] for take in takes], dtype=np.intp)


def _time(take: str) -> tuple[list[tuple[int, str]], str]:
    """What takes are sorted by to have them in the order of recording."""
    return [_number_or_text(part) for part in re.split(r"(\d+)", take)], take


def _number_or_text(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (-1, part)
