"""An induction motor: how fast it turns at which voltage, and how it hums.

Torque against slip s after Kloss: T = 2 T_m V^2 / (s / s_m + s_m / s), with V the voltage over the nominal one; the
load of a fan or a centrifugal pump goes with the square of the speed. Hum comes from the magnetic force, which goes
with the square of the voltage, at even multiples of the mains frequency; the bars of the rotor add slot tones, which
grow with its current.
"""

from dataclasses import dataclass

import numpy as np

from auscult.synth.processes import FloatArray, sum_of_harmonics, unit_phasor

SLIPS = {"three-phase": (0.03, 0.05), "split-capacitor": (0.06, 0.10)}
"""Nominal slip of each kind of motor: lowest, highest."""
BREAKDOWN_SLIP = 5.0  # slip at the greatest torque over nominal slip; estimate
HUM_ORDERS = np.array([2, 4, 6])  # of the mains frequency


@dataclass(frozen=True)
class Motor:
    """One individual induction motor.

    Parameters
    ----------
    kind : {"three-phase", "split-capacitor"}
    mains_hz : float
        50 or 60 Hz.
    n_pole_pairs : int
    slip : float in (0, 1)
        At nominal load and voltage.
    hum_levels_db : tuple of 3 float, dB
        Hum at 2, 4 and 6 times the mains frequency.
    n_bars : int
        Of the rotor's cage.
    slot_level_db : float, dB
        Each of the three slot tones.
    """

    kind: str
    mains_hz: float
    n_pole_pairs: int
    slip: float
    hum_levels_db: tuple[float, float, float]
    n_bars: int
    slot_level_db: float

    @property
    def rotation_hz(self) -> float:
        """Rotation frequency at nominal load and voltage, Hz."""
        return self.mains_hz / self.n_pole_pairs * (1 - self.slip)


@dataclass(frozen=True)
class Supply:
    """The voltage that a motor gets during one clip.

    Parameters
    ----------
    voltages : (float, float)
        Over the nominal one, before and after `step_at`.
    step_at : float in [0, 1]
        Share of the clip after which the voltage changes.
    run_up_s : float, s
        Time constant with which the speed follows.
    """

    voltages: tuple[float, float] = (1.0, 1.0)
    step_at: float = 0.0
    run_up_s: float = 2.0

    def voltage(self, n_samples: int) -> FloatArray:
        """Voltage over the nominal one at each sample; shape (n_samples,)."""
        return np.where(np.arange(n_samples) < round(self.step_at * n_samples), *self.voltages)


def draw_motor(rng: np.random.Generator, *, n_pole_pairs: tuple[int, int], hum_db: tuple[float, float]) -> Motor:
    """Draw an individual motor.

    Parameters
    ----------
    rng : Generator
    n_pole_pairs : (int, int)
        Fewest and most; 1 turns at up to 3000 rpm at 50 Hz, 2 at 1500, 3 at 1000.
    hum_db : (float, float), dB
        Lowest and highest level of the hum at twice the mains frequency.

    Returns
    -------
    Motor
    """
    kind = str(rng.choice(sorted(SLIPS)))
    level_db = rng.uniform(*hum_db)
    return Motor(
        kind=kind,
        mains_hz=float(rng.choice([50.0, 60.0])),
        n_pole_pairs=int(rng.integers(*n_pole_pairs, endpoint=True)),
        slip=rng.uniform(*SLIPS[kind]),
        hum_levels_db=(level_db, level_db - rng.uniform(4, 12), level_db - rng.uniform(8, 18)),
        n_bars=int(rng.integers(22, 44, endpoint=True)),
        slot_level_db=level_db - rng.uniform(6, 14),
    )


def speed_at_voltage(motor: Motor, voltage: float) -> float:
    """Speed of a motor that drives a fan or a centrifugal pump, over its nominal speed.

    Parameters
    ----------
    motor : Motor
    voltage : float in [0.3, 1.3]
        Over the nominal voltage.

    Returns
    -------
    float > 0
        1 at nominal voltage. Speeds follow the voltage far less than proportionally: at 0.8 a three-phase motor loses
        2 to 3 %, a single-phase one with a capacitor 4 to 5 %.

    References
    ----------
    M. Kloss, "Drehmoment und Schlüpfung des Drehstrommotors", Archiv für Elektrotechnik 5, 1916.
    """
    slips = np.linspace(motor.slip / 10, 0.9, 20001)
    driving, load = voltage**2 * _torque(slips, motor.slip), (1 - slips) ** 2
    nominal = _torque(np.array([motor.slip]), motor.slip)[0] / (1 - motor.slip) ** 2
    slip = slips[np.argmax(driving >= nominal * load)]  # the first is the stable one
    return float((1 - slip) / (1 - motor.slip))


def speed_on_supply(motor: Motor, supply: Supply, n_samples: int, *, sr: int) -> FloatArray:
    """Speed over the nominal one at each sample, as it follows the voltage; shape (n_samples,)."""
    before, after = (speed_at_voltage(motor, voltage) for voltage in supply.voltages)
    since_step_s = np.maximum(np.arange(n_samples) - round(supply.step_at * n_samples), 0) / sr
    if before == after:
        return np.full(n_samples, after)
    return np.asarray(before - (after - before) * np.expm1(-since_step_s / supply.run_up_s))


def _torque(slips: FloatArray, nominal_slip: float) -> FloatArray:
    relative = slips / (BREAKDOWN_SLIP * nominal_slip)
    return 1 / (relative + 1 / relative)


def render_hum(
    motor: Motor, gains_db: tuple[float, float, float], n_samples: int, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Hum of a motor, steady: grids hold their frequency within 0.1 %.

    Parameters
    ----------
    motor : Motor
    gains_db : tuple of 3 float, dB
        Added to the motor's levels.
    n_samples : int
    sr : int, Hz
    rng : Generator

    Returns
    -------
    ndarray, shape (n_samples,)
    """
    mains_hz = motor.mains_hz * (1 + rng.uniform(-0.001, 0.001))
    levels_db = np.array(motor.hum_levels_db) + gains_db
    phases_rad = rng.uniform(0, 2 * np.pi, levels_db.size)
    phasors = np.sqrt(2) * 10 ** (levels_db / 20) * np.exp(1j * phases_rad)
    phasors[HUM_ORDERS * mains_hz > 0.48 * sr] = 0  # would alias
    return sum_of_harmonics(phasors, unit_phasor(4 * np.pi * mains_hz * np.arange(n_samples) / sr))


def render_slot_tones(
    motor: Motor, angle: FloatArray, gain_db: float, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Tones of the rotor's bars as they pass the stator's teeth: at ``n_bars`` times per revolution, and 2 f_L aside.

    Parameters
    ----------
    motor : Motor
    angle : ndarray, shape (n_samples,), rad
        Of the shaft.
    gain_db : float, dB
        Added to the motor's level: the tones follow the current in the rotor, and saturation.
    sr : int, Hz
    rng : Generator

    Returns
    -------
    ndarray, shape (n_samples,)

    References
    ----------
    P. L. Alger, "Induction Machines: Their Behavior and Uses", 1970: magnetic noise.
    """
    sideband = unit_phasor(4 * np.pi * motor.mains_hz * np.arange(angle.size) / sr + rng.uniform(0, 2 * np.pi))
    bars = unit_phasor(motor.n_bars * angle)
    if motor.n_bars * motor.rotation_hz + 2 * motor.mains_hz > 0.48 * sr:  # would alias
        return np.zeros(angle.size)
    amplitude = np.sqrt(2) * 10 ** ((motor.slot_level_db + gain_db) / 20)
    return np.asarray(amplitude * (bars.real * (1 + 2 * sideband.real)))
