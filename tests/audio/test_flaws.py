import io

import numpy as np
import pytest
import soundfile

from auscult.audio.read import read_with_flaw

SR, N = 16_000, 32_000


def flaw(y, channels="mean"):
    """Of a recording in 16 bits, as it comes out of a file; y has the shape (n_samples, n_channels) or (n_samples,)."""
    file = io.BytesIO()
    soundfile.write(file, y, SR, format="WAV", subtype="PCM_16")
    return read_with_flaw(file.getvalue(), channels=channels)[2]


@pytest.fixture
def noise(rng):
    return 0.1 * rng.standard_normal((N, 2))


def tone(amplitude):
    return amplitude * np.sin(2 * np.pi * 440 * np.arange(N) / SR)


def test_nothing_is_wrong_with_sound(noise):
    assert flaw(noise) is None
    assert flaw(noise[:, 0]) is None
    assert flaw(noise[:700]) is None
    assert flaw(0.001 * noise) is None  # faint, but there
    for amplitude in (0.9, 0.1, 0.01, 3 / 32768):  # the latter of a few steps only
        assert flaw(tone(amplitude)) is None


def test_waveform_is_the_one_that_is_read(noise):
    file = io.BytesIO()
    soundfile.write(file, noise, SR, format="FLAC", subtype="PCM_16")
    y, sr, none = read_with_flaw(file.getvalue())
    assert (sr, none) == (SR, None)
    assert np.allclose(y, noise.mean(axis=1), atol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.25])
def test_silence_and_constancy(value, rng):
    assert flaw(np.full((N, 2), value)) == "the recording is silent: a verdict on nothing"
    rounding = rng.integers(0, 2, N) * 2e-5  # fainter than the last of 16 bits
    assert "silent" in flaw(np.full(N, value) + rounding)


def test_dead_channels_among_live_ones(noise):
    one_off = np.column_stack([noise, np.zeros(N)])
    assert flaw(one_off) == "1 of 3 channels is dead"
    hum = np.column_stack([noise[:, 0], 1e-4 * tone(0.5), np.full(N, 0.1)])
    assert flaw(hum) == "2 of 3 channels are dead"
    quieter = np.column_stack([noise[:, 0], 0.01 * noise[:, 1]])
    assert flaw(quieter) is None
    assert flaw(one_off, channels=0) is None  # nobody hears the dead one
    assert "silent" in flaw(one_off, channels=2)


def test_cut_peaks(noise):
    cut = np.clip(50 * noise, -1, 1)
    assert flaw(cut).startswith("its peaks are cut (8")  # of noise, 84 % lies beyond a fifth of its deviation
    assert flaw(0.1 * cut).startswith("its peaks are cut (8")  # cut before the last gain
    assert flaw(np.clip(noise, -0.3, 0.3)) is None  # 3 deviations
    one = noise.copy()
    one[:, 1] = np.maximum(one[:, 1], 0)
    assert flaw(one).startswith("its peaks are cut (5")  # half of one channel
    both = np.column_stack([cut, np.zeros(N)])
    assert "1 of 3 channels is dead and its peaks are cut" in flaw(both)
