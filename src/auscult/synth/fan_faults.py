"""Faults of a fan: each takes how a healthy fan runs during a clip, and says how it runs with the fault.

Severity 0 is no fault at all, 1 a gross one; the same fault shows differently from clip to clip and from fan to fan.
"""

import math
from dataclasses import replace

import numpy as np

from auscult.synth.fan import N_SHAFT_ORDERS, Fan, FanRun
from auscult.synth.motor import Supply
from auscult.synth.structure import Mode

WORST_GRADE = 0.063  # m/s: balance grade G63
WORST_RATIO = 10.0  # G63 over G6.3
GRAVITY = 9.81  # m/s^2
WORST_LOAD = 2.5  # turning force over weight; estimate: protection stops a fast fan before it reaches G63
WORST_DEPTH = 0.35  # modulation depth at severity 1 on a mount that neither amplifies nor isolates
DEEPEST = 0.6  # modulation saturates: sound does not vanish once per revolution
WORST_RIPPLE = 0.001  # speed ripple at 1x: 0.1 % of the speed


def imbalance(fan: Fan, run: FanRun, severity: float, rng: np.random.Generator) -> FanRun:
    """Dirt, wear or a lost weight: the rotor's mass is off its axis and pulls once per revolution.

    The force is F = m e omega^2. Balance quality is graded G = e omega in mm/s: a normal rotor has G2.5 to G6.3, a
    faulty one G16 to G63. The line at 1x radiates poorly (12 to 60 Hz), so what is heard is the modulation of the blade
    tones once per revolution (depth 0.03 when normal, 0.05 to 0.35 when imbalanced), and noise of casing and bearings,
    which follows their load: weight and turning force. 2x and 3x come from play that opens only under a large force.

    References
    ----------
    ISO 21940-11 (grades). Transmissibility of a mount: Den Hartog, Mechanical Vibrations.
    """
    mount_gain = transmissibility(fan.motor.rotation_hz, mount_hz=fan.mount_hz, mount_damping=fan.mount_damping)
    force = severity * mount_gain
    orders = np.arange(2, N_SHAFT_ORDERS + 1)
    rattle_db = 20 * np.log10(1 + 11 * severity * force / (orders - 1))  # play opens only under a large force
    rises_db = np.concatenate([[20 * math.log10(1 + (WORST_RATIO - 1) * force)], rattle_db])
    load = min(WORST_GRADE * 2 * math.pi * fan.motor.rotation_hz / GRAVITY, WORST_LOAD)
    return replace(
        run,
        shaft_gains_db=tuple((run.shaft_gains_db + rises_db).tolist()),
        shaft_depth=min(run.shaft_depth + WORST_DEPTH * force, DEEPEST),
        load_ratio=run.load_ratio + load * force,
        speed_ripple=run.speed_ripple + WORST_RIPPLE * force,
    )


def transmissibility(rotation_hz: float, *, mount_hz: float, mount_damping: float) -> float:
    """Force that an imbalanced rotor passes to its casing, relative to a rotor far above its mount's resonance.

    ``r^2 / sqrt((1 - r^2)^2 + (2 zeta r)^2)`` with r = rotation_hz / mount_hz: the response of a mass on a spring
    to a rotating eccentric mass (any textbook on vibration, e.g. Den Hartog, Mechanical Vibrations).

    Parameters
    ----------
    rotation_hz : float > 0, Hz
    mount_hz : float > 0, Hz
        Resonance of the machine on its mount.
    mount_damping : float > 0
        Damping ratio zeta of the mount.

    Returns
    -------
    float > 0
        Tends to 1 far above the resonance; ``1 / (2 zeta)`` at the resonance.
    """
    r = rotation_hz / mount_hz
    return float(r**2 / ((1 - r**2) ** 2 + (2 * mount_damping * r) ** 2) ** 0.5)


def clogging(fan: Fan, run: FanRun, severity: float, rng: np.random.Generator) -> FanRun:
    """A blocked inlet or filter: less flow, which comes in unevenly and separates from the blades.

    Flow noise rises below 500 Hz by up to 8 dB, though a mild blockage may lower it a little; harmonics 2 to 4 of the
    blade pass rise by 3 to 10 dB, the fundamental changes by -2 to +6; noise of separated flow makes a hump at 0.3 to
    0.8 of the blade pass and swells slowly. A centrifugal fan unloads and speeds up, an axial one slows down.

    References
    ----------
    Inlet obstruction: AMETEK. Loading noise with local minima: Canepa et al. (Genova) 2019. Hump below the blade pass
    at low flow: T. Fukano, C.-M. Jang, JSV 275, 2004.
    """
    rise_db = severity * rng.uniform(4, 12) - rng.uniform(0, 1.5) * math.sin(math.pi * severity)
    tones_db = np.array(run.tone_gains_db)
    tones_db[0] += severity * rng.uniform(-2, 6)
    tones_db[1:4] += severity * rng.uniform(3, 10, size=3)
    hump_hz = rng.uniform(0.3, 0.8) * fan.n_blades * fan.motor.rotation_hz
    speed = rng.uniform(-0.015, -0.003) if fan.impeller == "axial" else rng.uniform(0.003, 0.02)
    return replace(
        run,
        tilt_db=run.tilt_db + rise_db,
        flow_db=run.flow_db - severity * rng.uniform(2, 8),
        tone_gains_db=tuple(tones_db.tolist()),
        stall=Mode(hump_hz, rng.uniform(3, 8), rng.uniform(-7, 1) + 20 * math.log10(max(severity, 1e-6))),
        unsteady_db=run.unsteady_db + severity * rng.uniform(1, 3),
        unsteady_tau_s=rng.uniform(0.1, 0.5),
        speed=run.speed * (1 + severity * speed),
    )


def voltage_change(fan: Fan, run: FanRun, severity: float, rng: np.random.Generator) -> FanRun:
    """A supply whose voltage is too low, mostly, or too high: the speed follows a little, the hum much.

    Hum goes with the square of the voltage (-3.9 dB at 0.8) while the mains frequency stays: its ratio to the blade
    tones is what tells a voltage from a load. A voltage too high saturates the iron: 4 and 6 times the mains frequency
    rise by 3 to 10 dB. In one clip of five the voltage changes while it is recorded, and the speed follows in 1 to 4 s.

    References
    ----------
    `auscult.synth.motor`: Kloss.
    """
    is_over, is_step = rng.random() < 0.3, rng.random() < 0.2
    voltage = 1 + 0.15 * severity if is_over else 1 - 0.4 * severity * rng.uniform(0.6, 1)
    saturation_db = severity * rng.uniform(3, 10, size=3) if is_over else np.zeros(3)
    current_db = -20 * math.log10(voltage) + rng.uniform(12, 23) * severity
    before, after = run.supply.voltages
    return replace(
        run,
        supply=Supply(
            voltages=(before if is_step else before * voltage, after * voltage),
            step_at=rng.uniform(0.1, 0.6) if is_step else 0.0,
            run_up_s=rng.uniform(1, 4),
        ),
        hum_gains_db=tuple((run.hum_gains_db + saturation_db).tolist()),
        slot_gain_db=run.slot_gain_db + current_db,
    )


def bearing_wear(fan: Fan, run: FanRun, severity: float, rng: np.random.Generator) -> FanRun:
    """A spalled race: each ball that passes strikes it, and the seat rings at 2 to 6.5 kHz.

    From 28 dB below the flow noise, which is inaudible, to about as loud as the flow noise.
    The worn bearing has play: noise of the casing rises by up to 3 dB.

    References
    ----------
    `auscult.synth.shaft`: Randall and Antoni 2011.
    """
    level_db = -28 + 29 * severity + rng.uniform(-3, 3)
    if severity == 0:
        return run
    return replace(run, defect_db=level_db, casing_db=run.casing_db + 3 * severity * rng.random())


FAULTS = {
    "imbalance": imbalance,
    "clogging": clogging,
    "voltage-change": voltage_change,
    "bearing-wear": bearing_wear,
}
