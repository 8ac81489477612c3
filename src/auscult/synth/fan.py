"""An individual fan, how it runs during one clip, and its sound.

The sound is a sum, after the reports on fan noise named beside each range: tones at multiples of the shaft's rotation
frequency (those at multiples of the number of blades are the blade-pass tones), broadband flow noise, casing modes and
bearing noise shaken once per revolution, and the motor's hum at even multiples of the mains frequency.
Levels are in dB relative to the flow noise of the same fan.
"""

from dataclasses import dataclass

import numpy as np

from auscult.synth.motor import Motor, Supply, draw_motor, render_hum, render_slot_tones, speed_on_supply
from auscult.synth.processes import FloatArray, from_db, ornstein_uhlenbeck, shaped_noise, sum_of_harmonics, unit_phasor
from auscult.synth.shaft import (
    Bearing,
    bearing_noise_power,
    draw_bearing,
    order_phasors,
    radiated,
    render_defect,
    shaft_angle,
)
from auscult.synth.structure import Mode, draw_modes, shaken_power

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
N_BLADE_TONES = 6
N_SHAFT_ORDERS = 10
FLOW_DEPTH = 0.02  # normal modulation of the flow noise at f_r, 1 to 3 %
LOAD_HZ = 500.0  # load changes the flow noise below
STATES = ("nominal", "part load", "full load")  # of the installation: how far its damper is open
PARTS = ("impeller", "casing", "motor")
"""What radiates, in the order of the rows that `render_fan` gives."""


@dataclass(frozen=True)
class Fan:
    """One individual fan; what differs from fan to fan, not from clip to clip.

    Parameters
    ----------
    impeller : {"axial", "backward", "forward", "radial"}
        Kind of impeller: blades of a centrifugal one are backward or forward curved, or radial.
    motor : Motor
    n_blades : int
        The blade-pass frequency is ``n_blades * motor.rotation_hz``.
    blade_levels_db, blade_phases_rad : tuple of 6 float
        Tones at the multiples of the blade-pass frequency.
    shaft_levels_db, shaft_phases_rad : tuple of 10 float
        Tones at the multiples of the rotation frequency f_r, from unequal blades and residual imbalance.
    octave_levels_db : tuple of 8 float, dB
        Flow noise in octave bands from 63 Hz to 8 kHz, relative to its total.
    modes : tuple of Mode
        Resonances of the casing.
    bearing : Bearing
    blade_depth, shaft_depth : float in [0, 1]
        Normal depth of the modulation of the flow noise at blade pass, and of blade tones and casing at f_r.
    speed_sd, speed_tau_s : float
        Speed jitter: standard deviation as a fraction, and correlation time in s.
    mount_hz, mount_damping : float
        Resonance in Hz and damping ratio of the mount; they set how strongly an imbalance shows.
    state_speeds, state_tilts_db : dict of float
        Speed over nominal, and flow noise below 500 Hz, in each operating state.
    """

    impeller: str
    motor: Motor
    n_blades: int
    blade_levels_db: tuple[float, ...]
    blade_phases_rad: tuple[float, ...]
    shaft_levels_db: tuple[float, ...]
    shaft_phases_rad: tuple[float, ...]
    octave_levels_db: tuple[float, ...]
    modes: tuple[Mode, ...]
    bearing: Bearing
    blade_depth: float
    shaft_depth: float
    speed_sd: float
    speed_tau_s: float
    mount_hz: float
    mount_damping: float
    state_speeds: dict[str, float]
    state_tilts_db: dict[str, float]


def draw_fan(rng: np.random.Generator) -> Fan:
    """Draw an individual fan: 930 to 3500 rpm on an induction motor of 2 to 6 poles, 3 to 40 blades.

    Parameters
    ----------
    rng : Generator

    Returns
    -------
    Fan
    """
    impeller = str(rng.choice(sorted(N_BLADES)))
    motor = draw_motor(rng, n_pole_pairs=(1, 3), hum_db=(-20, -10))
    blade_db = rng.uniform(-10, -2)
    fall_db = rng.uniform(6, 12) * np.arange(N_BLADE_TONES)  # blade tones fall 6 to 12 dB a harmonic
    return Fan(
        impeller=impeller,
        motor=motor,
        n_blades=int(rng.integers(*N_BLADES[impeller], endpoint=True)),
        blade_levels_db=tuple((blade_db - fall_db + rng.normal(0, 2, N_BLADE_TONES)).tolist()),
        blade_phases_rad=tuple(rng.uniform(0, 2 * np.pi, N_BLADE_TONES).tolist()),
        shaft_levels_db=tuple((blade_db - rng.uniform(15, 30, N_SHAFT_ORDERS)).tolist()),  # unequal blades
        shaft_phases_rad=tuple(rng.uniform(0, 2 * np.pi, N_SHAFT_ORDERS).tolist()),
        octave_levels_db=tuple((OCTAVE_LEVELS_DB[impeller] + rng.normal(0, 1.5, len(OCTAVES_HZ))).tolist()),
        modes=draw_modes(rng, n_modes=(3, 6), mode_hz=(150, 1500), q=(10, 40), level_db=rng.uniform(-5, -1)),
        bearing=draw_bearing(rng, level_db=(-20, -14)),
        blade_depth=rng.uniform(0.05, 0.15),
        shaft_depth=rng.uniform(0.02, 0.04),
        speed_sd=rng.uniform(0.001, 0.004),
        speed_tau_s=rng.uniform(0.5, 3),
        mount_hz=motor.rotation_hz / rng.uniform(1.5, 3),  # on soft mounts, above their resonance
        mount_damping=rng.uniform(0.1, 0.3),
        state_speeds=dict(
            zip(STATES, (1.0, 1 + rng.uniform(0.003, 0.015), 1 - rng.uniform(0.003, 0.015)), strict=True)
        ),
        state_tilts_db=dict(zip(STATES, (0.0, rng.uniform(0.5, 2), -rng.uniform(0.5, 2)), strict=True)),
    )


@dataclass(frozen=True)
class FanRun:
    """How a fan runs during one clip: what differs from clip to clip, and what a fault may change.

    Parameters
    ----------
    state : str
        Operating state, one of `STATES`.
    speed, speed_drift : float
        Over the nominal one, at nominal voltage; its change over the clip.
    level_db, tilt_db, flow_db, casing_db : float, dB
        Everything (temperature, microphone); flow noise below 500 Hz; all flow noise; casing modes and bearing noise.
    tone_gains_db, shaft_gains_db : tuple of 6 and of 10 float, dB
        Blade-pass tones, shaft orders.
    shaft_depth : float in [0, 1]
        Modulation of the blade tones once per revolution.
    load_ratio : float >= 0
        Turning load of the bearings over their steady one.
    supply : Supply
    slot_gain_db : float, dB
        Slot tones of the motor.
    hum_gains_db : tuple of 3 float, dB
        Hum at 2, 4 and 6 times the mains frequency, beyond what follows from the voltage.
    speed_ripple : float
        Amplitude of the speed ripple once per revolution, as a fraction.
    stall : Mode or None
        Hump of narrow-band noise from a flow that separates.
    unsteady_db, unsteady_tau_s : float
        Slow swelling of flow noise and tones: standard deviation, and correlation time.
    defect_db : float, dB, or None
        Sound of a defect in the bearing.
    """

    state: str
    speed: float
    speed_drift: float
    level_db: float
    tilt_db: float
    flow_db: float
    tone_gains_db: tuple[float, ...]
    shaft_gains_db: tuple[float, ...]
    casing_db: float
    shaft_depth: float
    load_ratio: float
    supply: Supply
    slot_gain_db: float
    hum_gains_db: tuple[float, float, float] = (0.0, 0.0, 0.0)
    speed_ripple: float = 0.0
    stall: Mode | None = None
    unsteady_db: float = 0.0
    unsteady_tau_s: float = 0.3
    defect_db: float | None = None


def draw_fan_run(fan: Fan, state: str, rng: np.random.Generator) -> FanRun:
    """Draw how a fan without a fault runs during one clip in an operating state.

    Speed within 1 % of the state's, level within some 4 dB, voltage within 2 %, balance from G2.5 to G6.3 (8 dB).
    """
    residual_db = rng.normal(0, 2.5)
    depth = fan.shaft_depth * from_db(residual_db)
    voltage = 1 + rng.normal(0, 0.01)
    return FanRun(
        state=state,
        speed=fan.state_speeds[state] * (1 + rng.uniform(-0.007, 0.007)),
        speed_drift=rng.uniform(-0.005, 0.005),
        level_db=rng.normal(0, 1.4),
        tilt_db=fan.state_tilts_db[state] + rng.normal(0, 0.7),
        flow_db=0.0,
        tone_gains_db=tuple((rng.normal(0, 1) + rng.normal(0, 1, N_BLADE_TONES)).tolist()),
        shaft_gains_db=(residual_db,) * N_SHAFT_ORDERS,
        casing_db=rng.normal(0, 1),
        shaft_depth=depth,
        load_ratio=depth,
        supply=Supply((voltage, voltage)),
        slot_gain_db=rng.normal(0, 1),
    )


def render_fan(fan: Fan, run: FanRun, n_samples: int, *, sr: int, rng: np.random.Generator) -> FloatArray:
    """Sound of each part of a fan, one clip, without room and background noise.

    Parameters
    ----------
    fan : Fan
    run : FanRun
    n_samples : int > 0
    sr : int, Hz
    rng : Generator
        Draws noise and jitter.

    Returns
    -------
    ndarray, shape (3, n_samples)
        `PARTS`; their sum is about 0.1 rms.

    References
    ----------
    Sum of orders: JSV 216 (1998). Octave levels: Engineering ToolBox. Level against speed, 50 log(n / n0): Levitronix.
    """
    angle_rng, flow_rng, swell_rng, casing_rng, defect_rng, motor_rng = rng.spawn(
        6
    )  # the same draws whatever the fault
    own_speed = run.speed + run.speed_drift * np.linspace(-0.5, 0.5, n_samples)
    speed = own_speed * speed_on_supply(fan.motor, run.supply, n_samples, sr=sr)
    rotation_hz = fan.motor.rotation_hz * float(np.mean(speed))
    angle = shaft_angle(
        fan.motor.rotation_hz * speed,
        n_samples,
        jitter_sd=fan.speed_sd,
        jitter_tau_s=fan.speed_tau_s,
        sr=sr,
        rng=angle_rng,
    )
    angle += run.speed_ripple * np.sin(angle)  # a ripple of a in speed at 1x is a rad in angle
    turn, blade_turn = unit_phasor(angle), unit_phasor(fan.n_blades * angle)
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / sr)

    orders = np.arange(1.0, N_BLADE_TONES + 1)
    levels_db, phases_rad = np.array(fan.blade_levels_db) + run.tone_gains_db, np.array(fan.blade_phases_rad)
    blade = order_phasors(fan.n_blades * orders, levels_db, phases_rad, rotation_hz=rotation_hz, sr=sr)
    flow = shaped_noise(_flow_power(fan, run, frequency_hz, rotation_hz), n_samples, flow_rng)
    impeller = sum_of_harmonics(blade, blade_turn) * (1 + run.shaft_depth * turn.real)
    impeller += flow * (1 + fan.blade_depth * blade_turn.real + FLOW_DEPTH * turn.real)
    if run.unsteady_db:
        swell_db = ornstein_uhlenbeck(n_samples, sr=sr, sd=run.unsteady_db, tau_s=run.unsteady_tau_s, rng=swell_rng)
        impeller *= 10 ** (swell_db / 20)

    orders = np.arange(1.0, N_SHAFT_ORDERS + 1)
    levels_db, phases_rad = np.array(fan.shaft_levels_db) + run.shaft_gains_db, np.array(fan.shaft_phases_rad)
    shaft = order_phasors(orders, levels_db, phases_rad, rotation_hz=rotation_hz, sr=sr)
    power = shaken_power(fan.modes, frequency_hz) + bearing_noise_power(fan.bearing, frequency_hz)
    casing = shaped_noise(from_db(run.casing_db) ** 2 * power, n_samples, casing_rng) * np.abs(
        1 + run.load_ratio * turn
    )
    casing += sum_of_harmonics(shaft, turn)
    if run.defect_db is not None:
        casing += render_defect(
            fan.bearing, angle, level_db=run.defect_db, load_depth=min(run.load_ratio, 1.0), sr=sr, rng=defect_rng
        )

    hum = render_hum(fan.motor, run.hum_gains_db, n_samples, sr=sr, rng=motor_rng) * run.supply.voltage(n_samples) ** 2
    slots = render_slot_tones(fan.motor, angle, run.slot_gain_db, sr=sr, rng=motor_rng)
    aerodynamic = 0.1 * from_db(run.level_db) * speed**2.5  # 50 log(n / n0)
    return np.stack([aerodynamic * impeller, aerodynamic * casing, 0.1 * from_db(run.level_db) * (hum + slots)])


def _flow_power(fan: Fan, run: FanRun, frequency_hz: FloatArray, rotation_hz: float) -> FloatArray:
    """Power spectrum of the flow noise, shaped by octave; unit power at nominal load."""
    octaves = np.log2(np.maximum(frequency_hz, 1.0) / OCTAVES_HZ[0] * TABLE_ROTATION_HZ / rotation_hz)
    levels_db = np.array(fan.octave_levels_db) - 10 * np.log10(OCTAVES_HZ)  # an octave is as wide as its centre
    power: FloatArray = 10 ** (np.interp(octaves, np.arange(len(OCTAVES_HZ)), levels_db) / 10)
    power *= radiated(frequency_hz)
    power *= from_db(run.flow_db) ** 2 / power.sum()
    power[frequency_hz < LOAD_HZ] *= from_db(run.tilt_db) ** 2
    if run.stall is not None:
        power += shaken_power([run.stall], frequency_hz)
    return power
