import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.features.modulation import EDGES_HZ, Modulation, fast_length

RATE_HZ = 250.0


def envelope(frequency_hz, depth, *, duration_s=10.0):
    time_s = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    return (0.3 * (1 + depth * np.sin(2 * np.pi * frequency_hz * time_s)))[:, None].astype(np.float32)


@pytest.mark.parametrize("depth", [0.05, 0.5])
@pytest.mark.parametrize("frequency_hz", [0.8, 3.0, 24.3, 50.0])
def test_depth_and_place_of_a_swing(frequency_hz, depth):
    """Theory: a sine of depth m has the power m ** 2 / 2."""
    modulation = Modulation(envelope(frequency_hz, depth), RATE_HZ)
    expected_db = 10 * np.log10(depth**2 / 2)
    bands_db = modulation.bands_db()[0]
    band = np.searchsorted(EDGES_HZ, frequency_hz) - 1
    assert np.argmax(bands_db) == band
    assert abs(bands_db[band] - expected_db) < 0.6
    assert abs(modulation.at_db(frequency_hz)[0] - expected_db) < 1.5  # a line between two bins loses up to 1.4 dB
    assert modulation.at_db(frequency_hz * 1.5)[0] < expected_db - 25


def test_loudness_does_not_matter():
    quiet, loud = envelope(5.0, 0.3), 1000 * envelope(5.0, 0.3)
    np.testing.assert_allclose(Modulation(quiet, RATE_HZ).bands_db(), Modulation(loud, RATE_HZ).bands_db(), atol=0.01)


def test_noise_has_the_power_of_its_swing(rng):
    noise = (1 + 0.1 * rng.standard_normal((25_000, 1))).astype(np.float32)
    bands_db = Modulation(noise, RATE_HZ).bands_db()[0]
    widths_hz = np.diff(EDGES_HZ)
    np.testing.assert_allclose(bands_db, 10 * np.log10(0.01 * widths_hz / (RATE_HZ / 2)), atol=2)


@pytest.mark.parametrize("n_frames", [1, 2, 3, 13, 250])
@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0])
def test_short_steady_and_silent_envelopes_are_finite(n_frames, level):
    modulation = Modulation(np.full((n_frames, 2), level, np.float32), RATE_HZ)
    assert np.all(modulation.bands_db() <= -60)
    assert np.isfinite(modulation.bands_db()).all()
    assert np.isfinite(modulation.at_db(1e6)).all()


@given(st.integers(1, 300_000))
def test_fast_lengths_are_those_of_scipy(n):
    import scipy.fft

    length = fast_length(n)
    assert length >= n
    assert length <= 1.1 * n + 8
    for factor in (2, 3, 5):
        while length % factor == 0:
            length //= factor
    assert length == 1
    assert fast_length(n) == scipy.fft.next_fast_len(n, real=True)
