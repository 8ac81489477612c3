import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import DataError
from auscult.features import LogMel
from auscult.features.residual import residual

RECIPE = LogMel()
SR = RECIPE.sr


def noise(seed, n_samples):
    return (0.05 * np.random.default_rng(seed).standard_normal(n_samples)).astype(np.float32)


def level(recipe, level_db):
    return np.full(recipe.n_mels, float(level_db))


@given(
    n_samples=st.integers(0, 6000),
    n_fft=st.sampled_from([64, 255, 1000, 1024]),
    hop_share=st.floats(0, 1),
    n_mels=st.integers(1, 32),
    fmin=st.floats(0, 500),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_a_reference_far_below_gives_the_clip_back_and_far_above_silence(
    n_samples, n_fft, hop_share, n_mels, fmin, seed
):
    """Edges as well, of any frames and hops: also those whose bands are too narrow for a bin."""
    hop_length = max(1, round(hop_share * n_fft), n_fft // 16)
    recipe = LogMel(n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, fmin=fmin, groups=("mean",))
    y = noise(seed, n_samples)
    same, silent = residual(y, recipe, level(recipe, -200)), residual(y, recipe, level(recipe, 200))
    assert same.dtype == silent.dtype == np.float32
    assert same.shape == silent.shape == y.shape
    np.testing.assert_allclose(same, y, atol=1e-6)
    np.testing.assert_array_equal(silent, 0)


@pytest.mark.parametrize("n_samples", [1, 2, 513, 1023, 1024, 1025, 16001])
def test_length_is_kept(n_samples):
    y = noise(0, n_samples)
    out = residual(y, RECIPE, level(RECIPE, -30))
    assert out.shape == y.shape
    assert np.isfinite(out).all()
    np.testing.assert_array_equal(y, noise(0, n_samples))


def test_silence_and_extreme_levels_stay_finite():
    for y in (np.zeros(5000, np.float32), noise(0, 5000)):
        for level_db in (-1e300, -100, 1e300):
            assert np.isfinite(residual(y, RECIPE, level(RECIPE, level_db))).all()
    np.testing.assert_array_equal(residual(np.zeros(5000, np.float32), RECIPE, level(RECIPE, -100)), 0)


def test_a_tone_stands_out_of_its_noise():
    n_samples = 10 * SR
    tone = 0.05 * np.sin(2 * np.pi * 2000 * np.arange(n_samples) / SR).astype(np.float32)
    reference_db = RECIPE.patch(noise(1, n_samples), SR).mean(axis=1)
    y = noise(0, n_samples) + tone
    out = residual(y, RECIPE, reference_db)
    tone_before, tone_after = (2 * np.mean(sound * tone) / 0.05**2 for sound in (y, out))
    rest_before, rest_after = y - tone_before * tone, out - tone_after * tone
    tone_db = 20 * np.log10(tone_after / tone_before)
    rest_db = 10 * np.log10(np.mean(rest_after**2) / np.mean(rest_before**2))
    assert tone_db > -0.5
    assert tone_db - rest_db >= 6


def test_power_is_lowered_by_what_is_normal():
    """A steady tone 6 dB above its reference keeps three quarters of its power, all along the clip."""
    tone = 0.1 * np.sin(2 * np.pi * 2000 * np.arange(SR) / SR).astype(np.float32)
    recipe = LogMel(n_mels=1)  # one band, one gain
    reference_db = recipe.patch(tone, SR).mean(axis=1) - 10 * np.log10(4)
    gain = np.abs(residual(tone, recipe, reference_db)[1:] / np.where(tone == 0, 1, tone)[1:])
    heard = np.abs(tone[1:]) > 0.05
    np.testing.assert_allclose(gain[heard][1000:-1000], np.sqrt(0.75), rtol=1e-3)
    np.testing.assert_allclose(gain[heard], np.sqrt(0.75), rtol=0.2)


def test_a_burst_is_heard_where_it_was():
    y = noise(0, 4 * SR)
    reference_db = RECIPE.patch(y, SR).mean(axis=1) + 6
    y[2 * SR : 2 * SR + 2000] *= 10
    power = residual(y, RECIPE, reference_db).reshape(-1, 2000) ** 2
    assert np.argmax(power.mean(axis=1)) == 16
    assert power[16].mean() > 1000 * np.median(power.mean(axis=1))


@pytest.mark.parametrize("shape", [(), (1,), (127,), (128, 1), (1, 128)])
def test_a_reference_of_the_wrong_shape(shape):
    with pytest.raises(DataError, match=r"each of 128 mel bands.*Take the mean over time"):
        residual(noise(0, 2000), RECIPE, np.zeros(shape))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_reference_that_is_no_level(value):
    reference_db = level(RECIPE, -30)
    reference_db[7] = value
    with pytest.raises(DataError, match=r"band 7 is not finite.*Take the mean over time"):
        residual(noise(0, 2000), RECIPE, reference_db)
