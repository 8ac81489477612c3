"""A circular array of microphones, as MIMII was recorded with: where they are, and how sound reaches each of them.

Delays are exact: a phase that grows with the frequency, in the frequency domain.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auscult.synth.processes import FloatArray, from_db

RADIUS_M = 0.034  # TAMAGO-03: 8 microphones on a circle of 68 mm
SPEED_OF_SOUND = 343.0  # m/s, at 20 degrees
MOST_CHANNELS = 16

Spectrum = NDArray[np.complexfloating]


@dataclass(frozen=True)
class Array:
    """One individual array: microphones differ a little in gain and phase.

    Parameters
    ----------
    gains_db : tuple of float, length n_channels
    phases_rad : tuple of float, length n_channels
    """

    gains_db: tuple[float, ...]
    phases_rad: tuple[float, ...]

    @property
    def n_channels(self) -> int:
        """Number of microphones."""
        return len(self.gains_db)


def draw_array(rng: np.random.Generator, n_channels: int) -> Array:
    """Draw an individual array; gains within half a decibel, phases within 3 degrees."""
    gains_db, phases_deg = rng.uniform(-0.5, 0.5, MOST_CHANNELS), rng.uniform(-3, 3, MOST_CHANNELS)
    return Array(tuple(gains_db[:n_channels].tolist()), tuple(np.radians(phases_deg[:n_channels]).tolist()))


def microphone_positions(n_channels: int) -> FloatArray:
    """Where the microphones are: evenly on the circle, the first on the x axis; a single one is at the centre.

    Parameters
    ----------
    n_channels : int

    Returns
    -------
    ndarray, shape (n_channels, 3), m
    """
    angle = 2 * np.pi * np.arange(n_channels) / n_channels
    radius_m = RADIUS_M if n_channels > 1 else 0.0
    return radius_m * np.stack([np.cos(angle), np.sin(angle), np.zeros(n_channels)], axis=1)


def sensitivity(array: Array) -> Spectrum:
    """What each microphone makes of the pressure at its place; shape (n_channels, 1), the same at all frequencies."""
    gains = np.array([from_db(gain_db) for gain_db in array.gains_db])
    return (gains * np.exp(1j * np.array(array.phases_rad)))[:, None]


def plane_wave(azimuth_rad: float, elevation_rad: float, n_channels: int, n_samples: int, *, sr: int) -> Spectrum:
    """Delays with which a plane wave reaches the microphones, relative to the array's centre.

    Parameters
    ----------
    azimuth_rad, elevation_rad : float, rad
        Where the wave comes from.
    n_channels, n_samples : int
    sr : int, Hz

    Returns
    -------
    ndarray, shape (n_channels, n_samples // 2 + 1), complex64
        To be multiplied with the spectrum at the centre.
    """
    across = np.cos(elevation_rad) * np.array([np.cos(azimuth_rad), np.sin(azimuth_rad)])
    delays_s = -microphone_positions(n_channels)[:, :2] @ across / SPEED_OF_SOUND
    return np.stack([delay(float(delay_s), n_samples, sr=sr) for delay_s in delays_s])


def delay(delay_s: float, n_samples: int, *, sr: int) -> Spectrum:
    """Spectrum of a pure delay, which may be any fraction of a sample and negative.

    Parameters
    ----------
    delay_s : float, s
    n_samples : int
    sr : int, Hz

    Returns
    -------
    ndarray, shape (n_samples // 2 + 1,), complex64
        ``exp(-2j pi f delay_s)``; 100 dB clean.
    """
    n_bins = n_samples // 2 + 1
    n_columns = int(
        np.ceil(np.sqrt(n_bins))
    )  # of a table whose rows and columns multiply to all bins: few exponentials
    step = -2j * np.pi * sr / n_samples * delay_s
    columns = np.exp(step * np.arange(n_columns)).astype(np.complex64)
    rows = np.exp(step * n_columns * np.arange(-(-n_bins // n_columns))).astype(np.complex64)
    return np.asarray((rows[:, None] * columns).ravel()[:n_bins])


def diffuse_noise(power: FloatArray, n_channels: int, n_samples: int, *, sr: int, rng: np.random.Generator) -> Spectrum:
    """Noise that comes from all directions alike, as it is in a hall: neighbouring microphones hear nearly the same.

    The coherence of two microphones is sin(k d) / (k d). Round a circle that is a circulant matrix, whose roots are
    found by a Fourier transform over the microphones.

    Parameters
    ----------
    power : ndarray, shape (n_samples // 2 + 1,)
        Mean power at each frequency; its sum is the mean square of every channel.
    n_channels, n_samples : int
    sr : int, Hz
    rng : Generator

    Returns
    -------
    ndarray, shape (n_channels, n_samples // 2 + 1), complex64
        Spectrum of the noise, as of ``np.fft.rfft``.

    References
    ----------
    R. K. Cook et al., "Measurement of correlation coefficients in reverberant sound fields", JASA 27, 1955.
    """
    n_bins = power.size
    draws = rng.standard_normal((n_channels, n_bins, 2), dtype=np.float32).view(np.complex64)[..., 0]
    draws *= (n_samples * np.sqrt(power / 4)).astype(np.float32)
    if n_channels == 1:
        return np.asarray(draws)
    draws *= _coherence_roots(n_channels, n_samples, sr)
    return np.asarray(np.fft.fft(draws, axis=0, norm="ortho"))


@lru_cache(maxsize=2)  # every clip of a data set needs the same
def _coherence_roots(n_channels: int, n_samples: int, sr: int) -> FloatArray:
    """Roots of the coherence matrix's eigenvalues, one for each Fourier mode round the circle; (n_channels, n_bins)."""
    positions = microphone_positions(n_channels)
    distances_m = np.linalg.norm(positions - positions[0], axis=1)
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / sr)
    coherence = np.sinc(2 * frequency_hz * distances_m[:, None] / SPEED_OF_SOUND)  # numpy's sinc has the pi in it
    return np.asarray(np.sqrt(np.maximum(np.fft.fft(coherence, axis=0).real, 0)), np.float32)
