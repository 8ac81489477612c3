import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.monitor.health.sound_second import SecondMeter

SR = 16000
TIME_S = np.arange(SR) / SR


def measured(y, sr=SR, mains_hz=50):
    return SecondMeter(sr, mains_hz).measure(np.atleast_2d(y).astype(np.float32))


def sine(frequency_hz, amplitude=0.1):
    return amplitude * np.sin(2 * np.pi * frequency_hz * TIME_S + 0.3)


def test_octaves_of_white_noise_have_its_power(rng):
    """By Parseval: each octave has its share of the bandwidth."""
    y = 0.05 * rng.standard_normal(SR)
    expected_db = 10 * np.log10(np.mean(y**2) * np.array([62.5, 125, 250, 500, 1000, 2000, 4000]) / 8000)
    assert measured(y).bands_db[0] == pytest.approx(expected_db, abs=2)
    assert measured(y).bands_db[0, 3:] == pytest.approx(expected_db[3:], abs=0.8)


def test_a_tone_lies_in_its_octave_with_its_level():
    bands_db = measured(sine(1500, 0.1)).bands_db[0]
    assert int(bands_db.argmax()) == 4  # 1 to 2 kHz
    assert bands_db[4] == pytest.approx(20 * np.log10(0.1) - 3.01, abs=0.05)
    assert np.delete(bands_db, 4).max() < bands_db[4] - 60


@given(st.floats(-40, 20))
@settings(max_examples=20, deadline=None)
def test_gain_moves_levels_and_nothing_else(gain_db):
    y = 0.05 * np.random.default_rng(3).standard_normal(SR) + sine(50, 0.2) + 0.01
    y = np.clip(y, -0.2, 0.2)
    plain, turned = measured(y), measured(y * 10 ** (gain_db / 20))
    assert turned.bands_db == pytest.approx(plain.bands_db + gain_db, abs=1e-3)
    assert turned.mains_db == pytest.approx(plain.mains_db + gain_db, abs=1e-3)
    assert turned.mains_share == pytest.approx(plain.mains_share, abs=1e-5)
    assert turned.clipped_share == pytest.approx(plain.clipped_share)
    assert turned.dc == pytest.approx(plain.dc * 10 ** (gain_db / 20), rel=1e-3)


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_mains_are_their_odd_harmonics(mains_hz, rng):
    noise = 0.001 * rng.standard_normal(SR)
    heard = measured(noise + sine(mains_hz, 0.1) + sine(3 * mains_hz, 0.05), mains_hz=mains_hz)
    assert heard.mains_db[0] == pytest.approx(10 * np.log10((0.1**2 + 0.05**2) / 2), abs=0.1)
    assert heard.mains_share[0] > 0.99


@pytest.mark.parametrize("frequencies_hz", [(100, 200, 300), (49.4,), (50.6, 151.8), (48.5, 97, 145.5), (60,), (150,)])
def test_motors_and_shafts_are_not_the_mains(frequencies_hz, rng):
    noise = 0.001 * rng.standard_normal(SR)
    assert measured(noise + sum(sine(one) for one in frequencies_hz)).mains_share[0] == 0


def test_offset_silence_and_flat_tops(rng):
    noise = 0.02 * rng.standard_normal(SR)
    whole = np.stack([noise + 0.1, np.zeros(SR), np.full(SR, 0.5), np.clip(noise, -0.03, 0.03), 3e-6 * noise])
    heard = measured(whole)
    assert heard.dc == pytest.approx([0.1, 0, 0.5, 0, 0], abs=1e-3)
    assert heard.is_silent.tolist() == [False, True, True, False, True]
    n_cut = np.count_nonzero(np.abs(noise) >= 0.03)
    assert 0 < heard.clipped_share[3] <= n_cut / SR
    assert np.delete(heard.clipped_share, 3).tolist() == [0, 0, 0, 0]
    assert np.isfinite(heard.bands_db).all()


@pytest.mark.parametrize("sr", [1000, 4000, 8000, 11025, 22050, 44100, 48000, 96000])
def test_any_rate(sr, rng):
    time_s = np.arange(sr) / sr
    y = 0.01 * rng.standard_normal(sr) + 0.1 * np.sin(2 * np.pi * 50 * time_s) + 0.1 * np.sin(2 * np.pi * 150 * time_s)
    heard = measured(y, sr)
    assert heard.mains_db[0] == pytest.approx(-20, abs=0.3)
    above = heard.bands_db[0]
    assert np.isfinite(above).all()
    assert above.max() == pytest.approx(-23, abs=1)  # 150 Hz; 50 Hz lies below the octaves
