import numpy as np
import pytest

from auscult.errors import AudioError, OptionError
from auscult.features import LogMel

POOLED = ("mean", "std")


@pytest.mark.parametrize(
    ("sr", "n_fft"), [(8000, 512), (16000, 1024), (22050, 1024), (44100, 2048), (48000, 4096), (192000, 16384)]
)
def test_recipe_follows_the_rate(sr, n_fft):
    recipe = LogMel.for_rate(sr)
    assert (recipe.n_fft, recipe.hop_length, recipe.fmax) == (n_fft, n_fft // 2, sr / 2)


def test_tone_shows_in_its_band():
    time_s = np.arange(16000) / 16000
    patch = LogMel().patch(np.sin(2 * np.pi * 1000 * time_s).astype(np.float32), 16000)
    bands = patch.mean(axis=1)
    centre = np.argmax(bands)
    assert bands[centre] - np.median(bands) > 40
    assert patch.shape == (128, 30)


def test_descriptors_are_means_and_deviations_over_time(rng):
    y = rng.uniform(-1, 1, 16000).astype(np.float32)
    patch = LogMel().patch(y, 16000)
    expected = np.concatenate([patch.mean(axis=1), patch.std(axis=1)])
    np.testing.assert_allclose(LogMel(groups=POOLED).descriptors(y, 16000), expected, rtol=1e-5)


def test_descriptors_of_channels_are_averaged(rng):
    y = rng.uniform(-1, 1, (2, 16000)).astype(np.float32)
    expected = (LogMel().descriptors(y[0], 16000) + LogMel().descriptors(y[1], 16000)) / 2
    np.testing.assert_allclose(LogMel().descriptors(y, 16000), expected, rtol=1e-4)
    np.testing.assert_allclose(LogMel().patch(y, 16000), LogMel().features(y).patch, rtol=1e-6)


def test_features_are_patch_and_descriptors(rng):
    y = rng.uniform(-1, 1, 32000).astype(np.float32)
    features = LogMel().features(y)
    np.testing.assert_array_equal(features.patch, LogMel().patch(y, 16000))
    np.testing.assert_array_equal(features.descriptors, LogMel().descriptors(y, 16000))
    assert features.descriptors.shape == (LogMel().n_descriptors,)
    assert features.patch.shape[0] == LogMel().n_bands


def test_higher_rate_is_brought_down():
    """A tone in both rates lands in the same band at the same level."""
    patches = []
    for sr in (16000, 48000):
        tone = np.sin(2 * np.pi * 1000 * np.arange(2 * sr) / sr).astype(np.float32)
        patches.append(LogMel(groups=POOLED).descriptors(tone, sr)[:128])
    band = np.argmax(patches[0])
    assert np.argmax(patches[1]) == band
    assert abs(patches[0][band] - patches[1][band]) < 0.1


def test_lower_rate_is_refused():
    with pytest.raises(AudioError, match="recorded at 8000 Hz, where 16000 Hz are needed to hear up to 8000 Hz"):
        LogMel().patch(np.zeros(16000, np.float32), 8000)


def test_clip_shorter_than_a_frame():
    with pytest.raises(AudioError, match=r"lasts 63\.9 ms, shorter than one frame"):
        LogMel().patch(np.zeros(1023, np.float32), 16000)


@pytest.mark.parametrize("level", [0.0, 1e-30, 0.5, 1.0])
@pytest.mark.parametrize("n_samples", [1024, 1025, 16000])
def test_silence_and_direct_current_are_finite(level, n_samples):
    features = LogMel().features(np.full(n_samples, level, np.float32))
    assert np.isfinite(features.descriptors).all()
    assert np.isfinite(features.patch).all()


def test_silence_is_the_floor():
    features = LogMel().features(np.zeros(16000, np.float32))
    np.testing.assert_allclose(features.patch, -100, atol=1e-4)
    groups = LogMel().descriptor_groups
    np.testing.assert_allclose(features.descriptors[groups["level"]], -100, atol=1e-4)
    np.testing.assert_allclose(features.descriptors[groups["mean"]], 0, atol=1e-4)
    np.testing.assert_allclose(features.descriptors[groups["modulation"]], -100, atol=1e-4)


def test_direct_current_shows_in_the_lowest_bands_only():
    patch = LogMel().patch(np.full(16000, 0.5, np.float32), 16000)
    assert patch[0].min() > 0
    assert patch[3:].max() < -75


def test_clipped_sound_has_its_harmonics():
    """What is cut off is heard as it is: an overdriven tone gains odd multiples."""
    time_s = np.arange(32000) / 16000
    tone = np.sin(2 * np.pi * 440 * time_s).astype(np.float32)
    third = np.argmax(LogMel().patch(np.sin(2 * np.pi * 1320 * time_s).astype(np.float32), 16000).mean(axis=1))
    clipped = np.clip(5 * tone, -1, 1)
    assert LogMel().patch(clipped, 16000)[third].mean() > LogMel().patch(tone, 16000)[third].mean() + 40
    assert np.isfinite(LogMel().descriptors(clipped, 16000)).all()


@pytest.mark.parametrize("sr", [1000, 8000, 192_000])
def test_slow_and_fast_rates_have_all_descriptors(rng, sr):
    y = (0.1 * rng.standard_normal(2 * sr)).astype(np.float32)
    recipe = LogMel.for_rate(sr)
    features = recipe.features(recipe.at_own_rate(y, sr))
    assert np.isfinite(features.descriptors).all()
    assert len(recipe.descriptor_names) == len(set(recipe.descriptor_names)) == len(features.descriptors)


def test_channels_that_are_compared_must_be_there(rng):
    recipe = LogMel(groups=("mean", "channels"), n_channels=4)
    y = (0.1 * rng.standard_normal((4, 16000))).astype(np.float32)
    assert recipe.descriptors(y, 16000).shape == (recipe.n_descriptors,)
    with pytest.raises(AudioError, match=r"has 2 channel.s., and its descriptors compare 4"):
        recipe.descriptors(y[:2], 16000)


@pytest.mark.parametrize(
    "options",
    [
        {"n_mels": 0},
        {"hop_length": 0},
        {"hop_length": 1025},
        {"fmin": 9000.0},
        {"fmax": 9000.0},
        {"fmin": -1.0},
        {"groups": ("colour",)},
    ],
)
def test_impossible_options(options):
    with pytest.raises(OptionError, match="expected"):
        LogMel(**options)
