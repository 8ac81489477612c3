"""Random generator -> background noise of a factory: rumble that swells, other machines, impacts.

Ranges are estimates for a hall with several machines; MIMII's own noise was recorded in real factories
(Purohit et al., "MIMII Dataset", DCASE Workshop 2019).
"""

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.synth.processes import (
    FloatArray,
    from_db,
    ornstein_uhlenbeck,
    shaped_noise,
    sum_of_harmonics,
    turning_angle,
    unit_phasor,
)

LOWEST_HZ = 40.0  # the microphones' own high-pass
HIGHEST_PEAK = 16.0  # re rms, 24 dB: seldom reached
RING_S = 0.3  # an impact has died away after this time


def render_noise(*, duration_s: float, sr: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Background noise of a factory, one clip, of unit mean power and bounded peaks.

    Parameters
    ----------
    duration_s : float > 0, s
    sr : int, Hz
    rng : Generator

    Returns
    -------
    ndarray, shape (n_samples,), float32
        Its mean square is 1 and no sample exceeds `HIGHEST_PEAK`, so a mixer knows the room it needs. A clip whose
        impacts would exceed it is turned down as a whole, hence has a smaller mean square.

    Raises
    ------
    OptionError
        If the clip would hold no sample.
    """
    n_samples = round(duration_s * sr)
    if n_samples < 1:
        raise OptionError("duration_s", f"expected at least one sample, got {duration_s} s", "Use a longer clip.")
    y = _rumble(n_samples, sr, rng)
    for _ in range(rng.integers(2, 6)):
        y += _other_machine(n_samples, sr, rng)
    _add_impacts(y, sr, rng)
    rms, peak = np.sqrt(np.mean(y**2)), np.max(np.abs(y))
    return np.asarray(y / max(rms, peak / HIGHEST_PEAK), dtype=np.float32)


def _rumble(n_samples: int, sr: int, rng: np.random.Generator) -> FloatArray:
    """Coloured noise of unit power, falling 3 to 6 dB an octave, swelling by 1.5 dB within seconds."""
    frequency_hz = np.maximum(np.fft.rfftfreq(n_samples, 1 / sr), 1e-3)
    fall_db = rng.normal(4.5, 0.3)
    power = frequency_hz ** (-fall_db / (10 * np.log10(2))) / (1 + (LOWEST_HZ / frequency_hz) ** 8)
    swell_db = ornstein_uhlenbeck(n_samples, sr=sr, sd=1.5, tau_s=rng.uniform(1, 4), rng=rng)
    return shaped_noise(power / power.sum(), n_samples, rng) * 10 ** (swell_db / 20)


def _other_machine(n_samples: int, sr: int, rng: np.random.Generator) -> FloatArray:
    """Blade-pass tones of another rotating machine, 10 to 25 dB below the rumble: like the machine listened to."""
    jitter = ornstein_uhlenbeck(n_samples, sr=sr, sd=0.003, tau_s=rng.uniform(0.5, 3), rng=rng)
    blade_pass_hz = rng.uniform(12, 58) * rng.integers(3, 13)
    angle = turning_angle(blade_pass_hz * (1 + jitter), sr=sr, rng=rng)
    harmonics = np.arange(1, 5)
    levels_db = rng.uniform(-25, -10) - rng.uniform(4, 12) * (harmonics - 1)
    phasors = np.sqrt(2) * 10 ** (levels_db / 20) * np.exp(2j * np.pi * rng.random(harmonics.size))
    phasors[harmonics * blade_pass_hz > 0.48 * sr] = 0  # would alias
    return sum_of_harmonics(phasors, unit_phasor(angle))


def _add_impacts(y: FloatArray, sr: int, rng: np.random.Generator) -> None:
    """Add hammer blows, dropped parts, closing doors: 0.05 to 1 a second, three damped modes each."""
    rate_hz = 10 ** rng.uniform(np.log10(0.05), 0)
    for _ in range(rng.poisson(rate_hz * y.size / sr)):
        start = int(rng.integers(y.size))
        time_s = np.arange(min(round(RING_S * sr), y.size - start)) / sr
        strength = from_db(rng.uniform(-6, 12))
        for _ in range(3):
            ring = np.exp(-time_s / rng.uniform(0.005, 0.04)) * np.sin(2 * np.pi * rng.uniform(300, 3500) * time_s)
            y[start : start + time_s.size] += strength / 3 * ring
