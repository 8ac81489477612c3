import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.features.stretch import time_stretch


def noise(seed, shape):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:n_fft=:UserWarning")  # librosa, of waveforms shorter than a frame
@given(rate=st.floats(0.5, 2), n_samples=st.integers(1, 30_000), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_equals_librosa(rate, n_samples, seed):
    y = noise(seed, n_samples)
    theirs = librosa.effects.time_stretch(y.astype(np.float64), rate=rate)  # in single precision it is 1 % off itself
    ours = time_stretch(y, rate)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=3e-6)


@pytest.mark.parametrize("rate", [0.8, 1.25])
def test_a_tone_keeps_its_pitch(rate):
    sr = 16000
    tone = np.sin(2 * np.pi * 1000 * np.arange(3 * sr) / sr).astype(np.float32)
    spectrum = np.abs(np.fft.rfft(time_stretch(tone, rate) * np.hanning(round(3 * sr / rate))))
    assert abs(np.argmax(spectrum) * sr / round(3 * sr / rate) - 1000) < 1


def test_a_rate_of_one_changes_nothing():
    y = noise(0, 22050)
    np.testing.assert_allclose(time_stretch(y, 1.0), y, atol=1e-5)


def test_channels_keep_their_distance_in_phase():
    """A delay between two microphones is the same afterwards."""
    y = noise(1, 48_100)
    stretched = time_stretch(np.stack([y[:-7], y[7:]]), 1.2)
    lags = np.arange(-20, 21)
    inside = stretched[0, 1000:-1000]
    match = [inside @ stretched[1, 1000 + lag : len(stretched[1]) - 1000 + lag] for lag in lags]
    assert lags[np.argmax(match)] == -7
    assert max(match) > 0.9 * np.sqrt((inside @ inside) * (stretched[1, 1000:-1000] @ stretched[1, 1000:-1000]))
