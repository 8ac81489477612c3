"""Random generator -> an individual fan; fan, state of balance and random generator -> waveform.

The sound is a sum, after the reports on fan noise named beside each range: tones at multiples of the shaft's rotation
frequency (those at multiples of the number of blades are the blade-pass tones), broadband flow noise, casing modes and
bearing noise shaken once per revolution, and the motor's hum at even multiples of the mains frequency.
Levels are in dB relative to the flow noise of the same fan.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.synth.imbalance import Imbalance, imbalance_effects, transmissibility
from auscult.synth.processes import (
    ComplexArray,
    FloatArray,
    from_db,
    ornstein_uhlenbeck,
    shaped_noise,
    sum_of_harmonics,
    turning_angle,
    unit_phasor,
)

# Octave band levels re total sound power, 63 Hz to 8 kHz (Engineering ToolBox, "Fans - sound power level").
OCTAVES_HZ = 63.0 * 2.0 ** np.arange(8)
OCTAVE_LEVELS_DB = {
    "axial": (-7, -9, -7, -7, -8, -11, -16, -18),
    "backward": (-4, -6, -9, -11, -13, -16, -19, -22),
    "forward": (-2, -6, -13, -18, -19, -22, -25, -30),
    "radial": (-3, -5, -7, -7, -8, -11, -16, -18),
}
N_BLADES = {"axial": (3, 12), "backward": (6, 16), "forward": (24, 40), "radial": (6, 12)}  # least, most
TABLE_ROTATION_HZ = 24.0  # the table is taken to hold for 1440 rpm; flow noise scales with the speed (Strouhal)
RADIATION_HZ = 50.0  # a casing of this size radiates poorly below: second-order high-pass, 40 to 60 Hz
N_BLADE_TONES = 6
N_SHAFT_ORDERS = 10
HIGHEST_TONE = 0.48  # of the sampling rate; a tone above would alias
FLOW_DEPTH = 0.02  # normal modulation of the flow noise at f_r, 1 to 3 %
LOAD_HZ = 500.0  # load changes the flow noise below


@dataclass(frozen=True)
class Mode:
    """One resonance of the casing: frequency in Hz, quality factor, level in dB."""

    mode_hz: float
    q: float
    level_db: float


@dataclass(frozen=True)
class Fan:
    """One individual fan; what differs from fan to fan, not from clip to clip.

    Parameters
    ----------
    impeller : {"axial", "backward", "forward", "radial"}
        Kind of impeller: blades of a centrifugal one are backward or forward curved, or radial.
    mains_hz : float
        50 or 60 Hz.
    rotation_hz : float, Hz
        Rotation frequency f_r at nominal load.
    n_blades : int
        The blade-pass frequency is ``n_blades * rotation_hz``.
    blade_levels_db, blade_phases_rad : tuple of 6 float
        Tones at the multiples of the blade-pass frequency.
    shaft_levels_db, shaft_phases_rad : tuple of 10 float
        Tones at the multiples of f_r, from unequal blades and residual imbalance.
    octave_levels_db : tuple of 8 float, dB
        Flow noise in octave bands from 63 Hz to 8 kHz, relative to its total.
    modes : tuple of Mode
        Resonances of the casing.
    bearing_level_db : float, dB
        Bearing noise, 2 to 6 kHz.
    hum_levels_db : tuple of 3 float, dB
        Hum at 2, 4 and 6 times the mains frequency.
    blade_depth, shaft_depth : float in [0, 1]
        Normal depth of the modulation of the flow noise at blade pass, and of blade tones and casing at f_r.
    speed_sd : float
        Standard deviation of the speed jitter, as a fraction.
    speed_tau_s : float, s
        Correlation time of the speed jitter.
    mount_hz, mount_damping : float
        Resonance in Hz and damping ratio of the mount; they set how strongly an imbalance shows.
    """

    impeller: str
    mains_hz: float
    rotation_hz: float
    n_blades: int
    blade_levels_db: tuple[float, ...]
    blade_phases_rad: tuple[float, ...]
    shaft_levels_db: tuple[float, ...]
    shaft_phases_rad: tuple[float, ...]
    octave_levels_db: tuple[float, ...]
    modes: tuple[Mode, ...]
    bearing_level_db: float
    hum_levels_db: tuple[float, float, float]
    blade_depth: float
    shaft_depth: float
    speed_sd: float
    speed_tau_s: float
    mount_hz: float
    mount_damping: float


def draw_fan(rng: np.random.Generator) -> Fan:
    """Draw an individual fan.

    Parameters
    ----------
    rng : Generator

    Returns
    -------
    Fan
        930 to 3500 rpm on an induction motor of 2 to 6 poles; 3 to 40 blades.
    """
    impeller = str(rng.choice(sorted(N_BLADES)))
    mains_hz = float(rng.choice([50.0, 60.0]))
    rotation_hz = mains_hz / int(rng.integers(1, 4)) * (1 - rng.uniform(0.02, 0.07))  # pole pairs, slip
    n_blades = int(rng.integers(*N_BLADES[impeller], endpoint=True))
    blade_db, hum_db = rng.uniform(-10, -2), rng.uniform(-24, -14)
    fall_db = rng.uniform(6, 12) * np.arange(N_BLADE_TONES)  # blade tones fall 6 to 12 dB a harmonic
    n_modes = int(rng.integers(3, 7))
    mode_db = rng.uniform(-7, -3) - 10 * np.log10(n_modes)
    modes = [Mode(rng.uniform(150, 1500), rng.uniform(10, 40), mode_db + rng.uniform(-3, 3)) for _ in range(n_modes)]
    return Fan(
        impeller=impeller,
        mains_hz=mains_hz,
        rotation_hz=rotation_hz,
        n_blades=n_blades,
        blade_levels_db=tuple((blade_db - fall_db + rng.normal(0, 2, N_BLADE_TONES)).tolist()),
        blade_phases_rad=tuple(rng.uniform(0, 2 * np.pi, N_BLADE_TONES).tolist()),
        shaft_levels_db=tuple((blade_db - rng.uniform(15, 30, N_SHAFT_ORDERS)).tolist()),  # unequal blades
        shaft_phases_rad=tuple(rng.uniform(0, 2 * np.pi, N_SHAFT_ORDERS).tolist()),
        octave_levels_db=tuple((OCTAVE_LEVELS_DB[impeller] + rng.normal(0, 1.5, len(OCTAVES_HZ))).tolist()),
        modes=tuple(modes),
        bearing_level_db=rng.uniform(-20, -14),
        hum_levels_db=(hum_db, hum_db - rng.uniform(4, 12), hum_db - rng.uniform(8, 18)),
        blade_depth=rng.uniform(0.05, 0.15),
        shaft_depth=rng.uniform(0.02, 0.04),
        speed_sd=rng.uniform(0.001, 0.004),
        speed_tau_s=rng.uniform(0.5, 3),
        mount_hz=rotation_hz / rng.uniform(1.5, 3),  # on soft mounts, above their resonance
        mount_damping=rng.uniform(0.1, 0.3),
    )


@dataclass(frozen=True)
class _Duty:
    """How a normal fan runs during one clip; what differs from clip to clip."""

    speed: float  # ratio to nominal
    speed_drift: float  # change of the ratio over the clip
    level_db: float  # of everything: speed, temperature, place of the microphone
    tilt_db: float  # load: flow noise below 500 Hz
    tone_db: float  # load: blade tones
    casing_db: float
    residual_db: float  # balance of a normal machine: G2.5 to G6.3 is a range of 8 dB


def _draw_duty(rng: np.random.Generator) -> _Duty:
    speed = 1 + rng.uniform(-0.01, 0.01)
    return _Duty(
        speed=speed,
        speed_drift=rng.uniform(-0.005, 0.005),
        level_db=50 * float(np.log10(speed)) + rng.normal(0, 2),  # 50 log(n / n0): Levitronix
        tilt_db=rng.normal(0, 0.7),
        tone_db=rng.normal(0, 1),
        casing_db=rng.normal(0, 1),
        residual_db=rng.normal(0, 2),
    )


def render_fan(
    fan: Fan, *, duration_s: float, sr: int, rng: np.random.Generator, imbalance: float = 0.0
) -> NDArray[np.float32]:
    """Sound of a fan in free field, one clip, without background noise.

    Parameters
    ----------
    fan : Fan
    duration_s : float > 0, s
    sr : int, Hz
    rng : Generator
        Draws the clip's duty (speed +-1 %, load, level) and noise; the same draws whatever the imbalance.
    imbalance : float in [0, 1]
        Severity of the imbalance; 0 = normal.

    Returns
    -------
    ndarray, shape (n_samples,), float32
        About 0.1 rms. Nothing is clipped; `write_dataset` scales a whole machine into [-1, 1].

    Raises
    ------
    OptionError
        If the clip would hold no sample, or the imbalance is outside [0, 1].

    References
    ----------
    Sum of orders: JSV 216 (1998). Octave levels: Engineering ToolBox. Level against speed: Levitronix.
    """
    n_samples = round(duration_s * sr)
    if n_samples < 1:
        raise OptionError("duration_s", f"expected at least one sample, got {duration_s} s", "Use a longer clip.")
    mount_gain = transmissibility(fan.rotation_hz, mount_hz=fan.mount_hz, mount_damping=fan.mount_damping)
    fault = imbalance_effects(imbalance, rotation_hz=fan.rotation_hz, mount_gain=mount_gain)
    duty = _draw_duty(rng)
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / sr)
    angle = _shaft_angle(fan, duty, fault, n_samples, sr=sr, rng=rng)
    turn, blade_turn = unit_phasor(angle), unit_phasor(fan.n_blades * angle)
    depth = fan.shaft_depth * from_db(duty.residual_db)
    swing = 1 + (depth + fault.modulation_depth) * turn.real
    load = np.abs(1 + (depth + fault.load_ratio) * turn)  # of the bearings: steady and turning
    blade, shaft = _phasors(fan, duty, fault, sr=sr)
    y = sum_of_harmonics(blade, blade_turn) * swing + sum_of_harmonics(shaft, turn)
    flow = shaped_noise(_flow_power(fan, duty, frequency_hz), n_samples, rng)
    y += flow * (1 + fan.blade_depth * blade_turn.real + FLOW_DEPTH * turn.real)
    y += shaped_noise(_casing_power(fan, duty, frequency_hz), n_samples, rng) * load
    y += _hum(fan, n_samples, sr=sr, rng=rng)
    return np.asarray(0.1 * from_db(duty.level_db) * y, dtype=np.float32)


def _shaft_angle(
    fan: Fan, duty: _Duty, fault: Imbalance, n_samples: int, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Angle of the shaft in rad: nominal speed, the clip's duty, jitter, and the ripple an imbalance adds."""
    jitter = ornstein_uhlenbeck(n_samples, sr=sr, sd=fan.speed_sd, tau_s=fan.speed_tau_s, rng=rng)
    drift = duty.speed_drift * np.linspace(-0.5, 0.5, n_samples)
    angle = turning_angle(fan.rotation_hz * (duty.speed + jitter + drift), sr=sr, rng=rng)
    if fault.speed_ripple == 0:
        return angle
    return angle + fault.speed_ripple * np.sin(angle)  # a ripple of a in speed at 1x is a rad in angle


def _radiated(frequency_hz: FloatArray) -> FloatArray:
    """Power that the casing radiates at a frequency, relative to high frequencies."""
    return 1 / (1 + (RADIATION_HZ / np.maximum(frequency_hz, 1e-3)) ** 4)


def _phasors(fan: Fan, duty: _Duty, fault: Imbalance, *, sr: int) -> tuple[ComplexArray, ComplexArray]:
    """Amplitude and phase of the blade tones, modulated at 1x later, and of the steady shaft orders."""
    blade_hz = fan.n_blades * fan.rotation_hz * np.arange(1, N_BLADE_TONES + 1)
    blade_db = np.array(fan.blade_levels_db) + duty.tone_db
    shaft_hz = fan.rotation_hz * np.arange(1, N_SHAFT_ORDERS + 1)
    shaft_db = np.array(fan.shaft_levels_db) + duty.residual_db
    shaft_db[: len(fault.order_gains_db)] += fault.order_gains_db
    blade = np.sqrt(2 * _radiated(blade_hz)) * 10 ** (blade_db / 20 + 0j) * np.exp(1j * np.array(fan.blade_phases_rad))
    shaft = np.sqrt(2 * _radiated(shaft_hz)) * 10 ** (shaft_db / 20 + 0j) * np.exp(1j * np.array(fan.shaft_phases_rad))
    return blade * (blade_hz < HIGHEST_TONE * sr), shaft * (shaft_hz < HIGHEST_TONE * sr)


def _flow_power(fan: Fan, duty: _Duty, frequency_hz: FloatArray) -> FloatArray:
    """Power spectrum of the flow noise, shaped by octave; unit power at nominal load."""
    octaves = np.log2(np.maximum(frequency_hz, 1.0) / OCTAVES_HZ[0] * TABLE_ROTATION_HZ / fan.rotation_hz)
    levels_db = np.array(fan.octave_levels_db) - 10 * np.log10(OCTAVES_HZ)  # an octave is as wide as its centre
    power: FloatArray = 10 ** (np.interp(octaves, np.arange(len(OCTAVES_HZ)), levels_db) / 10)
    power *= _radiated(frequency_hz)
    power /= power.sum()
    power[frequency_hz < LOAD_HZ] *= from_db(duty.tilt_db) ** 2
    return power


def _casing_power(fan: Fan, duty: _Duty, frequency_hz: FloatArray) -> FloatArray:
    """Power spectrum of the casing's resonances and the bearing noise."""
    bearing = ((frequency_hz > 2000) & (frequency_hz < 6000)).astype(float)
    power: FloatArray = bearing * from_db(fan.bearing_level_db) ** 2 / max(bearing.sum(), 1)
    for mode in fan.modes:
        r = frequency_hz / mode.mode_hz
        response = (r / mode.q) ** 2 / ((1 - r**2) ** 2 + (r / mode.q) ** 2)
        power += from_db(mode.level_db) ** 2 * response / response.sum()
    power *= from_db(duty.casing_db) ** 2
    return power


def _hum(fan: Fan, n_samples: int, *, sr: int, rng: np.random.Generator) -> FloatArray:
    """Motor hum at 2, 4 and 6 times the mains frequency, which grids hold within 0.1 %."""
    turns = 2 * fan.mains_hz * (1 + rng.uniform(-0.001, 0.001)) * np.arange(n_samples) / sr
    phases_rad = rng.uniform(0, 2 * np.pi, len(fan.hum_levels_db))
    phasors = np.sqrt(2) * 10 ** (np.array(fan.hum_levels_db) / 20) * np.exp(1j * phases_rad)
    return sum_of_harmonics(phasors, unit_phasor(2 * np.pi * turns))
