import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.features.filters import hz_to_mel, in_hz, mel_filters, mel_to_hz


@pytest.mark.filterwarnings("ignore:Empty filters:UserWarning")  # librosa, of bands narrower than a bin
@given(
    sr=st.sampled_from([8000, 16000, 22050, 44100, 48000, 192000]),
    n_fft=st.sampled_from([256, 512, 1024, 2048, 4096]),
    n_mels=st.integers(1, 160),
    fmin=st.floats(0, 1500),
    share=st.floats(0.5, 1),
)
@settings(max_examples=60, deadline=None)
def test_filters_are_librosas(sr, n_fft, n_mels, fmin, share):
    fmax = share * sr / 2
    ours = mel_filters(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    theirs = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


@given(st.floats(0, 1e5))
def test_scale_goes_there_and_back(frequency_hz):
    there = hz_to_mel(np.array([frequency_hz]))
    np.testing.assert_allclose(mel_to_hz(there), [frequency_hz], rtol=1e-9, atol=1e-9)


def test_each_band_peaks_where_theory_says():
    """Slaney's scale: equally spaced up to 1 kHz, a factor of 6.4 every 27 bands above."""
    filters = mel_filters(sr=16000, n_fft=4096, n_mels=40, fmin=0, fmax=8000)
    centres_hz = librosa.mel_frequencies(n_mels=42, fmin=0, fmax=8000)[1:-1]
    peaks_hz = filters.argmax(axis=1) * 16000 / 4096
    assert np.all(np.abs(peaks_hz - centres_hz) <= 16000 / 4096)


def test_edges_are_read_in_few_digits():
    assert [in_hz(edge) for edge in (62.5, 86.1328, 172.266, 1000, 5512.5)] == ["62.5", "86.1", "172", "1000", "5512"]
