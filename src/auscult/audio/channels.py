"""Several channels -> what is listened to: the channel policy, explicit and recorded in the bundle."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.errors import AudioError, OptionError
from auscult.products import row_products

Waveform = NDArray[np.float32]
ChannelPolicy = Literal["mean", "all"] | int

MOST_EXPECTED = 1 << 26
"""Values for which room is made on a header's word; what is more is believed when it comes."""


def check_channel_policy(channels: object) -> ChannelPolicy:
    """Return `channels` if it is a channel policy: ``"mean"``, ``"all"`` or an index from 0.

    Raises
    ------
    OptionError
        If it is anything else.
    """
    if channels in ("mean", "all") or (isinstance(channels, int) and not isinstance(channels, bool) and channels >= 0):
        return channels
    raise OptionError("channels", f"expected 'mean', 'all' or an index from 0, got {channels!r}", "Choose one of them.")


def apply_channel_policy(samples: Waveform, channels: ChannelPolicy, where: str) -> Waveform:
    """Apply a channel policy to samples.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels), float32
    channels : "mean", "all" or int
    where : str
        The recording's name, for messages.

    Returns
    -------
    ndarray, shape (n_samples,), or (n_channels, n_samples) for "all"; float32

    Raises
    ------
    AudioError
        If there is no channel of this index.
    """
    n_channels = samples.shape[1]
    with np.errstate(invalid="ignore", over="ignore"):  # NaN and inf are reported by name afterwards
        if channels == "all":
            return np.ascontiguousarray(samples.T)
        if channels == "mean":
            if n_channels == 1:
                return samples[:, 0]
            return row_products(samples, np.full(n_channels, 1 / n_channels, np.float32))
    if channels >= n_channels:
        problem = f"has {n_channels} channel{'s' if n_channels > 1 else ''}, asked for index {channels}"
        indices = f"from 0 to {n_channels - 1}" if n_channels > 1 else "no further than 0"
        raise AudioError(where, problem, f"Indices run {indices}; or choose 'mean' or 'all'.")
    return np.ascontiguousarray(samples[:, channels])


def join_parts(parts: Iterable[Waveform], n_expected: int) -> Waveform | None:
    """Parts of a waveform as one, which is never in memory twice if there are as many samples as expected.

    Parameters
    ----------
    parts : iterable of ndarray, shape (n,) or (n_channels, n), float32
    n_expected : int
        Samples of a channel, as the header says.

    Returns
    -------
    ndarray, shape (n_samples,) or (n_channels, n_samples), float32; or None
        None if there are no parts.
    """
    whole, n = None, 0
    for part in parts:
        n_after = n + part.shape[-1]
        if whole is None or n_after > whole.shape[-1]:
            n_believed = min(n_expected, MOST_EXPECTED * part.shape[-1] // max(1, part.size))
            grown = np.empty((*part.shape[:-1], max(n_believed, n_after, 2 * n)), np.float32)
            if whole is not None:
                grown[..., :n] = whole[..., :n]
            whole = grown
        whole[..., n:n_after] = part
        n = n_after
    return None if whole is None else np.ascontiguousarray(whole[..., :n])
