import dataclasses
import itertools

import numpy as np
import pytest

from auscult.synth.pump import draw_pump, draw_pump_run, render_pump
from auscult.synth.pump_faults import FAULTS, cavitation, clogging, leak

SR = 16000
DURATION_S = 5
SEVERITIES = (0.0, 0.4, 0.7, 1.0)


def pump_number(seed, **changes):
    """A pump whose speed does not jitter, with 5 vanes unless told otherwise."""
    return dataclasses.replace(draw_pump(np.random.default_rng(seed)), **({"n_vanes": 5, "speed_sd": 0.0} | changes))


def run_of(pump, seed=0, state="nominal"):
    run = draw_pump_run(pump, state, np.random.default_rng([1, seed]))
    return dataclasses.replace(run, speed_drift=0.0)


def sound(pump, run, *, sr=SR, seed=0, duration_s=DURATION_S):
    return render_pump(pump, run, duration_s * sr, sr=sr, rng=np.random.default_rng([2, seed])).sum(axis=0)


def faulty(fault, pump, severity, seed=0):
    """Run and sound of a clip with a fault; the same clip whatever fault and severity."""
    run = fault(pump, run_of(pump, seed), severity, np.random.default_rng([3, seed]))
    return run, sound(pump, run, seed=seed)


def band_db(y, low_hz, high_hz):
    power = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    bins_hz = np.fft.rfftfreq(y.size, 1 / SR)
    return 10 * np.log10(power[(bins_hz >= low_hz) & (bins_hz <= high_hz)].sum())


def envelope(y, low_hz, high_hz):
    """Squared sound in a band, over its mean."""
    spectrum, bins_hz = np.fft.rfft(y), np.fft.rfftfreq(y.size, 1 / SR)
    squared = np.fft.irfft(spectrum * ((bins_hz >= low_hz) & (bins_hz <= high_hz)), y.size) ** 2
    return squared / squared.mean()


def modulation(y, rate_hz, low_hz=1500, high_hz=7500):
    """Depth with which the power of a band follows a rate."""
    window = np.hanning(y.size)
    lines = 2 * np.abs(np.fft.rfft(envelope(y, low_hz, high_hz) * window)) / window.sum()
    bins_hz = np.fft.rfftfreq(y.size, 1 / SR)
    return lines[np.abs(bins_hz - rate_hz) <= 1].max()


def vane_pass_hz(pump, run):
    return pump.n_vanes * pump.motor.rotation_hz * run.speed


def vane_tone_db(pump, run, y):
    centre_hz = vane_pass_hz(pump, run)
    return band_db(y, 0.97 * centre_hz, 1.03 * centre_hz)


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("seed", range(3))
def test_severity_0_changes_nothing(name, seed):
    pump = draw_pump(np.random.default_rng(seed))
    _, healthy = faulty(lambda pump, run, severity, rng: run, pump, 0.0, seed)
    _, y = faulty(FAULTS[name], pump, 0.0, seed)
    np.testing.assert_allclose(y, healthy, rtol=0, atol=1e-6 * np.sqrt(np.mean(healthy**2)))


@pytest.mark.parametrize("name", FAULTS)
def test_difference_from_the_healthy_sound_grows_with_severity(name):
    differences = np.zeros(len(SEVERITIES))
    for seed in range(4):
        pump = pump_number(seed)
        clips = [faulty(FAULTS[name], pump, severity, seed)[1] for severity in SEVERITIES]
        differences += [np.mean((y - clips[0]) ** 2) for y in clips]
    assert np.all(np.diff(differences) > 0)


@pytest.mark.parametrize("name", FAULTS)
def test_level_alone_hardly_tells(name):
    changes_db = []
    for seed in range(8):
        pump = draw_pump(np.random.default_rng(seed))
        before, after = (np.mean(faulty(FAULTS[name], pump, severity, seed)[1] ** 2) for severity in (0.0, 0.6))
        changes_db.append(10 * np.log10(after / before))
    assert abs(np.mean(changes_db)) < 2


def test_cavitation_comes_in_bursts_at_vane_pass():
    depths = np.zeros(len(SEVERITIES))
    for seed in range(5):
        pump = pump_number(seed)
        for i, severity in enumerate(SEVERITIES):
            run, y = faulty(cavitation, pump, severity, seed)
            depths[i] += modulation(y, vane_pass_hz(pump, run)) / 5
    assert np.all(np.diff(depths) > 0)
    assert depths[-1] > 3 * depths[0]


def test_cavitation_makes_the_band_spiky_and_leaves_the_vane_pass_tone():
    for seed in range(4):
        pump = pump_number(seed, vane_levels_db=(0.0,) * 5)
        (healthy_run, healthy), (run, y) = (faulty(cavitation, pump, severity, seed) for severity in (0.0, 1.0))
        spikiness, healthy_spikiness = (np.mean(envelope(sound, 2000, 7500) ** 2) for sound in (y, healthy))
        assert healthy_spikiness < 3.6  # 3 for Gaussian noise
        assert spikiness > healthy_spikiness + 1
        assert vane_tone_db(pump, run, y) == pytest.approx(vane_tone_db(pump, healthy_run, healthy), abs=1.2)


def test_cavitation_of_an_even_number_of_vanes_may_sound_at_half_the_vane_pass():
    odd, even = pump_number(0, n_vanes=5), pump_number(0, n_vanes=6)
    runs = [cavitation(even, run_of(even), 0.8, np.random.default_rng(seed)) for seed in range(40)]
    alternating = [run for run in runs if run.half_vane > 0]
    assert 10 < len(alternating) < 38
    assert all(cavitation(odd, run_of(odd), 0.8, np.random.default_rng(seed)).half_vane == 0 for seed in range(40))
    plain = next(run for run in runs if run.half_vane == 0)
    half_hz = vane_pass_hz(even, plain) / 2
    y, healthy = sound(even, alternating[0]), sound(even, plain)
    assert band_db(y, half_hz - 1, half_hz + 1) > band_db(healthy, half_hz - 1, half_hz + 1) + 4
    assert modulation(y, half_hz) > 2 * modulation(healthy, half_hz)


def test_leak_hisses_at_2_to_8_khz_and_dilutes_the_modulation_at_vane_pass():
    for seed in range(4):
        pump = pump_number(seed, vane_depth=0.15)
        run = run_of(pump, seed)
        leaking = leak(pump, run, 1.0, np.random.default_rng([3, seed]))
        healthy, y = sound(pump, run), sound(pump, dataclasses.replace(leaking, drip=0.0))
        assert band_db(y, 4000, 7500) > band_db(healthy, 4000, 7500) + 2
        assert abs(band_db(y, 60, 200) - band_db(healthy, 60, 200)) < 0.5
        rate_hz = vane_pass_hz(pump, run)
        assert modulation(y, rate_hz, 4000) < 0.9 * modulation(healthy, rate_hz, 4000)


def test_drips_fall_1_to_10_times_a_second_and_fairly_evenly():
    pump = pump_number(0)
    rates_hz = [leak(pump, run_of(pump), 0.5, np.random.default_rng(seed)).drip_hz for seed in range(200)]
    assert 1 <= min(rates_hz) < 1.5
    assert 7 < max(rates_hz) <= 10
    run = dataclasses.replace(run_of(pump), drip=50.0, drip_hz=4.0)  # so loud that nothing else counts
    squared = sound(pump, run, duration_s=20) ** 2
    hop = SR // 100
    level = squared[: squared.size // hop * hop].reshape(-1, hop).mean(axis=1)
    # A drip starts where the level jumps to a tenth of the loudest or more.
    is_start = (level[1:] > 0.1 * np.quantile(level, 0.99)) & (level[:-1] < 0.2 * level[1:])
    waits_s = np.diff(np.flatnonzero(is_start)) / 100
    assert np.mean(waits_s) == pytest.approx(0.25, rel=0.15)
    assert 0.1 < np.std(waits_s) / np.mean(waits_s) < 0.45


def test_clogging_raises_the_vane_pass_and_the_noise_below_the_rotation_frequency():
    tones_db, lows_db = np.zeros(len(SEVERITIES)), np.zeros(len(SEVERITIES))
    for seed in range(5):
        pump = pump_number(seed, vane_levels_db=(0.0,) * 5)
        for i, severity in enumerate(SEVERITIES):
            run, y = faulty(clogging, pump, severity, seed)
            tones_db[i] += vane_tone_db(pump, run, y) / 5
            lows_db[i] += band_db(y, 8, 0.85 * pump.motor.rotation_hz) / 5
    assert np.all(np.diff(tones_db) > 0)
    assert np.all(np.diff(lows_db) > 0)
    assert 2.5 < tones_db[-1] - tones_db[0] < 9
    assert lows_db[-1] > lows_db[0] + 4


def test_clogging_makes_the_flow_swell_slowly():
    swells_db = []
    for severity in (0.0, 1.0):
        swells = []
        for seed in range(4):
            _, y = faulty(clogging, pump_number(seed, swell_tau_s=0.3), severity, seed)
            power = envelope(y, 1000, 7500).reshape(-1, SR // 10).mean(axis=1)
            swells.append(np.std(10 * np.log10(power)))
        swells_db.append(np.mean(swells))
    assert swells_db[1] > 1.5 * swells_db[0]


def test_clogging_speeds_the_pump_up_a_little():
    pump = pump_number(0)
    for seed in range(50):
        ratio = clogging(pump, run_of(pump), 1.0, np.random.default_rng(seed)).speed / run_of(pump).speed
        assert 1.003 <= ratio <= 1.012
        assert ratio * run_of(pump).speed < 1 / (
            1 - 0.03
        )  # the slowest slip: never above the motor's synchronous speed


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(FAULTS, 2)))
def test_two_faults_compose(first, second):
    pump = pump_number(1, n_vanes=6)
    healthy = run_of(pump)
    run = FAULTS[second](
        pump, FAULTS[first](pump, healthy, 0.8, np.random.default_rng(0)), 0.8, np.random.default_rng(1)
    )
    alone = [
        FAULTS[first](pump, healthy, 0.8, np.random.default_rng(0)),
        FAULTS[second](pump, healthy, 0.8, np.random.default_rng(1)),
    ]
    assert np.all(np.isfinite(sound(pump, run, duration_s=1)))
    for field in ("hiss", "drip", "half_vane", "alternation", "unsteady_db", "cavitation_db", "recirculation_db"):
        assert getattr(run, field) >= max(getattr(one, field) for one in alone) - 1e-9


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("sr", [8000, 44100])
def test_every_sampling_rate_and_determinism(name, sr):
    pump = draw_pump(np.random.default_rng(2))
    runs = [FAULTS[name](pump, run_of(pump), 0.9, np.random.default_rng(5)) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0] != FAULTS[name](pump, run_of(pump), 0.9, np.random.default_rng(6))
    y = sound(pump, runs[0], sr=sr, duration_s=1)
    assert y.shape == (sr,)
    assert np.all(np.isfinite(y))
