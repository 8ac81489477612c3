import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import AudioError, OptionError
from auscult.features import LogMel, LogMelStream


@given(cuts=st.lists(st.integers(0, 5000), max_size=12), seed=st.integers(0, 99))
@settings(deadline=None)
def test_any_chunking_gives_the_same_frames(cuts, seed):
    recipe = LogMel(n_fft=512, hop_length=200, n_mels=20)
    y = np.random.default_rng(seed).uniform(-1, 1, 5000).astype(np.float32)
    stream = LogMelStream(recipe)
    frames = np.concatenate([stream.push(chunk) for chunk in np.split(y, sorted(cuts))])
    np.testing.assert_allclose(frames, recipe.patch(y, 16000).T, atol=1e-4)


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
    np.testing.assert_allclose(LogMel().descriptors(y, 16000), expected, rtol=1e-5)


def test_descriptors_of_channels_are_averaged(rng):
    y = rng.uniform(-1, 1, (2, 16000)).astype(np.float32)
    expected = (LogMel().descriptors(y[0], 16000) + LogMel().descriptors(y[1], 16000)) / 2
    np.testing.assert_allclose(LogMel().descriptors(y, 16000), expected, rtol=1e-5)


def test_higher_rate_is_brought_down():
    """A tone in both rates lands in the same band at the same level."""
    patches = []
    for sr in (16000, 48000):
        tone = np.sin(2 * np.pi * 1000 * np.arange(2 * sr) / sr).astype(np.float32)
        patches.append(LogMel().descriptors(tone, sr)[:128])
    band = np.argmax(patches[0])
    assert np.argmax(patches[1]) == band
    assert abs(patches[0][band] - patches[1][band]) < 0.1


def test_lower_rate_is_refused():
    with pytest.raises(AudioError, match="recorded at 8000 Hz, where 16000 Hz are needed to hear up to 8000 Hz"):
        LogMel().patch(np.zeros(16000, np.float32), 8000)


def test_clip_shorter_than_a_frame():
    with pytest.raises(AudioError, match=r"lasts 63\.9 ms, shorter than one frame"):
        LogMel().patch(np.zeros(1023, np.float32), 16000)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_silence_and_direct_current_are_finite(level):
    assert np.isfinite(LogMel().descriptors(np.full(16000, level, np.float32), 16000)).all()


@pytest.mark.parametrize(
    "options",
    [{"n_mels": 0}, {"hop_length": 0}, {"hop_length": 1025}, {"fmin": 9000.0}, {"fmax": 9000.0}, {"fmin": -1.0}],
)
def test_impossible_options(options):
    with pytest.raises(OptionError, match="expected"):
        LogMel(**options)
