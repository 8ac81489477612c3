import io

import numpy as np
import pytest
import soundfile

from auscult import read_audio
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
