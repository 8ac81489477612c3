"""What is asked for, and what the recordings are like -> the recipe of their features."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from auscult.audio.channels import ChannelPolicy
from auscult.audio.find import Recordings
from auscult.audio.formats import most_common_format
from auscult.errors import DataError, OptionError
from auscult.features import LogMel, OriginalMfcc, Recipe
from auscult.features.log_mel import GROUPS
from auscult.features.store import SPECIFICATION, read_specification

N_HEADERS = 300
"""Headers that are read to choose a sampling rate, spread over all recordings."""


def choose_recipe(
    name: str,
    recordings: Recordings,
    store: Path,
    *,
    n_mels: int,
    groups: Sequence[str] | None,
    channels: ChannelPolicy,
) -> Recipe:
    """The recipe that is asked for, at the store's sampling rate if there is a store, else at the recordings'.

    Parameters
    ----------
    name : {"log-mel", "original-mfcc"}
    recordings : Recordings
    store : path
    n_mels, groups, channels
        As in `auscult.pipeline.features.build_store`.

    Raises
    ------
    OptionError
        If the name or a group is unknown, a number out of range, or the recipe leaves no such choice.
    DataError
        If none of the recordings can be read, or the store is damaged.
    """
    if name == "original-mfcc":
        if groups is not None or n_mels != OriginalMfcc().n_mels:
            problem = "original-mfcc has no choice of bands and descriptors"
            raise OptionError("recipe", problem, "Leave that choice out, or take log-mel.")
        return OriginalMfcc()
    if name != "log-mel":
        raise OptionError("recipe", f"expected log-mel or original-mfcc, got {name!r}", "Correct the name.")
    step = -(-recordings.n_clips // N_HEADERS)
    found = most_common_format(entry.location for entry in islice(recordings, 0, None, step) if not entry.error)
    if found is None:
        problem = "none of its recordings can be read"
        raise DataError(recordings.location, problem, "See what is wrong with: auscult scan PATH")
    sr, n_channels = found
    n_compared = n_channels if channels == "all" else 1
    if groups is None:
        groups = (*GROUPS, "channels") if n_compared > 1 else GROUPS
    elif "channels" not in groups:
        n_compared = 1
    there = read_specification(store).recipe if (store / SPECIFICATION).exists() else None
    if isinstance(there, LogMel):
        sr = there.sr
    return LogMel.for_rate(sr, n_mels=n_mels, groups=tuple(groups), n_channels=n_compared)
