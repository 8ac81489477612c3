import dataclasses
import math

import numpy as np
import pytest

from auscult.synth.processes import from_db
from auscult.synth.pump import PARTS, STATES, draw_pump, draw_pump_run, render_pump

SR = 16000


@pytest.fixture(scope="module")
def pump():
    """A pump of 6 vanes whose speed does not jitter, so that its tones are lines, and whose vane pass stands out."""
    return dataclasses.replace(draw_pump(np.random.default_rng(0)), n_vanes=6, speed_sd=0.0, vane_levels_db=(0.0,) * 5)


@pytest.fixture(scope="module")
def steady(pump):
    """A run at the nominal speed."""
    run = draw_pump_run(pump, "nominal", np.random.default_rng(1))
    return dataclasses.replace(run, speed=1.0, speed_drift=0.0, voltage=1.0)


def rendered(pump, run, *, seed=0, duration_s=4, sr=SR):
    return render_pump(pump, run, round(duration_s * sr), sr=sr, rng=np.random.default_rng(seed))


def spectrum(y, sr=SR):
    """Power in bins of 1 Hz, long-term mean."""
    segments = y[: y.size // sr * sr].reshape(-1, sr) * np.hanning(sr)
    return np.mean(np.abs(np.fft.rfft(segments)) ** 2, axis=0)


def line_db(power, line_hz):
    """Level of a line over the noise around it."""
    i = round(line_hz)
    around = np.concatenate([power[i - 12 : i - 4], power[i + 5 : i + 13]])
    return 10 * math.log10(power[i - 1 : i + 2].max() / np.median(around))


def test_vane_pass_tones_stand_where_theory_says(pump, steady):
    hydraulics = rendered(pump, steady)[PARTS.index("hydraulics")]
    power = spectrum(hydraulics)
    vane_pass_hz = pump.n_vanes * pump.motor.rotation_hz
    assert all(line_db(power, k * vane_pass_hz) > 15 for k in range(1, 6))
    assert line_db(power, 1.5 * vane_pass_hz) < 8
    assert line_db(power, 0.5 * vane_pass_hz) < 8


def test_shaft_orders_stand_in_the_casing_and_hum_at_twice_the_mains_in_the_motor(pump, steady):
    loud = dataclasses.replace(pump, shaft_levels_db=(0.0,) * 8)
    _, casing, motor = rendered(loud, steady)
    assert all(line_db(spectrum(casing), k * pump.motor.rotation_hz) > 10 for k in range(2, 9))
    assert line_db(spectrum(motor), 2 * pump.motor.mains_hz) > 10


def test_tones_follow_the_speed(pump, steady):
    power = spectrum(rendered(pump, dataclasses.replace(steady, speed=0.97)).sum(axis=0))
    vane_pass_hz = pump.n_vanes * pump.motor.rotation_hz
    around = np.arange(round(0.9 * vane_pass_hz), round(1.1 * vane_pass_hz))
    assert around[np.argmax(power[around])] == pytest.approx(0.97 * vane_pass_hz, abs=1.1)


def test_a_lower_voltage_slows_the_pump_and_quiets_the_hum(pump, steady):
    hum_hz = round(2 * pump.motor.mains_hz)
    before, after = (
        rendered(pump, dataclasses.replace(steady, voltage=voltage))[PARTS.index("motor")] for voltage in (1.0, 0.8)
    )
    change_db = 10 * np.log10(spectrum(after)[hum_hz] / spectrum(before)[hum_hz])
    assert change_db == pytest.approx(20 * np.log10(0.8**2), abs=2.5)  # the level of all parts falls with the speed


def test_flow_noise_is_flat_to_its_corner_and_falls_above(steady):
    pump = dataclasses.replace(
        draw_pump(np.random.default_rng(0)), corner_hz=2500.0, slope_db=12.0, cavitation_db=-80.0, vane_depth=0.0
    )
    power = spectrum(rendered(pump, dataclasses.replace(steady, high_db=0.0), duration_s=8)[0])

    def level_db(low, high):
        return 10 * np.log10(np.median(power[low:high]))

    assert level_db(900, 1100) == pytest.approx(level_db(400, 600), abs=1.5)
    assert level_db(6800, 7600) - level_db(3400, 3800) == pytest.approx(-10.5, abs=2)  # nears 12 dB an octave


def test_high_gain_is_of_the_flow_noise_above_1_khz(pump, steady):
    run = dataclasses.replace(steady, cavitation_db=-80.0)
    before, after = (spectrum(rendered(pump, dataclasses.replace(run, high_db=gain_db))[0]) for gain_db in (0.0, 6.0))
    change_db = 10 * np.log10(after / before)
    assert np.median(change_db[4000:7000]) == pytest.approx(6, abs=0.5)
    assert abs(np.median(change_db[60:150])) < 0.3


def test_recirculation_is_noise_below_the_rotation_frequency(pump, steady):
    before, after = (
        spectrum(rendered(pump, dataclasses.replace(steady, recirculation_db=gain_db), duration_s=10)[0])
        for gain_db in (-20.0, 15.0)
    )
    rotation_hz = round(pump.motor.rotation_hz)
    change_db = 10 * np.log10(after / before)
    assert np.mean(change_db[rotation_hz // 3 : rotation_hz - 3]) > 6
    assert abs(np.mean(change_db[3 * rotation_hz : 5 * rotation_hz])) < 0.5


def test_sound_is_about_a_tenth_rms_and_varies_by_some_2_db():
    pump = draw_pump(np.random.default_rng(3))
    rms = []
    for clip in range(60):
        rng = np.random.default_rng(clip)
        run = draw_pump_run(pump, STATES[clip % 3], rng)
        rms.append(np.sqrt(np.mean(rendered(pump, run, seed=clip, duration_s=0.5).sum(axis=0) ** 2)))
    assert 0.05 < np.median(rms) < 0.2
    assert 1.3 < np.std(20 * np.log10(rms)) < 3.5


def test_level_gain_is_of_everything(pump, steady):
    louder = dataclasses.replace(steady, level_db=steady.level_db + 6)
    np.testing.assert_allclose(rendered(pump, louder), from_db(6) * rendered(pump, steady), rtol=1e-6, atol=1e-9)


def test_individuals_differ_and_stay_in_the_ranges_of_real_pumps():
    pumps = [draw_pump(np.random.default_rng(seed)) for seed in range(150)]
    for name in ("modes", "corner_hz", "vane_levels_db", "bearing", "recirculation", "cavitation_db", "state_changes"):
        assert len({repr(getattr(pump, name)) for pump in pumps}) == 150
    assert {pump.n_vanes for pump in pumps} == {4, 5, 6, 7}
    assert {pump.motor.n_pole_pairs for pump in pumps} == {1, 2}
    for pump in pumps:
        assert 24 <= pump.motor.rotation_hz <= 58
        assert 2000 <= pump.corner_hz <= 4000
        assert all(250 <= mode.mode_hz <= 3000 and 10 <= mode.q <= 40 for mode in pump.modes)
        assert pump.recirculation.mode_hz < pump.motor.rotation_hz


@pytest.mark.parametrize("state", STATES)
def test_normal_speed_stays_within_its_range_and_has_no_fault(state):
    pump = draw_pump(np.random.default_rng(5))
    runs = [draw_pump_run(pump, state, np.random.default_rng(seed)) for seed in range(100)]
    speeds = np.array([run.speed for run in runs])
    assert np.all(np.abs(speeds - 1) < 0.015)
    assert np.std(speeds) > 0.002
    assert all(run.hiss == run.drip == run.half_vane == run.alternation == 0 for run in runs)
    assert all(run.state == state for run in runs)


def test_part_flow_is_faster_and_full_flow_slower():
    pump = draw_pump(np.random.default_rng(5))
    nominal, part, full = (
        np.mean([draw_pump_run(pump, state, np.random.default_rng(seed)).speed for seed in range(50)])
        for state in STATES
    )
    assert full < nominal < part


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
@pytest.mark.parametrize("n_samples", [4000, 12345])
def test_shape_finiteness_and_determinism(sr, n_samples):
    pump = draw_pump(np.random.default_rng(6))
    run = draw_pump_run(pump, "full flow", np.random.default_rng(7))
    y, again, other = (render_pump(pump, run, n_samples, sr=sr, rng=np.random.default_rng(seed)) for seed in (8, 8, 9))
    assert y.shape == (len(PARTS), n_samples)
    assert np.all(np.isfinite(y))
    np.testing.assert_array_equal(y, again)
    assert not np.allclose(y, other)


def test_tones_near_half_the_sampling_rate_are_left_out():
    pump = draw_pump(np.random.default_rng(0))
    motor = dataclasses.replace(pump.motor, mains_hz=60.0, n_pole_pairs=1, slip=0.04)
    loud = dataclasses.replace(pump, motor=motor, n_vanes=70, vane_levels_db=(40.0,) * 5, speed_sd=0.0)
    run = dataclasses.replace(
        draw_pump_run(loud, "nominal", np.random.default_rng(1)), speed=1.0, speed_drift=0.0, voltage=1.0
    )
    # 70 x 57.6 Hz = 4032 Hz, above 0.48 x 8 kHz = 3840 Hz; at 40 dB it would have 100 times the rms of the flow.
    assert np.sqrt(np.mean(rendered(loud, run, sr=8000)[0] ** 2)) < 1
