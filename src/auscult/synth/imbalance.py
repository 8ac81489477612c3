"""Severity of an imbalance -> what it changes in the sound of a rotor: shaft orders up, modulation once per revolution.

An eccentric mass m at radius e turning at omega pulls with F = m e omega^2, once per revolution. Balance quality is
graded G = e omega in mm/s: a normal rotor has G2.5 to G6.3, a faulty one G16 to G63, ten times as much (ISO 21940-11
grades). The line at 1x itself radiates poorly (12 to 60 Hz), so what is heard is mostly

- the modulation of the blade tones at 1x: depth 0.03 when normal, 0.05 to 0.35 when imbalanced;
- noise of casing and bearings, which follows the bearings' load: the rotor's weight m g plus the turning force, whose
  ratio to the weight is e omega^2 / g. It is about 1 for G63 at 1440 rpm: noise comes and goes once per revolution,
  and beyond that it grows.
"""

import math
from dataclasses import dataclass

from auscult.errors import OptionError

WORST_GRADE = 0.063  # m/s: G63
WORST_RATIO = 10.0  # G63 over G6.3
GRAVITY = 9.81  # m/s^2
WORST_LOAD = 1.5  # turning force over weight; estimate: protection stops a fast fan before it reaches G63
WORST_DEPTH = 0.35  # modulation depth at severity 1 on a mount that neither amplifies nor isolates
DEEPEST = 0.6  # modulation saturates: sound does not vanish once per revolution
WORST_RIPPLE = 0.001  # speed ripple at 1x: 0.1 % of the speed


@dataclass(frozen=True)
class Imbalance:
    """What one state of balance changes in the sound of a rotor.

    Parameters
    ----------
    order_gains_db : tuple of float, dB >= 0
        Rise of the shaft orders 1x, 2x, 3x.
    modulation_depth : float in [0, 0.6]
        Added to the depth of the amplitude modulation of the blade tones at 1x.
    load_ratio : float >= 0
        Added to the bearings' turning load, relative to their steady one.
    speed_ripple : float >= 0
        Amplitude of the speed ripple at 1x, as a fraction of the speed.
    """

    order_gains_db: tuple[float, float, float]
    modulation_depth: float
    load_ratio: float
    speed_ripple: float


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


def imbalance_effects(severity: float, *, rotation_hz: float, mount_gain: float) -> Imbalance:
    """What an imbalance of a given severity changes.

    Parameters
    ----------
    severity : float in [0, 1]
        0 = balanced as a normal machine is, 1 = grade G63. The excess force is proportional to it.
    rotation_hz : float > 0, Hz
    mount_gain : float > 0
        `transmissibility` of the machine on its mount.

    Returns
    -------
    Imbalance
        At severity 0 all its fields are 0: the machine is normal. All grow with the severity.

    Raises
    ------
    OptionError
        If the severity is outside [0, 1].
    """
    if not 0 <= severity <= 1:  # also refuses nan
        raise OptionError("severity", f"expected a number in [0, 1], got {severity}", "Use 0 for a normal machine.")
    force = severity * mount_gain
    shakes = severity * force  # 2x and 3x come from play that opens only under a large force: second order
    return Imbalance(
        order_gains_db=(_rise_db((WORST_RATIO - 1) * force), _rise_db(2 * shakes), _rise_db(shakes)),
        load_ratio=force * min(WORST_GRADE * 2 * math.pi * rotation_hz / GRAVITY, WORST_LOAD),
        modulation_depth=min(WORST_DEPTH * force, DEEPEST),
        speed_ripple=WORST_RIPPLE * force,
    )


def _rise_db(excess: float) -> float:
    """Rise of a line whose amplitude grows from 1 to 1 + excess."""
    return 20 * math.log10(1 + excess)
