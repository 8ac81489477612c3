"""Loudness of each octave over time -> how fast and how deeply it goes up and down.

A turning part that is out of balance, a bearing that rattles and air that pulsates modulate noise far above their own
frequency; the envelope's spectrum shows it (R. B. Randall and J. Antoni, "Rolling element bearing diagnostics - a
tutorial", Mechanical Systems and Signal Processing 25, 2011).
"""

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auscult.features.fft import rfft
from auscult.features.spectrum import hann, power_to_db

EDGES_HZ = tuple(0.5 * 2**octave for octave in range(8))
"""Edges of the bands of modulation frequency: octaves from 0.5 to 64 Hz."""

MIN_LENGTH_S = 4.0
"""Shorter envelopes are filled up with zeros, so that the slowest band has bins of its own."""


class Modulation:
    """Spectrum of the envelopes of one clip.

    Parameters
    ----------
    envelopes : ndarray, shape (n_frames, n_octaves), float32
        Power of short frames in each octave.
    rate_hz : float
        Frames in a second.
    """

    def __init__(self, envelopes: NDArray[np.float32], rate_hz: float) -> None:
        mean = envelopes.mean(axis=0)
        window = hann(len(envelopes)) if len(envelopes) > 2 else np.ones(len(envelopes), np.float32)
        self._n_fft = fast_length(max(len(envelopes), int(MIN_LENGTH_S * rate_hz)))
        swing = (envelopes - mean) / np.maximum(mean, np.finfo(np.float32).tiny)
        self._power = 2 * np.square(np.abs(rfft(swing.T * window, self._n_fft)))  # of both signs of frequency
        self._gain = float(window.sum())
        self._noise_gain = float(np.square(window).sum())
        self._frequencies_hz = np.fft.rfftfreq(self._n_fft, 1 / rate_hz)
        self._line_hz = rate_hz / len(envelopes)

    def bands_db(self) -> NDArray[np.float32]:
        """Power of the envelope's swing in each band of modulation frequency, relative to its mean squared.

        Returns
        -------
        ndarray, shape (n_octaves, n_modulation_bands), float32, dB
            An envelope ``1 + m sin(...)`` gives ``10 log10(m**2 / 2)``, -9 dB for a depth of 50 %; at least -100, which
            silence has.
        """
        edges = np.searchsorted(self._frequencies_hz, EDGES_HZ)
        sums = [self._power[:, low:high].sum(axis=1) for low, high in pairwise(edges)]
        return power_to_db((np.stack(sums, axis=1) / (self._n_fft * self._noise_gain)).astype(np.float32))

    def at_db(self, frequency_hz: float) -> NDArray[np.float32]:
        """Power of the swing at one frequency: that of the strongest line within a line's width of it.

        Returns
        -------
        ndarray, shape (n_octaves,), float32, dB
            Scaled as in `bands_db`.
        """
        near = np.abs(self._frequencies_hz - frequency_hz) <= self._line_hz
        strongest = self._power[:, near].max(axis=1, initial=0)
        return power_to_db((strongest / self._gain**2).astype(np.float32))


@lru_cache(maxsize=64)
def fast_length(n: int) -> int:
    """Smallest number from n on that has no prime factor above 5: the Fourier transform of such a length is fast."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1
