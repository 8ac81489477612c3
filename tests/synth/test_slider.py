from dataclasses import replace

import numpy as np
import pytest

from auscult.synth.slider import PARTS, STATES, carriage_motion, draw_slider, draw_slider_run, render_slider

SR = 16000
N = 10 * SR
EVEN = {"speed": 1.0, "dwell": 1.0, "scatter": (0.0,) * 8}  # every stroke as on the nameplate


def drawn(seed, state=STATES[0], **changes):
    rng = np.random.default_rng(seed)
    slider = draw_slider(rng)
    return slider, replace(draw_slider_run(slider, state, rng), **changes)


def render(slider, run, n_samples=N, sr=SR, seed=0):
    return render_slider(slider, run, n_samples, sr=sr, rng=np.random.default_rng(seed))


def longest_cruise(slider, run, sr=SR):
    """The samples of the longest part of a clip at constant speed."""
    _, speed_mps = carriage_motion(slider, run, N, sr=sr)
    is_even = (np.abs(np.diff(np.abs(speed_mps), prepend=0)) < 1e-9) & (np.abs(speed_mps) > 0.5 * slider.speed_mps)
    edges = np.flatnonzero(np.diff(is_even.astype(int), prepend=0, append=0))
    starts, ends = edges[::2], edges[1::2]
    longest = np.argmax(ends - starts)
    return slice(starts[longest], ends[longest])


def power_at(y, tone_hz, sr=SR):
    """Power within 1 % of a frequency over that around it, dB."""
    power = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    frequency_hz = np.fft.rfftfreq(y.size, 1 / sr)
    is_tone = np.abs(frequency_hz - tone_hz) < max(0.01 * tone_hz, 2 * sr / y.size)
    is_around = (np.abs(frequency_hz - tone_hz) < 0.3 * tone_hz) & ~is_tone
    return 10 * np.log10(power[is_tone].max() / np.median(power[is_around]))


def level_db(y):
    return 10 * np.log10(np.mean(y**2))


@pytest.mark.parametrize("seed", range(5))
def test_carriage_goes_to_and_fro_in_the_time_on_its_nameplate(seed):
    slider, run = drawn(seed, **EVEN, start=0.0)
    position_m, speed_mps = carriage_motion(slider, run, N, sr=SR)
    assert position_m.min() == pytest.approx(0, abs=1e-9)
    assert position_m.max() == pytest.approx(slider.stroke_m)
    assert np.abs(speed_mps).max() == pytest.approx(slider.speed_mps)
    np.testing.assert_allclose(np.diff(position_m) * SR, speed_mps[:-1], atol=1.1 * slider.acceleration_mps2 / SR)
    stroke = round(slider.stroke_s * SR)
    moved = round((slider.stroke_s - slider.dwell_s) * SR)
    out, back = position_m[:moved], position_m[stroke : stroke + moved]
    np.testing.assert_allclose(back, slider.stroke_m - out, atol=2 * slider.speed_mps / SR)  # the way back
    np.testing.assert_allclose(back, out[::-1], atol=3 * slider.speed_mps / SR)  # mirrors the way out in time
    assert np.all(np.abs(speed_mps[moved + 2 : stroke - 2]) < 1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_speed_is_trapezoidal(seed):
    slider, run = drawn(seed)
    _, speed_mps = carriage_motion(slider, run, N, sr=SR)
    slopes = np.abs(np.diff(np.abs(speed_mps))) * SR / slider.acceleration_mps2
    is_even = (slopes < 1e-3) | (np.abs(slopes - 1) < 1e-3)
    assert np.mean(~is_even) < 0.001  # corners only


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("state", STATES)
def test_tones_of_mesh_and_motor_stand_where_the_speed_puts_them(seed, state):
    slider, run = drawn(seed, state)
    cruise = longest_cruise(slider, run)
    drive = render(slider, run)[PARTS.index("drive"), cruise]
    _, speed_mps = carriage_motion(slider, run, N, sr=SR)
    cruise_mps = np.abs(speed_mps[cruise]).mean()
    assert power_at(drive, cruise_mps / slider.mesh_m) > 20
    assert power_at(drive, 50 * cruise_mps / slider.turn_m) > 20


def test_balls_pass_at_half_the_speed_of_the_carriage():
    slider, run = drawn(4)
    slider = replace(slider, ball_levels_db=(0.0, -60.0, -60.0))
    cruise = longest_cruise(slider, run)
    _, speed_mps = carriage_motion(slider, run, N, sr=SR)
    spacing_m = slider.ball_m / 2
    assert 0.0032 <= spacing_m <= 0.0065
    ball_hz = np.abs(speed_mps[cruise]).mean() / 2 / spacing_m
    assert power_at(render(slider, run)[PARTS.index("carriage"), cruise], ball_hz) > 15


def test_rolling_noise_grows_by_nearly_10_db_when_the_speed_doubles():
    levels_db = []
    for speed in (0.6, 1.2):
        slider, run = drawn(3, **EVEN | {"speed": speed})
        carriage = render(slider, run)[PARTS.index("carriage"), longest_cruise(slider, run)]
        power = np.abs(np.fft.rfft(carriage)) ** 2 / carriage.size**2
        levels_db.append(10 * np.log10(power[carriage.size // 4 :].sum()))  # above 4 kHz
    assert levels_db[1] - levels_db[0] == pytest.approx(9.8, abs=0.6)


def test_standstill_is_quiet_and_has_no_beginning():
    firsts = set()
    for seed in range(8):
        slider, run = drawn(seed)
        y = render(slider, run).sum(axis=0)
        _, speed_mps = carriage_motion(slider, run, N, sr=SR)
        stands = np.convolve(np.abs(speed_mps) < 1e-9, np.ones(3200), "same") > 3199  # 0.1 s away from moving
        if stands.any():
            assert level_db(y[stands]) < level_db(y[longest_cruise(slider, run)]) - 15
        firsts.add(round(float(carriage_motion(slider, run, 1, sr=SR)[0][0]) / slider.stroke_m, 3))
    assert len(firsts) > 5


def test_individuals_differ_and_stay_in_the_ranges_of_real_slide_rails():
    sliders = [draw_slider(np.random.default_rng(seed)) for seed in range(200)]
    assert len({slider.stroke_s for slider in sliders}) == len({slider.contact_modes for slider in sliders}) == 200
    assert {slider.drive for slider in sliders} == {"belt", "screw"}
    assert all(1 <= slider.stroke_s <= 4 for slider in sliders)
    assert all(0.02 < slider.stroke_m < 1.3 for slider in sliders)
    assert all(slider.mesh_m in (0.003, 0.005, 0.008) for slider in sliders if slider.drive == "belt")
    assert all(slider.speed_mps / slider.turn_m <= 25 for slider in sliders)
    assert all(1000 <= mode.mode_hz <= 5000 for slider in sliders for mode in slider.contact_modes)
    assert all(0 < slider.mark.at_m < slider.stroke_m for slider in sliders)


def test_level_is_about_a_tenth_and_varies_from_clip_to_clip():
    cruise_db = []
    for seed in range(12):
        slider, run = drawn(seed, level_db=0.0)
        cruise_db.append(level_db(render(slider, run).sum(axis=0)[longest_cruise(slider, run)]))
    assert np.mean(cruise_db) == pytest.approx(-20, abs=2)
    slider = draw_slider(np.random.default_rng(1))
    rngs = [np.random.default_rng(seed) for seed in range(30)]
    runs = [draw_slider_run(slider, STATES[i % 3], rng) for i, rng in enumerate(rngs)]
    levels_db = [level_db(render(slider, run, n_samples=4 * SR).sum(axis=0)) for run in runs]
    assert 1.5 < np.std(levels_db) < 4
    assert all(abs(run.speed / slider.state_speeds[run.state] - 1) <= 0.01 for run in runs)


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
@pytest.mark.parametrize("n_samples", [4000, 12345])
def test_shape_and_determinism(sr, n_samples):
    for seed in range(4):
        slider, run = drawn(seed)
        y = render(slider, run, n_samples=n_samples, sr=sr)
        assert y.shape == (len(PARTS), n_samples)
        assert np.all(np.isfinite(y))
        np.testing.assert_array_equal(y, render(slider, run, n_samples=n_samples, sr=sr))
        assert not np.array_equal(y, render(slider, run, n_samples=n_samples, sr=sr, seed=1))


def test_tones_that_would_alias_are_left_out():
    slider, run = drawn(0, **EVEN)
    slider = replace(slider, turn_m=slider.speed_mps / 70, motor_levels_db=(0.0,) * 4)  # tones at 3.5, 7, 10.5, 14 kHz
    drive = render(slider, run, sr=8000)[PARTS.index("drive"), longest_cruise(slider, run, sr=8000)]
    assert power_at(drive, 3500, sr=8000) > 20
    power = np.abs(np.fft.rfft(drive * np.hanning(drive.size))) ** 2
    frequency_hz = np.fft.rfftfreq(drive.size, 1 / 8000)
    for alias_hz in (1000, 2500, 2000):
        is_alias = np.abs(frequency_hz - alias_hz) < 20
        assert power[is_alias].max() < 1e-3 * power.max()
