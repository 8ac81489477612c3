import io

import numpy as np
import pytest
import soundfile

from auscult.monitor.sources.pcm import PcmDecoder

SUBTYPES = {"s16le": "PCM_16", "s24le": "PCM_24", "s32le": "PCM_32", "f32le": "FLOAT"}


@pytest.mark.parametrize("sample_format", SUBTYPES)
@pytest.mark.parametrize("n_channels", [1, 3])
def test_samples_are_libsndfiles_wherever_the_pieces_are_cut(rng, sample_format, n_channels):
    raw = io.BytesIO()
    subtype = SUBTYPES[sample_format]
    y = rng.uniform(-1, 1, (2000, n_channels)).astype(np.float32)
    soundfile.write(raw, y, 16000, format="RAW", subtype=subtype, endian="LITTLE")
    raw.seek(0)
    kind = {"format": "RAW", "samplerate": 16000, "channels": n_channels, "subtype": subtype, "endian": "LITTLE"}
    expected = soundfile.read(raw, dtype="float32", always_2d=True, **kind)[0]
    decoder, data, pieces = PcmDecoder(sample_format, n_channels), raw.getvalue(), []
    while data:
        n = int(rng.integers(0, 40))
        pieces.append(decoder.decode(data[:n]))
        data = data[n:]
    assert {piece.shape[0] for piece in pieces} == {n_channels}
    assert {piece.dtype for piece in pieces} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), expected.T)


def test_full_scale_is_one():
    np.testing.assert_array_equal(PcmDecoder("s16le", 1).decode(b"\x00\x80\x00\x40"), [[-1, 0.5]])


def test_floats_are_as_they_were_sent():
    sent = np.array([np.nan, np.inf, 2.5], "<f4")
    np.testing.assert_array_equal(PcmDecoder("f32le", 1).decode(sent.tobytes())[0], sent)


def test_what_is_no_float_warns_of_nothing():
    signalling = (0x7F800001).to_bytes(4, "little")
    assert np.isnan(PcmDecoder("f32le", 1).decode(signalling * 100)).all()
