"""Recordings -> descriptors of each of their channels, and of the mean: what a monitor could listen to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auscult.audio import Clip, read_audio, read_file
from auscult.audio.scan import Progress
from auscult.bundle.archive import sha256
from auscult.errors import AudioError
from auscult.features import LogMel
from auscult.pipeline.described_clips import DescribedClip, check_sound, in_threads, name_below

MEAN = "mean"
"""Name of the mean of all channels; the others are called by their index."""

Waveform = NDArray[np.float32]


@dataclass(frozen=True)
class HeardClip:
    """A clip with its descriptors on each channel, by the channel's name."""

    clip: Clip
    by_channel: dict[str, DescribedClip]


def hear_channels(
    clips: Sequence[Clip], root: Path, features: LogMel, n_channels: int, on_progress: Progress | None
) -> tuple[list[HeardClip], list[str]]:
    """Compute every clip's descriptors on every channel and of their mean, each content once.

    Parameters
    ----------
    clips : sequence of Clip
    root : Path
        Folder that names are given below.
    features : LogMel
        Of one channel.
    n_channels : int > 0
        Clips with another number are left out.
    on_progress : callable or None

    Returns
    -------
    heard : list of HeardClip
    left_out : list of str
        Which clips have no descriptors, and why.
    """

    def one(clip: Clip) -> HeardClip | AudioError:
        try:
            content = read_file(clip.path)
            y, sr = read_audio(content, channels="all")
            if y.shape[0] != n_channels:
                raise AudioError("clip", f"has {y.shape[0]} channel(s), most have {n_channels}", "Record it alike.")
            check_sound(y)
            own = features.at_own_rate(y, sr)
        except AudioError as error:
            return error
        digest, duration_s = sha256(content), y.shape[1] / sr
        described = {
            name: DescribedClip(clip, features.features(mixed).descriptors, 0.0, duration_s, digest)
            for name, mixed in split_channels(own).items()
        }
        return HeardClip(clip, described)

    heard: dict[str, HeardClip] = {}
    left_out = []
    for clip, outcome in zip(clips, in_threads(one, clips, "features", on_progress), strict=True):
        if isinstance(outcome, AudioError):
            left_out.append(f"{name_below(root, clip.path)}: {outcome.problem}. {outcome.remedy}")
        elif heard.setdefault(outcome.by_channel[MEAN].content_hash, outcome) is not outcome:
            left_out.append(f"{name_below(root, clip.path)}: is the same recording as another. Keep one of them.")
    return list(heard.values()), left_out


def split_channels(y: Waveform) -> dict[str, Waveform]:
    """Waveforms that a monitor could listen to: the mean of the channels and each of them, by name.

    Parameters
    ----------
    y : ndarray, shape (n_channels, n_samples), float32
    """
    each = {str(number): channel for number, channel in enumerate(y)} if len(y) > 1 else {}
    return {MEAN: y.mean(axis=0), **each}
