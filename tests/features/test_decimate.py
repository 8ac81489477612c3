import tracemalloc

import numpy as np
import pytest

from auscult.features.decimate import PASS_SHARE, decimate


def tone(frequency_hz, sr, duration_s=1.0):
    return np.sin(2 * np.pi * frequency_hz * np.arange(int(sr * duration_s)) / sr).astype(np.float32)


@pytest.mark.parametrize(("sr", "factor"), [(16000, 2), (48000, 4), (192_000, 16)])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.78])
def test_low_tones_are_kept(sr, factor, share):
    frequency_hz = share * sr / factor / 2
    inside = slice(100, -100)
    np.testing.assert_allclose(
        decimate(tone(frequency_hz, sr), factor)[inside], tone(frequency_hz, sr / factor)[inside], atol=0.01
    )


@pytest.mark.parametrize("factor", [2, 4, 16])
def test_high_tones_do_not_come_back_as_low_ones(factor):
    sr = 16000
    new_nyquist_hz = sr / factor / 2
    for share in (2 - PASS_SHARE, 1.5, 0.9 * factor):  # what would fold into the pass band
        if share < factor:
            aliased = decimate(tone(share * new_nyquist_hz, sr), factor)[100:-100]
            assert np.abs(aliased).max() < 1e-3


@pytest.mark.parametrize("n_samples", [1, 2, 31, 32, 33, 1000, 12345])
@pytest.mark.parametrize("factor", [1, 2, 3, 8])
def test_equals_filtering_and_leaving_out(rng, n_samples, factor):
    y = rng.standard_normal(n_samples).astype(np.float32)
    impulse = np.zeros(64 * factor + 1, np.float32)
    answers = []
    for delay in range(factor):  # the filter itself, from its answers to shifted impulses
        shifted = impulse.copy()
        shifted[32 * factor - delay] = 1
        answers.append(decimate(shifted, factor))
    taps = np.stack(answers, axis=1).reshape(-1)
    full = np.convolve(y, taps)
    assert decimate(y, factor).shape == (-(-n_samples // factor),)
    middle = int(np.argmax(np.abs(taps)))
    np.testing.assert_allclose(decimate(y, factor), full[middle : middle + n_samples : factor], atol=1e-4)


def test_a_long_clip_is_not_copied(rng):
    y = rng.standard_normal(2_000_000).astype(np.float32)
    expected = decimate(y - np.float32(0.5), 16)
    tracemalloc.start()
    try:
        low = decimate(y, 16, offset=0.5)
        assert tracemalloc.get_traced_memory()[1] < y.nbytes / 2
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(low, expected)
