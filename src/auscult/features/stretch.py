"""Waveform -> the same sound at another speed and the same pitch, by the phase vocoder.

M. Dolson, "The phase vocoder: a tutorial", Computer Music Journal 10 (4), 1986; of one channel equal to
``librosa.effects.time_stretch``: `tests/features/test_stretch.py`.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.features.fft import irfft
from auscult.features.spectrum import hann, stft_blocks


def time_stretch(
    y: NDArray[np.float32], rate: float, *, n_fft: int = 2048, hop_length: int = 512
) -> NDArray[np.float32]:
    """Sound that lasts ``1 / rate`` as long.

    Parameters
    ----------
    y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32
    rate : float > 0
        More than 1 is faster.
    n_fft, hop_length : int > 0
        Length of a frame and distance of two, in samples; the hop divides the frame.

    Returns
    -------
    ndarray, shape (round(n_samples / rate),) or (n_channels, round(n_samples / rate)), float32
        The phase differences between channels stay what they were.
    """
    channels = np.atleast_2d(y)
    n_out = round(channels.shape[1] / rate)
    spectra = np.stack([_stft(channel, n_fft, hop_length) for channel in channels])
    stretched = _vocode(spectra, rate, n_fft, hop_length)
    out = np.stack([_istft(spectrum, n_fft, hop_length, n_out) for spectrum in stretched])
    return out if y.ndim == 2 else out[0]


def _stft(y: NDArray[np.float32], n_fft: int, hop_length: int) -> NDArray[np.complex64]:
    """Spectra of frames centred on multiples of the hop, shape (n_frames, n_bins)."""
    n_frames = 1 + len(y) // hop_length
    blocks = [block for _, block in stft_blocks(np.pad(y, n_fft // 2), hann(n_fft), hop_length)]
    return np.concatenate(blocks)[:n_frames]


def _vocode(spectra: NDArray[np.complex64], rate: float, n_fft: int, hop_length: int) -> NDArray[np.complex64]:
    """Spectra `(n_channels, n_frames, n_bins)` at places `rate` frames apart, whose phases go on from one to the next.

    Phases go on as the first channel's do; the others keep their distance to it.
    """
    places = np.arange(0, spectra.shape[1], rate)
    before, share = places.astype(np.intp), (places % 1)[:, None].astype(np.float32)
    padded = np.pad(spectra, ((0, 0), (0, 2), (0, 0)))
    here, there = padded[:, before], padded[:, before + 1]
    magnitudes = (1 - share) * np.abs(here) + share * np.abs(there)
    expected = np.linspace(0, np.pi * hop_length, n_fft // 2 + 1)  # phase that each bin's own frequency gains in a hop
    gained = np.angle(there[0]) - np.angle(here[0]) - expected
    gained += expected - 2 * np.pi * np.round(gained / (2 * np.pi))
    phases = np.cumsum(np.concatenate([np.angle(spectra[:1, 0]), gained[:-1]]), axis=0)
    turned = np.exp(1j * (phases - np.angle(here[0]))).astype(np.complex64)
    directions = here / np.maximum(np.abs(here), np.finfo(np.float32).tiny)
    directions[np.abs(here) == 0] = 1
    vocoded: NDArray[np.complex64] = magnitudes * directions * turned
    return vocoded


def _istft(spectra: NDArray[np.complex64], n_fft: int, hop_length: int, n_samples: int) -> NDArray[np.float32]:
    """Waveform of spectra `(n_frames, n_bins)`, by weighted overlap and add (D. Griffin and J. Lim, 1984)."""
    window = hann(n_fft)
    frames = irfft(spectra, n_fft) * window
    n_parts = n_fft // hop_length
    parts = frames.reshape(len(frames), n_parts, hop_length)
    weights = np.square(window).reshape(n_parts, hop_length)
    total = np.zeros((len(frames) + n_parts - 1, hop_length), np.float32)
    weight = np.zeros_like(total)
    for part in range(n_parts):
        total[part : part + len(frames)] += parts[:, part]
        weight[part : part + len(frames)] += weights[part]
    np.divide(total, weight, out=total, where=weight > np.finfo(np.float32).tiny)
    y = total.reshape(-1)[n_fft // 2 :][:n_samples]
    return np.pad(y, (0, n_samples - len(y)))
