import io
import tracemalloc

import numpy as np
import pytest
import soundfile

from auscult import read_audio
from auscult.audio.channels import join_parts
from auscult.errors import AudioError, OptionError


@pytest.fixture
def y(rng):
    return rng.uniform(-0.9, 0.9, (800, 2)).astype(np.float32)


@pytest.fixture
def wav(y):
    buffer = io.BytesIO()
    soundfile.write(buffer, y, 16000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def test_channel_policies(y, wav):
    stored = np.round(y * 32768) / 32768  # PCM
    np.testing.assert_allclose(read_audio(wav)[0], stored.mean(axis=1), atol=4e-5)
    np.testing.assert_allclose(read_audio(wav, channels=1)[0], stored[:, 1], atol=4e-5)
    np.testing.assert_allclose(read_audio(wav, channels="all")[0], stored.T, atol=4e-5)


@pytest.mark.parametrize("channels", ["Mean", "left", -1, 1.0, True, None])
def test_unknown_channel_policy(wav, channels):
    with pytest.raises(OptionError, match="expected 'mean', 'all' or an index"):
        read_audio(wav, channels=channels)


def test_channel_that_is_not_there(wav):
    with pytest.raises(AudioError, match=r"has 2 channels, asked for index 2\. Indices run from 0 to 1"):
        read_audio(wav, channels=2)


@pytest.mark.parametrize("n_expected", [0, 5, 9, 100, 1 << 60])
@pytest.mark.parametrize("shape", [(9,), (2, 9)])
def test_parts_become_one_whatever_was_expected(rng, shape, n_expected):
    y = rng.standard_normal(shape).astype(np.float32)
    joined = join_parts((y[..., start : start + 2] for start in range(0, 9, 2)), n_expected)
    np.testing.assert_array_equal(joined, y)
    assert joined.flags.c_contiguous
    assert join_parts([], n_expected) is None


def test_a_recording_is_unpacked_once(y):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.tile(y[:, 0], 2000), 16000, format="WAV", subtype="PCM_16")
    recording = buffer.getvalue()
    tracemalloc.start()
    try:
        read, _ = read_audio(recording)
        assert tracemalloc.get_traced_memory()[1] < 1.4 * read.nbytes
    finally:
        tracemalloc.stop()
