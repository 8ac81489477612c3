import numpy as np
import pytest
import scipy.signal

from auscult.features.filters import octave_edges_hz
from auscult.features.inter_channel import inter_channel_descriptors, inter_channel_names

SR = 16000
EDGES_HZ = octave_edges_hz(8000.0)


def described(y):
    """Level differences and coherences, each of shape (n_octaves, n_channels)."""
    values = inter_channel_descriptors(y.astype(np.float32), sr=SR, n_fft=1024, edges_hz=EDGES_HZ)
    assert len(values) == len(inter_channel_names(len(y), EDGES_HZ))
    return values.reshape(2, len(EDGES_HZ) - 1, len(y))


def test_gains_are_level_differences(rng):
    levels_db, coherence = described(np.outer([1, 2, 4], rng.standard_normal(32000)))
    np.testing.assert_allclose(levels_db, np.tile([-6.02, 0, 6.02], (len(EDGES_HZ) - 1, 1)), atol=0.01)
    np.testing.assert_allclose(coherence, 1, atol=1e-3)


def test_independent_noise_is_incoherent(rng):
    levels_db, coherence = described(rng.standard_normal((4, 160_000)))
    np.testing.assert_allclose(levels_db, 0, atol=0.5)
    assert coherence.max() < 0.1


@pytest.mark.parametrize("share", [0.3, 1.0, 3.0])
def test_coherence_is_the_share_of_common_sound(rng, share):
    """Theory: of common power s and own power n, the coherence (not squared) is s / (s + n)."""
    y = np.sqrt(share) * rng.standard_normal(160_000) + rng.standard_normal((2, 160_000))
    _, coherence = described(y)
    np.testing.assert_allclose(coherence, share / (share + 1), atol=0.05)


def test_coherence_of_a_narrow_band_is_scipys(rng):
    """Averaged over an octave's bins before dividing, which for white sound is what scipy has in each bin."""
    common = rng.standard_normal(160_000)
    y = common + rng.standard_normal((2, 160_000))
    _, squared = scipy.signal.coherence(y[0], y[1], nperseg=1024)
    _, coherence = described(y)
    assert abs(coherence[-1, 0] - np.sqrt(squared[256:].mean())) < 0.05


def test_sound_above_the_last_octave_does_not_count(rng):
    """A tone at 6 kHz, of channels that differ by 20 dB, where octaves end at 4 kHz."""
    tone = np.sin(2 * np.pi * 6000 * np.arange(32000) / SR)
    y = rng.standard_normal(32000) + np.outer([1, 100], tone)
    values = inter_channel_descriptors(y.astype(np.float32), sr=SR, n_fft=1024, edges_hz=octave_edges_hz(4000.0))
    levels_db = values.reshape(2, -1, 2)[0]
    np.testing.assert_allclose(levels_db, 0, atol=0.1)


def test_a_dead_microphone_is_quiet_and_incoherent(rng):
    y = np.tile(rng.standard_normal(32000), (3, 1))
    y[1] = 0
    levels_db, coherence = described(y)
    assert np.all(levels_db[:, 1] < -40)
    np.testing.assert_allclose(coherence[:, 1], 0, atol=1e-6)
    assert np.isfinite(described(np.zeros((3, 32000)))).all()
