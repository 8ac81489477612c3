"""Recordings to learn from -> the recipe of their features, and whether what is asked for can be had of them."""

from collections.abc import Sequence

import numpy as np

from auscult.audio import ChannelPolicy, Clip
from auscult.audio.formats import most_common_format
from auscult.errors import DataError, OptionError
from auscult.features import LogMel
from auscult.features.filters import HZ_PER_MEL, hz_to_mel
from auscult.pipeline.machine import GROUPS

USUAL_N_MELS = 64
"""Mel bands if nobody says how many; of recordings at a low rate as many as there can be."""


def learning_recipe(clips: Sequence[Clip], channels: ChannelPolicy, n_mels: int) -> LogMel:
    """Recipe for the most common format of the normal recordings, by their headers.

    Parameters
    ----------
    clips : sequence of Clip
        All of the data.
    channels : "mean", "all" or int
    n_mels : int > 0

    Raises
    ------
    DataError
        If no normal recording can be read.
    OptionError
        If they have not as many channels, or their spectrum not as many bands.
    """
    normal = [clip.path for clip in clips if clip.label == "normal"]
    found = most_common_format(map(str, normal))
    if found is None:
        missing = [path for path in normal if not path.exists()]
        if missing:
            problem = f"there is no such file, and none of the {len(normal)} normal recordings can be read"
            raise DataError(str(missing[0]), problem, "Correct the paths: those of a table start at its folder.")
        problem = "there is no normal recording that can be read"
        raise DataError("training", problem, "See to it that .../<machine>/normal/ holds audio.")
    sr, n_channels = found
    if isinstance(channels, int) and channels >= n_channels:
        there = "one channel" if n_channels == 1 else f"{n_channels} channels"
        remedy = "Choose mean, or all." if n_channels == 1 else f"Choose mean, all, or 0 to {n_channels - 1}."
        raise OptionError("channels", f"asked for index {channels}, and the recordings have {there}", remedy)
    features = LogMel.for_rate(sr, n_mels=n_mels, groups=GROUPS)
    most = min(features.n_fft // 2, _most_bands(features))
    if n_mels > max(most, USUAL_N_MELS):
        problem = (
            f"expected at most {most} of recordings at {sr} Hz, got {n_mels}: more would be narrower than the lines"
        )
        raise OptionError("n_mels", f"{problem} of the spectrum", f"{USUAL_N_MELS} is usual.")
    return features


def _most_bands(features: LogMel) -> int:
    """So many mel bands that the narrowest, two steps of the scale wide, is as wide as two bins lie apart."""
    bin_mel = features.sr / features.n_fft / HZ_PER_MEL
    lowest, highest = hz_to_mel(np.array([features.fmin, features.fmax]))
    return int(2 * (highest - lowest) / bin_mel) - 1
