"""A machine's structure: resonances of casing, frame and bearing seats, which noise shakes and blows strike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from auscult.synth.processes import FloatArray, from_db

RING_DB = 60.0  # a struck mode is followed until it has fallen by this much


@dataclass(frozen=True)
class Mode:
    """One resonance: frequency in Hz, quality factor, level in dB."""

    mode_hz: float
    q: float
    level_db: float


def draw_modes(
    rng: np.random.Generator,
    *,
    n_modes: tuple[int, int],
    mode_hz: tuple[float, float],
    q: tuple[float, float],
    level_db: float = 0.0,
) -> tuple[Mode, ...]:
    """Draw the resonances of one individual.

    Parameters
    ----------
    rng : Generator
    n_modes : (int, int)
        Least and greatest number of modes.
    mode_hz : (float, float), Hz
        Lowest and highest frequency; uniform between them on a logarithmic scale.
    q : (float, float)
        Lowest and highest quality factor.
    level_db : float, dB
        Of all modes together; single modes differ by up to 3 dB either way.

    Returns
    -------
    tuple of Mode
    """
    n = int(rng.integers(*n_modes, endpoint=True))
    share_db = level_db - 10 * float(np.log10(n))
    lowest, highest = np.log(mode_hz)
    return tuple(
        Mode(float(np.exp(rng.uniform(lowest, highest))), rng.uniform(*q), share_db + rng.uniform(-3, 3))
        for _ in range(n)
    )


def shaken_power(modes: Sequence[Mode], frequency_hz: FloatArray) -> FloatArray:
    """Power spectrum of modes that broadband noise shakes.

    Parameters
    ----------
    modes : sequence of Mode
    frequency_hz : ndarray, shape (n_bins,), Hz

    Returns
    -------
    ndarray, shape (n_bins,)
        The power of each mode, summed over the bins, is that of its level.

    References
    ----------
    Velocity of a damped oscillator under white force: any textbook on vibration, e.g. Den Hartog.
    """
    power = np.zeros(frequency_hz.shape)
    for mode in modes:
        r = frequency_hz / mode.mode_hz
        response = (r / mode.q) ** 2 / ((1 - r**2) ** 2 + (r / mode.q) ** 2)
        power += from_db(mode.level_db) ** 2 * response / response.sum()
    return power


def struck(modes: Sequence[Mode], *, sr: int) -> FloatArray:
    """What is heard after a blow of unit strength: every mode rings and dies away.

    Parameters
    ----------
    modes : sequence of Mode
        Those above half the sampling rate are not heard.
    sr : int, Hz

    Returns
    -------
    ndarray, shape (n_samples,)
        Its energy, the sum of its squares, is 1 where all levels together are 0 dB; until 60 dB down.
    """
    heard = [mode for mode in modes if mode.mode_hz < sr / 2]
    decay_s = [mode.q / (np.pi * mode.mode_hz) for mode in heard]  # of the amplitude, to 1 / e
    n_samples = 1 + int(sr * max(decay_s, default=0.0) * RING_DB / 20 * np.log(10))
    time_s = np.arange(n_samples) / sr
    ring = np.zeros(n_samples)
    for mode, tau_s in zip(heard, decay_s, strict=True):
        wave = np.exp(-time_s / tau_s) * np.sin(2 * np.pi * mode.mode_hz * time_s)
        ring += from_db(mode.level_db) * wave / np.sqrt(max(float(np.sum(wave**2)), 1e-12))
    return ring


def strike(ring: FloatArray, samples: FloatArray, strengths: FloatArray, n_samples: int) -> FloatArray:
    """A structure struck again and again.

    Parameters
    ----------
    ring : ndarray, shape (n_ring,)
        From `struck`.
    samples : ndarray, shape (n_blows,)
        When, in samples from the start of the clip; fractions are rounded.
    strengths : ndarray, shape (n_blows,)
    n_samples : int
        Of the clip; what would ring beyond its end rings at its start, so that a clip has no beginning.

    Returns
    -------
    ndarray, shape (n_samples,)
    """
    blows = np.bincount(np.round(samples).astype(np.intp) % n_samples, strengths, minlength=n_samples)
    return np.fft.irfft(np.fft.rfft(blows) * np.fft.rfft(fold(ring, n_samples)), n_samples)


def fold(response: FloatArray, n_samples: int) -> FloatArray:
    """Impulse response as it acts in a clip without a beginning: what is longer than the clip comes round again.

    Parameters
    ----------
    response : ndarray, shape (..., n_response)
    n_samples : int

    Returns
    -------
    ndarray, shape (..., n_samples)
    """
    n_turns = -(-response.shape[-1] // n_samples)
    padding = n_turns * n_samples - response.shape[-1]
    padded = np.concatenate([response, np.zeros((*response.shape[:-1], padding), response.dtype)], axis=-1)
    return np.asarray(padded.reshape(*response.shape[:-1], n_turns, n_samples).sum(axis=-2))
