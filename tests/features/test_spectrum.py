import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.features.spectrum import MelSpectrum, power_to_db


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
    ours = MelSpectrum(**options).power(y)
    if n_samples < n_fft:
        assert ours.shape == (0, n_mels)
        return
    theirs = librosa.feature.melspectrogram(y=y, center=False, **options).T
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6 * max(theirs.max(), 1e-9))


def test_silence_has_a_floor_and_no_infinity():
    np.testing.assert_allclose(power_to_db(np.zeros(3, np.float32)), -100)
