import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import AudioError, OptionError
from auscult.features import LogMel, Nameplate, OriginalMfcc, feature_stream

CUTS = st.lists(st.integers(0, 40_000), max_size=8)


def streamed(stream, y, cuts):
    return [found for chunk in np.split(y, sorted(cuts), axis=-1) for found in stream.push(chunk)]


def noise(seed, shape):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


@given(cuts=CUTS, window_s=st.floats(0.1, 1.5), step_s=st.floats(0.03, 0.1), seed=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_windows_are_those_of_clips_to_the_bit(cuts, window_s, step_s, seed):
    recipe = LogMel(n_mels=32)
    y = noise(seed, 40_000)
    stream = feature_stream(recipe, 16000, window_s=window_s, step_s=step_s)
    found = streamed(stream, y, cuts)
    n_window, n_step = round(stream.window_s * 16000), round(stream.step_s * 16000)
    assert len(found) == 1 + (len(y) - n_window) // n_step
    for number, features in enumerate(found):
        clip = recipe.features(y[number * n_step : number * n_step + n_window])
        np.testing.assert_array_equal(features.patch, clip.patch)
        np.testing.assert_array_equal(features.descriptors, clip.descriptors)


@given(cuts=CUTS)
@settings(max_examples=5, deadline=None)
def test_several_channels(cuts):
    recipe = LogMel(n_mels=32, groups=("mean", "orders", "channels"), n_channels=3)
    plate = Nameplate(rotation_hz=25.0)
    y = noise(0, (3, 40_000))
    stream = feature_stream(recipe, 16000, window_s=1.0, step_s=0.512, n_channels=3, nameplate=plate)
    found = streamed(stream, y, cuts)
    assert len(found) == 3
    for number, features in enumerate(found):
        clip = recipe.features(y[:, number * 8192 : number * 8192 + 16000], plate)
        np.testing.assert_array_equal(features.descriptors, clip.descriptors)


@given(cuts=CUTS)
@settings(max_examples=5, deadline=None)
def test_resampled_sound(cuts):
    recipe = LogMel(sr=8000, n_fft=512, hop_length=256, n_mels=32, fmax=4000.0)
    y = noise(1, 40_000)
    own = recipe.at_own_rate(y, 16000)
    found = streamed(feature_stream(recipe, 16000, window_s=1.0, step_s=0.512), y, cuts)
    assert len(found) >= 2  # the resampler looks ahead by some hundred samples
    for number, features in enumerate(found):
        clip = recipe.features(own[number * 4096 : number * 4096 + 8000])
        np.testing.assert_allclose(features.patch, clip.patch, atol=1e-3)
        np.testing.assert_allclose(features.descriptors, clip.descriptors, atol=0.05)


@given(cuts=CUTS)
@settings(max_examples=5, deadline=None)
def test_the_original_recipe(cuts):
    y = noise(2, 40_000)
    found = streamed(feature_stream(OriginalMfcc(), 16000, window_s=1.0, step_s=0.5), y, cuts)
    assert len(found) == 4
    for number, features in enumerate(found):
        clip = y[number * 8000 : number * 8000 + 16000]
        np.testing.assert_array_equal(features.patch, OriginalMfcc().patch(clip, 16000))
        np.testing.assert_array_equal(features.descriptors, OriginalMfcc().descriptors(clip, 16000))


def test_hours_take_no_more_memory_than_a_window():
    stream = feature_stream(LogMel(n_mels=32, groups=("mean",)), 16000, window_s=0.5, step_s=0.5)
    n_found = sum(len(stream.push(noise(seed, 16000))) for seed in range(60))
    assert n_found == (60 * 16000 - 8000) // 8192 + 1
    ear = stream._ears[0]
    assert len(ear._samples._kept) <= 3 * 8000 + 16000


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"window_s": 0.05, "step_s": 0.05}, "expected at least a frame of 0.064 s"),
        ({"step_s": 0.0}, "expected 0 < step_s <= window_s"),
        ({"window_s": 1.0, "step_s": 2.0}, "expected 0 < step_s <= window_s"),
        ({"n_channels": 0}, "n_channels > 0"),
    ],
)
def test_impossible_windows(options, match):
    with pytest.raises(OptionError, match=match):
        feature_stream(LogMel(), 16000, **options)


def test_another_number_of_channels_is_refused():
    stream = feature_stream(LogMel(), 16000)
    with pytest.raises(AudioError, match="chunk: has 2 channels, and the stream 1"):
        stream.push(np.zeros((2, 100), np.float32))


def test_too_low_a_rate_is_refused():
    with pytest.raises(AudioError, match="recorded at 8000 Hz"):
        feature_stream(LogMel(), 8000)
