"""Samples of a recording -> what makes it doubtful: silence, dead channels, cut peaks; seen in a part of them.

A verdict is to take milliseconds, so that not every sample of every channel is looked at, as
`auscult.audio.statistics.clip_statistics` does: what is asked here shows in any thousands of them.
"""

from collections.abc import Sequence

import numpy as np

from auscult.audio.channels import ChannelPolicy, Waveform
from auscult.audio.statistics import CLIPPED_TOLERANCE, DEAD_DB, SILENT_DB

STEP = 31
"""Of so many samples one is looked at: a prime, so that hardly a tone has its period."""
MOST_AT_PEAK = 0.1
"""Share of a channel's samples at its highest and lowest value from which its peaks are cut badly: of noise that is
not cut there are two, of a sine in 8 bits 8 %; noise has a tenth there if all beyond 1.6 deviations is cut."""
LEAST_SWING = 0.01
"""From the lowest value to the highest, re full scale: of a fainter channel the steps of 16 bits are flat tops too."""


def some_of(block: Waveform, channels: ChannelPolicy) -> Waveform:
    """Samples to look at.

    Parameters
    ----------
    block : ndarray, shape (n_samples, n_channels), float32
    channels : "mean", "all" or int
        Channels that nobody hears do not matter.

    Returns
    -------
    ndarray, shape (n, n_channels)
        Every 31st; a copy, so that the others need not be kept.
    """
    heard = block if isinstance(channels, str) else block[:, [channels]]
    return heard[::STEP].copy()


def flaw_of(seen: Sequence[Waveform]) -> str | None:
    """What makes a recording doubtful.

    Parameters
    ----------
    seen : sequence of ndarray, shape (n, n_channels), float32
        Some samples of it, at least one, and finite; full scale is [-1, 1].

    Returns
    -------
    str or None
        A clause for people; None if nothing does.
    """
    channels = np.ascontiguousarray(np.concatenate(seen).T)
    highest, lowest = channels.max(axis=1), channels.min(axis=1)
    levels_db = 20 * np.log10(np.maximum(channels.std(axis=1), 1e-10))
    if levels_db.max() <= SILENT_DB:
        return "the recording is silent: a verdict on nothing"
    flaws = []
    n_dead = int(((levels_db <= levels_db.max() + DEAD_DB) | (highest == lowest)).sum())
    if n_dead:
        flaws.append(f"{n_dead} of {len(channels)} channels {'is' if n_dead == 1 else 'are'} dead")
    tolerance = np.float32(CLIPPED_TOLERANCE) * np.maximum(np.abs(highest), np.abs(lowest))
    is_at_peak = (channels >= (highest - tolerance)[:, None]) | (channels <= (lowest + tolerance)[:, None])
    share = is_at_peak[highest - lowest >= LEAST_SWING].mean(axis=1).max(initial=0.0)
    if share >= MOST_AT_PEAK:
        flaws.append(f"its peaks are cut ({share:.0%} of the samples are at the highest or the lowest value)")
    return " and ".join(flaws) or None
