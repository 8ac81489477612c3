"""Waveform -> what of it is louder than normal, to listen to.

Spectral subtraction: S. F. Boll, "Suppression of acoustic noise in speech using spectral subtraction", IEEE
Transactions on Acoustics, Speech, and Signal Processing 27 (2), 1979; here of power, in mel bands.
"""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError
from auscult.features.fft import irfft
from auscult.features.filters import mel_centres_hz, mel_filters
from auscult.features.log_mel import LogMel
from auscult.features.spectrum import hann, power_to_db, stft_blocks

Places = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]


def residual(y: NDArray[np.float32], recipe: LogMel, reference_db: NDArray[np.floating]) -> NDArray[np.float32]:
    """Waveform that holds only what is louder than normal.

    In each frame, the power of each mel band is lowered by what is normal there, to nothing if there is no more.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
        One channel at the recipe's sampling rate, of any length.
    recipe : LogMel
        Its frames and mel bands. FFT bins between the centres of two bands are treated as between the two, those
        beyond the outermost centres as the outermost bands. Frames overlap by half at least, whatever its hop.
    reference_db : ndarray, shape (n_mels,), dB
        What is normal in each band, in the scale of `LogMel.patch`: such as the mean of many patches over time.

    Returns
    -------
    ndarray, shape (n_samples,), float32
        Of the scale of `y`. Where the reference is far below, it is `y` but for rounding; where above, silence.

    Raises
    ------
    DataError
        If there is not one finite level for each band.
    """
    reference_db = _checked(reference_db, recipe.n_mels)
    n_samples, n_fft = y.shape[0], recipe.n_fft
    if n_samples == 0:
        return np.zeros(0, np.float32)
    hop_length = min(recipe.hop_length, n_fft // 2)  # further apart, Hann windows leave samples that no frame hears
    n_frames = 1 + -(-n_samples // hop_length)  # centred on multiples of the hop, the first sample to past the last
    n_before = n_fft // 2
    n_after = (n_frames - 1) * hop_length + n_fft - n_before - n_samples
    # reflected, not zeros: half a frame of zeros would be half as loud, and no longer louder than normal
    padded = np.pad(y, (n_before, n_after), mode="reflect").astype(np.float32, copy=False)
    levels_db = power_to_db(replace(recipe, hop_length=hop_length).spectrum.power(padded))
    gains = np.sqrt(1 - 10 ** (np.minimum(reference_db - levels_db, 0) / 10)).astype(np.float32)
    return _with_gains(padded, gains, recipe, hop_length)[n_before : n_before + n_samples]


def _checked(reference_db: NDArray[np.floating], n_mels: int) -> NDArray[np.float64]:
    levels = np.asarray(reference_db, np.float64)
    remedy = "Take the mean over time of patches of the same recipe."
    if levels.shape != (n_mels,):
        problem = f"expected a level for each of {n_mels} mel bands, got an array of shape {levels.shape}"
        raise DataError("reference_db", problem, remedy)
    if not np.isfinite(levels).all():
        raise DataError("reference_db", f"the level of band {np.argmin(np.isfinite(levels))} is not finite", remedy)
    return levels


def _with_gains(
    padded: NDArray[np.float32], gains: NDArray[np.float32], recipe: LogMel, hop_length: int
) -> NDArray[np.float32]:
    """Waveform whose frames' mel bands have these gains.

    Frames are windowed again and overlap-added, and divided by the sum of the squared windows: with gains of 1 that
    is the waveform itself (D. Griffin and J. Lim, IEEE TASSP 32, 1984), whichever way the hop divides the frame.

    Parameters
    ----------
    padded : ndarray, shape (n_samples,), float32
    gains : ndarray, shape (n_frames, n_mels), float32 in [0, 1]
    recipe : LogMel
    hop_length : int > 0

    Returns
    -------
    ndarray, shape (n_samples,), float32
    """
    window = hann(recipe.n_fft)
    below, above, share = _places(recipe.sr, recipe.n_fft, recipe.n_mels, recipe.fmin, recipe.fmax)
    total, weight = np.zeros((2, padded.size), np.float32)
    for first, spectra in stft_blocks(padded, window, hop_length):
        block = gains[first : first + len(spectra)]
        whole = spectra[: len(block)]  # without those that fill the block up
        whole *= block[:, below] * (1 - share) + block[:, above] * share
        for number, frame in enumerate(irfft(whole, recipe.n_fft) * window, first):
            here = slice(number * hop_length, number * hop_length + recipe.n_fft)
            total[here] += frame
            weight[here] += window**2
    np.divide(total, weight, out=total, where=weight > np.finfo(np.float32).tiny)
    return total


@lru_cache(maxsize=16)
def _places(sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> Places:
    """The band below and above each FFT bin and the share of the latter, each of shape (1 + n_fft // 2,)."""
    has_bins = mel_filters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax).any(axis=1)
    # a band too narrow for any bin always seems silent, and would silence the bins beside it
    bands = np.flatnonzero(has_bins) if has_bins.any() else np.arange(n_mels)
    centres_hz = mel_centres_hz(n_mels=n_mels, fmin=fmin, fmax=fmax)[bands]
    place = np.interp(np.fft.rfftfreq(n_fft, 1 / sr), centres_hz, np.arange(bands.size))
    below = place.astype(np.intp)
    above = np.minimum(below + 1, bands.size - 1)
    return bands[below], bands[above], (place - below).astype(np.float32)
