import numpy as np
import pytest

from auscult.audio import read_audio
from auscult.audio.write import flac_bytes, wav_bytes


@pytest.mark.parametrize(("bits", "step"), [(16, 2**-15), (24, 2**-23)])
@pytest.mark.parametrize("shape", [(1000,), (3, 1000)])
def test_what_is_written_is_read_again(rng, bits, step, shape):
    y = rng.uniform(-0.9, 0.9, shape).astype(np.float32)
    again, sr = read_audio(wav_bytes(y, 12345, bits=bits), channels="all")
    assert sr == 12345
    np.testing.assert_allclose(again, np.atleast_2d(y), atol=step)


def test_what_is_too_loud_is_clipped():
    y, _ = read_audio(wav_bytes(np.array([2.0, -2.0] * 100, np.float32), 8000))
    np.testing.assert_allclose(np.abs(y), 1, atol=1e-4)


def test_flac_is_read_again_and_smaller():
    time_s = np.arange(8000) / 8000
    y = (0.5 * np.sin(2 * np.pi * 100 * time_s)).astype(np.float32)
    flac = flac_bytes(y, 8000)
    again, sr = read_audio(flac)
    assert sr == 8000
    np.testing.assert_allclose(np.squeeze(again), y, atol=2**-15)
    assert flac.startswith(b"fLaC")
    assert len(flac) < 0.7 * len(wav_bytes(y, 8000))


def test_flac_that_is_too_loud_is_clipped():
    y, _ = read_audio(flac_bytes(np.array([2.0, -2.0] * 100, np.float32), 8000))
    np.testing.assert_allclose(np.abs(y), 1, atol=1e-4)


def test_flac_has_the_very_samples_of_a_recording_of_16_bits(rng):
    y = (rng.permutation(np.arange(-(2**15), 2**15)) / 2**15).astype(np.float32)
    again, _ = read_audio(flac_bytes(y, 22050))
    np.testing.assert_array_equal(np.squeeze(again), y)
