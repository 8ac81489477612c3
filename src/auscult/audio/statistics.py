"""Waveform -> what is wrong with a clip as a recording: clipping, offset, silence, dead and copied channels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.audio.channels import Waveform
from auscult.errors import AudioError

SILENT_DB = -100.0
"""Level re full scale below which nothing is heard: the rounding of 16 bits alone is at -101 dB."""

DEAD_DB = -60.0
"""Level re the loudest channel below which a channel is dead: a cable that is off picks up hum at most."""

CLIPPED_RUN = 3
"""Samples in a row at the extreme that are a cut peak; two are chance."""

CLIPPED_TOLERANCE = 2.0**-16
"""Of the extreme, within which samples are at it: half a step of 16 bits, which dither or a resaved file may add."""

CUT_RATIO = 4
"""Samples at a cut extreme, over those at the value next to it, at least; of a rounded sine it is 2.4."""

BLOCK_SAMPLES = 16_384
"""Samples of one channel looked at in one go: they stay in a core's cache."""


@dataclass(frozen=True)
class ClipStatistics:
    """What a clip is like as a recording.

    Parameters
    ----------
    level_db : float, dB re full scale
        Of the mean square over all channels, without their offsets; at least -200. Full scale is an amplitude of 1, so
        a full-scale sine has -3 dB.
    peak : float >= 0
        Largest amplitude of any channel.
    clipped_share : float in [0, 1]
        Share of all samples that lie in runs of 3 or more at the highest or at the lowest value of their channel: where
        the recorder or a program cut the peaks, at full scale or below.
    dc : float
        Mean of the channel whose mean is largest in magnitude, re full scale, with its sign.
    is_silent : bool
        No channel is louder than -100 dB re full scale.
    n_dead_channels : int
        Constant ones, and those 60 dB or more below the loudest; 0 if the clip is silent.
    n_identical_channels : int
        Channels that are copies, sample by sample, of an earlier one that is alive.
    """

    level_db: float
    peak: float
    clipped_share: float
    dc: float
    is_silent: bool
    n_dead_channels: int
    n_identical_channels: int


def clip_statistics(y: Waveform, sr: int) -> ClipStatistics:
    """Statistics of a clip as a recording.

    Parameters
    ----------
    y : ndarray, shape (n_channels, n_samples) or (n_samples,), float32
        Full scale is [-1, 1]; finite.
    sr : int
        Sampling rate in Hz. It changes nothing yet; it is asked for as of every function that takes a waveform.

    Returns
    -------
    ClipStatistics

    Raises
    ------
    AudioError
        If there are no samples, or the shape is another.

    Notes
    -----
    Clipping is told by flat tops: a sound that is merely loud touches its extreme once or twice in a row, a cut one
    stays there. A slow or faint sound that was rounded to few steps does so too, but is then as often at the next
    value; the extreme counts only if it is held `CUT_RATIO` times as often.
    """
    channels = np.atleast_2d(y)
    if channels.ndim != 2 or channels.size == 0:
        raise AudioError("waveform", f"expected (n_samples,) or (n_channels, n_samples), got {y.shape}", "Reshape it.")
    n_channels, n_samples = channels.shape
    highest, lowest = channels.max(axis=1), channels.min(axis=1)
    means = channels.mean(axis=1, dtype=np.float32)  # summed in pairs: exact to float32
    variances = np.array([_variance(channel, mean) for channel, mean in zip(channels, means, strict=True)])
    variances[highest == lowest] = 0.0  # whatever rounding leaves
    levels_db = 10 * np.log10(np.maximum(variances, 1e-20))
    is_silent = bool(levels_db.max() <= SILENT_DB)
    is_dead = (levels_db <= levels_db.max() + DEAD_DB) | (highest == lowest)
    n_clipped = sum(
        _n_clipped(channel, top, bottom)
        for channel, top, bottom in zip(channels, highest, lowest, strict=True)
        if top > bottom
    )
    return ClipStatistics(
        level_db=float(10 * np.log10(max(float(variances.mean()), 1e-20))),
        peak=float(max(highest.max(), -lowest.min())),
        clipped_share=n_clipped / (n_channels * n_samples),
        dc=float(means[np.argmax(np.abs(means))]),
        is_silent=is_silent,
        n_dead_channels=0 if is_silent else int(is_dead.sum()),
        n_identical_channels=0 if is_silent else _n_identical(channels, np.where(is_dead, -1.0, variances)),
    )


def _variance(channel: Waveform, mean: np.float32) -> float:
    """Mean square of a channel about its mean, block by block and without a copy of all."""
    total = 0.0
    for start in range(0, channel.size, BLOCK_SAMPLES):
        block = channel[start : start + BLOCK_SAMPLES] - mean
        total += float(np.einsum("i,i->", block, block))  # on this thread, which a dot product does not promise
    return total / channel.size


def _n_clipped(channel: Waveform, top: np.float32, bottom: np.float32) -> int:
    """Samples in runs at the channel's highest or lowest value."""
    tolerance = np.float32(CLIPPED_TOLERANCE) * max(abs(top), abs(bottom))
    return _n_held(channel >= top - tolerance, channel, 1) + _n_held(channel <= bottom + tolerance, channel, -1)


def _n_held(is_extreme: NDArray[np.bool_], channel: Waveform, sign: int) -> int:
    """Samples in runs of an extreme, if it is held far more often than the value next to it; sign -1 for the lowest."""
    at = np.flatnonzero(is_extreme)
    if at.size < CLIPPED_RUN:
        return 0
    lengths = np.diff(np.flatnonzero(np.diff(at, prepend=-2, append=channel.size + 1) > 1))  # of runs
    n_held = int(lengths[lengths >= CLIPPED_RUN].sum())
    if n_held == 0:
        return 0
    others = sign * channel[~is_extreme]
    following = others.max()
    n_following = np.count_nonzero(others >= following - np.float32(CLIPPED_TOLERANCE) * abs(following))
    return n_held if n_held >= CUT_RATIO * n_following else 0


def _n_identical(channels: Waveform, variances: NDArray[np.float64]) -> int:
    """Channels that equal an earlier one; equal ones have equal variances, which is quick to see. Below 0: dead."""
    n_identical = 0
    for number in range(1, len(channels)):
        alike = np.flatnonzero((variances[:number] == variances[number]) & (variances[number] >= 0))
        n_identical += any(np.array_equal(channels[number], channels[other]) for other in alike)
    return n_identical
