import dataclasses

import numpy as np
import pytest

from auscult.synth.fan import N_BLADES, PARTS, STATES, draw_fan, draw_fan_run, render_fan

SR = 16000


def render(fan, seed, *, duration_s=1.0, state="nominal", sr=SR):
    run = draw_fan_run(fan, state, np.random.default_rng(seed))
    return render_fan(fan, run, round(duration_s * sr), sr=sr, rng=np.random.default_rng(100 + seed))


def long_term_spectrum(fan, n_clips=4):
    """Mean power spectrum of some normal clips, in bins of 1 Hz."""
    clips = [render(fan, seed, duration_s=4).sum(axis=0) for seed in range(n_clips)]
    segments = np.concatenate([y.reshape(-1, SR) for y in clips]) * np.hanning(SR)
    return np.mean(np.abs(np.fft.rfft(segments)) ** 2, axis=0)


@pytest.mark.parametrize("seed", range(6))
def test_blade_pass_tone_stands_where_theory_says(seed):
    fan = draw_fan(np.random.default_rng(seed))
    blade_pass_hz = fan.n_blades * fan.motor.rotation_hz
    power = long_term_spectrum(fan)
    around = np.arange(int(0.85 * blade_pass_hz), int(1.15 * blade_pass_hz))
    # Load and voltage move the speed by a percent or so, the slow drift by a quarter, jitter by a little more.
    assert around[np.argmax(power[around])] == pytest.approx(blade_pass_hz, rel=0.025, abs=1.5)
    assert power[around].max() > 10 * np.median(power[around])  # 10 dB above the flow noise


def test_hum_comes_from_the_motor_at_twice_the_mains_frequency():
    fan = draw_fan(np.random.default_rng(0))
    hum = np.abs(np.fft.rfft(render(fan, 0)[PARTS.index("motor")]))
    assert np.argmax(hum) == pytest.approx(2 * fan.motor.mains_hz, abs=1)


def test_flow_noise_follows_the_octaves_of_the_impeller():
    """An axial fan's noise lies higher than that of forward-curved blades (Engineering ToolBox)."""
    shares = {"axial": [], "forward": []}
    for seed in range(40):
        fan = draw_fan(np.random.default_rng(seed))
        if fan.impeller in shares:
            fan = dataclasses.replace(fan, blade_levels_db=(-80.0,) * 6)
            power = np.abs(np.fft.rfft(render(fan, 0)[PARTS.index("impeller")])) ** 2
            shares[fan.impeller].append(power[700:].sum() / power.sum())
    assert np.median(shares["axial"]) > 2 * np.median(shares["forward"])


def test_individuals_differ_and_stay_in_the_ranges_of_real_fans():
    fans = [draw_fan(np.random.default_rng(seed)) for seed in range(200)]
    assert len({fan.motor.rotation_hz for fan in fans}) == len({fan.modes for fan in fans}) == 200
    assert {fan.impeller for fan in fans} == set(N_BLADES)
    assert len({fan.n_blades for fan in fans}) > 15
    assert all(700 / 60 <= fan.motor.rotation_hz <= 3600 / 60 for fan in fans)
    assert all(3 <= fan.n_blades <= 40 for fan in fans)
    assert all(150 <= mode.mode_hz <= 1500 and 10 <= mode.q <= 40 for fan in fans for mode in fan.modes)


def test_normal_clips_of_one_fan_vary_in_level_and_stay_near_their_mean():
    fan = draw_fan(np.random.default_rng(1))
    levels_db = [10 * np.log10(np.mean(render(fan, seed, duration_s=0.5).sum(axis=0) ** 2)) for seed in range(60)]
    assert np.mean(levels_db) == pytest.approx(-19, abs=3)  # about 0.1 rms
    assert 0.8 < np.std(levels_db) < 3


def test_load_moves_the_speed():
    fan = draw_fan(np.random.default_rng(2))
    speeds = {
        state: np.mean([draw_fan_run(fan, state, np.random.default_rng(seed)).speed for seed in range(30)])
        for state in STATES
    }
    assert speeds["full load"] < speeds["nominal"] < speeds["part load"]


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
def test_shape_and_determinism(sr):
    fan = draw_fan(np.random.default_rng(2))
    y = render(fan, 9, duration_s=0.75, sr=sr)
    assert y.shape == (len(PARTS), round(0.75 * sr))
    assert np.all(np.isfinite(y))
    np.testing.assert_array_equal(y, render(fan, 9, duration_s=0.75, sr=sr))
    assert not np.array_equal(y, render(fan, 10, duration_s=0.75, sr=sr))
