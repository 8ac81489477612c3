"""An individual slide rail (linear axis), how it runs during one clip, how its carriage moves, and its sound.

A carriage goes to and fro, driven by a toothed belt or a ball screw. All its tones follow its speed: teeth that mesh,
balls that pass, phases of the stepper motor; the noise of rolling balls and of the frame that they shake grows with it.
Levels are in dB relative to the rolling noise of the same rail at its nominal speed.
"""

from dataclasses import dataclass

import numpy as np

from auscult.synth.processes import FloatArray, from_db, ornstein_uhlenbeck, shaped_noise, sum_of_harmonics, unit_phasor
from auscult.synth.shaft import order_phasors, radiated
from auscult.synth.structure import Mode, draw_modes, shaken_power, strike, struck

ROLLING_EXPONENT = 1.63  # of amplitude over speed: 9.8 dB for twice the speed (Ohta and Nakagawa 2003)
MOTOR_ORDER = 50  # electrical periods per turn of a stepper motor; its full steps are the fourth harmonic
FRICTION_HZ = (1000.0, 6000.0)  # lubrication changes the rolling noise between
SLOPE_DB, BALL_DEPTH = 5.0, 0.1  # rolling noise: its fall in an octave, its modulation from ball to ball
SQUEAL_PACE = 0.45  # share of the nominal speed below which dry contacts stick and slip
FLUTTER_RAD = 2.0  # phase of the mesh over depth of the modulation
HOLD_DB = -32.0  # hiss of the motor's current, which also flows at standstill
SLACK_S = 0.02  # from a reversal until the slack of a loose belt is taken up
BLOW_S = 0.01  # a blow's level is its mean over this time
N_BALLS = 3  # that strike a pit before and after the one that carries most
SPEED_SD, DWELL_SD = 0.002, 0.02  # of single strokes
STATES = ("nominal", "slow", "fast")  # the programmed speed
PARTS = ("carriage", "frame", "drive")
"""What radiates, in the order of the rows that `render_slider` gives."""


@dataclass(frozen=True)
class Damage:
    """A pit in the rail: where in m, rms of its blow over 10 ms, share of it with which other balls strike."""

    at_m: float
    blow: float
    train: float


@dataclass(frozen=True)
class Slider:
    """One individual slide rail; what differs from rail to rail, not from clip to clip.

    Parameters
    ----------
    drive : {"belt", "screw"}
    stroke_s, dwell_s, stroke_m : float; s, s, m
        Nominal time of one stroke, from end to end, with the dwell that follows; of this dwell; length of the stroke.
    speed_mps, acceleration_mps2 : float; m/s, m/s^2
        Nominal cruising speed; acceleration at either end.
    mesh_m, turn_m : float, m
        Way of the carriage from tooth to tooth of the belt, or from ball to ball in the screw's nut; and per turn of
        the motor: belt pitch times teeth of the pulley, or lead of the screw.
    ball_m : float, m
        Way of the carriage from ball to ball under it: twice their spacing, for balls roll at half its speed.
    mesh_levels_db, ball_levels_db, motor_levels_db : tuple of 6, 3 and 4 float, dB
        Tones at multiples of v / mesh_m, of v / ball_m, and of the motor's 50 v / turn_m.
    turn_depth, corner_hz : float
        Modulation of the mesh by an eccentric pulley or screw, in [0, 1]; where the rolling noise begins to fall, Hz.
    contact_modes, frame_modes : tuple of Mode
        Resonances of rail and carriage, 1 to 5 kHz, and of the frame, 150 to 1200 Hz.
    mark, stop : Damage, float
        Worst mark on the healthy rail; blow on the frame as the carriage starts or stops, rms over 10 ms.
    state_speeds : dict of float
        Speed over nominal in each operating state.
    """

    drive: str
    stroke_s: float
    dwell_s: float
    stroke_m: float
    speed_mps: float
    acceleration_mps2: float
    mesh_m: float
    turn_m: float
    ball_m: float
    mesh_levels_db: tuple[float, ...]
    ball_levels_db: tuple[float, ...]
    motor_levels_db: tuple[float, ...]
    turn_depth: float
    corner_hz: float
    contact_modes: tuple[Mode, ...]
    frame_modes: tuple[Mode, ...]
    mark: Damage
    stop: float
    state_speeds: dict[str, float]


def draw_slider(rng: np.random.Generator) -> Slider:
    """Draw an individual: strokes of 1 to 4 s, a belt at up to 0.8 m/s or a screw at up to 25 turns a second."""
    drive = str(rng.choice(["belt", "screw"]))
    move_s, dwell_s = rng.uniform(0.85, 3.2), rng.uniform(0.15, 0.8)
    ramp_s = move_s * rng.uniform(0.12, 0.28)
    if drive == "belt":
        mesh_m = float(rng.choice([0.003, 0.005, 0.008]))
        turn_m = mesh_m * int(rng.integers(18, 32, endpoint=True))
        speed_mps = min(rng.uniform(0.25, 0.8), 1.2 / (move_s - ramp_s))
    else:
        turn_m = float(rng.choice([0.005, 0.01, 0.016, 0.02]))
        mesh_m = turn_m / rng.uniform(6, 12)
        speed_mps = min(turn_m * rng.uniform(8, 25), 0.8 / (move_s - ramp_s))
    stroke_m = speed_mps * (move_s - ramp_s)
    mesh_db = rng.uniform(-6, 0) - rng.uniform(3, 7) * np.arange(6)
    return Slider(
        drive=drive,
        stroke_s=move_s + dwell_s,
        dwell_s=dwell_s,
        stroke_m=stroke_m,
        speed_mps=speed_mps,
        acceleration_mps2=speed_mps / ramp_s,
        mesh_m=mesh_m,
        turn_m=turn_m,
        ball_m=2 * rng.uniform(0.0032, 0.0065),
        mesh_levels_db=tuple((mesh_db + rng.normal(0, 2, 6)).tolist()),
        ball_levels_db=tuple((rng.uniform(-16, -8) + rng.normal((0, -4, -8), 2)).tolist()),
        motor_levels_db=tuple((rng.uniform(-8, -2) - rng.uniform((0, 2, 6, 4), (3, 8, 16, 12))).tolist()),
        turn_depth=rng.uniform(0.05, 0.2),
        corner_hz=rng.uniform(500, 1500),
        contact_modes=draw_modes(rng, n_modes=(4, 7), mode_hz=(1000, 5000), q=(10, 30), level_db=rng.uniform(-9, -5)),
        frame_modes=draw_modes(rng, n_modes=(4, 7), mode_hz=(150, 1200), q=(8, 30), level_db=rng.uniform(-3, 2)),
        mark=Damage(stroke_m * rng.uniform(0.1, 0.9), from_db(rng.uniform(-12, -3)), 0.0),
        stop=from_db(rng.uniform(-4, 3)),
        state_speeds=dict(zip(STATES, (1.0, rng.uniform(0.84, 0.92), rng.uniform(1.08, 1.16)), strict=True)),
    )


@dataclass(frozen=True)
class SliderRun:
    """How a slide rail runs during one clip: what differs from clip to clip, and what a fault may change.

    Parameters
    ----------
    state : str
        Operating state, one of `STATES`.
    speed, dwell, start : float
        Speed and dwell over the nominal ones; where in its cycle the clip begins, 0 to 1 on the way out, 1 to 2 back.
    scatter : tuple of 8 float
        How single strokes differ, in standard deviations; then they come again.
    level_db, rolling_db, friction_db, drive_db : float, dB
        Everything; carriage (temperature of the grease); its noise from 1 to 6 kHz; motor and frame.
    mesh_gains_db, damages : tuple of 6 float in dB, tuple of Damage
    squeal, squeal_hz : float
        Squeal where the carriage is slow: rms over that of the rolling noise; its frequency in Hz.
    flutter, flutter_hz, clack : float
        Depth in [0, 1] and frequency in Hz of swinging drive and carriage; blow as slack is taken up, rms over 10 ms.
    """

    state: str
    speed: float
    dwell: float
    start: float
    scatter: tuple[float, ...]
    level_db: float
    rolling_db: float
    friction_db: float
    drive_db: float
    mesh_gains_db: tuple[float, ...]
    damages: tuple[Damage, ...] = ()
    squeal: float = 0.0
    squeal_hz: float = 1500.0
    flutter: float = 0.0
    flutter_hz: float = 8.0
    clack: float = 0.0


def draw_slider_run(slider: Slider, state: str, rng: np.random.Generator) -> SliderRun:
    """Draw how a slide rail without a fault runs during one clip: speed within 1 %, level within some 2.5 dB."""
    level_db, rolling_db, friction_db, drive_db = rng.normal(0, (1.2, 2, 2, 1.5)).tolist()
    return SliderRun(
        state=state,
        speed=slider.state_speeds[state] * (1 + rng.uniform(-0.01, 0.01)),
        dwell=1 + rng.uniform(-0.05, 0.05),
        start=rng.uniform(0, 2),
        scatter=tuple(rng.normal(0, 1, 8).tolist()),
        level_db=level_db,
        rolling_db=rolling_db,
        friction_db=friction_db,
        drive_db=drive_db,
        mesh_gains_db=tuple((rng.normal(0, 1.5) + rng.normal(0, 1, 6)).tolist()),
    )


def carriage_motion(slider: Slider, run: SliderRun, n_samples: int, *, sr: int) -> tuple[FloatArray, FloatArray]:
    """Position in m and speed in m/s of the carriage at each sample, both of shape (n_samples,); no random draws.

    It starts at 0, accelerates evenly, cruises, slows down evenly at ``stroke_m``, dwells, and comes back.
    """
    position_m, speed_mps = np.zeros((2, n_samples))
    number, end_s = int(run.start), 0.0
    while end_s * sr < n_samples:
        cruise_mps = slider.speed_mps * run.speed * (1 + SPEED_SD * run.scatter[number % 8])
        ramp_s = cruise_mps / slider.acceleration_mps2
        move_s = slider.stroke_m / cruise_mps + ramp_s
        dwell_s = slider.dwell_s * run.dwell * (1 + DWELL_SD * run.scatter[-1 - number % 8])
        begin_s = end_s or -(run.start % 1) * (move_s + dwell_s)
        end_s = begin_s + move_s + dwell_s
        samples = np.arange(max(int(np.ceil(begin_s * sr)), 0), min(int(np.ceil(end_s * sr)), n_samples))
        gone_s = np.minimum(samples / sr - begin_s, move_s)
        faster_s, slower_s = np.minimum(gone_s, ramp_s), np.maximum(gone_s - (move_s - ramp_s), 0)
        way_m = slider.acceleration_mps2 * (faster_s**2 - slower_s**2) / 2 + cruise_mps * (gone_s - faster_s)
        position_m[samples] = slider.stroke_m - way_m if number % 2 else way_m
        speed_mps[samples] = (-1) ** number * slider.acceleration_mps2 * (faster_s - slower_s)
        number += 1
    return position_m, speed_mps


def render_slider(slider: Slider, run: SliderRun, n_samples: int, *, sr: int, rng: np.random.Generator) -> FloatArray:
    """Sound of each part of a slide rail, one clip, without room and background noise.

    Returns
    -------
    ndarray, shape (3, n_samples)
        `PARTS`; their sum is about 0.1 rms while the carriage cruises.

    References
    ----------
    Rolling noise against speed: H. Ohta, Y. Nakagawa, Journal of Tribology 125, 2003. Meshing teeth against speed:
    Linear Motion Tips, "What causes synchronous belt noise and how to reduce it".
    """
    carriage_rng, frame_rng, drive_rng, flutter_rng = rng.spawn(4)  # the same draws whatever the fault
    position_m, speed_mps = carriage_motion(slider, run, n_samples, sr=sr)
    pace = np.abs(speed_mps) / slider.speed_mps
    wander_rad = ornstein_uhlenbeck(n_samples, sr=sr, sd=0.5, tau_s=0.5, rng=flutter_rng)
    angle = 2 * np.pi * (run.flutter_hz * np.arange(n_samples) / sr + flutter_rng.random()) + wander_rad
    flutter = run.flutter * unit_phasor(angle).real
    carriage = _carriage(slider, run, position_m, pace, sr=sr, rng=carriage_rng) * (1 + flutter / 2)
    drive = _drive(slider, run, position_m, flutter, sr=sr, rng=drive_rng) * pace
    modes = shaken_power(slider.frame_modes, np.fft.rfftfreq(n_samples, 1 / sr))
    frame = shaped_noise(from_db(run.drive_db) ** 2 * modes, n_samples, frame_rng) * pace
    frame += np.fft.irfft(np.fft.rfft(drive) * np.sqrt(modes / modes.max()), n_samples)
    edges = np.flatnonzero(np.diff(pace > 1e-6)) + 1  # of standstill, up to rounding
    starts = edges[pace[edges] > 1e-6]
    samples = np.concatenate([edges, starts + SLACK_S * sr])
    strengths = np.repeat([slider.stop, run.clack], [edges.size, starts.size])
    strengths *= frame_rng.lognormal(0, 0.2, samples.size)
    frame += strike(_ring((*slider.frame_modes, *slider.contact_modes), sr), samples, strengths, n_samples)
    drive += shaped_noise(np.full(modes.size, from_db(HOLD_DB) ** 2 / modes.size), n_samples, drive_rng)
    return 0.05 * from_db(run.level_db) * np.stack([carriage, frame, drive])


def _carriage(
    slider: Slider, run: SliderRun, position_m: FloatArray, pace: FloatArray, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Rolling noise and ball tones, blows of mark and pits, squeal."""
    noise_rng, blow_rng, squeal_rng = rng.spawn(3)
    n_samples, frequency_hz = pace.size, np.fft.rfftfreq(pace.size, 1 / sr)
    power = radiated(frequency_hz) / (1 + (frequency_hz / slider.corner_hz) ** (SLOPE_DB / 3))
    power = power / power.sum() + shaken_power(slider.contact_modes, frequency_hz)
    low, high = FRICTION_HZ[0] / np.maximum(frequency_hz, 1.0), frequency_hz / FRICTION_HZ[1]
    power *= 10 ** (run.friction_db / 10 / (1 + low**6) / (1 + high**6))
    angle, ball_hz = 2 * np.pi * position_m / slider.ball_m, run.speed * slider.speed_mps / slider.ball_m
    y = _tones(np.array(slider.ball_levels_db), angle, ball_hz, sr, noise_rng) * pace
    rolling = shaped_noise(power, n_samples, noise_rng) * pace**ROLLING_EXPONENT
    y += rolling * (1 + BALL_DEPTH * unit_phasor(angle).real)
    blows = np.zeros(n_samples)
    for damage, pit_rng in zip((slider.mark, *run.damages), blow_rng.spawn(1 + len(run.damages)), strict=True):
        balls_m = damage.at_m + slider.ball_m * np.arange(-N_BALLS, N_BALLS + 1)
        n_passed = np.searchsorted(balls_m, position_m)
        samples = np.flatnonzero(np.diff(n_passed)) + 1
        is_main = n_passed[samples] + n_passed[samples - 1] == 2 * N_BALLS + 1
        strengths = damage.blow * pace[samples] * np.where(is_main, 1, damage.train)
        blows[samples] += strengths * pit_rng.lognormal(0, 0.2, samples.size)
    y += strike(_ring(slider.contact_modes, sr), np.arange(float(n_samples)), blows, n_samples)
    y *= from_db(run.rolling_db)
    if run.squeal:
        wander = ornstein_uhlenbeck(n_samples, sr=sr, sd=0.01, tau_s=0.1, rng=squeal_rng)
        angle = 2 * np.pi * run.squeal_hz * np.cumsum(1 + wander) / sr
        tone = _tones(np.array([0.0, -8.0, -14.0]), angle, run.squeal_hz, sr, squeal_rng)
        slowness = np.clip(1 - pace / SQUEAL_PACE, 0, 1)
        y += run.squeal * 4 * slowness * (1 - slowness) * tone * np.exp(50 * wander)
    return y


def _drive(
    slider: Slider, run: SliderRun, position_m: FloatArray, flutter: FloatArray, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Tones of mesh and motor, at the nominal speed's level."""
    turn, cruise_mps = 2 * np.pi * position_m / slider.turn_m, run.speed * slider.speed_mps
    angle = 2 * np.pi * position_m / slider.mesh_m + FLUTTER_RAD * flutter
    levels_db = np.array(slider.mesh_levels_db) + run.mesh_gains_db
    mesh = _tones(levels_db, angle, cruise_mps / slider.mesh_m, sr, rng)
    levels_db, motor_hz = np.array(slider.motor_levels_db) + run.drive_db, MOTOR_ORDER * cruise_mps / slider.turn_m
    motor = _tones(levels_db, MOTOR_ORDER * turn, motor_hz, sr, rng)
    return np.asarray(mesh * (1 + slider.turn_depth * unit_phasor(turn).real) * (1 + flutter) + motor)


def _tones(levels_db: FloatArray, angle: FloatArray, tone_hz: float, sr: int, rng: np.random.Generator) -> FloatArray:
    """Tones at the multiples of a turning angle, which turns `tone_hz` times a second at most."""
    orders = np.arange(1.0, len(levels_db) + 1)
    phases_rad = rng.uniform(0, 2 * np.pi, orders.size)
    phasors = order_phasors(orders, levels_db, phases_rad, rotation_hz=1.01 * tone_hz, sr=sr)
    return sum_of_harmonics(phasors, unit_phasor(angle))


def _ring(modes: tuple[Mode, ...], sr: int) -> FloatArray:
    """What is heard after a blow that has an rms of 1 over 10 ms."""
    ring = struck(modes, sr=sr)
    return np.asarray(ring * np.sqrt(BLOW_S * sr / max(float(np.sum(ring**2)), 1e-12)))
