"""An individual solenoid valve that opens and closes on a program, how it runs during one clip, and its sound.

The sound is a sum: two clicks a cycle, when the plunger strikes its stop (open) and its seat (closed), a burst of jet
noise while the valve is open, what the seat lets through while it is closed, and the hum of the energised coil.
Levels are in dB relative to the burst of the same valve. Of pairs, the first is for opening, the second for closing.
"""

from dataclasses import dataclass, replace

import numpy as np

from auscult.synth.motor import HUM_ORDERS
from auscult.synth.processes import FloatArray, from_db, shaped_noise, sum_of_harmonics, unit_phasor
from auscult.synth.shaft import HIGHEST_TONE
from auscult.synth.structure import Mode, draw_modes, shaken_power, strike, struck

BURST_RMS = 0.036  # for a mean of about 0.03 over the cycle
PERIOD_S = (0.6, 1.1, 2.0)  # shortest, most frequent, longest; about 1.1 s in MIMII
GAP_S = (0.04, 0.3)  # from click to click
PIPE_HZ = (100.0, 450.0)  # modes of the pipe, which a stroke and the flow shake
TAU_S = (0.002, 0.015)  # in which a mode of a click falls to 1 / e
JET_HZ = (2000.0, 6000.0)  # where jet noise peaks (Parcol)
PRESSURE_DB = 30.0  # level of the jet per decade of pressure; estimate
CLICK_S = 0.01  # a click's level is its mean over this time
N_MODES = (3, 6)  # of a click: least, most
SOONEST_S = 0.002  # nothing moves before the current has changed
RAMP_S = 0.005  # in which the current of the coil rises and falls
STATES = ("nominal", "low pressure", "high pressure")  # of the supply
PARTS = ("plunger", "outlet", "coil")
"""What radiates, in the order of the rows that `render_valve` gives."""


@dataclass(frozen=True)
class Valve:
    """One individual solenoid valve; what differs from valve to valve, not from clip to clip.

    Parameters
    ----------
    period_s, on_s : float, s
        Of the program: from opening to opening, and how long the coil is energised in each period.
    delays_s : tuple of 2 float, s
        From the change of the current to the blow.
    jitters_s : tuple of 3 float, s
        Standard deviation, from cycle to cycle, of these delays, and of the controller, which works in scan cycles.
    modes : tuple of 2 tuples of 3 to 6 Mode
        What rings when the plunger strikes.
    click_levels_db, bounces_db : tuple of 2 float, dB
        Clicks, as means over 10 ms; the rebound's blow over the first.
    pipe : tuple of 2 or 3 Mode
        What the flow shakes.
    jet_hz, overshoot : float
        Where the jet noise peaks in Hz, and how much louder its first rush is.
    rise_s, settling_s, fall_s : float, s
        In which the flow rises after opening, settles, and falls after closing.
    leak_db : float, dB
        Through the closed seat.
    mains_hz, hum_levels_db : float, tuple of 3 float, dB
        50 or 60 Hz; hum of the coil at 2, 4 and 6 times as much.
    state_pressures : dict of float
        Pressure of the supply over the nominal one in each operating state.
    """

    period_s: float
    on_s: float
    delays_s: tuple[float, float]
    jitters_s: tuple[float, float, float]
    modes: tuple[tuple[Mode, ...], tuple[Mode, ...]]
    click_levels_db: tuple[float, float]
    bounces_db: tuple[float, float]
    pipe: tuple[Mode, ...]
    jet_hz: float
    overshoot: float
    rise_s: float
    settling_s: float
    fall_s: float
    leak_db: float
    mains_hz: float
    hum_levels_db: tuple[float, float, float]
    state_pressures: dict[str, float]

    @property
    def gap_s(self) -> float:
        """Time from the click of opening to that of closing at nominal pressure, s."""
        return self.on_s + self.delays_s[1] - self.delays_s[0]


def draw_valve(rng: np.random.Generator) -> Valve:
    """Draw an individual valve: a cycle of 0.6 to 2 s, clicks 40 to 300 ms apart."""
    period_s = float(np.exp(rng.triangular(*np.log(PERIOD_S))))
    gap_s = float(np.exp(rng.uniform(*np.log((GAP_S[0], min(GAP_S[1], 0.35 * period_s))))))
    delays_s = (rng.uniform(0.008, 0.02), rng.uniform(0.01, 0.025))
    open_db, hum_db = rng.uniform(8, 15), rng.uniform(-26, -16)
    return Valve(
        period_s=period_s,
        on_s=gap_s + delays_s[0] - delays_s[1],
        delays_s=delays_s,
        jitters_s=(rng.uniform(0.0006, 0.002), rng.uniform(0.001, 0.003), rng.uniform(0.0006, 0.002)),
        modes=(_draw_click(rng), _draw_click(rng)),
        click_levels_db=(open_db, open_db + rng.uniform(-5, 2)),  # the seat is softer than the stop
        bounces_db=(rng.uniform(-26, -16), rng.uniform(-26, -16)),
        pipe=draw_modes(rng, n_modes=(2, 3), mode_hz=PIPE_HZ, q=(5, 15), level_db=rng.uniform(-3, 3)),
        jet_hz=float(np.exp(rng.uniform(*np.log(JET_HZ)))),
        overshoot=rng.uniform(0, 1),
        rise_s=rng.uniform(0.002, 0.008),
        settling_s=rng.uniform(0.01, 0.04),
        fall_s=rng.uniform(0.004, 0.015),
        leak_db=rng.uniform(-44, -36),
        mains_hz=float(rng.choice([50.0, 60.0])),
        hum_levels_db=(hum_db, hum_db - rng.uniform(4, 12), hum_db - rng.uniform(8, 18)),
        state_pressures=dict(zip(STATES, (1.0, rng.uniform(0.65, 0.85), rng.uniform(1.2, 1.5)), strict=True)),
    )


def _draw_click(rng: np.random.Generator) -> tuple[Mode, ...]:
    """What rings in one click: the pipe, the plunger in its tube, and 1 to 4 modes of the body, up to 7 kHz."""
    pipe = draw_modes(rng, n_modes=(1, 1), mode_hz=PIPE_HZ, q=(1, 1), level_db=rng.uniform(-1, 4))
    tube = draw_modes(rng, n_modes=(1, 1), mode_hz=(800, 2000), q=(1, 1), level_db=-5)
    body = draw_modes(rng, n_modes=(N_MODES[0] - 2, N_MODES[1] - 2), mode_hz=(1500, 7000), q=(1, 1), level_db=-4)
    return tuple(replace(mode, q=float(np.pi * mode.mode_hz * rng.uniform(*TAU_S))) for mode in pipe + tube + body)


@dataclass(frozen=True)
class ValveRun:
    """How a valve runs during one clip: what differs from clip to clip, and what a fault may change.

    Parameters
    ----------
    state : str
        Operating state, one of `STATES`.
    pressure, period_ratio : float
        Over the nominal ones.
    level_db, burst_db, hum_db : float, dB
        Everything (temperature, microphone); the burst; the hum.
    click_gains_db, click_sd_db, mode_gains_db : tuple of 2 float, float, tuple of 2 tuples of 6 float, dB
        Of the clicks; standard deviation from cycle to cycle; of their modes: the plunger strikes elsewhere each day.
    delay_shifts_s, bounces_s : tuple of 2 float, s
        Added to the delays; when a second blow follows the first.
    bounces : tuple of 2 float in [0, 1]
        Strength of the second blow over that of the first.
    leak_db, leak_sd_db, leak_pitch : float
        What the closed seat lets through, in dB; its standard deviation over the cycles; its jet_hz over the burst's.
    jitter_gains : tuple of 2 float >= 0
        Jitter of the delays over the valve's own.
    stick_s, wait_ratio : float >= 0
        Mean time in s for which the plunger sticks before it moves, and, over the period, for which the controller
        waits before it goes on; both vary exponentially.
    fall_ratio : float > 0
        Time in which the flow falls after closing, over the valve's own.
    """

    state: str
    pressure: float
    period_ratio: float
    level_db: float
    burst_db: float
    hum_db: float
    click_gains_db: tuple[float, float]
    click_sd_db: float
    mode_gains_db: tuple[tuple[float, ...], tuple[float, ...]]
    delay_shifts_s: tuple[float, float]
    bounces_s: tuple[float, float]
    bounces: tuple[float, float]
    leak_db: float
    leak_sd_db: float
    jitter_gains: tuple[float, float]
    leak_pitch: float = 1.0
    stick_s: float = 0.0
    wait_ratio: float = 0.0
    fall_ratio: float = 1.0


def draw_valve_run(valve: Valve, state: str, rng: np.random.Generator) -> ValveRun:
    """Draw how a valve without a fault runs during one clip: period within 1 %, pressure 5 %, level some 2.5 dB."""
    gains_db = rng.normal(0, 1, (2, N_MODES[1])).tolist()
    return ValveRun(
        state=state,
        pressure=valve.state_pressures[state] * (1 + rng.uniform(-0.05, 0.05)),
        period_ratio=1 + rng.uniform(-0.01, 0.01),
        level_db=rng.normal(0, 1.2),
        burst_db=rng.normal(0, 1),
        hum_db=rng.normal(0, 1.5),
        click_gains_db=(rng.normal(0, 1), rng.normal(0, 1)),
        click_sd_db=rng.uniform(0.3, 0.8),
        mode_gains_db=(tuple(gains_db[0]), tuple(gains_db[1])),
        delay_shifts_s=(rng.uniform(-0.002, 0.002), rng.normal(0, 0.003)),
        bounces_s=(rng.uniform(0.008, 0.014), rng.uniform(0.008, 0.014)),
        bounces=(from_db(valve.bounces_db[0] + rng.normal(0, 2)), from_db(valve.bounces_db[1] + rng.normal(0, 2))),
        leak_db=valve.leak_db + rng.normal(0, 3),
        leak_sd_db=rng.uniform(0.3, 1),
        jitter_gains=(rng.lognormal(0, 0.25), rng.lognormal(0, 0.25)),
    )


def render_valve(valve: Valve, run: ValveRun, n_samples: int, *, sr: int, rng: np.random.Generator) -> FloatArray:
    """Sound of each part of a valve, one clip, without room and background noise.

    Parameters
    ----------
    valve : Valve
    run : ValveRun
    n_samples : int > 0
    sr : int, Hz
    rng : Generator
        Draws noise and jitter.

    Returns
    -------
    ndarray, shape (3, n_samples)
        `PARTS`; their sum is about 0.03 rms.

    References
    ----------
    Jet noise from 1 to 8 kHz, most at 2 to 6 kHz: Parcol, Noise Manual, 1996; its peak goes with the jet's speed, so
    with the root of the pressure: IEC 60534-8-3. The rest is estimated.
    """
    time_rng, click_rng, outlet_rng, coil_rng = rng.spawn(4)  # the same draws whatever the fault
    strokes = _strokes(valve, run, n_samples / sr, time_rng)
    plunger = sum(_clicks(valve, run, which, strokes, n_samples, sr=sr, rng=click_rng) for which in (0, 1))
    outlet = _outlet(valve, run, strokes, n_samples, sr=sr, rng=outlet_rng)
    coil = _hum(valve, run, strokes, n_samples, sr=sr, rng=coil_rng)
    return BURST_RMS * from_db(run.level_db) * np.stack([plunger, outlet, coil])


def _strokes(valve: Valve, run: ValveRun, duration_s: float, rng: np.random.Generator) -> FloatArray:
    """When, in s, the coil is switched on and off and the plunger strikes, and if it moves; shape (5, n_strokes)."""
    period_s = valve.period_s * run.period_ratio
    n_strokes = 4 + int(duration_s / period_s)
    start = rng.random()
    program, opening, closing = rng.standard_normal((3, n_strokes))
    wait, open_stick, close_stick = rng.standard_exponential((3, n_strokes))
    on_s = period_s * (np.arange(n_strokes) - 1 - start + np.cumsum(run.wait_ratio * wait))  # from before the clip
    on_s += valve.jitters_s[2] * program
    off_s = on_s + valve.on_s
    delays_s = valve.delays_s * run.pressure ** np.array([0.3, -0.3]) + run.delay_shifts_s  # pressure presses it shut
    sds_s = np.multiply(valve.jitters_s[:2], run.jitter_gains)
    open_s = on_s + np.maximum(delays_s[0] + sds_s[0] * opening + run.stick_s * open_stick, SOONEST_S)
    close_s = off_s + np.maximum(delays_s[1] + sds_s[1] * closing + run.stick_s * close_stick, SOONEST_S)
    is_made = open_s < off_s  # else it has not moved when the coil lets go
    open_s, close_s = np.where(is_made, open_s, off_s), np.where(is_made, close_s, off_s)
    close_s[:-1] = np.minimum(close_s[:-1], np.maximum(on_s[1:], open_s[:-1]))  # it is driven open again
    return np.stack([on_s, off_s, open_s, close_s, is_made])


def _clicks(
    valve: Valve, run: ValveRun, which: int, strokes: FloatArray, n_samples: int, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Blows of the plunger, of opening or closing, and their rebounds."""
    modes = [
        replace(mode, level_db=mode.level_db + gain_db)
        for mode, gain_db in zip(valve.modes[which], run.mode_gains_db[which], strict=False)
        if mode.mode_hz < HIGHEST_TONE * sr
    ]
    blows_s, is_made = strokes[2 + which], strokes[4]
    level_db = valve.click_levels_db[which] + run.click_gains_db[which] + 10 * np.log10(run.pressure)
    levels_db = level_db + run.click_sd_db * rng.standard_normal(blows_s.size)
    strengths = is_made * np.sqrt(CLICK_S * sr) * 10 ** (levels_db / 20)
    samples = sr * np.concatenate([blows_s, blows_s + run.bounces_s[which]])
    strengths = np.concatenate([strengths, run.bounces[which] * strengths])
    is_heard = (samples >= 0) & (samples < n_samples - 0.5)
    return strike(struck(modes, sr=sr), samples[is_heard], strengths[is_heard], n_samples)


def _outlet(
    valve: Valve, run: ValveRun, strokes: FloatArray, n_samples: int, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Jet noise: bursts while the valve is open, and what leaks through the closed seat."""
    open_s, close_s, is_made = strokes[2:]
    time_s, frequency_hz = np.arange(n_samples) / sr, np.fft.rfftfreq(n_samples, 1 / sr)
    burst_sd, leak_sd = rng.standard_normal((2, open_s.size))
    jet_hz = valve.jet_hz * np.sqrt(run.pressure)
    stroke = np.maximum(np.searchsorted(open_s, time_s, side="right") - 1, 0)
    since_s = np.maximum(time_s - open_s[stroke], 0).astype(np.float32)  # envelopes are smooth
    closed_s = np.maximum(time_s - close_s[stroke], 0).astype(np.float32)
    is_open = -np.expm1(-since_s / valve.rise_s) * np.exp(-closed_s / (run.fall_ratio * valve.fall_s))
    is_open *= is_made.astype(np.float32)[stroke]
    rush = 1 + valve.overshoot * np.exp(-since_s / valve.settling_s)
    power = _jet_power(frequency_hz, jet_hz) + shaken_power(valve.pipe, frequency_hz)
    burst = shaped_noise(power, n_samples, rng)
    leak = shaped_noise(_jet_power(frequency_hz, run.leak_pitch * jet_hz), n_samples, rng)
    bursts, leaks = 10 ** (0.5 * burst_sd / 20), 10 ** ((run.leak_db + run.leak_sd_db * leak_sd) / 20)
    gain = from_db(run.burst_db + PRESSURE_DB * np.log10(run.pressure))
    return np.asarray(gain * (bursts[stroke] * rush * is_open * burst + leaks[stroke] * (1 - is_open) * leak))


def _jet_power(frequency_hz: FloatArray, peak_hz: float) -> FloatArray:
    """Power spectrum of jet noise: a hump of unit power, three octaves wide at -4 dB; shape (n_bins,)."""
    power = (frequency_hz / (frequency_hz**2 + peak_hz**2)) ** 2
    return np.asarray(power / power.sum())


def _hum(
    valve: Valve, run: ValveRun, strokes: FloatArray, n_samples: int, *, sr: int, rng: np.random.Generator
) -> FloatArray:
    """Hum of the coil while it is energised."""
    (on_s, off_s), time_s = strokes[:2], np.arange(n_samples) / sr
    phases_rad, mains_hz = rng.uniform(0, 2 * np.pi, HUM_ORDERS.size), valve.mains_hz * (1 + rng.uniform(-0.001, 0.001))
    phasors = np.sqrt(2) * 10 ** ((np.array(valve.hum_levels_db) + run.hum_db) / 20) * np.exp(1j * phases_rad)
    stroke = np.maximum(np.searchsorted(on_s, time_s, side="right") - 1, 0)
    current = np.clip(np.minimum(time_s - on_s[stroke], off_s[stroke] + RAMP_S - time_s) / RAMP_S, 0, 1)
    return np.asarray(current * sum_of_harmonics(phasors, unit_phasor(4 * np.pi * mains_hz * time_s)))
