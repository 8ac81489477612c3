import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.features.resample import resample_kaiser_fast


@pytest.mark.parametrize("sr", [8000, 11025, 16000, 16001, 22050, 44100, 48000, 96000, 192000])
@pytest.mark.parametrize("n_samples", [1000, 16001])
def test_equals_resampy(rng, sr, n_samples):
    y = rng.uniform(-1, 1, n_samples).astype(np.float32)
    ours = resample_kaiser_fast(y, sr=sr, target_sr=22050)
    theirs = librosa.resample(y, orig_sr=sr, target_sr=22050, res_type="kaiser_fast")
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@given(n_samples=st.integers(8, 700), sr=st.integers(1000, 100_000), target_sr=st.sampled_from([16000, 22050]))
@settings(max_examples=25, deadline=None)
def test_equals_resampy_for_any_rate_and_length(n_samples, sr, target_sr):
    y = np.random.default_rng(n_samples).uniform(-1, 1, n_samples).astype(np.float32)
    ours = resample_kaiser_fast(y, sr=sr, target_sr=target_sr)
    if n_samples * target_sr // sr == 0:
        assert ours.size <= 1
        return  # resampy refuses to make nothing
    assert ours.size == -(-n_samples * target_sr // sr)
    theirs = librosa.resample(y, orig_sr=sr, target_sr=target_sr, res_type="kaiser_fast")
    assert not theirs[ours.size :].any()  # librosa rounds 126.00000000000001 up: a zero more
    # Where a sample is hit, resampy's 130.99999999999997 for 131 ends the filter a step earlier.
    is_hit = np.arange(ours.size) * sr % target_sr == 0
    np.testing.assert_allclose(ours[~is_hit], theirs[: ours.size][~is_hit], atol=2e-5)
    np.testing.assert_allclose(ours[is_hit], theirs[: ours.size][is_hit], atol=2e-3)


@pytest.mark.parametrize("sr", [11025, 16000, 44100])  # at 48000 resampy rounds its filter and is 1 % off
def test_sine_keeps_its_frequency_and_height(sr):
    """Against theory: resampy documents 1e-4 for this filter, well inside the pass band."""
    sine = np.sin(2 * np.pi * 500 * np.arange(sr) / sr).astype(np.float32)
    expected = np.sin(2 * np.pi * 500 * np.arange(22050) / 22050)
    inside = slice(200, -200)
    error = resample_kaiser_fast(sine, sr=sr, target_sr=22050)[inside] - expected[inside]
    assert np.sqrt(np.mean(error**2)) < 2e-4


def test_same_rate_is_left_alone(rng):
    y = rng.uniform(-1, 1, 100).astype(np.float32)
    np.testing.assert_array_equal(resample_kaiser_fast(y, sr=22050, target_sr=22050), y)


@pytest.mark.parametrize("n_samples", [1, 2, 3])
def test_a_few_samples(n_samples):
    assert (
        resample_kaiser_fast(np.ones(n_samples, np.float32), sr=16000, target_sr=22050).size
        == n_samples * 441 // 320 + 1
    )
