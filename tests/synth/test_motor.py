import numpy as np
import pytest

from auscult.synth.motor import SLIPS, Motor, draw_motor, render_hum, render_slot_tones, speed_at_voltage

SR = 16000


def motor(slip=0.04):
    return Motor("three-phase", 50.0, 2, slip, (0.0, -20.0, -30.0), 28, -6.0)


def lines_db(y):
    """Levels in bins of 1 Hz of a clip of a second."""
    return 20 * np.log10(np.abs(np.fft.rfft(y)) / (y.size / 2) / np.sqrt(2) + 1e-9)


@pytest.mark.parametrize(
    ("slip", "voltage", "change"),
    [  # the torque equation solved independently, for a load with the square of the speed
        (0.04, 1.10, 0.007),
        (0.04, 0.90, -0.010),
        (0.04, 0.80, -0.025),
        (0.04, 0.70, -0.049),
        (0.08, 0.80, -0.045),
        (0.15, 1.15, 0.036),
        (0.15, 0.80, -0.074),
    ],
)
def test_speed_follows_the_voltage_as_torque_and_load_have_it(slip, voltage, change):
    assert speed_at_voltage(motor(slip), voltage) - 1 == pytest.approx(change, abs=0.005)


def test_speed_is_nominal_at_nominal_voltage_and_rises_with_it():
    speeds = [speed_at_voltage(motor(), voltage) for voltage in np.linspace(0.5, 1.2, 15)]
    assert speed_at_voltage(motor(), 1.0) == pytest.approx(1, abs=1e-4)
    assert np.all(np.diff(speeds) > 0)


def test_individuals_turn_below_the_field():
    for seed in range(50):
        drawn = draw_motor(np.random.default_rng(seed), n_pole_pairs=(1, 3), hum_db=(-20, -10))
        low, high = SLIPS[drawn.kind]
        field_hz = drawn.mains_hz / drawn.n_pole_pairs
        assert (1 - high) * field_hz <= drawn.rotation_hz <= (1 - low) * field_hz
        assert -20 <= drawn.hum_levels_db[0] <= -10


def test_hum_stands_at_even_multiples_of_the_mains_frequency():
    lines = lines_db(render_hum(motor(), (0.0, 0.0, 10.0), SR, sr=SR, rng=np.random.default_rng(0)))
    for hz, level_db in ((100, 0), (200, -20), (300, -20)):
        assert lines[hz - 1 : hz + 2].max() == pytest.approx(level_db, abs=1)
    assert lines[120:190].max() < -40


def test_slot_tones_stand_at_the_bars_and_twice_the_mains_aside():
    angle = 2 * np.pi * 24 * np.arange(SR) / SR
    lines = lines_db(render_slot_tones(motor(), angle, 3.0, sr=SR, rng=np.random.default_rng(0)))
    for hz in (28 * 24 - 100, 28 * 24, 28 * 24 + 100):
        assert lines[hz] == pytest.approx(-3, abs=0.5)


def test_slot_tones_that_would_alias_are_left_out():
    fast = Motor("three-phase", 60.0, 1, 0.03, (0.0, 0.0, 0.0), 70, 0.0)
    assert not np.any(render_slot_tones(fast, np.linspace(0, 400, 8000), 0.0, sr=8000, rng=np.random.default_rng(0)))
