import numpy as np
import pytest

from auscult.synth.valve import draw_valve, draw_valve_run, render_valve
from auscult.synth.valve_faults import FAULTS, contamination, late_closing

SR = 16000
# Valves whose clicks are well apart, so that a test can tell one from the other.
VALVES = [
    valve for valve in (draw_valve(np.random.default_rng(seed)) for seed in range(60)) if 0.12 < valve.gap_s < 0.25
][:4]


def clip(valve, number, fault=None, severity=0.0, *, duration_s=10, sr=SR):
    """A clip of a valve, the same with and without a fault but for the fault."""
    run = draw_valve_run(valve, "nominal", np.random.default_rng([number, 1]))
    if fault is not None:
        run = fault(valve, run, severity, np.random.default_rng([number, 2]))
    return render_valve(valve, run, round(duration_s * sr), sr=sr, rng=np.random.default_rng([number, 3]))


def clips(fault=None, severity=0.0):
    """Some clips of some valves."""
    return [clip(valve, number, fault, severity) for valve in VALVES for number in range(2)]


def clicks(plunger):
    """Times in s at which the plunger strikes, of opening and of closing, without the clip's first and last cycle."""
    loud_s = np.flatnonzero(np.abs(plunger) > 0.15 * np.abs(plunger).max()) / SR
    onsets_s = loud_s[np.diff(loud_s, prepend=-1) > 0.045]  # longer than any click rings, and than it bounces
    is_open = np.diff(onsets_s, prepend=onsets_s[0]) > np.diff(onsets_s).max() / 2
    first, last = np.flatnonzero(is_open)[[0, -1]]
    return onsets_s[first:last][is_open[first:last]], onsets_s[first:last][~is_open[first:last]]


def energy(plunger, times_s, from_s=0.0, to_s=0.06):
    """Mean energy of the clicks at some times."""
    pieces = [plunger[max(round((t + from_s) * SR), 0) : round((t + to_s) * SR)] for t in times_s]
    return np.mean([np.sum(piece**2) for piece in pieces])


def outlet_powers(y):
    """Power of the outlet while the valve is open and while it is closed."""
    open_s, close_s = clicks(y[0])
    time_s = np.arange(y.shape[1]) / SR
    stroke = np.searchsorted(open_s, time_s, side="right") - 1
    inside = (stroke >= 0) & (stroke < len(open_s) - 1)
    since_s = time_s - open_s[stroke]
    length_s = np.median(close_s - open_s[: len(close_s)]) if len(close_s) == len(open_s) else 0.12
    is_open = inside & (since_s > 0.02) & (since_s < 0.08)
    is_closed = inside & (since_s > length_s + 0.2) & (time_s < open_s[np.minimum(stroke + 1, len(open_s) - 1)] - 0.02)
    return np.mean(y[1, is_open] ** 2), np.mean(y[1, is_closed] ** 2)


def frames_db(y):
    """Level of a clip in frames of 20 ms, not below that of a quiet room."""
    return 10 * np.log10(1e-8 + np.mean(y.sum(axis=0).reshape(-1, SR // 50) ** 2, axis=1))


def hiss_db(y):
    power_open, power_closed = outlet_powers(y)
    return 10 * np.log10(power_closed / power_open)


@pytest.mark.parametrize("name", FAULTS)
def test_severity_0_changes_nothing(name):
    for number, valve in enumerate(VALVES):
        healthy, faulty = clip(valve, number), clip(valve, number, FAULTS[name], 0.0)
        assert np.max(np.abs(faulty - healthy)) < 1e-6 * np.sqrt(np.mean(healthy**2))


@pytest.mark.parametrize("name", FAULTS)
def test_the_change_of_the_sound_grows_with_severity(name):
    def change(severity):  # of the level in frames of 20 ms
        pairs = [(frames_db(clip(valve, 0)), frames_db(clip(valve, 0, FAULTS[name], severity))) for valve in VALVES]
        return np.mean([np.mean(np.abs(faulty - healthy)) for healthy, faulty in pairs])

    assert 0 < change(0.05) < 0.7 * change(0.35) < 0.5 * change(0.9)


@pytest.mark.parametrize("name", FAULTS)
def test_the_level_gives_no_fault_away(name):
    changes_db = [
        10 * np.log10(np.mean(faulty.sum(axis=0) ** 2) / np.mean(healthy.sum(axis=0) ** 2))
        for healthy, faulty in zip(clips(), clips(FAULTS[name], 0.6), strict=True)
    ]
    assert abs(np.mean(changes_db)) < 1.5


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("sr", [8000, 44100])
def test_every_individual_and_sampling_rate_gives_finite_sound(name, sr):
    for seed in range(8):
        valve = draw_valve(np.random.default_rng(seed))
        y = clip(valve, seed, FAULTS[name], 1.0, duration_s=0.6, sr=sr)
        assert y.shape == (3, round(0.6 * sr))
        assert np.all(np.isfinite(y))
        np.testing.assert_array_equal(y, clip(valve, seed, FAULTS[name], 1.0, duration_s=0.6, sr=sr))


def test_contamination_hisses_while_the_valve_is_closed():
    levels_db = [np.mean([hiss_db(y) for y in clips(contamination, severity)]) for severity in (0.0, 0.4, 1.0)]
    assert levels_db[0] < -30
    assert np.all(np.diff(levels_db) > 3)
    assert -22 < levels_db[2] < -6


@pytest.mark.slow
def test_contamination_makes_the_timing_irregular():
    def spread(severity):
        return np.median([np.std(np.diff(clicks(y[0])[0])) for y in clips(contamination, severity)])

    assert spread(0.0) < 0.006
    assert 1.5 * spread(0.0) < spread(0.35)
    assert spread(0.35) < spread(0.7)
    assert spread(1.0) > 5 * spread(0.0)


def blows(plunger, healthy):
    """Strength of the first and second blows of opening over the healthy first ones, by deconvolution."""
    ring = np.fft.rfft(segment(healthy, clicks(healthy)[0][0]))
    inverse = ring.conj() / (np.abs(ring) ** 2 + 1e-3 * np.max(np.abs(ring)) ** 2)
    heard = [np.abs(np.fft.irfft(np.fft.rfft(segment(plunger, t)) * inverse)) for t in clicks(plunger)[0]]
    # Onsets are found within 2 ms; the second blow follows 8 to 32 ms later.
    return np.mean([np.roll(it, 32)[:64].max() for it in heard]), np.mean([it[128:512].max() for it in heard])


def segment(plunger, onset_s):
    """A click of opening from 2 ms before it on."""
    start = round((onset_s - 0.002) * SR)
    return plunger[start : start + 1024]


@pytest.mark.slow
def test_contamination_softens_clicks_or_doubles_them():
    is_soft, is_double = [], []
    for valve in VALVES:
        for number in range(5):
            healthy = clip(valve, number)[0]
            before, _ = blows(healthy, healthy)
            first, second = blows(clip(valve, number, contamination, 1.0)[0], healthy)
            is_soft.append(first < 0.75 * before)
            is_double.append(second > 0.35 * first)
    assert np.mean(np.logical_or(is_soft, is_double)) > 0.85
    assert 0.2 < np.mean(is_soft) < 0.8
    assert 0.2 < np.mean(is_double) < 0.8


def test_late_closing_delays_the_click_of_closing_and_nothing_else():
    spreads_s = []
    for valve in VALVES:
        for number in range(3):
            healthy, faulty = clip(valve, number), clip(valve, number, late_closing, 1.0)
            open_s, close_s = clicks(healthy[0])
            late_open_s, late_close_s = clicks(faulty[0])
            n = min(len(open_s), len(late_open_s))  # the clip may begin between the two times of closing
            open_s, close_s, late_open_s, late_close_s = (
                it[-n:] for it in (open_s, close_s, late_open_s, late_close_s)
            )
            np.testing.assert_allclose(late_open_s, open_s, atol=0.001)  # the period stays what it was
            assert 0.012 < np.median(late_close_s - close_s) < 0.048
            spreads_s.append((np.std(close_s - open_s), np.std(late_close_s - late_open_s)))
    before_s, after_s = np.mean(spreads_s, axis=0)
    assert 1.3 * before_s < after_s < 5 * before_s


def test_late_closing_grows_with_severity_and_is_mild_at_first():
    def gap_s(severity):
        gaps_s = [np.mean(close - open_) for open_, close in (clicks(y[0]) for y in clips(late_closing, severity))]
        return np.mean(gaps_s)

    late_s = np.array([gap_s(severity) for severity in (0.35, 0.7, 1.0)]) - gap_s(0.0)
    assert 0.002 < late_s[0] < 0.01
    assert late_s[0] + 0.005 < late_s[1] < late_s[2] - 0.005


def test_late_closing_leaves_the_click_of_opening_and_the_tight_seat_alone():
    for valve in VALVES:
        healthy, faulty = clip(valve, 0), clip(valve, 0, late_closing, 1.0)
        open_s = clicks(healthy[0])[0]
        assert energy(faulty[0], open_s, -0.001, 0.05) == pytest.approx(energy(healthy[0], open_s, -0.001, 0.05), 1e-3)
        assert hiss_db(faulty) < -28
        np.testing.assert_allclose(faulty[2], healthy[2], atol=1e-9)  # the coil's current is the program's


def test_late_closing_makes_the_burst_longer():
    for valve in VALVES:
        healthy, faulty = clip(valve, 1), clip(valve, 1, late_closing, 1.0)
        assert np.sum(faulty[1] ** 2) > 1.04 * np.sum(healthy[1] ** 2)
        before = np.mean(healthy[1] ** 2 > 0.02 * np.max(healthy[1] ** 2))
        assert np.mean(faulty[1] ** 2 > 0.02 * np.max(faulty[1] ** 2)) > 1.04 * before


def test_a_fast_dirty_valve_does_not_open_every_time_its_coil_is_energised():
    fast = next(it for it in (draw_valve(np.random.default_rng(seed)) for seed in range(99)) if it.gap_s < 0.05)

    def opened(severity):
        shares = []
        for number in range(6):
            plunger, _, coil = clip(fast, number, contamination, severity)
            is_on = np.abs(coil).reshape(-1, 80).max(axis=1) > 0
            is_struck = np.abs(plunger).reshape(-1, 80).max(axis=1) > 0.15 * np.abs(plunger).max()
            starts, ends = (
                np.flatnonzero(np.diff(is_on.astype(int)) == 1),
                np.flatnonzero(np.diff(is_on.astype(int)) == -1),
            )
            ends = ends[ends > starts[0]]
            shares += [np.any(is_struck[start : end + 10]) for start, end in zip(starts, ends, strict=False)]
        return np.mean(shares)

    assert opened(0.0) == 1
    assert 0.4 < opened(1.0) < 0.98


def test_two_faults_compose():
    def both(valve, run, severity, rng):
        first, second = rng.spawn(2)
        return late_closing(valve, contamination(valve, run, severity, first), severity, second)

    hisses_db = [hiss_db(y) for y in clips(both, 0.8)]
    assert np.mean(hisses_db) > np.mean([hiss_db(y) for y in clips(late_closing, 0.8)]) + 6
    rises_s = []
    for valve in VALVES:
        gaps_s = []
        for fault in (contamination, both):
            open_s, close_s = clicks(clip(valve, 0, fault, 0.8)[0])
            gaps_s.append(np.median(close_s[np.searchsorted(close_s, open_s[:-1])] - open_s[:-1]))
        rises_s.append(gaps_s[1] - gaps_s[0])
    assert np.mean(rises_s) > 0.005
