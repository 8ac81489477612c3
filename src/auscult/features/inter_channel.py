"""Several microphones -> how their levels differ and how alike they hear, octave by octave.

Sound from the machine reaches all of them alike, noise from around does not; a part that grows loud on one side moves
the levels. Coherence: J. S. Bendat and A. G. Piersol, "Random Data", Wiley 2010, ch. 6.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auscult.features.filters import in_hz
from auscult.features.spectrum import hann, stft_blocks

MIN_POWER = 1e-10
"""Least power of an octave, re full scale: what is below is silence."""


def inter_channel_descriptors(
    y: NDArray[np.float32], *, sr: int, n_fft: int, edges_hz: tuple[float, ...]
) -> NDArray[np.float32]:
    """Level differences and coherence of the channels of a clip.

    Parameters
    ----------
    y : ndarray, shape (n_channels, n_samples), float32
        At least two channels and one frame.
    sr, n_fft : int > 0
        Sampling rate in Hz and length of a frame; frames overlap by half.
    edges_hz : tuple of float
        Edges of the octaves, ascending.

    Returns
    -------
    ndarray, shape (2 * n_octaves * n_channels,), float32
        For each octave: level of each channel less the mean of the channels' levels, in dB; then for each octave: mean
        coherence of each channel with the others, in [0, 1] (1 if they hear the same but for a gain). A silent channel
        is 0 coherent.
    """
    covariance = _octave_covariances(y, sr, n_fft, edges_hz)
    power = np.real(np.diagonal(covariance, axis1=1, axis2=2))
    levels_db = 10 * np.log10(np.maximum(power, MIN_POWER))
    levels_db -= levels_db.mean(axis=1, keepdims=True)
    scale = np.sqrt(np.maximum(power, MIN_POWER))
    coherence = np.abs(covariance) / (scale[:, :, None] * scale[:, None, :])
    n_others = max(1, len(y) - 1)
    with_others = (coherence.sum(axis=2) - np.diagonal(coherence, axis1=1, axis2=2)) / n_others
    return np.concatenate([levels_db.reshape(-1), with_others.reshape(-1)]).astype(np.float32)


def inter_channel_names(n_channels: int, edges_hz: tuple[float, ...]) -> tuple[str, ...]:
    """Names of `inter_channel_descriptors`."""
    return tuple(
        f"{what} of channel {channel}, {in_hz(low)} to {in_hz(high)} Hz"
        for what in ("level", "coherence")
        for low, high in pairwise(edges_hz)
        for channel in range(n_channels)
    )


def _octave_covariances(
    y: NDArray[np.float32], sr: int, n_fft: int, edges_hz: tuple[float, ...]
) -> NDArray[np.complex128]:
    """Covariance of the channels in each octave, shape (n_octaves, n_channels, n_channels); its trace is power."""
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sr)
    edges = np.searchsorted(bins_hz, edges_hz)
    edges[-1] = np.searchsorted(bins_hz, edges_hz[-1], side="right")  # the last octave has its upper edge
    window = hann(n_fft)
    covariance = np.zeros((len(edges) - 1, len(y), len(y)), np.complex128)
    n_frames = 1 + (y.shape[1] - n_fft) // (n_fft // 2)
    for blocks in zip(*(stft_blocks(channel, window, n_fft // 2) for channel in y), strict=True):
        spectra = np.stack([spectrum for _, spectrum in blocks])
        for octave, (low, high) in enumerate(pairwise(edges)):
            part = spectra[:, :, low:high].reshape(len(y), -1)
            covariance[octave] += part @ part.conj().T
    covariance *= 2 / (n_frames * n_fft * float(np.square(window).sum()))
    return covariance
