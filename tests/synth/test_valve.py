import numpy as np
import pytest

from auscult.synth.valve import GAP_S, PARTS, PERIOD_S, STATES, draw_valve, draw_valve_run, render_valve

SR = 16000
DURATION_S = 10
# A valve whose clicks are well apart, so that a test can tell one from the other.
VALVE = next(it for it in (draw_valve(np.random.default_rng(seed)) for seed in range(99)) if 0.12 < it.gap_s < 0.2)


def render(valve, number, *, state="nominal", sr=SR, duration_s=DURATION_S):
    """One normal clip of a valve: what its parts radiate."""
    run = draw_valve_run(valve, state, np.random.default_rng([number, 1]))
    return render_valve(valve, run, round(sr * duration_s), sr=sr, rng=np.random.default_rng([number, 2]))


def clicks(plunger):
    """Times in s at which the plunger strikes, of opening and of closing, without the clip's first and last cycle."""
    is_loud = np.abs(plunger) > 0.15 * np.abs(plunger).max()
    loud_s = np.flatnonzero(is_loud) / SR
    onsets_s = loud_s[np.diff(loud_s, prepend=-1) > 0.035]  # longer than any click rings
    is_open = np.diff(onsets_s, prepend=onsets_s[0]) > np.diff(onsets_s).max() / 2
    first, last = np.flatnonzero(is_open)[[0, -1]]
    return onsets_s[first:last][is_open[first:last]], onsets_s[first:last][~is_open[first:last]]


def power_spectrum(y, n=1024):
    """Mean power of segments of n samples, in bins of SR / n."""
    segments = y[: y.size // n * n].reshape(-1, n) * np.hanning(n)
    return np.mean(np.abs(np.fft.rfft(segments)) ** 2, axis=0)


def test_clicks_come_with_the_period_of_the_program_and_with_its_gap():
    open_s, close_s = clicks(render(VALVE, 0)[0])
    assert len(open_s) == len(close_s) >= 4
    assert np.mean(np.diff(open_s)) == pytest.approx(VALVE.period_s, rel=0.015)
    assert np.mean(close_s - open_s) == pytest.approx(VALVE.gap_s, abs=0.012)


def test_the_timing_of_a_healthy_valve_jitters_by_some_milliseconds():
    run = draw_valve_run(VALVE, "nominal", np.random.default_rng(0))
    y = render_valve(VALVE, run, 60 * SR, sr=SR, rng=np.random.default_rng(0))
    open_s, close_s = clicks(y[0])
    assert 0.0008 < np.std(np.diff(open_s)) < 0.006
    assert 0.0008 < np.std(close_s - open_s) < 0.006


@pytest.mark.parametrize("seed", range(6))
def test_burst_stands_between_the_clicks_and_peaks_where_the_jet_does(seed):
    valve = draw_valve(np.random.default_rng(seed))
    run = draw_valve_run(valve, "nominal", np.random.default_rng(seed))
    outlet = render_valve(valve, run, 20 * SR, sr=SR, rng=np.random.default_rng(seed))[1]
    power = power_spectrum(outlet)
    smooth = np.convolve(power, np.ones(33) / 33, "same")[:490]  # up to 7.6 kHz, and over 500 Hz
    smooth[: 1000 * 1024 // SR] = 0  # there the pipe is heard
    assert np.argmax(smooth) * SR / 1024 == pytest.approx(valve.jet_hz * run.pressure**0.5, rel=0.3)
    loud = outlet**2 > np.mean(outlet**2)
    assert np.mean(loud) < 0.5 * valve.gap_s / valve.period_s + 0.1


def test_outlet_is_loud_while_the_valve_is_open_and_quiet_while_it_is_closed():
    plunger, outlet, _ = render(VALVE, 1)
    open_s, close_s = clicks(plunger)
    is_open, is_closed = np.zeros(outlet.size, bool), np.zeros(outlet.size, bool)
    for opening_s, closing_s, next_s in zip(open_s, close_s, open_s[1:], strict=False):
        is_open[round((opening_s + 0.03) * SR) : round(closing_s * SR)] = True
        is_closed[round((closing_s + 0.15) * SR) : round((next_s - 0.02) * SR)] = True
    leak_db = 10 * np.log10(np.mean(outlet[is_closed] ** 2) / np.mean(outlet[is_open] ** 2))
    assert -60 < leak_db < -25


def test_hum_stands_at_twice_the_mains_frequency_while_the_coil_is_energised():
    plunger, _, coil = render(VALVE, 2)
    power = np.abs(np.fft.rfft(coil)) ** 2
    assert np.argmax(power) / DURATION_S == pytest.approx(2 * VALVE.mains_hz, abs=2)
    open_s, close_s = clicks(plunger)
    in_middle = [coil[round((a + 0.02) * SR) : round((b - 0.04) * SR)] for a, b in zip(open_s, close_s, strict=True)]
    after = [coil[round((b + 0.02) * SR) : round((b + 0.2) * SR)] for b in close_s]
    assert np.mean(np.concatenate(in_middle) ** 2) > 0
    assert np.max(np.abs(np.concatenate(after))) == 0
    assert np.mean(coil**2) < 0.02 * np.mean(plunger**2)  # faint


@pytest.mark.parametrize("which", [0, 1])
def test_clicks_ring_at_the_modes_of_the_valve(which):
    times_s = clicks(render(VALVE, 3)[0])[which]
    plunger = render(VALVE, 3)[0]
    segments = np.array([plunger[round(t * SR) : round(t * SR) + 512] for t in times_s])
    power = np.mean(np.abs(np.fft.rfft(segments, 8 * 512)) ** 2, axis=0)
    peak_hz = np.argmax(power) * SR / (8 * 512)
    assert min(abs(mode.mode_hz - peak_hz) for mode in VALVE.modes[which]) < 60


def test_pressure_makes_the_burst_louder_and_closing_sooner():
    outlets_db, gaps_s = [], []
    for state in ("low pressure", "nominal", "high pressure"):
        clips = [render(VALVE, number, state=state) for number in range(6)]
        outlets_db.append(np.mean([10 * np.log10(np.sum(it[1] ** 2) / np.sum(it[0] ** 2)) for it in clips]))
        gaps_s.append(np.mean([np.mean(close - open_) for open_, close in (clicks(it[0]) for it in clips)]))
    assert outlets_db[0] + 1 < outlets_db[1] < outlets_db[2] - 1
    assert gaps_s[0] > gaps_s[1] > gaps_s[2]


def test_individuals_differ_and_stay_in_the_ranges_of_real_valves():
    valves = [draw_valve(np.random.default_rng(seed)) for seed in range(300)]
    assert len({it.period_s for it in valves}) == len({it.modes for it in valves}) == 300
    assert all(PERIOD_S[0] <= it.period_s <= PERIOD_S[2] for it in valves)
    assert np.median([it.period_s for it in valves]) == pytest.approx(1.1, abs=0.1)
    assert all(GAP_S[0] - 1e-9 <= it.gap_s <= GAP_S[1] for it in valves)
    assert all(it.on_s > it.delays_s[0] + 0.01 for it in valves)  # the coil holds until the plunger has arrived
    for valve in valves:
        for modes in valve.modes:
            assert 3 <= len(modes) <= 6
            assert all(100 <= mode.mode_hz <= 7000 for mode in modes)
            assert all(0.002 <= mode.q / (np.pi * mode.mode_hz) <= 0.015 for mode in modes)


def test_normal_clips_of_one_valve_vary_in_level_and_the_mean_is_as_announced():
    levels_db = [10 * np.log10(np.mean(render(VALVE, it, duration_s=4).sum(axis=0) ** 2)) for it in range(60)]
    assert 1.2 < np.std(levels_db) < 3.5
    powers = [np.mean(render(draw_valve(np.random.default_rng(it)), it).sum(axis=0) ** 2) for it in range(20)]
    assert 0.02 < np.sqrt(np.mean(powers)) < 0.045


def test_a_clip_begins_anywhere_in_the_cycle():
    first_s = [clicks(render(VALVE, number)[0])[0][0] % VALVE.period_s for number in range(30)]
    assert np.ptp(first_s) > 0.8 * VALVE.period_s
    begins_open = [np.mean(render(VALVE, it, duration_s=1)[1, :80] ** 2) > 1e-5 for it in range(60)]
    assert 0 < np.mean(begins_open) < 0.4


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
@pytest.mark.parametrize("n_samples", [4000, 12345])
def test_shape_and_determinism(sr, n_samples):
    for state in STATES:
        run = draw_valve_run(VALVE, state, np.random.default_rng(9))
        y = render_valve(VALVE, run, n_samples, sr=sr, rng=np.random.default_rng(9))
        assert y.shape == (len(PARTS), n_samples)
        assert np.all(np.isfinite(y))
        again = render_valve(VALVE, run, n_samples, sr=sr, rng=np.random.default_rng(9))
        np.testing.assert_array_equal(y, again)
        other = render_valve(VALVE, run, n_samples, sr=sr, rng=np.random.default_rng(10))
        assert not np.array_equal(y, other)


def test_every_valve_clicks_even_at_the_lowest_sampling_rate():
    for seed in range(30):
        valve = draw_valve(np.random.default_rng(seed))
        plunger = render(valve, seed, sr=8000, duration_s=4)[0]
        assert np.sqrt(np.mean(plunger**2)) > 0.002
