import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.audio.statistics import clip_statistics
from auscult.errors import AudioError
from auscult.synth import render_clip

SR = 16000


def noise(n_channels=8, n_samples=SR, rms=0.05, seed=0):
    return rms * np.random.default_rng(seed).standard_normal((n_channels, n_samples), dtype=np.float32)


def rounded(y, bits):
    steps = 2.0 ** (bits - 1)
    return (np.clip(np.round(y * steps), -steps, steps - 1) / steps).astype(np.float32)


def sine(frequency_hz, amplitude, n_samples=10 * SR):
    return np.float32(amplitude) * np.sin(2 * np.pi * frequency_hz / SR * np.arange(n_samples)).astype(np.float32)


def test_a_sound_recording_has_nothing_wrong():
    y = render_clip("fan", snr_db=6, duration_s=2)
    statistics = clip_statistics(y, SR)
    y64 = y.astype(np.float64)
    y64 -= y64.mean(axis=1, keepdims=True)
    assert statistics.level_db == pytest.approx(10 * np.log10(np.mean(y64**2)), abs=0.001)
    assert statistics.peak == np.abs(y).max()
    assert statistics.clipped_share == 0
    assert not statistics.is_silent
    assert (statistics.n_dead_channels, statistics.n_identical_channels) == (0, 0)


@given(level_db=st.floats(-60, 0), dc=st.floats(-0.5, 0.5), n_channels=st.integers(1, 4))
def test_level_and_offset_are_told_apart(level_db, dc, n_channels):
    y = noise(n_channels, 4000, 1.0)
    y = (y - y.mean(axis=1, keepdims=True)) / y.std() * np.float32(10 ** (level_db / 20))
    y[0] += np.float32(dc)
    statistics = clip_statistics(y, SR)
    assert statistics.level_db == pytest.approx(level_db, abs=0.1)
    assert statistics.dc == pytest.approx(dc, abs=1e-5)


def test_one_channel_needs_no_axis():
    y = noise(1)
    assert clip_statistics(y[0], SR) == clip_statistics(y, SR)


@pytest.mark.parametrize("store", [lambda y: y, lambda y: rounded(y, 16), lambda y: rounded(y, 8)])
@pytest.mark.parametrize("limit", [0.3, 32767 / 32768])  # where a preamplifier saturates, and full scale
def test_cut_peaks_are_counted_whatever_the_format(store, limit):
    y = 1.3 * limit * sine(440, 1.0)
    cut = store(np.clip(y, -limit, limit))
    expected = np.mean(np.abs(y) >= limit)
    assert clip_statistics(cut, SR).clipped_share == pytest.approx(expected, rel=0.25)  # 8 bits round some more to it


def test_asymmetric_and_single_channel_clipping_is_seen():
    y = noise(4, SR, 0.3)
    quiet = clip_statistics(y, SR)
    y[2] = np.minimum(np.repeat(y[2, ::5], 5)[:SR], 0.4)  # slow enough to stay at its extreme
    assert quiet.clipped_share == 0
    assert clip_statistics(y, SR).clipped_share == pytest.approx(np.mean(y[2] == np.float32(0.4)) / 4)


@pytest.mark.parametrize("bits", [8, 16, 24])
@pytest.mark.parametrize("amplitude", [0.001, 0.01, 0.1, 0.99])
@pytest.mark.parametrize("frequency_hz", [33.3, 217.0])
def test_an_unclipped_sine_is_not_called_clipped(bits, amplitude, frequency_hz):
    """A slow or faint one sits at its extreme for many samples, because it was rounded."""
    if amplitude * 2 ** (bits - 1) > 1:
        assert clip_statistics(rounded(sine(frequency_hz, amplitude), bits), SR).clipped_share == 0


def test_noise_of_a_few_steps_is_not_called_clipped():
    for rms in (0.5, 1, 3, 10):
        assert clip_statistics(rounded(noise(2, 10 * SR, rms / 32768), 16), SR).clipped_share == 0


def test_dead_and_copied_channels_are_counted():
    y = noise(8)
    y[1], y[4] = 0.25, 0  # constant: a cable that is off
    y[5] *= 0.0005  # crosstalk
    y[6] = y[7] = y[0]
    statistics = clip_statistics(y, SR)
    assert statistics.n_dead_channels == 3
    assert statistics.n_identical_channels == 2


@pytest.mark.parametrize("y", [np.zeros((8, SR)), np.full((2, SR), 0.1), noise(2, rms=2e-6), np.zeros(1)])
def test_silence_is_silent_and_not_dead(y):
    statistics = clip_statistics(y.astype(np.float32), SR)
    assert statistics.is_silent
    assert (statistics.clipped_share, statistics.n_dead_channels, statistics.n_identical_channels) == (0, 0, 0)


@pytest.mark.parametrize("shape", [(0,), (2, 0), (2, 3, 4)])
def test_other_shapes_are_refused_by_name(shape):
    with pytest.raises(AudioError, match="expected"):
        clip_statistics(np.zeros(shape, np.float32), SR)


def test_it_is_fast():
    """6 ms on one idle core are promised; a busy one is given the benefit of the doubt."""
    y = noise(8, 10 * SR)
    seconds = []
    for _ in range(15):
        start = time.perf_counter()
        clip_statistics(y, SR)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.020
