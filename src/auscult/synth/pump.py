"""An individual centrifugal pump, how it runs during one clip, and its sound.

The sound is a sum: tones at multiples of the shaft's rotation frequency (those at multiples of the number of vanes are
the vane-pass tones), flow noise that is flat to 2 to 4 kHz, vapour bubbles that collapse as a vane passes the volute's
tongue, recirculation below the rotation frequency, casing modes and bearing noise, the motor's hum and its cooling fan;
with a leak also hiss and drips. Levels are in dB relative to the flow noise of the same pump.
"""

from dataclasses import dataclass

import numpy as np

from auscult.synth.motor import Motor, draw_motor, render_hum, speed_at_voltage
from auscult.synth.processes import (
    FloatArray,
    band_power,
    from_db,
    ornstein_uhlenbeck,
    shaped_noise,
    sum_of_harmonics,
    unit_phasor,
)
from auscult.synth.shaft import Bearing, bearing_noise_power, draw_bearing, order_phasors, radiated, shaft_angle
from auscult.synth.structure import Mode, draw_modes, shaken_power, strike, struck

ROTATION_HZ = (24.0, 58.0)  # of pumps on motors with 2 or 4 poles
N_VANES = (4, 7)  # least, most
N_VANE_TONES = 5
N_SHAFT_ORDERS = 8
HIGH_HZ = 1000.0  # the content of air and the suction pressure change the flow noise above
BUBBLE_HZ = (1000.0, 10000.0)  # of the sound of cavitation (Kotb and Abdulaziz 2015)
N_COLLAPSES_HZ = 2500.0  # loud ones in a second; so few that single ones stand out
HISS_HZ = (2000.0, 8000.0)  # of a leak
DRIP_CV = 0.2  # coefficient of variation of the time from drip to drip; a gland drips fairly evenly
DRIP_S = 0.01  # a drip's level is its mean over this time
STATES = ("nominal", "part flow", "full flow")  # of the installation: how far its valve is open
PARTS = ("hydraulics", "casing", "motor")
"""What radiates, in the order of the rows that `render_pump` gives."""


@dataclass(frozen=True)
class Pump:
    """One individual centrifugal pump; what differs from pump to pump, not from clip to clip.

    Parameters
    ----------
    motor : Motor
    n_vanes : int
        Of the impeller; the vane-pass frequency is ``n_vanes * motor.rotation_hz``.
    vane_levels_db, shaft_levels_db : tuple of 5 and of 8 float
        Tones at the multiples of the vane-pass frequency and, from unequal vanes, of the rotation frequency f_r.
    corner_hz, slope_db : float
        Flow noise is flat to this frequency in Hz, and falls by this many dB an octave above it.
    vane_depth, shaft_depth : float in [0, 1]
        Normal depth of the modulation of the flow noise at vane pass, and of everything but the motor at f_r.
    cavitation_db : float, dB
        Bubbles that collapse in the healthy pump; above 0 dB they drown the flow.
    recirculation : Mode
        Noise below f_r of flow that turns back at the impeller's eye, before the casing radiates it.
    modes : tuple of Mode
        Resonances of the casing and its base, which noise shakes and drips strike.
    bearing : Bearing
    cooling_db : float, dB
        Noise of the motor's cooling fan.
    speed_sd, speed_tau_s, swell_tau_s : float
        Speed jitter: standard deviation as a fraction, correlation time in s; the same time of unsteady flow.
    state_changes : dict of tuple of 4 float
        In each operating state: speed over nominal; vane tones, recirculation and cavitation in dB.
    """

    motor: Motor
    n_vanes: int
    vane_levels_db: tuple[float, ...]
    shaft_levels_db: tuple[float, ...]
    corner_hz: float
    slope_db: float
    vane_depth: float
    shaft_depth: float
    cavitation_db: float
    recirculation: Mode
    modes: tuple[Mode, ...]
    bearing: Bearing
    cooling_db: float
    speed_sd: float
    speed_tau_s: float
    swell_tau_s: float
    state_changes: dict[str, tuple[float, float, float, float]]


def draw_pump(rng: np.random.Generator) -> Pump:
    """Draw an individual pump: 1440 to 3480 rpm on an induction motor of 2 or 4 poles, 4 to 7 vanes."""
    motor = draw_motor(rng, n_pole_pairs=(1, 2), hum_db=(-22, -12))
    while not ROTATION_HZ[0] <= motor.rotation_hz <= ROTATION_HZ[1]:  # a four-pole motor of much slip is too slow
        motor = draw_motor(rng, n_pole_pairs=(1, 2), hum_db=(-22, -12))
    vane_db = rng.uniform(-9, -3)
    fall_db = rng.uniform(5, 10) * np.arange(N_VANE_TONES)
    return Pump(
        motor=motor,
        n_vanes=int(rng.integers(*N_VANES, endpoint=True)),
        vane_levels_db=tuple((vane_db - fall_db + rng.normal(0, 2, N_VANE_TONES)).tolist()),
        shaft_levels_db=tuple((vane_db - rng.uniform(12, 25, N_SHAFT_ORDERS)).tolist()),
        corner_hz=rng.uniform(2000, 4000),
        slope_db=rng.uniform(6, 12),
        vane_depth=rng.uniform(0.04, 0.1),
        shaft_depth=rng.uniform(0.02, 0.05),
        cavitation_db=rng.uniform(-24, -19),
        recirculation=Mode(motor.rotation_hz * rng.uniform(0.3, 0.8), rng.uniform(1, 2), rng.uniform(-15, -8)),
        modes=draw_modes(rng, n_modes=(4, 7), mode_hz=(250, 3000), q=(10, 40), level_db=rng.uniform(-8, -4)),
        bearing=draw_bearing(rng, level_db=(-18, -12)),
        cooling_db=rng.uniform(-16, -9),
        speed_sd=rng.uniform(0.001, 0.003),
        speed_tau_s=rng.uniform(0.5, 3),
        swell_tau_s=rng.uniform(0.05, 0.4),
        state_changes={  # vane tones are least at the best efficiency; more flow needs more suction pressure
            STATES[0]: (1.0, 0.0, 0.0, 0.0),
            STATES[1]: (1 + rng.uniform(0.002, 0.008), rng.uniform(0.5, 2), rng.uniform(2, 5), -rng.uniform(0, 2)),
            STATES[2]: (1 - rng.uniform(0.002, 0.006), rng.uniform(0, 1), -rng.uniform(0, 2), rng.uniform(2, 6)),
        },
    )


@dataclass(frozen=True)
class PumpRun:
    """How a pump runs during one clip: what differs from clip to clip, and what a fault may change.

    Parameters
    ----------
    state : str
        Operating state, one of `STATES`.
    speed, speed_drift, voltage : float
        Speed over the nominal one, at nominal voltage; its change over the clip; voltage over the nominal one.
    level_db, flow_db, high_db : float, dB
        Everything (temperature, microphone); flow noise as a whole; what is added to it well above 1 kHz.
    vane_gains_db, shaft_gains_db : tuple of 5 and of 8 float, dB
        Vane-pass tones, shaft orders.
    casing_db, unsteady_db : float, dB
        Casing modes and bearing noise; slow swelling of flow and vane tones, its standard deviation.
    shaft_depth : float in [0, 1]
        Modulation of everything but the motor once per revolution.
    recirculation_db, cavitation_db : float, dB
        Added to the pump's own levels.
    alternation : float in [0, 1]
        How much weaker bubbles collapse on every second vane.
    half_vane : float >= 0
        Tone at half the vane-pass frequency: rms over that of the flow noise.
    hiss, drip : float >= 0
        Of a leak: rms over that of the flow noise; a drip's in its 10 ms.
    drip_hz : float > 0, Hz
        Drips per second.
    """

    state: str
    speed: float
    speed_drift: float
    voltage: float
    level_db: float
    flow_db: float
    high_db: float
    vane_gains_db: tuple[float, ...]
    shaft_gains_db: tuple[float, ...]
    casing_db: float
    shaft_depth: float
    unsteady_db: float
    recirculation_db: float
    cavitation_db: float
    alternation: float = 0.0
    half_vane: float = 0.0
    hiss: float = 0.0
    drip: float = 0.0
    drip_hz: float = 1.0


def draw_pump_run(pump: Pump, state: str, rng: np.random.Generator) -> PumpRun:
    """Draw how a pump without a fault runs during one clip in an operating state.

    Speed within 1 % of the state's, level within some 2.5 dB, voltage within 2 %, flow noise above 1 kHz within 5 dB.
    """
    speed, vanes_db, recirculation_db, cavitation_db = pump.state_changes[state]
    residual_db = rng.normal(0, 2)
    return PumpRun(
        state=state,
        speed=speed * (1 + rng.uniform(-0.006, 0.006)),
        speed_drift=rng.uniform(-0.003, 0.003),
        voltage=1 + rng.normal(0, 0.01),
        level_db=rng.normal(0, 1.2),
        flow_db=rng.normal(0, 0.7),
        high_db=rng.normal(0, 2.2),
        vane_gains_db=tuple((vanes_db + rng.normal(0, 1) + rng.normal(0, 1, N_VANE_TONES)).tolist()),
        shaft_gains_db=(residual_db,) * N_SHAFT_ORDERS,
        casing_db=rng.normal(0, 1),
        shaft_depth=pump.shaft_depth * from_db(residual_db),
        unsteady_db=rng.uniform(0.3, 0.9),
        recirculation_db=recirculation_db + rng.normal(0, 2),
        cavitation_db=cavitation_db + rng.normal(0, 2.5),
    )


def render_pump(pump: Pump, run: PumpRun, n_samples: int, *, sr: int, rng: np.random.Generator) -> FloatArray:
    """Sound of each part of a pump, one clip, without room and background noise.

    Parameters
    ----------
    pump : Pump
    run : PumpRun
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
    A. Kotb, A. M. Abdulaziz, Energy and Power Engineering 7, 2015: 47.5 Hz, 6 vanes, the tones at 285 Hz and multiples.
    Level against speed, 50 log(n / n0): Levitronix.
    """
    angle_rng, flow_rng, bubble_rng, casing_rng, leak_rng, motor_rng = rng.spawn(6)  # the same draws whatever the fault
    ramp = np.linspace(-0.5, 0.5, n_samples)
    speed = (run.speed + run.speed_drift * ramp) * speed_at_voltage(pump.motor, run.voltage)
    speed_hz = pump.motor.rotation_hz * speed
    angle = shaft_angle(
        speed_hz, n_samples, jitter_sd=pump.speed_sd, jitter_tau_s=pump.speed_tau_s, sr=sr, rng=angle_rng
    )
    turn, rotation_hz = unit_phasor(angle), float(np.mean(speed_hz))
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / sr)

    hydraulics = _hydraulics(pump, run, angle, rotation_hz=rotation_hz, sr=sr, rng=flow_rng)
    hydraulics += _bubbles(pump, run, angle, sr=sr, rng=bubble_rng)

    orders, levels_db = np.arange(1.0, N_SHAFT_ORDERS + 1), np.array(pump.shaft_levels_db) + run.shaft_gains_db
    phases_rad = casing_rng.uniform(0, 2 * np.pi, orders.size)
    shaft = order_phasors(orders, levels_db, phases_rad, rotation_hz=rotation_hz, sr=sr)
    power = shaken_power(pump.modes, frequency_hz) + bearing_noise_power(pump.bearing, frequency_hz)
    noise = shaped_noise(from_db(run.casing_db) ** 2 * power, n_samples, casing_rng)
    once = 1 + run.shaft_depth * turn.real
    casing = noise * once + sum_of_harmonics(shaft, turn) + _leak(pump, run, n_samples, sr=sr, rng=leak_rng)

    power = radiated(frequency_hz) / (1 + (frequency_hz / 500) ** 2)  # a small fan: falls by 6 dB an octave
    motor = shaped_noise(from_db(pump.cooling_db) ** 2 * power / power.sum(), n_samples, motor_rng)
    motor += render_hum(pump.motor, (0.0, 0.0, 0.0), n_samples, sr=sr, rng=motor_rng) * run.voltage**2
    loudness = 0.075 * from_db(run.level_db) * speed**2.5  # 50 log(n / n0)
    return np.asarray(loudness * np.stack([hydraulics * once, casing, motor]))


def _hydraulics(
    pump: Pump, run: PumpRun, angle: FloatArray, *, rotation_hz: float, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Vane-pass tones and flow noise; all of it swells slowly."""
    vane_turn, frequency_hz = unit_phasor(pump.n_vanes * angle), np.fft.rfftfreq(angle.size, 1 / sr)
    orders, levels_db = np.arange(1.0, N_VANE_TONES + 1), np.array(pump.vane_levels_db) + run.vane_gains_db
    phases_rad = rng.uniform(0, 2 * np.pi, orders.size)
    tones = order_phasors(pump.n_vanes * orders, levels_db, phases_rad, rotation_hz=rotation_hz, sr=sr)
    y = sum_of_harmonics(tones, vane_turn)
    if run.half_vane:
        y += np.sqrt(2) * run.half_vane * unit_phasor(pump.n_vanes / 2 * angle).real

    power = radiated(frequency_hz) / (1 + (frequency_hz / pump.corner_hz) ** (pump.slope_db / 3))
    is_high = frequency_hz**2 / (frequency_hz**2 + HIGH_HZ**2)
    power *= 10 ** ((run.flow_db + run.high_db * is_high) / 10) / power.sum()
    is_low = radiated(frequency_hz) / (1 + (((frequency_hz / rotation_hz) ** 2) ** 2) ** 2)
    power += from_db(run.recirculation_db) ** 2 * shaken_power([pump.recirculation], frequency_hz) * is_low
    y = y + shaped_noise(power, angle.size, rng) * (1 + pump.vane_depth * vane_turn.real)
    swell_db = ornstein_uhlenbeck(angle.size, sr=sr, sd=run.unsteady_db, tau_s=pump.swell_tau_s, rng=rng)
    return np.asarray(y * 10 ** (swell_db / 20))


def _bubbles(pump: Pump, run: PumpRun, angle: FloatArray, *, sr: int, rng: np.random.Generator) -> FloatArray:
    """Vapour bubbles that collapse at random, most of them as a vane passes the tongue, not all vanes alike."""
    passes = pump.n_vanes * angle / (2 * np.pi)
    vane_rng, time_rng, strength_rng = rng.spawn(3)
    strengths = vane_rng.lognormal(0, 0.25, pump.n_vanes)
    strengths[1::2] *= 1 - run.alternation
    strengths /= np.sqrt(np.mean(strengths**2))
    gate = ((1 + np.cos(2 * np.pi * (passes - np.floor(passes)).astype(np.float32))) / 2) ** 3  # mean 5 / 16
    samples = np.flatnonzero(time_rng.random(angle.size, np.float32) < N_COLLAPSES_HZ / sr * 16 / 5 * gate)
    blows = np.zeros(angle.size)
    vanes = np.floor(passes[samples] + 0.5).astype(np.intp) % pump.n_vanes
    blows[samples] = strength_rng.laplace(0, np.sqrt(0.5), samples.size) * strengths[vanes]
    power = band_power(np.fft.rfftfreq(angle.size, 1 / sr), BUBBLE_HZ)
    per_bin = N_COLLAPSES_HZ / sr / power.size  # power of a train of unit blows, the same in all bins
    gain = from_db(pump.cavitation_db + run.cavitation_db)
    return np.asarray(gain * np.fft.irfft(np.fft.rfft(blows) * np.sqrt(power / per_bin), angle.size))


def _leak(pump: Pump, run: PumpRun, n_samples: int, *, sr: int, rng: np.random.Generator) -> FloatArray:
    """Hiss of a jet, which knows nothing of the vanes, and drips that strike what lies below."""
    if not (run.hiss or run.drip):
        return np.zeros(n_samples)
    hiss = shaped_noise(run.hiss**2 * band_power(np.fft.rfftfreq(n_samples, 1 / sr), HISS_HZ), n_samples, rng)
    n_drips = 3 + int(2 * run.drip_hz * n_samples / sr)
    waits_s = rng.gamma(DRIP_CV**-2, DRIP_CV**2 / run.drip_hz, n_drips)
    samples = sr * (np.cumsum(waits_s) - waits_s[0] * rng.random())
    strengths = run.drip * np.sqrt(DRIP_S * sr) * rng.lognormal(0, 0.4, n_drips) * (samples < n_samples)
    ring = struck(pump.modes, sr=sr)
    ring /= max(float(np.sqrt(np.sum(ring**2))), 1e-9)
    return np.asarray(hiss + strike(ring, samples, strengths, n_samples))
