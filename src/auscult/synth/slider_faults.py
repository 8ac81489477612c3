"""Faults of a slide rail: each takes how a healthy rail runs during a clip, and says how it runs with the fault.

Severity 0 is no fault at all, 1 a gross one; the same fault shows differently from clip to clip and from rail to rail.
"""

from dataclasses import replace

import numpy as np

from auscult.synth.processes import from_db
from auscult.synth.slider import Damage, Slider, SliderRun

DEEPEST = 0.9  # modulation saturates: sound does not vanish with every swing of the belt


def rail_damage(slider: Slider, run: SliderRun, severity: float, rng: np.random.Generator) -> SliderRun:
    """A pit in the rail's raceway: the balls strike it each time the carriage passes that place.

    One hard blow per stroke, where the ball in the middle of the row strikes, for crowned raceways relieve the others;
    before and after it the others strike faintly, one each ``ball_m / v``. Rail and carriage ring at 1 to 5 kHz. The
    place is fixed, so the blows of the way back mirror those of the way out in time; their strength goes with the
    speed. At severity 1 a blow is, over 10 ms, 15 to 23 dB above the rolling noise; the healthy rail's mark is 3 to
    12 dB below it.

    References
    ----------
    Pits in linear guides, seen against the carriage's position: Sensors 23 (7), 3770, 2023. Crowning of the raceways:
    "A design of crowning to reduce ball passage vibrations", Journal of Tribology 127, 2005.
    """
    damage = Damage(  # a shallow pit strikes no harder than a healthy rail's mark, hence the exponent
        at_m=slider.stroke_m * rng.uniform(0.15, 0.85),
        blow=severity**1.5 * from_db(rng.uniform(15, 23)),
        train=rng.uniform(0.1, 0.3),
    )
    return replace(run, damages=(*run.damages, damage))


def dry_rail(slider: Slider, run: SliderRun, severity: float, rng: np.random.Generator) -> SliderRun:
    """No grease left: metal rubs on metal.

    The carriage's noise from 1 to 6 kHz rises by 4 to 10 dB while it moves, and only then; the motor pulls harder, and
    its tones and the frame rise by up to 3 dB. At low speed, after each start and before each stop, dry contacts stick
    and slip and squeal at a resonance from 0.8 to 3 kHz.

    References
    ----------
    Vibration of linear guides, whose distribution over frequency tells how well they are lubricated: Advances in
    Mechanical Engineering, 2018, 1687814018796367. Stick-slip: friction that falls as the speed rises, any
    textbook on friction. Levels are estimates.
    """
    return replace(  # squeal sets in late, hence its exponent
        run,
        friction_db=run.friction_db + severity * rng.uniform(4, 10),
        drive_db=run.drive_db + severity * rng.uniform(0.5, 3),
        squeal=run.squeal + severity**2 * from_db(rng.uniform(-8, 2)),
        squeal_hz=float(np.exp(rng.uniform(np.log(800), np.log(3000)))),
    )


def loose_belt(slider: Slider, run: SliderRun, severity: float, rng: np.random.Generator) -> SliderRun:
    """A belt that has lost its tension; with a screw, a loose coupling between motor and screw, which acts alike.

    The belt (the mass behind the loose coupling) swings at 3 to 15 Hz: drive and carriage come and go with it, and the
    mesh tones lose power to sidebands at that distance. Slack is taken up with a clack after each reversal, and the
    controller waits longer until the carriage is at rest: a stroke takes 2 to 8 % longer.

    References
    ----------
    Play at reversals, settling time: BRECOflex, "Timing belt and pulley backlash reduction". A loose belt flaps, and
    clicks as its teeth engage: Texas Belting, "Timing belt tensioning guide". Levels are estimates.
    """
    longer_s = severity * rng.uniform(0.02, 0.08) * slider.stroke_s
    return replace(
        run,
        flutter=min(run.flutter + severity * rng.uniform(0.5, 0.9), max(run.flutter, DEEPEST)),
        flutter_hz=rng.uniform(3, 15),
        clack=run.clack + severity * from_db(rng.uniform(12, 20)),
        dwell=run.dwell + longer_s / slider.dwell_s,
        mesh_gains_db=tuple((np.array(run.mesh_gains_db) - severity * rng.uniform(0, 2)).tolist()),
    )


FAULTS = {"rail-damage": rail_damage, "dry-rail": dry_rail, "loose-belt": loose_belt}
