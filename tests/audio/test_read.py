import io
import os
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult import AuscultError, read_audio
from auscult.errors import AudioError

WAV_SUBTYPES = ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]


def encode(y, sr=16000, **options):
    """Samples `(n_samples, n_channels)` as the bytes of a file."""
    buffer = io.BytesIO()
    soundfile.write(buffer, y, sr, **options)
    return buffer.getvalue()


@pytest.fixture
def y(rng):
    return rng.uniform(-0.9, 0.9, (800, 2)).astype(np.float32)


@pytest.fixture
def wav(y):
    return encode(y, format="WAV", subtype="PCM_16")


@pytest.mark.parametrize("n_channels", [1, 2, 3, 8])
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", WAV_SUBTYPES)
def test_wav_is_decoded_as_libsndfile_does(rng, subtype, container, n_channels):
    samples = rng.uniform(-1, 1, (501, n_channels))
    data = encode(samples, 44100, format=container, subtype=subtype)
    y, sr = read_audio(data, channels="all")
    expected = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)[0]
    assert sr == 44100
    assert y.dtype == np.float32
    np.testing.assert_array_equal(y, expected.T)


@pytest.mark.parametrize(
    "options",
    [
        {"format": "FLAC", "subtype": "PCM_16"},
        {"format": "FLAC", "subtype": "PCM_24"},
        {"format": "OGG", "subtype": "VORBIS"},
        {"format": "MP3", "subtype": "MPEG_LAYER_III"},
        {"format": "AIFF", "subtype": "PCM_16"},
        {"format": "RF64", "subtype": "PCM_16"},
        {"format": "WAV", "subtype": "ULAW"},
        {"format": "WAV", "subtype": "MS_ADPCM"},
        {"format": "WAV", "subtype": "PCM_16", "endian": "BIG"},
    ],
    ids=lambda options: "-".join(options.values()),
)
def test_content_decides_and_not_the_name(tmp_path, rng, options):
    samples = 0.5 * np.sin(2 * np.pi * 440 / 16000 * np.arange(8000))[:, None] * [1, 0.5]
    path = tmp_path / "really.wav"
    path.write_bytes(encode(samples, **options))
    y, sr = read_audio(path, channels="all")
    assert (y.shape[0], sr) == (2, 16000)
    spectrum = np.abs(np.fft.rfft(y[0][:8000]))
    assert abs(np.argmax(spectrum) * 16000 / min(8000, y.shape[1]) - 440) < 4


def test_real_clip_is_read_as_librosa_does(real_data):
    librosa = pytest.importorskip("librosa")
    path = real_data / "signalml" / "pb1.wav"
    y, sr = read_audio(path)
    expected, _ = librosa.load(path, sr=None, mono=True)
    assert sr == 16000
    np.testing.assert_allclose(y, expected, atol=1e-7)


def test_path_bytes_and_file_object_give_the_same(tmp_path, wav):
    path = tmp_path / "clip.wav"
    path.write_bytes(wav)
    with path.open("rb") as file:
        sources = [path, str(path), wav, bytearray(wav), memoryview(wav), io.BytesIO(wav), file]
        waveforms = [read_audio(source)[0] for source in sources]
    for waveform in waveforms:
        np.testing.assert_array_equal(waveform, waveforms[0])


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x7FFFF000])
def test_wav_from_a_pipe_goes_on_to_the_end_of_the_file(wav, length):
    position = wav.index(b"data") + 4
    streamed = wav[:position] + struct.pack("<I", length) + wav[position + 4 :]
    np.testing.assert_array_equal(read_audio(streamed)[0], read_audio(wav)[0])


def test_odd_chunks_are_passed_over(wav):
    position = wav.index(b"data")
    note = b"LIST" + struct.pack("<I", 5) + b"hello" + b"\0"
    np.testing.assert_array_equal(read_audio(wav[:position] + note + wav[position:])[0], read_audio(wav)[0])


def refused(source, match, **options):
    with pytest.raises(AudioError, match=match) as caught:
        read_audio(source, **options)
    assert caught.value.remedy.endswith((".", "wav", "WAV")), "every message says what to do"
    return str(caught.value)


def test_missing_file(tmp_path):
    assert str(tmp_path / "no.wav") in refused(tmp_path / "no.wav", "there is no such file")


def test_folder(tmp_path):
    assert str(tmp_path) in refused(tmp_path, "is a folder")


def test_empty_file(tmp_path):
    (tmp_path / "empty.wav").touch()
    assert "empty.wav" in refused(tmp_path / "empty.wav", "empty")


def test_text_file(tmp_path):
    (tmp_path / "notes.wav").write_text("These are notes, not sound.")
    assert "notes.wav" in refused(tmp_path / "notes.wav", "is not audio: it begins with the text 'These are no'")


def test_other_bytes(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"\x01\xff\n")
    refused(tmp_path / "a.wav", "is not audio: it begins with the bytes 01 ff 0a")


def test_device_is_not_read_forever():
    refused("/dev/zero", "not a regular file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission(tmp_path, wav):
    path = tmp_path / "locked.wav"
    path.write_bytes(wav)
    path.chmod(0)
    refused(path, "may not be read")


def test_name_that_no_file_can_have():
    refused("bad\0name.wav", "cannot be read")


def test_text_mode_file_object():
    refused(io.StringIO("hello"), "gives text, not bytes")


def test_something_else_entirely():
    refused(12, "expected a path, bytes or a binary file, got int")


@pytest.mark.parametrize("container", ["WAV", "AIFF"])
def test_no_samples(container):
    refused(encode(np.zeros((0, 2)), format=container, subtype="PCM_16"), "holds no samples")


def test_flac_from_a_pipe_does_not_say_its_length(y):
    data = bytearray(encode(y, format="FLAC", subtype="PCM_16"))
    data[21] &= 0xF0  # STREAMINFO: the 36 bits of the number of samples, 0 as `flac -` leaves them
    data[22:26] = b"\0\0\0\0"
    refused(bytes(data), "does not say how long it is")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", ["mean", "all", 1])
def test_samples_that_are_no_numbers(y, bad, channels):
    y[7, 1] = bad
    refused(encode(y, format="WAV", subtype="FLOAT"), "1 of .* samples are NaN or infinite", channels=channels)


def test_double_beyond_float32(y):
    refused(encode(y.astype(float) * 1e300, format="WAV", subtype="DOUBLE"), "NaN or infinite")


def test_samples_in_another_unit(y):
    refused(encode(y * 32767, format="WAV", subtype="FLOAT"), "where full scale is 1")


def test_float_recording_may_exceed_full_scale(y):
    assert np.abs(read_audio(encode(y * 3, format="WAV", subtype="FLOAT"))[0]).max() > 1


@pytest.mark.parametrize("n_missing", [1, 100, 3199])
def test_truncated_samples(tmp_path, wav, n_missing):
    path = tmp_path / "cut.wav"
    path.write_bytes(wav[:-n_missing])
    message = refused(path, "truncated: its header promises 3200 bytes of sound")
    assert "cut.wav" in message
    assert f"{3200 - n_missing} are there" in message


def test_truncated_flac(y):
    data = encode(np.tile(y, (100, 1)), format="FLAC", subtype="PCM_16")
    refused(data[: len(data) // 2], "truncated|damaged")


@pytest.mark.parametrize("sr", [0, 1, 999, 2_000_000_000])
def test_impossible_sampling_rate(wav, sr):
    refused(wav[:24] + struct.pack("<I", sr) + wav[28:], f"{sr} Hz")


def test_no_channels(wav):
    refused(wav[:22] + b"\0\0" + wav[24:], "0 channels")


def test_samples_before_the_format(wav):
    start = wav.index(b"fmt ")
    refused(wav[:start] + b"data" + struct.pack("<I", 4) + b"abcd" + wav[start:], "no format before the samples")


def test_riff_that_is_not_wave(wav):
    refused(wav[:8] + b"AVI " + wav[12:], "not WAVE")


def test_limits(wav):
    read_audio(wav, max_duration_s=0.05, max_samples=1600)
    refused(wav, r"lasts 0\.1 s, the limit is 0\.049 s", max_duration_s=0.049)
    refused(wav, "unpacks to 1600 samples, the limit is 1599", max_samples=1599)


def test_small_file_that_unpacks_to_a_large_one():
    data = encode(np.zeros((5_000_000, 1)), format="FLAC", subtype="PCM_16")
    assert len(data) < 100_000
    refused(data, "unpacks to", max_samples=1_000_000)


def real_header(real_data):
    data = (real_data / "signalml" / "pb1.wav").read_bytes()
    return data[:80], data


def test_every_truncation_of_a_real_header(real_data):
    header, data = real_header(real_data)
    for n_bytes in range(len(header) + 40):
        with pytest.raises(AudioError):
            read_audio(data[:n_bytes])


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_damaged_header_is_an_auscult_error_or_read(data):
    wav = encode(np.zeros((40, 8)), format="WAVEX", subtype="PCM_16")
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, 79))
        wav = wav[:position] + bytes([data.draw(st.integers(0, 255))]) + wav[position + 1 :]
    expect_audio_or_auscult_error(wav)


@given(
    st.binary(max_size=4096), st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"FORM", b"RF64", b"ID3", b"\xff\xfb"])
)
@settings(max_examples=300, deadline=None)
def test_random_bytes_are_an_auscult_error_or_read(data, start):
    expect_audio_or_auscult_error(start + data)


def expect_audio_or_auscult_error(data):
    try:
        y, sr = read_audio(data, max_samples=10_000_000)
    except AuscultError:
        return
    assert y.ndim == 1
    assert y.size
    assert np.isfinite(y).all()
    assert sr > 0
