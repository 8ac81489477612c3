"""Faults of a valve: each takes how a healthy valve runs during a clip, and says how it runs with the fault.

Severity 0 is no fault at all, 1 a gross one; the same fault shows differently from clip to clip and from valve to
valve. Of pairs, the first is for opening, the second for closing.
"""

from dataclasses import replace

import numpy as np

from auscult.synth.processes import FloatArray
from auscult.synth.valve import Valve, ValveRun

MOST_BOUNCE = 0.9  # a second blow is weaker than the first
STICK_SHARE = 0.25  # of the time that the valve is open: one that sticks longer would hardly ever open


def contamination(valve: Valve, run: ValveRun, severity: float, rng: np.random.Generator) -> ValveRun:
    """Dirt in the tube and on the seat: the plunger sticks, lands softly or twice, and the seat does not close.

    Jitter of the delays grows to 3 to 10 times its own; the plunger sticks for 10 to 40 ms on average before it moves,
    and a controller that waits for the valve's report goes on late, so the period becomes irregular. Now and then one
    that opens briefly does not open at all. Clicks lose 3 to 10 dB to the cushion of dirt, or the plunger bounces off a
    grain and strikes again 10 to 30 ms later. A jet hisses through the closed seat at -16 to -5 dB of the burst, more
    or less from cycle to cycle as the dirt moves. The coil, whose plunger does not come to rest, hums louder.

    References
    ----------
    Contamination as the anomaly of valves: Purohit et al., "MIMII Dataset", DCASE Workshop 2019; those clips are
    irregular. Levels and times are estimates.
    """
    bounces_twice = rng.random() < 0.5
    drops_db, blows = rng.uniform(3, 10, 2), rng.uniform(0.4, 0.9, 2)
    intervals_s, jitter, hiss_db = rng.uniform(0.01, 0.03, 2), rng.uniform(3, 10), rng.uniform(-16, -5)
    stick_s = min(rng.uniform(0.01, 0.04), STICK_SHARE * valve.gap_s)
    irregular = severity**2  # a little dirt moves the clicks no more than a healthy valve's jitter
    changed = replace(
        run,
        leak_db=run.leak_db + severity**1.5 * max(hiss_db - run.leak_db, 0),
        leak_sd_db=run.leak_sd_db + severity * rng.uniform(1, 4),
        leak_pitch=run.leak_pitch * rng.uniform(0.6, 1.3) ** severity,
        jitter_gains=_pair(np.array(run.jitter_gains) * (1 + irregular * (jitter - 1))),
        stick_s=run.stick_s + irregular * stick_s,
        wait_ratio=run.wait_ratio + irregular * rng.uniform(0.01, 0.06),
        click_sd_db=run.click_sd_db + severity * rng.uniform(0.5, 2),
        hum_db=run.hum_db + severity * rng.uniform(0, 6),
    )
    if bounces_twice:
        return _bounce(changed, severity, blows, intervals_s)
    return replace(changed, click_gains_db=_pair(np.array(run.click_gains_db) - severity * drops_db))


def late_closing(valve: Valve, run: ValveRun, severity: float, rng: np.random.Generator) -> ValveRun:
    """A tired spring, a swollen seal or a magnetised core: the plunger leaves late and comes home slowly.

    The valve closes up to 45 ms too late, and not always equally late; the burst is longer by as much, and dies away
    more slowly. The click of closing loses 4 to 10 dB, or the plunger strikes again 10 to 30 ms later. The coil opens
    the valve as ever, so the period stays regular and the click of opening what it was.

    References
    ----------
    Estimates: a direct-acting valve closes within 10 to 40 ms of the current's end.
    """
    bounces = rng.random() < 0.5
    drop_db, blow, interval_s = rng.uniform(4, 10), rng.uniform(0.4, 0.8), rng.uniform(0.01, 0.03)
    late_s = severity**1.5 * rng.uniform(0.025, 0.045)
    open_gain, close_gain = run.jitter_gains
    changed = replace(
        run,
        delay_shifts_s=(run.delay_shifts_s[0], run.delay_shifts_s[1] + late_s),
        jitter_gains=(open_gain, close_gain * (1 + severity * rng.uniform(1, 3))),
        fall_ratio=run.fall_ratio * (1 + severity * rng.uniform(0.5, 2)),
    )
    if bounces:
        return _bounce(changed, severity, np.array([0.0, blow]), np.array([run.bounces_s[0], interval_s]))
    return replace(changed, click_gains_db=(run.click_gains_db[0], run.click_gains_db[1] - severity * drop_db))


def _bounce(run: ValveRun, severity: float, blows: FloatArray, intervals_s: FloatArray) -> ValveRun:
    """With second blows that are stronger by some share of the first ones, and follow later."""
    before_s = np.array(run.bounces_s)
    return replace(
        run,
        bounces=_pair(np.minimum(run.bounces + severity * blows, MOST_BOUNCE)),
        bounces_s=_pair(before_s + severity * (intervals_s - before_s)),
    )


def _pair(values: FloatArray) -> tuple[float, float]:
    """As a run holds it."""
    first, second = values.tolist()
    return first, second


FAULTS = {"contamination": contamination, "late-closing": late_closing}
