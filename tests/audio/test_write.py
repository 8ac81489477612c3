import numpy as np
import pytest

from auscult.audio import read_audio
from auscult.audio.write import wav_bytes


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
