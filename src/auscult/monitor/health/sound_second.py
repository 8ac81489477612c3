"""One second of a microphone's sound -> the few numbers that tell whether the microphone is well."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.audio.statistics import CLIPPED_RUN, CLIPPED_TOLERANCE, clip_statistics
from auscult.features.fft import rfft
from auscult.features.filters import octave_edges_hz, octave_filters
from auscult.features.log_mel import LogMel
from auscult.features.spectrum import hann

LEAST_POWER = 1e-12
"""Of full scale: -120 dB, less than a step of 16 bits."""
MAINS_ORDERS = np.array([1, 3, 5, 7])
"""Of the mains frequency, that a cable or a ground loop picks up. Motors and transformers hum at the even ones, since
magnetic force goes with the square of the current."""
AT_MAINS = 10**0.35
"""How much more power than the bins 1 Hz beside it the mains has: a shaft that turns at 49.4 Hz is none."""
SILENT = 2.0**-14
"""Span of a second's samples that is silence: two steps of 16 bits, which dither alone may fill."""
LINE_SR = 2000
"""Least rate in Hz to which sound is decimated before its mains lines are looked at."""


@dataclass(frozen=True)
class Second:
    """What a second of sound is like, channel by channel.

    Parameters
    ----------
    bands_db : ndarray, shape (n_channels, n_bands)
        Mean square in each octave, dB re full scale; at least -120.
    mains_db : ndarray, shape (n_channels,)
        Mean square at the mains' odd harmonics, dB re full scale; at least -120.
    mains_share : ndarray, shape (n_channels,), in [0, 1]
        Its share of what lies between 20 Hz and 8.5 times the mains frequency; 0 if there is no line exactly at the
        mains frequency.
    dc : ndarray, shape (n_channels,)
        Mean, re full scale.
    clipped_share : ndarray, shape (n_channels,), in [0, 1]
        Share of samples in flat tops, at full scale or below (`auscult.audio.statistics`).
    is_silent : ndarray of bool, shape (n_channels,)
        All samples alike, or within the rounding of 16 bits.
    """

    bands_db: NDArray[np.float64]
    mains_db: NDArray[np.float64]
    mains_share: NDArray[np.float64]
    dc: NDArray[np.float64]
    clipped_share: NDArray[np.float64]
    is_silent: NDArray[np.bool_]


class SecondMeter:
    """Measures seconds.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz, at least 1000.
    mains_hz : float
        Mains frequency in Hz.
    """

    def __init__(self, sr: int, mains_hz: float) -> None:
        self._sr = sr
        self._n_fft = LogMel.for_rate(sr, n_mels=1).n_fft
        self._n_frames = sr // self._n_fft
        self._window = hann(self._n_fft)
        per_bin = 2 / (self._n_fft * float((self._window**2).sum()) * self._n_frames)
        edges_hz = octave_edges_hz(sr / 2)
        self._octaves = octave_filters(sr=sr, n_fft=self._n_fft, edges_hz=edges_hz) * np.float32(per_bin)
        self._per_sample = np.full(sr, 1 / sr, np.float32)
        self._factor = max(1, sr // LINE_SR)
        self._n_decimated = sr // self._factor
        self._mean = np.full(self._factor, 1 / self._factor, np.float32)
        self._line_window = hann(self._n_decimated)
        self._per_line = 2 / (self._n_decimated * float((self._line_window**2).sum()))
        bins = np.rint(MAINS_ORDERS * mains_hz * self._n_decimated * self._factor / sr).astype(np.intp)
        self._lines = bins[bins < self._n_decimated // 2]
        self._below = slice(20, min(round(8.5 * mains_hz), self._n_decimated // 2))

    def measure(self, y: NDArray[np.float32]) -> Second:
        """What a second is like.

        Parameters
        ----------
        y : ndarray, shape (n_channels, sr), float32, finite
        """
        mains = [self._mains(channel) for channel in y]
        highest, lowest = y.max(axis=1), y.min(axis=1)
        return Second(
            bands_db=_decibels(np.array([self._octaves @ self._power(channel) for channel in y])),
            mains_db=_decibels(np.array([power for power, _ in mains])),
            mains_share=np.array([share for _, share in mains]),
            dc=(y @ self._per_sample).astype(np.float64),
            clipped_share=np.array([self._clipped(*channel) for channel in zip(y, highest, lowest, strict=True)]),
            is_silent=highest - lowest <= SILENT,
        )

    def _power(self, y: NDArray[np.float32]) -> NDArray[np.float32]:
        """Power of each bin, summed over the second's frames: they do not overlap, which is enough for levels."""
        frames = y[: self._n_frames * self._n_fft].reshape(self._n_frames, self._n_fft)
        parts = rfft(frames * self._window).view(np.float32)
        np.square(parts, out=parts)
        summed = parts.sum(axis=0)
        power: NDArray[np.float32] = summed[::2] + summed[1::2]
        return power

    def _mains(self, y: NDArray[np.float32]) -> tuple[float, float]:
        """Power of the mains' lines, and their share; means of neighbouring samples have few aliases at low lines."""
        decimated = y[: self._n_decimated * self._factor].reshape(-1, self._factor) @ self._mean
        spectrum = rfft(decimated * self._line_window)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        before, at, after = power[self._lines - 1], power[self._lines], power[self._lines + 1]
        if not self._lines.size:
            return 0.0, 0.0
        lines = float((before + at + after).sum())
        is_mains = at[0] > AT_MAINS * max(before[0], after[0])
        return lines * self._per_line, lines / max(float(power[self._below].sum()), 1e-20) if is_mains else 0.0

    def _clipped(self, y: NDArray[np.float32], highest: np.float32, lowest: np.float32) -> float:
        """Share of clipped samples; most seconds have too few at their extremes to be looked at closely."""
        tolerance = np.float32(CLIPPED_TOLERANCE) * max(highest, -lowest)
        n_top, n_bottom = np.count_nonzero(y >= highest - tolerance), np.count_nonzero(y <= lowest + tolerance)
        if max(n_top, n_bottom) < CLIPPED_RUN or highest == lowest:
            return 0.0
        return clip_statistics(y, self._sr).clipped_share


def _decibels(power: NDArray[np.floating]) -> NDArray[np.float64]:
    decibels: NDArray[np.float64] = 10 * np.log10(np.maximum(power, LEAST_POWER, dtype=np.float64))
    return decibels
