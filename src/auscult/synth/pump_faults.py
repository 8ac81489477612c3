"""Faults of a pump: each takes how a healthy pump runs during a clip, and says how it runs with the fault.

Severity 0 is no fault at all, 1 a gross one; the same fault shows differently from clip to clip and from pump to pump.
"""

import math
from dataclasses import replace

import numpy as np

from auscult.synth.processes import from_db
from auscult.synth.pump import Pump, PumpRun

ALTERNATES = 0.6  # chance that an even number of vanes cavitates on every second one


def cavitation(pump: Pump, run: PumpRun, severity: float, rng: np.random.Generator) -> PumpRun:
    """Too little suction pressure, or air: vapour bubbles form at the vanes' inlet and collapse.

    Collapses are noise at 1 to 10 kHz that comes in bursts as a vane passes the volute's tongue; they rise from some
    20 dB below the flow noise to about its level. The vane-pass tones stay. The flow's own noise above 1 kHz falls by
    up to 4 dB, because bubbles absorb sound. Where cavities alternate, which needs an even number of vanes, bursts
    come at half the vane pass, and a tone stands there.

    References
    ----------
    1 to 10 kHz, tones unchanged: A. Kotb, A. M. Abdulaziz, Energy and Power Engineering 7, 2015. Tone at half the vane
    pass, 147 Hz: M. Cudina, Mechanical Systems and Signal Processing 17, 2003.
    """
    alternates = rng.random() < ALTERNATES and pump.n_vanes % 2 == 0
    share = severity if alternates else 0.0
    return replace(
        run,
        cavitation_db=run.cavitation_db + severity * rng.uniform(20, 26),
        high_db=run.high_db - severity * rng.uniform(1, 4),
        unsteady_db=math.hypot(run.unsteady_db, severity * rng.uniform(0, 1)),
        alternation=max(run.alternation, share * rng.uniform(0.5, 1)),
        half_vane=run.half_vane + share * from_db(rng.uniform(-14, -6)),
    )


def leak(pump: Pump, run: PumpRun, severity: float, rng: np.random.Generator) -> PumpRun:
    """A gland or seal that leaks: a jet hisses steadily, drops fall on the base.

    The hiss fills 2 to 8 kHz and does not know the vanes, so the modulation at vane pass fades there; drops strike 1 to
    10 times a second, fairly evenly, and the casing rings. What the flow does in the pump stays as it is.

    References
    ----------
    Levels are estimates: the faintest leaks drown in the flow noise, the worst are about as loud in their band.
    """
    return replace(
        run,
        hiss=run.hiss + severity**1.5 * from_db(rng.uniform(-5, 1)),  # a jet's noise grows faster than its flow
        drip=run.drip + severity * from_db(rng.uniform(4, 11)),
        drip_hz=float(np.exp(rng.uniform(np.log(1), np.log(10)))),
    )


def clogging(pump: Pump, run: PumpRun, severity: float, rng: np.random.Generator) -> PumpRun:
    """A blocked strainer or impeller: less flow, which turns back at the eye and meets the tongue at a wrong angle.

    Vane-pass tones rise by 3 to 8 dB, noise below the rotation frequency by 8 to 18 dB; flow and tones swell slowly and
    irregularly. Eddies of the flow that turns back crackle with bubbles and shake the casing. The unloaded motor turns
    faster by up to 1.2 %.

    References
    ----------
    Flow that turns back at the inlet below 0.7 of the design flow, peaks around the shaft's frequency that rise as the
    flow falls: Q. Si et al., Advances in Mechanical Engineering 2013, 109048.
    """
    tones_db = severity * (rng.uniform(3, 8) + rng.normal(0, 1, len(run.vane_gains_db)))
    return replace(
        run,
        vane_gains_db=tuple((np.array(run.vane_gains_db) + tones_db).tolist()),
        recirculation_db=run.recirculation_db + severity * rng.uniform(8, 18),
        unsteady_db=math.hypot(run.unsteady_db, severity * rng.uniform(1, 2.5)),
        high_db=run.high_db + severity * rng.uniform(-1, 2),
        cavitation_db=run.cavitation_db + severity * rng.uniform(0, 10),
        casing_db=run.casing_db + severity * rng.uniform(0, 2),
        speed=run.speed * (1 + severity * rng.uniform(0.003, 0.012)),
    )


FAULTS = {"cavitation": cavitation, "leak": leak, "clogging": clogging}
