import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.audio.header import bit_depth, read_header
from auscult.errors import AudioError, AuscultError


def encode(n_samples=800, n_channels=2, sr=16000, **options):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((n_samples, n_channels)), sr, **({"format": "WAV", "subtype": "PCM_16"} | options))
    return buffer.getvalue()


def header_of(data):
    return read_header(io.BytesIO(data), len(data), "clip.wav")


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "MS_ADPCM"])
@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64", "AIFF", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("n_channels", [1, 2, 8])
def test_header_is_what_libsndfile_reads(container, subtype, n_channels):
    compressed = {"FLAC": "PCM_24", "OGG": "VORBIS", "MP3": "MPEG_LAYER_III"}
    subtype = compressed.get(container, subtype)
    is_stereo_at_most = subtype in ("MS_ADPCM", "MPEG_LAYER_III")
    if not soundfile.check_format(container, subtype) or (n_channels > 2 and is_stereo_at_most):
        pytest.skip("there is no such thing")
    data = encode(4410, n_channels, 44100, format=container, subtype=subtype)
    info = soundfile.info(io.BytesIO(data))
    header = header_of(data)
    assert (header.n_channels, header.sr, header.n_samples) == (info.channels, info.samplerate, info.frames)
    assert header.subtype == info.subtype
    assert header.duration_s == pytest.approx(info.frames / 44100)


def test_real_clip(real_data):
    path = real_data / "signalml" / "pb1.wav"
    with path.open("rb") as file:
        header = read_header(file, path.stat().st_size, str(path))
    assert (header.n_channels, header.sr, header.duration_s, header.subtype) == (8, 16000, 10.0, "PCM_16")


@pytest.mark.parametrize("n_bytes", [10, 5_000, 100_000])
def test_notes_before_the_samples(n_bytes):
    """The samples may begin far behind the beginning of the file."""
    wav = encode()
    at = wav.index(b"data")
    data = wav[:at] + b"LIST" + struct.pack("<I", n_bytes) + bytes(n_bytes) + wav[at:]
    assert header_of(data) == header_of(wav)


def test_only_the_beginning_is_read():
    class Counting(io.BytesIO):
        n_read = 0

        def read(self, n=-1):
            data = super().read(n)
            self.n_read += len(data)
            return data

    data = encode(100_000, 8)
    file = Counting(data)
    read_header(file, len(data), "clip.wav")
    assert file.n_read <= 4096


def test_length_that_was_never_filled_in():
    wav = encode()
    at = wav.index(b"data") + 4
    assert header_of(wav[:at] + b"\xff\xff\xff\xff" + wav[at + 4 :]) == header_of(wav)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"These are notes, not sound.", "is not audio: it begins with the text"),
        (encode()[:-1], "truncated: its header promises 3200 bytes of sound, 3199 are there"),
        (encode()[:30], "truncated"),
        (encode()[:24] + struct.pack("<I", 12) + encode()[28:], "12 Hz"),
        (encode(format="FLAC")[:30], "damaged"),
    ],
)
def test_refused(data, problem):
    with pytest.raises(AudioError, match=problem) as caught:
        header_of(data)
    assert caught.value.where == "clip.wav"


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_header_is_an_auscult_error_or_read(data):
    wav = bytearray(encode(40, 8, format="WAVEX"))
    for _ in range(data.draw(st.integers(1, 8))):
        wav[data.draw(st.integers(0, 79))] = data.draw(st.integers(0, 255))
    try:
        header = header_of(bytes(wav))
    except AuscultError:
        return
    assert header.sr > 0
    assert header.n_channels > 0


def test_bit_depth():
    assert (bit_depth("PCM_24"), bit_depth("FLOAT"), bit_depth("VORBIS")) == (24, 32, None)
