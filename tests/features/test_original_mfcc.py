import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult import read_audio
from auscult.errors import OptionError
from auscult.features import OriginalMfcc


def noise(rng, n_samples):
    return (0.1 * rng.standard_normal(n_samples)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:n_fft=:UserWarning")  # librosa, of waveforms shorter than a frame
@pytest.mark.parametrize("n_samples", [1, 511, 2048, 22050, 220500])
def test_mfcc_is_librosas(rng, n_samples):
    y = noise(rng, n_samples)
    theirs = librosa.feature.mfcc(y=y, sr=22050, n_mfcc=40)
    np.testing.assert_allclose(OriginalMfcc().mfcc(y), theirs, atol=0.01)


@pytest.mark.filterwarnings("ignore:n_fft=:UserWarning", "ignore:Empty filters:UserWarning")
@given(
    sr=st.sampled_from([8000, 16000, 22050, 48000]),
    n_fft=st.sampled_from([256, 1000, 2048]),
    hop_length=st.integers(64, 800),
    n_mels=st.integers(40, 128),
    n_mfcc=st.integers(1, 40),
    n_samples=st.integers(1, 20_000),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_mfcc_of_any_options_is_librosas(sr, n_fft, hop_length, n_mels, n_mfcc, n_samples, seed):
    y = noise(np.random.default_rng(seed), n_samples)
    options = {"sr": sr, "n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels, "n_mfcc": n_mfcc}
    np.testing.assert_allclose(OriginalMfcc(**options).mfcc(y), librosa.feature.mfcc(y=y, **options), atol=0.01)


@pytest.mark.parametrize(
    "options", [{"n_mfcc": 0}, {"hop_length": -1}, {"n_mfcc": 129}, {"n_mels": 2000}, {"top_db": -1.0}]
)
def test_impossible_options(options):
    with pytest.raises(OptionError, match="original-mfcc: expected"):
        OriginalMfcc(**options)


def test_real_clip_has_the_originals_features(real_data):
    y, sr = read_audio(real_data / "signalml" / "pb1.wav")
    difference = np.abs(OriginalMfcc().patch(y, sr) - np.load(real_data / "signalml" / "pb1_mfcc_40x433.npy"))
    assert difference.max() < 0.001
    assert difference.mean() < 0.0001


def test_ten_seconds_end_in_two_zero_columns(rng):
    patch = OriginalMfcc().patch(noise(rng, 160_000), 16000)
    assert patch.shape == (40, 433)
    assert not patch[:, 431:].any()
    assert patch[:, 430].any()


def test_longer_clips_are_cut(rng):
    y = noise(rng, 30 * 22050)
    np.testing.assert_array_equal(OriginalMfcc().patch(y, 22050), OriginalMfcc().mfcc(y)[:, :433])


def test_shorter_clips_are_filled_with_their_own_end(rng):
    y = noise(rng, 8 * 22050)
    filled = np.pad(OriginalMfcc().mfcc(y), ((0, 0), (0, 2)))
    n_missing = 433 - filled.shape[1]
    expected = np.concatenate([filled, filled[:, -n_missing:]], axis=1)
    np.testing.assert_array_equal(OriginalMfcc().patch(y, 22050), expected)


@pytest.mark.parametrize("n_samples", [1, 100, 22050, 4 * 22050])
def test_clips_shorter_than_five_seconds_have_a_patch_too(rng, n_samples):
    patch = OriginalMfcc().patch(noise(rng, n_samples), 22050)
    assert patch.shape == (40, 433)
    assert np.isfinite(patch).all()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_silence_and_direct_current_are_finite(level):
    patch = OriginalMfcc().patch(np.full(160_000, level, np.float32), 16000)
    assert np.isfinite(patch).all()
