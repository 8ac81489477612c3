import numpy as np
import pytest

from auscult.synth.structure import Mode, draw_modes, fold, shaken_power, strike, struck

SR = 16000


def test_drawn_modes_are_in_range_and_share_their_level():
    modes = draw_modes(np.random.default_rng(0), n_modes=(4, 4), mode_hz=(200, 800), q=(10, 40), level_db=6)
    assert len(modes) == 4
    assert all(200 <= mode.mode_hz <= 800 and 10 <= mode.q <= 40 for mode in modes)
    assert 10 * np.log10(sum(10 ** (mode.level_db / 10) for mode in modes)) == pytest.approx(6, abs=3)


def test_shaken_modes_have_their_power_at_their_frequency_and_half_of_it_at_the_bandwidth():
    frequency_hz = np.linspace(0, 8000, 80001)
    power = shaken_power([Mode(500, 25, -6)], frequency_hz)
    assert power.sum() == pytest.approx(10**-0.6)
    assert frequency_hz[np.argmax(power)] == pytest.approx(500, abs=0.2)
    wide = frequency_hz[power > power.max() / 2]
    assert wide[-1] - wide[0] == pytest.approx(500 / 25, abs=0.5)  # Q is frequency over bandwidth


def test_a_struck_mode_rings_at_its_frequency_and_dies_away_as_its_q_says():
    ring = struck([Mode(1000, 50, 0)], sr=SR)
    assert np.sum(ring**2) == pytest.approx(1)
    assert np.argmax(np.abs(np.fft.rfft(ring, SR))) == pytest.approx(1000, abs=3)
    tau = int(SR * 50 / (np.pi * 1000))
    envelope = [np.max(np.abs(ring[start : start + 16])) for start in (0, tau, 2 * tau)]
    assert envelope[1] / envelope[0] == pytest.approx(np.exp(-1), rel=0.05)
    assert envelope[2] / envelope[0] == pytest.approx(np.exp(-2), rel=0.05)


def test_a_mode_above_half_the_rate_is_not_heard():
    assert not np.any(struck([Mode(5000, 20, 0)], sr=8000))


def test_blows_come_when_they_are_struck_and_as_hard():
    ring = struck([Mode(2000, 10, 0)], sr=SR)
    y = strike(ring, np.array([100.0, 9000.2]), np.array([1.0, -3.0]), SR)
    expected = np.zeros(SR)
    for start, strength in ((100, 1.0), (9000, -3.0)):
        expected[start : start + ring.size] += strength * ring
    np.testing.assert_allclose(y, expected, atol=1e-9)


def test_what_rings_beyond_the_end_rings_at_the_start():
    ring = np.arange(1.0, 6.0)
    np.testing.assert_allclose(strike(ring, np.array([2.0]), np.array([1.0]), 4), [3, 4, 1 + 5, 2], atol=1e-9)
    np.testing.assert_allclose(fold(ring, 2), [1 + 3 + 5, 2 + 4])
    np.testing.assert_allclose(fold(ring, 8), [1, 2, 3, 4, 5, 0, 0, 0])
