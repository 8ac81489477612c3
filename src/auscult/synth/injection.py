"""Recording of a healthy machine -> the same with what a fault might add, at a graded level.

So one can ask how small a fault a detector finds before any fault exists. What is added is no model of a certain
fault, and a result obtained with it must say so.
"""

import math

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.synth.processes import ComplexArray, FloatArray, child_rng, from_db
from auscult.synth.structure import RING_DB, strike

INJECTIONS: tuple[str, ...] = ("tone", "impacts", "modulation", "noise")
"""Kinds of `inject`."""

LEVEL_LIMIT_DB = 200.0
"""More either way is no level of a sound, and would end in infinity or in nothing."""

ROUNDING = 1e-13
"""Power of what a filter in single precision leaves of nothing, relative to all that it heard, with some to spare."""

IMPACTS_PER_S = 3.0, 12.0
JITTER = 0.05  # standard deviation of an impact's time, in periods
DECAY_S = 0.002, 0.008  # of a ring's amplitude, to 1 / e
MODULATION_HZ = 2.0, 30.0


def inject(
    y: NDArray[np.float32], sr: int, kind: str, *, band_hz: tuple[float, float], level_db: float, seed: int
) -> NDArray[np.float32]:
    """Recording with something added in one band.

    ``tone``
        One sine in the middle half of the band, with whole periods in the clip.
    ``impacts``
        Blows 3 to 12 times a second, their times off by 5 % of a period, that make one resonance within the band ring
        and die away in 2 to 8 ms; limited to the band, so in a narrow one they are smeared.
    ``modulation``
        The recording's own sound in the band swells and fades 2 to 30 times a second; the sidebands of what lies at
        the band's edges come to lie outside, as they do in a machine.
    ``noise``
        Gaussian noise in the band.

    Parameters
    ----------
    y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32
    sr : int
        Sampling rate in Hz.
    kind : str
        One of `INJECTIONS`.
    band_hz : (float, float), Hz
        Lower and upper edge, 0 <= lower < upper <= sr / 2. Direct current does not belong to any band.
    level_db : float, dB, -200 to 200
        Mean power of what is added, relative to the power that the recording has in the band, in each channel. Of
        ``modulation``, by how much the loudest moment is above the quietest: more than 0.
    seed : int >= 0
        Frequencies, phases and noise are drawn from it.

    Returns
    -------
    ndarray, shape of `y`, float32
        A new array, which may exceed full scale. The same was added to all channels, at the level of each; of
        ``modulation``, all swell together.

    Raises
    ------
    OptionError
        If there is no such kind; the band is impossible, or so narrow that the clip has no FFT bin in it; the level is
        out of range; or a channel is silent in the band, so that there is nothing to relate the level to.
    """
    _check_kind_and_level(kind, level_db)
    n_samples = y.shape[-1]
    is_inside = _bins_inside(n_samples, sr, band_hz)
    rng = child_rng(seed, "injection", kind)
    spectrum = np.fft.rfft(y.astype(np.float64))
    own_power = _power_inside(spectrum, is_inside, n_samples, band_hz)
    if kind == "modulation":
        added = np.fft.irfft(spectrum * is_inside, n_samples) * _swing(n_samples, sr, level_db, rng)
    else:
        drawn = is_inside * _drawn_spectrum(kind, is_inside, n_samples, sr=sr, band_hz=band_hz, rng=rng)
        alone = np.fft.irfft(drawn, n_samples)
        added = from_db(level_db) * np.sqrt(own_power / np.mean(alone**2))[..., None] * alone
    return (y + added).astype(np.float32)


def _check_kind_and_level(kind: str, level_db: float) -> None:
    if kind not in INJECTIONS:
        raise OptionError("kind", f"expected one of {', '.join(INJECTIONS)}, got {kind}", "Choose one of these.")
    if not abs(level_db) <= LEVEL_LIMIT_DB:  # nor is it a number that is none
        problem = f"expected {-LEVEL_LIMIT_DB:g} to {LEVEL_LIMIT_DB:g} dB, got {level_db}"
        raise OptionError("level_db", problem, "Correct it.")
    if kind == "modulation" and level_db <= 0:
        problem = f"expected more than 0 dB of modulation, got {level_db}"
        raise OptionError("level_db", problem, "Say by how much the loudest moment is above the quietest.")


def _bins_inside(n_samples: int, sr: int, band_hz: tuple[float, float]) -> NDArray[np.bool_]:
    """Which bins of ``np.fft.rfft`` lie in a band, shape (n_samples // 2 + 1,)."""
    low_hz, high_hz = band_hz
    if not 0 <= low_hz < high_hz <= sr / 2:
        problem = f"expected 0 <= lower < upper <= sr / 2, got {low_hz:g} to {high_hz:g} Hz at {sr} Hz"
        raise OptionError("band_hz", problem, "Correct the band.")
    bins = np.arange(n_samples // 2 + 1)
    bins_hz = bins * sr / max(n_samples, 1)
    is_inside: NDArray[np.bool_] = (bins > 0) & (bins_hz >= low_hz) & (bins_hz <= high_hz)
    if not is_inside.any():
        problem = f"{low_hz:g} to {high_hz:g} Hz holds no frequency that {n_samples} samples at {sr} Hz can tell apart"
        raise OptionError("band_hz", problem, "Choose a wider band or a longer clip.")
    return is_inside


def _power(spectrum: ComplexArray, n_samples: int) -> FloatArray:
    """Mean power in each bin of ``np.fft.rfft``, shape of `spectrum`; their sum is the clip's mean square."""
    power = 2 * np.square(np.abs(spectrum) / n_samples)  # each bin stands for its negative frequency too,
    power[..., 0] /= 2  # but direct current
    if n_samples % 2 == 0:
        power[..., -1] /= 2  # and half the sampling rate have none
    return np.asarray(power)


def _power_inside(
    spectrum: ComplexArray, is_inside: NDArray[np.bool_], n_samples: int, band_hz: tuple[float, float]
) -> FloatArray:
    """Mean power of each channel in the band, shape (...); raises OptionError where one has none."""
    power = _power(spectrum, n_samples)
    own_power = power[..., is_inside].sum(axis=-1)
    # a recording filtered to nothing in the band still has its share of rounding there
    silent = np.flatnonzero(own_power <= ROUNDING * is_inside.mean() * power.sum(axis=-1))
    if silent.size:
        who = f"channel {silent[0]} of the recording" if spectrum.ndim > 1 else "the recording"
        problem = f"{who} is silent from {band_hz[0]:g} to {band_hz[1]:g} Hz, so a level there relates to nothing"
        raise OptionError("band_hz", problem, "Choose a band in which the machine is heard.")
    return np.asarray(own_power)


def _swing(n_samples: int, sr: int, level_db: float, rng: np.random.Generator) -> FloatArray:
    """What a sound is multiplied by for what modulation adds to it, shape (n_samples,)."""
    ratio = from_db(level_db)
    depth = (ratio - 1) / (ratio + 1)  # loudest to quietest: (1 + depth) / (1 - depth)
    turns = rng.uniform(*MODULATION_HZ) * np.arange(n_samples) / sr + rng.random()
    return np.asarray(depth * np.cos(2 * np.pi * turns))


def _drawn_spectrum(
    kind: str,
    is_inside: NDArray[np.bool_],
    n_samples: int,
    *,
    sr: int,
    band_hz: tuple[float, float],
    rng: np.random.Generator,
) -> ComplexArray:
    """Spectrum of what is added, at any level, of any content outside the band; shape of `is_inside`."""
    if kind == "noise":
        return np.fft.rfft(rng.standard_normal(n_samples))
    if kind == "impacts":
        return np.fft.rfft(_impacts(n_samples, sr, band_hz, rng))
    low_hz, high_hz = band_hz
    tone_hz = low_hz + rng.uniform(0.25, 0.75) * (high_hz - low_hz)
    bins = np.flatnonzero(is_inside)  # between two bins, a tone would be heard a little outside the band too
    spectrum = np.zeros(is_inside.shape, np.complex128)
    spectrum[bins[np.argmin(np.abs(bins * sr / n_samples - tone_hz))]] = np.exp(2j * np.pi * rng.random())
    return spectrum


def _impacts(n_samples: int, sr: int, band_hz: tuple[float, float], rng: np.random.Generator) -> FloatArray:
    """Blows and their rings, at least one, shape (n_samples,)."""
    duration_s, period_s = n_samples / sr, 1 / rng.uniform(*IMPACTS_PER_S)
    ring_hz, decay_s = rng.uniform(*band_hz), rng.uniform(*DECAY_S)
    time_s = np.arange(max(2, round(sr * decay_s * RING_DB / 20 * math.log(10)))) / sr
    ring = np.exp(-time_s / decay_s) * np.cos(2 * np.pi * ring_hz * time_s)
    blows_s = np.arange(rng.random() * min(period_s, duration_s), duration_s, period_s)
    blows_s += JITTER * period_s * rng.standard_normal(blows_s.size)
    return strike(ring, blows_s * sr, np.ones(blows_s.size), n_samples)
