from itertools import pairwise

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.features.filters import octave_edges_hz
from auscult.features.spectrum import FrameStream, mel_spectrum, octave_spectrum, power_to_db


@pytest.mark.filterwarnings("ignore:Empty filters:UserWarning")  # librosa, of bands narrower than a bin
@given(
    sr=st.sampled_from([8000, 16000, 48000]),
    n_fft=st.sampled_from([64, 256, 1000, 1024, 2048]),
    hop_length=st.integers(1, 2500),
    n_mels=st.integers(1, 140),
    fmin=st.floats(0, 500),
    n_samples=st.integers(0, 9000),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_mel_power_is_librosas(sr, n_fft, hop_length, n_mels, fmin, n_samples, seed):
    y = np.random.default_rng(seed).uniform(-1, 1, n_samples).astype(np.float32)
    options = {"sr": sr, "n_fft": n_fft, "hop_length": hop_length, "n_mels": n_mels, "fmin": fmin, "fmax": sr / 2}
    ours = mel_spectrum(**options).power(y)
    if n_samples < n_fft:
        assert ours.shape == (0, n_mels)
        return
    theirs = librosa.feature.melspectrogram(y=y, center=False, **options).T
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6 * max(theirs.max(), 1e-9))


@given(
    cuts=st.lists(st.integers(0, 30_000), max_size=12),
    n_fft=st.sampled_from([512, 1000, 1024]),
    hop_length=st.integers(100, 512),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_any_chunking_gives_the_same_frames_to_the_bit(cuts, n_fft, hop_length, seed):
    y = np.random.default_rng(seed).uniform(-1, 1, 30_000).astype(np.float32)
    spectrum = mel_spectrum(sr=16000, n_fft=n_fft, hop_length=hop_length, n_mels=64, fmin=0.0, fmax=8000.0)
    stream = FrameStream(spectrum)
    frames = np.concatenate([stream.push(chunk) for chunk in np.split(y, sorted(cuts))])
    np.testing.assert_array_equal(frames, spectrum.power(y))


def test_octaves_share_out_the_power_of_their_bins(rng):
    """Brute force: the sum of the squared bins between the edges."""
    edges_hz = octave_edges_hz(8000.0)
    y = rng.standard_normal(4000).astype(np.float32)
    spectrum = octave_spectrum(sr=16000, n_fft=256, hop_length=64, edges_hz=edges_hz)
    bins = np.abs(np.fft.rfft(y[:256] * np.hanning(257)[:-1])) ** 2
    bins_hz = np.arange(129) * 62.5
    ends = [*edges_hz[:-1], 8000.1]  # half the rate belongs to the last
    expected = [bins[(bins_hz >= low) & (bins_hz < high)].sum() for low, high in pairwise(ends)]
    np.testing.assert_allclose(spectrum.power(y)[0], expected, rtol=1e-4)


def test_silence_has_a_floor_and_no_infinity():
    np.testing.assert_allclose(power_to_db(np.zeros(3, np.float32)), -100)
