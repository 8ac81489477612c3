import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.audio.wav import IEEE_FLOAT, PCM, decode_wav, read_wav_header


@pytest.mark.parametrize(
    ("subtype", "format_tag", "sample_bytes"),
    [("PCM_U8", PCM, 1), ("PCM_16", PCM, 2), ("PCM_24", PCM, 3), ("PCM_32", PCM, 4), ("FLOAT", IEEE_FLOAT, 4)],
)
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_header_says_what_was_written(container, subtype, format_tag, sample_bytes):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((10, 3)), 48000, format=container, subtype=subtype)
    header = read_wav_header(buffer.getvalue(), "clip")
    assert (header.format_tag, header.sample_bytes) == (format_tag, sample_bytes)
    assert (header.n_channels, header.sr, header.n_data_bytes) == (3, 48000, 30 * sample_bytes)
    assert header.is_plain


def test_compressed_wav_is_not_plain():
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(100), 8000, format="WAV", subtype="ULAW")
    assert not read_wav_header(buffer.getvalue(), "clip").is_plain


@given(st.lists(st.integers(-(2**23), 2**23 - 1), min_size=1, max_size=50))
@settings(deadline=None)
def test_24_bit_values_are_exact(values):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.array(values, np.int32) << 8, 16000, format="WAV", subtype="PCM_24")
    data = buffer.getvalue()
    header = read_wav_header(data, "clip")
    decoded = np.concatenate(list(decode_wav(data, header)))[:, 0].astype(np.float64) * header.scale
    np.testing.assert_array_equal(decoded * 2**23, values)
