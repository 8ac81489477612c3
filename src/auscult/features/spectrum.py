"""Waveform -> power of its frames in bands: the one short-time spectrum that all features are made of.

Frames are cut without padding, so a stream that is pushed in chunks has the frames of the whole (`FrameStream`); a
recipe that wants padding pads the waveform first.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auscult.features.fft import rfft
from auscult.features.filters import mel_filters, octave_filters
from auscult.products import row_products

BLOCK_BYTES = 400_000
"""Largest spectra worked on at a time: they stay in a core's cache, which halves the time."""

SIMD_FRAMES = 16
"""Frames are worked on in multiples of this, filled up with zeros: SciPy's FFT takes as many at a time as fit in a
vector register and the rest one by one, and the two differ in the last bit."""

BANDS_AT_A_TIME = 16
"""The filter bank is multiplied in groups of so many neighbouring bands, each with only the bins it touches."""


class BandSpectrum:
    """Power spectrum with a periodic Hann window, summed up into bands.

    Parameters
    ----------
    filters : ndarray, shape (n_bands, 1 + n_fft // 2), float32
        Weight of each FFT bin's power in each band.
    n_fft, hop_length : int > 0
        Length of a frame and distance of two, in samples.
    """

    def __init__(self, filters: NDArray[np.float32], *, n_fft: int, hop_length: int) -> None:
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_bands = filters.shape[0]
        self._window = hann(n_fft)
        groups = np.array_split(np.arange(self.n_bands), -(-self.n_bands // BANDS_AT_A_TIME))
        self._groups = [_band_group(filters, bands) for bands in groups]

    def n_frames(self, n_samples: int) -> int:
        """Number of whole frames in `n_samples` samples."""
        return max(0, 1 + (n_samples - self.n_fft) // self.hop_length)

    def power(self, y: NDArray[np.float32]) -> NDArray[np.float32]:
        """Power of every whole frame in every band; a frame's does not depend on the frames beside it, to the bit.

        Parameters
        ----------
        y : ndarray, shape (n_samples,), float32

        Returns
        -------
        ndarray, shape (n_frames, n_bands), float32
            ``n_frames = 1 + (n_samples - n_fft) // hop_length``, or 0; samples after the last whole frame do not count.
        """
        n_frames = self.n_frames(y.shape[0])
        n_whole = -(-n_frames // SIMD_FRAMES) * SIMD_FRAMES
        band_power = np.empty((n_whole, self.n_bands), np.float32)
        for start, spectra in stft_blocks(y, self._window, self.hop_length):
            n = spectra.shape[0]
            parts = spectra.view(np.float32).reshape(n, -1, 2)  # real and imaginary
            np.square(parts, out=parts)
            power = parts[:, :, 0] + parts[:, :, 1]
            for bands, bins, weights in self._groups:
                row_products(power[:, bins], weights, out=band_power[start : start + n, bands])
        return band_power[:n_frames]


class FrameStream:
    """Band power of the frames of a waveform that arrives in chunks; it does not depend on how it is cut."""

    def __init__(self, spectrum: BandSpectrum) -> None:
        self._spectrum = spectrum
        self._rest = np.empty(0, np.float32)

    def push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Frames that this chunk completes.

        Parameters
        ----------
        chunk : ndarray, shape (n_samples,), float32
            What follows the chunk pushed before; any length, also 0.

        Returns
        -------
        ndarray, shape (n_frames, n_bands), float32
        """
        y = np.concatenate([self._rest, chunk]) if self._rest.size else chunk
        n_frames = self._spectrum.n_frames(y.shape[0])
        self._rest = y[n_frames * self._spectrum.hop_length :].copy()
        return self._spectrum.power(y)


def stft_blocks(
    y: NDArray[np.float32], window: NDArray[np.float32], hop_length: int
) -> Iterator[tuple[int, NDArray[np.complex64]]]:
    """Spectra of a waveform's frames, a block that fits in a core's cache at a time.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
    window : ndarray, shape (n_fft,), float32
    hop_length : int > 0

    Yields
    ------
    start : int
        Number of the block's first frame.
    spectra : ndarray, shape (n, 1 + n_fft // 2), complex64
        Of n frames, a multiple of `SIMD_FRAMES`; those after the waveform's last whole frame are zero. The caller may
        overwrite it.
    """
    n_fft = window.size
    if y.shape[0] < n_fft:
        return
    y = np.ascontiguousarray(y, np.float32)
    shape = 1 + (y.shape[0] - n_fft) // hop_length, n_fft
    frames: NDArray[np.float32] = np.ndarray(shape, np.float32, y, strides=(hop_length * y.itemsize, y.itemsize))
    n_block = max(1, BLOCK_BYTES // (8 * (n_fft // 2 + 1) * SIMD_FRAMES)) * SIMD_FRAMES
    tapered = np.empty((min(n_block, -(-len(frames) // SIMD_FRAMES) * SIMD_FRAMES), n_fft), np.float32)
    for start in range(0, len(frames), n_block):
        n = min(n_block, len(frames) - start)
        n_whole = -(-n // SIMD_FRAMES) * SIMD_FRAMES
        np.multiply(frames[start : start + n], window, out=tapered[:n])
        tapered[n:n_whole] = 0
        yield start, rfft(tapered[:n_whole])


@lru_cache(maxsize=16)
def hann(n: int) -> NDArray[np.float32]:
    """Periodic Hann window, shape (n,); made once and shared, as nobody can write to it."""
    window: NDArray[np.float32] = np.hanning(n + 1)[:-1].astype(np.float32)
    window.flags.writeable = False
    return window


def _band_group(filters: NDArray[np.float32], bands: NDArray[np.intp]) -> tuple[slice, slice, NDArray[np.float32]]:
    """The bands as a slice, the bins they touch as a slice, and the weights `(n_bins, n_bands)` between them."""
    group = filters[bands]
    touched = np.flatnonzero(group.any(axis=0))
    bins = slice(int(touched[0]), int(touched[-1]) + 1) if touched.size else slice(0, 0)
    return slice(int(bands[0]), int(bands[-1]) + 1), bins, np.ascontiguousarray(group[:, bins].T)


@lru_cache(maxsize=32)
def mel_spectrum(*, sr: int, n_fft: int, hop_length: int, n_mels: int, fmin: float, fmax: float) -> BandSpectrum:
    """Mel power, as ``librosa.feature.melspectrogram(center=False)``; made once and shared, as nothing writes to it."""
    filters = mel_filters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    return BandSpectrum(filters, n_fft=n_fft, hop_length=hop_length)


@lru_cache(maxsize=32)
def octave_spectrum(*, sr: int, n_fft: int, hop_length: int, edges_hz: tuple[float, ...]) -> BandSpectrum:
    """Power in octaves between these edges; made once and shared."""
    return BandSpectrum(octave_filters(sr=sr, n_fft=n_fft, edges_hz=edges_hz), n_fft=n_fft, hop_length=hop_length)


def power_to_db(power: NDArray[np.float32], *, amin: float = 1e-10) -> NDArray[np.float32]:
    """Power in dB re 1, ``10 log10(max(amin, power))``, any shape: silence gives -100 dB, never -inf."""
    decibels: NDArray[np.float32] = np.log10(np.maximum(power, np.float32(amin)))
    decibels *= np.float32(10)
    return decibels
