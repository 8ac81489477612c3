import numpy as np
import pytest

from auscult.synth.processes import (
    band_power,
    child_rng,
    ornstein_uhlenbeck,
    shaped_noise,
    sum_of_harmonics,
    turning_angle,
    unit_phasor,
)

SR = 8000


def test_drift_has_the_spread_and_correlation_time_asked_for():
    y = ornstein_uhlenbeck(2000 * SR // 4, sr=SR // 4, sd=0.3, tau_s=1.0, rng=np.random.default_rng(0))
    lag = SR // 4  # 1 s
    assert np.std(y) == pytest.approx(0.3, rel=0.1)
    assert np.mean(y[:-lag] * y[lag:]) / np.mean(y**2) == pytest.approx(np.exp(-1), abs=0.08)


@pytest.mark.parametrize("n_samples", [SR, SR + 1])
def test_noise_has_the_power_asked_for_and_none_elsewhere(n_samples):
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / SR)
    band = (frequency_hz > 1000) & (frequency_hz < 2000)
    y = shaped_noise(4.0 * band / band.sum(), n_samples, np.random.default_rng(1))
    assert y.shape == (n_samples,)
    assert np.mean(y**2) == pytest.approx(4.0, rel=0.15)
    assert np.max(np.abs(np.fft.rfft(y)[~band])) < 1e-9


def test_a_steady_shaft_turns_as_often_as_its_speed_says():
    angle = turning_angle(np.full(2 * SR, 25.0), sr=SR, rng=np.random.default_rng(2))
    assert (angle[SR] - angle[0]) / (2 * np.pi) == pytest.approx(25.0)


def test_harmonics_equal_their_cosines():
    angle = np.linspace(0, 3000, SR)
    phasors = np.array([1.0, 0.5j, -0.25 + 0.1j])
    expected = sum(np.abs(c) * np.cos(k * angle + np.angle(c)) for k, c in enumerate(phasors, start=1))
    np.testing.assert_allclose(sum_of_harmonics(phasors, unit_phasor(angle)), expected, atol=1e-5)


def test_a_band_has_unit_power_and_falls_by_24_db_an_octave():
    frequency_hz = np.arange(0.0, 20000)
    power = band_power(frequency_hz, (500, 2000))
    assert power.sum() == pytest.approx(1)
    flat_db, below_db, above_db = (10 * np.log10(power[hz]) for hz in (1000, 125, 8000))
    assert flat_db - below_db == pytest.approx(48, abs=1)
    assert flat_db - above_db == pytest.approx(48, abs=1)


def test_streams_are_named_and_independent():
    draws = [child_rng(5, *key).random(4) for key in (("fan", "id_00"), ("fan", "id_02"), ("noise", "id_00"))]
    assert len({tuple(draw) for draw in draws}) == 3
    np.testing.assert_array_equal(draws[0], child_rng(5, "fan", "id_00").random(4))
