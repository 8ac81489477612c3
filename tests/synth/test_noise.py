import numpy as np
import pytest

from auscult.errors import OptionError
from auscult.synth.noise import HIGHEST_PEAK, render_noise

SR = 16000


@pytest.fixture(scope="module")
def clips():
    return [render_noise(duration_s=4, sr=SR, rng=np.random.default_rng(seed)) for seed in range(20)]


def test_unit_power_and_bounded_peaks(clips):
    for y in clips:
        assert y.shape == (4 * SR,)
        assert y.dtype == np.float32
        assert np.mean(y**2) == pytest.approx(1.0, rel=1e-4)
        assert np.max(np.abs(y)) <= HIGHEST_PEAK


def test_it_falls_3_to_6_db_an_octave(clips):
    power = np.mean([np.abs(np.fft.rfft(y)) ** 2 for y in clips], axis=0)
    bins_hz = np.fft.rfftfreq(4 * SR, 1 / SR)
    densities_db = [10 * np.log10(np.median(power[(bins_hz > hz) & (bins_hz < 2 * hz)])) for hz in (250, 4000)]
    assert 3 < (densities_db[0] - densities_db[1]) / 4 < 6  # four octaves apart


def test_it_swells_more_than_stationary_noise(clips):
    levels_db = [10 * np.log10(np.mean(y.reshape(-1, SR // 4) ** 2, axis=1)) for y in clips]
    assert np.mean(np.std(levels_db, axis=1)) > 0.6


def test_same_stream_same_noise_and_another_another(clips):
    again = render_noise(duration_s=4, sr=SR, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(clips[0], again)
    assert abs(np.corrcoef(clips[0], clips[1])[0, 1]) < 0.1


def test_an_empty_clip_is_refused():
    with pytest.raises(OptionError, match="duration_s"):
        render_noise(duration_s=0, sr=SR, rng=np.random.default_rng(0))
