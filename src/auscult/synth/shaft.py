"""A turning shaft: its angle as the speed drifts and jitters, tones at its orders, and a bearing that has a defect.

An order is a multiple of the rotation frequency: 1x is once per revolution, the blade-pass tone of 7 blades is order 7.
"""

from dataclasses import dataclass

import numpy as np

from auscult.synth.processes import (
    ComplexArray,
    FloatArray,
    band_power,
    ornstein_uhlenbeck,
    shaped_noise,
    turning_angle,
)
from auscult.synth.structure import Mode, draw_modes, strike, struck

RADIATION_HZ = 50.0  # a casing of this size radiates poorly below: second-order high-pass, 40 to 60 Hz
BEARING_HZ = (2000.0, 6000.0)
HIGHEST_TONE = 0.48  # of the sampling rate; a tone above would alias


@dataclass(frozen=True)
class Bearing:
    """A rolling bearing and what rings when it is struck.

    Parameters
    ----------
    pass_order : float
        Times per revolution that a ball passes a defect of the outer race: 0.4 times the number of balls or so.
    modes : tuple of Mode
        Resonances of races and seat.
    level_db : float, dB
        Noise of a healthy bearing.
    """

    pass_order: float
    modes: tuple[Mode, ...]
    level_db: float


def draw_bearing(rng: np.random.Generator, *, level_db: tuple[float, float]) -> Bearing:
    """Draw an individual bearing of 7 to 12 balls.

    References
    ----------
    R. B. Randall, J. Antoni, "Rolling element bearing diagnostics - A tutorial", Mechanical Systems and Signal
    Processing 25, 2011: a ball passes the outer race n / 2 (1 - d / D cos phi) times per revolution.
    """
    n_balls = int(rng.integers(7, 12, endpoint=True))
    return Bearing(
        pass_order=n_balls / 2 * (1 - rng.uniform(0.15, 0.25)),
        modes=draw_modes(rng, n_modes=(3, 5), mode_hz=(2000, 6500), q=(8, 25)),
        level_db=rng.uniform(*level_db),
    )


def shaft_angle(
    speed_hz: FloatArray | float,
    n_samples: int,
    *,
    jitter_sd: float,
    jitter_tau_s: float,
    sr: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Angle of a shaft whose speed jitters, from a random start.

    Parameters
    ----------
    speed_hz : float or ndarray, shape (n_samples,)
        Speed without the jitter, revolutions per second.
    n_samples : int
    jitter_sd : float
        Standard deviation of the jitter over the speed: 0.001 to 0.004 for a motor on the mains.
    jitter_tau_s : float, s
        Its correlation time.
    sr : int, Hz
    rng : Generator

    Returns
    -------
    ndarray, shape (n_samples,), rad
    """
    jitter = ornstein_uhlenbeck(n_samples, sr=sr, sd=jitter_sd, tau_s=jitter_tau_s, rng=rng)
    return turning_angle(speed_hz * (1 + jitter), sr=sr, rng=rng)


def order_phasors(
    orders: FloatArray, levels_db: FloatArray, phases_rad: FloatArray, *, rotation_hz: float, sr: int
) -> ComplexArray:
    """Amplitude and phase of the tones at orders of a shaft, as the casing radiates them.

    Parameters
    ----------
    orders, levels_db, phases_rad : ndarray, shape (n_tones,)
        A tone at 0 dB has the mean square 1.
    rotation_hz : float, Hz
    sr : int, Hz
        Tones near or above half of it are left out.

    Returns
    -------
    ndarray, shape (n_tones,), complex
    """
    tone_hz = orders * rotation_hz
    phasors = np.sqrt(2 * radiated(tone_hz)) * 10 ** (levels_db / 20) * np.exp(1j * phases_rad)
    return np.asarray(phasors * (tone_hz < HIGHEST_TONE * sr))


def radiated(frequency_hz: FloatArray) -> FloatArray:
    """Power that a casing radiates at a frequency, relative to high frequencies; the same shape as `frequency_hz`."""
    return np.asarray(1 / (1 + (RADIATION_HZ / np.maximum(frequency_hz, 1e-3)) ** 4))


def bearing_noise_power(bearing: Bearing, frequency_hz: FloatArray) -> FloatArray:
    """Power spectrum of a healthy bearing: faint noise from 2 to 6 kHz; shape (n_bins,)."""
    return np.asarray(10 ** (bearing.level_db / 10) * band_power(frequency_hz, BEARING_HZ))


def render_defect(
    bearing: Bearing, angle: FloatArray, *, level_db: float, load_depth: float, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Sound of a ball bearing with a defect on its outer race.

    Each ball that passes the defect strikes races and seat, which ring at 2 to 6.5 kHz; balls slip, so the intervals
    vary by about a percent; the load, which turns with an imbalance, sets how hard each blow is.

    Parameters
    ----------
    bearing : Bearing
    angle : ndarray, shape (n_samples,), rad
        Of the shaft.
    level_db : float, dB
        Level of the sound.
    load_depth : float in [0, 1]
        How much the strength of the blows follows the shaft's angle.
    sr : int, Hz
    rng : Generator

    Returns
    -------
    ndarray, shape (n_samples,)

    References
    ----------
    Randall and Antoni 2011 (see `draw_bearing`).
    """
    n_samples = angle.size
    slip = ornstein_uhlenbeck(n_samples, sr=sr, sd=0.1, tau_s=0.2, rng=rng)  # in passes: about 1 % from ball to ball
    passes = np.floor(bearing.pass_order * angle / (2 * np.pi) + slip)
    samples = np.flatnonzero(np.diff(passes) > 0) + 1
    strengths = (1 + load_depth * np.cos(angle[samples])) * rng.lognormal(0, 0.3, samples.size)
    y = strike(struck(bearing.modes, sr=sr), samples.astype(float), strengths, n_samples)
    band = shaped_noise(bearing_noise_power(bearing, np.fft.rfftfreq(n_samples, 1 / sr)), n_samples, rng)
    y = y / max(float(np.sqrt(np.mean(y**2))), 1e-9) + 0.5 * band / max(float(np.sqrt(np.mean(band**2))), 1e-9)
    return np.asarray(10 ** (level_db / 20) * y)
