import numpy as np
import pytest

from auscult.errors import OptionError
from auscult.synth import draw_fan, render_fan

SR = 16000


def long_term_spectrum(fan, n_clips=4):
    """Mean power spectrum of some normal clips, in bins of 1 Hz."""
    clips = [render_fan(fan, duration_s=4, sr=SR, rng=np.random.default_rng(i)) for i in range(n_clips)]
    segments = np.concatenate([y.reshape(-1, SR) for y in clips]) * np.hanning(SR)
    return np.mean(np.abs(np.fft.rfft(segments)) ** 2, axis=0)


@pytest.mark.parametrize("seed", range(6))
def test_blade_pass_tone_stands_where_theory_says(seed):
    fan = draw_fan(np.random.default_rng(seed))
    blade_pass_hz = fan.n_blades * fan.rotation_hz
    power = long_term_spectrum(fan)
    around = np.arange(int(0.85 * blade_pass_hz), int(1.15 * blade_pass_hz))
    # The duty moves the speed by 1 %, the slow drift by a quarter, jitter by a little more.
    assert around[np.argmax(power[around])] == pytest.approx(blade_pass_hz, rel=0.02, abs=1.5)
    assert power[around].max() > 10 * np.median(power[around])  # 10 dB above the flow noise


def test_hum_stands_at_twice_the_mains_frequency():
    fan = draw_fan(np.random.default_rng(0))
    power = long_term_spectrum(fan)
    hum_hz = round(2 * fan.mains_hz)
    assert power[hum_hz - 1 : hum_hz + 2].max() > 3 * np.median(power[hum_hz - 15 : hum_hz + 16])


def test_individuals_differ_and_stay_in_the_ranges_of_real_fans():
    fans = [draw_fan(np.random.default_rng(seed)) for seed in range(200)]
    assert len({fan.rotation_hz for fan in fans}) == len({fan.modes for fan in fans}) == 200
    assert len({fan.n_blades for fan in fans}) > 15
    assert all(700 / 60 <= fan.rotation_hz <= 3600 / 60 for fan in fans)
    assert all(3 <= fan.n_blades <= 40 for fan in fans)
    assert all(150 <= mode.mode_hz <= 1500 and 10 <= mode.q <= 40 for fan in fans for mode in fan.modes)


def test_normal_clips_of_one_fan_vary_in_level_and_stay_near_their_mean():
    fan = draw_fan(np.random.default_rng(1))
    clips = [render_fan(fan, duration_s=1, sr=SR, rng=np.random.default_rng(i)) for i in range(60)]
    levels_db = [10 * np.log10(np.mean(y**2)) for y in clips]
    assert 1.2 < np.std(levels_db) < 3.5


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
def test_shape_type_and_determinism(sr):
    fan = draw_fan(np.random.default_rng(2))
    y = render_fan(fan, duration_s=0.75, sr=sr, rng=np.random.default_rng(9))
    assert y.shape == (round(0.75 * sr),)
    assert y.dtype == np.float32
    assert np.all(np.isfinite(y))
    np.testing.assert_array_equal(y, render_fan(fan, duration_s=0.75, sr=sr, rng=np.random.default_rng(9)))
    assert not np.array_equal(y, render_fan(fan, duration_s=0.75, sr=sr, rng=np.random.default_rng(10)))


def test_an_empty_clip_is_refused():
    with pytest.raises(OptionError, match="duration_s"):
        render_fan(draw_fan(np.random.default_rng(0)), duration_s=0, sr=SR, rng=np.random.default_rng(0))
