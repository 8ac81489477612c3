"""Waveform -> mel power of its frames: the one short-time spectrum that all features are made of.

Frames are cut without padding, so a stream that is pushed in chunks has the frames of the whole (`features.log_mel`);
a recipe that wants padding pads the waveform first.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auscult.features.mel import mel_filters
from auscult.products import row_products

try:  # where SciPy is installed, its FFT takes several frames at a time and a third of numpy's time
    from scipy.fft import rfft
except ImportError:  # the core install goes without its 110 MB
    from numpy.fft import rfft

BLOCK_BYTES = 200_000
"""Largest spectra worked on at a time: they stay in a core's cache, which halves the time."""

SIMD_FRAMES = 8
"""Blocks are a multiple of this: SciPy's FFT takes as many frames at a time as fit in a vector register."""

N_BAND_GROUPS = 8
"""The filter bank is multiplied in this many groups of neighbouring bands, each with only the bins it touches."""


class MelSpectrum:
    """Mel power spectrum with a periodic Hann window.

    Parameters
    ----------
    sr, n_fft, hop_length, n_mels, fmin, fmax
        As in ``librosa.feature.melspectrogram(center=False)``.
    """

    def __init__(self, *, sr: int, n_fft: int, hop_length: int, n_mels: int, fmin: float, fmax: float) -> None:
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self._window = np.hanning(n_fft + 1)[:-1].astype(np.float32)
        filters = mel_filters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
        self._groups = [_band_group(filters, bands) for bands in np.array_split(np.arange(n_mels), N_BAND_GROUPS)]

    def n_frames(self, n_samples: int) -> int:
        """Number of whole frames in `n_samples` samples."""
        return max(0, 1 + (n_samples - self.n_fft) // self.hop_length)

    def power(self, y: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mel power of every whole frame.

        Parameters
        ----------
        y : ndarray, shape (n_samples,), float32

        Returns
        -------
        ndarray, shape (n_frames, n_mels), float32
            ``n_frames = 1 + (n_samples - n_fft) // hop_length``, or 0; samples after the last whole frame do not count.
        """
        n_frames = self.n_frames(y.shape[0])
        mel_power = np.empty((n_frames, self.n_mels), np.float32)
        if n_frames == 0:
            return mel_power
        frames = np.lib.stride_tricks.sliding_window_view(y, self.n_fft)[:: self.hop_length]
        n_bins = self.n_fft // 2 + 1
        n_block = max(1, BLOCK_BYTES // (8 * n_bins * SIMD_FRAMES)) * SIMD_FRAMES
        tapered = np.empty((n_block, self.n_fft), np.float32)
        power = np.empty((n_block, n_bins), np.float32)
        for start in range(0, n_frames, n_block):
            n = min(n_block, n_frames - start)
            np.multiply(frames[start : start + n], self._window, out=tapered[:n])
            parts = rfft(tapered[:n]).view(np.float32).reshape(n, n_bins, 2)  # real and imaginary
            np.square(parts, out=parts)
            np.add(parts[:, :, 0], parts[:, :, 1], out=power[:n])
            for bands, bins, weights in self._groups:
                row_products(power[:n, bins], weights, out=mel_power[start : start + n, bands])
        return mel_power


def _band_group(filters: NDArray[np.float32], bands: NDArray[np.intp]) -> tuple[slice, slice, NDArray[np.float32]]:
    """The bands as a slice, the bins they touch as a slice, and the weights `(n_bins, n_bands)` between them."""
    if not bands.size:
        return slice(0, 0), slice(0, 0), np.empty((0, 0), np.float32)
    group = filters[bands]
    touched = np.flatnonzero(group.any(axis=0))
    bins = slice(int(touched[0]), int(touched[-1]) + 1) if touched.size else slice(0, 0)
    return slice(int(bands[0]), int(bands[-1]) + 1), bins, np.ascontiguousarray(group[:, bins].T)


@lru_cache(maxsize=32)
def mel_spectrum(*, sr: int, n_fft: int, hop_length: int, n_mels: int, fmin: float, fmax: float) -> MelSpectrum:
    """The `MelSpectrum` of these parameters, made once: its window and filter bank are shared and never written."""
    return MelSpectrum(sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=fmin, fmax=fmax)


def power_to_db(power: NDArray[np.float32], *, amin: float = 1e-10) -> NDArray[np.float32]:
    """Power in dB re 1, ``10 log10(max(amin, power))``, any shape: silence gives -100 dB, never -inf."""
    decibels: NDArray[np.float32] = np.log10(np.maximum(power, np.float32(amin)))
    decibels *= np.float32(10)
    return decibels
