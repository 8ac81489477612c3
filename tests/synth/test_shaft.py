import numpy as np
import pytest

from auscult.synth.shaft import (
    bearing_noise_power,
    draw_bearing,
    order_phasors,
    radiated,
    render_defect,
    shaft_angle,
)

SR = 16000


def test_a_shaft_turns_as_often_as_its_speed_says_and_jitters_as_asked():
    rng = np.random.default_rng(0)
    angle = shaft_angle(25.0, 20 * SR, jitter_sd=0.004, jitter_tau_s=0.5, sr=SR, rng=rng)
    speed_hz = np.diff(angle) * SR / (2 * np.pi)
    assert np.mean(speed_hz) == pytest.approx(25, rel=0.003)
    assert np.std(speed_hz) / 25 == pytest.approx(0.004, rel=0.3)


def test_a_tone_at_0_db_has_mean_square_1_and_low_ones_are_hardly_radiated():
    phasors = order_phasors(
        np.array([1.0, 20.0, 400.0]), np.zeros(3), np.zeros(3), rotation_hz=25.0, sr=SR
    )  # 25 Hz, 500 Hz, 10 kHz
    assert np.abs(phasors[1]) == pytest.approx(np.sqrt(2), rel=1e-3)
    assert np.abs(phasors[0]) < 0.3 * np.abs(phasors[1])
    assert phasors[2] == 0  # above half the rate
    assert radiated(np.array([50.0]))[0] == pytest.approx(0.5)


def test_a_healthy_bearing_makes_faint_noise_from_2_to_6_khz():
    bearing = draw_bearing(np.random.default_rng(1), level_db=(-20, -20))
    frequency_hz = np.fft.rfftfreq(SR, 1 / SR)
    power = bearing_noise_power(bearing, frequency_hz)
    assert power.sum() == pytest.approx(0.01)
    assert power[(frequency_hz < 1000) | (frequency_hz > 7900)].sum() < 0.03 * power.sum()


@pytest.mark.parametrize("seed", range(4))
def test_balls_pass_a_defect_as_often_as_the_bearing_s_geometry_says(seed):
    """The envelope of the ringing has a line at the ball-pass frequency (Randall and Antoni 2011)."""
    bearing = draw_bearing(np.random.default_rng(seed), level_db=(-20, -14))
    assert 2.5 < bearing.pass_order < 5.5  # some 0.4 times 7 to 12 balls
    angle = 2 * np.pi * 24 * np.arange(8 * SR) / SR
    y = render_defect(bearing, angle, level_db=-10, load_depth=0.0, sr=SR, rng=np.random.default_rng(9))
    assert 10 * np.log10(np.mean(y**2)) == pytest.approx(-10, abs=2)
    envelope = np.abs(np.fft.rfft(np.abs(y)))
    bins_hz = np.fft.rfftfreq(y.size, 1 / SR)
    near = np.abs(bins_hz - 24 * bearing.pass_order) < 0.02 * 24 * bearing.pass_order
    elsewhere = (bins_hz > 15) & (bins_hz < 24 * bearing.pass_order * 0.9)
    assert envelope[near].max() > 3 * np.sqrt(np.mean(envelope[elsewhere] ** 2))


def test_the_load_that_turns_modulates_the_blows():
    bearing = draw_bearing(np.random.default_rng(2), level_db=(-20, -14))
    angle = 2 * np.pi * 24 * np.arange(8 * SR) / SR

    def line_at_1x(depth):
        y = render_defect(bearing, angle, level_db=0, load_depth=depth, sr=SR, rng=np.random.default_rng(9))
        return np.abs(np.fft.rfft(np.abs(y)))[24 * 8]

    assert line_at_1x(0.8) > 3 * line_at_1x(0.0)
