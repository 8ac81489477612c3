import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.signal import hilbert
from scipy.stats import kurtosis

from auscult.errors import OptionError
from auscult.synth.injection import INJECTIONS, inject

SR = 16000
BAND_HZ = (1000.0, 3000.0)
ADDITIONS = [kind for kind in INJECTIONS if kind != "modulation"]


def clip(seed=0, shape=(SR,)):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def frequencies(n_samples, sr):
    return np.arange(n_samples // 2 + 1) * sr / n_samples  # rfftfreq rounds some bins over the upper edge


def band_power(y, sr, band_hz):
    """Mean square of what is left when all other bins are set to zero."""
    spectrum, bins_hz = np.fft.rfft(y.astype(float)), frequencies(y.shape[-1], sr)
    spectrum[..., (bins_hz < band_hz[0]) | (bins_hz > band_hz[1]) | (bins_hz == 0)] = 0
    return np.mean(np.fft.irfft(spectrum, y.shape[-1]) ** 2, axis=-1)


def level_db(y, added, sr, band_hz):
    return 10 * np.log10(band_power(added, sr, band_hz) / band_power(y, sr, band_hz))


def outside(y, sr, band_hz, margin_hz=0.0):
    bins_hz = frequencies(y.shape[-1], sr)
    is_outside = (bins_hz < band_hz[0] - margin_hz) | (bins_hz > band_hz[1] + margin_hz)
    return np.sum(np.abs(np.fft.rfft(y.astype(float))[..., is_outside]) ** 2)


def all_of(y):
    return np.sum(np.abs(np.fft.rfft(y.astype(float))) ** 2)


@pytest.mark.parametrize("kind", INJECTIONS)
@pytest.mark.parametrize("shape", [(SR,), (1, SR), (8, SR), (SR // 10,), (2, 1601)])
def test_seeded_float32_and_the_input_untouched(kind, shape):
    y = clip(shape=shape)
    before = y.copy()
    first, second = (inject(y, SR, kind, band_hz=BAND_HZ, level_db=3, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(y, before)
    assert first.dtype == np.float32
    assert first.shape == shape
    assert not np.shares_memory(first, y)
    assert np.abs(first - inject(y, SR, kind, band_hz=BAND_HZ, level_db=3, seed=2)).max() > 1e-3


@pytest.mark.parametrize("kind", ADDITIONS)
@given(
    sr=st.sampled_from([8000, 16000, 44100]),
    duration_s=st.floats(0.1, 1.5),
    edges=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    level=st.floats(-40, 40),
    seed=st.integers(0, 999),
)
@settings(max_examples=40, deadline=None)
def test_the_level_is_what_was_asked_and_nothing_lies_outside(kind, sr, duration_s, edges, level, seed):
    low_hz, high_hz = sorted(edge * sr / 2 for edge in edges)
    assume(high_hz - low_hz > 1.01 / duration_s)
    n_samples = round(duration_s * sr)
    y = clip(seed, (n_samples,))
    result = inject(y, sr, kind, band_hz=(low_hz, high_hz), level_db=level, seed=seed)
    added = result - y.astype(float)
    assert abs(level_db(y, added, sr, (low_hz, high_hz)) - level) < 0.01
    rounding = n_samples * n_samples * 1e-14 * np.mean(result.astype(float) ** 2)
    assert outside(added, sr, (low_hz, high_hz)) < rounding


@pytest.mark.parametrize("kind", ADDITIONS)
def test_a_level_beside_a_known_power(kind):
    """A sine of amplitude 0.1 in the band; what is added has its mean square, and the loud sine elsewhere no say."""
    turns = 2 * np.pi * np.arange(SR) / SR
    y = (0.1 * np.sin(2000 * turns) + 0.8 * np.sin(200 * turns) + 0.1).astype(np.float32)
    added = inject(y, SR, kind, band_hz=BAND_HZ, level_db=0, seed=3) - y
    assert abs(np.mean(added**2) / 0.005 - 1) < 1e-3


@pytest.mark.parametrize("kind", ADDITIONS)
def test_all_channels_get_the_same_each_at_its_own_level(kind):
    y = clip(0, (3, SR)) * np.float32([[1], [0.1], [0.5]])
    added = inject(y, SR, kind, band_hz=BAND_HZ, level_db=-6, seed=0) - y
    np.testing.assert_allclose(level_db(y, added, SR, BAND_HZ), -6, atol=0.01)
    assert np.corrcoef(added).min() > 0.9999


def test_a_channel_alone_gets_what_it_gets_among_others():
    y = clip(0, (3, SR))
    for kind in INJECTIONS:
        together = inject(y, SR, kind, band_hz=BAND_HZ, level_db=6, seed=4)
        alone = inject(y[1], SR, kind, band_hz=BAND_HZ, level_db=6, seed=4)
        np.testing.assert_allclose(together[1], alone, atol=1e-7)


def test_tones_are_pure_and_fill_the_middle_half():
    y = clip()
    found = []
    for seed in range(60):
        power = np.abs(np.fft.rfft(inject(y, SR, "tone", band_hz=BAND_HZ, level_db=10, seed=seed) - y)) ** 2
        found.append(np.argmax(power))  # bins of 1 Hz
        assert power.max() / power.sum() > 0.999999
    assert 1499 <= min(found) < 1600
    assert 2400 < max(found) <= 2501


@pytest.mark.parametrize("seed", range(5))
def test_impacts_come_three_to_twelve_times_a_second(seed):
    y = clip(seed, (10 * SR,))
    added = inject(y, SR, "impacts", band_hz=BAND_HZ, level_db=0, seed=seed) - y
    assert kurtosis(added) > 10
    envelope = np.abs(hilbert(added)).reshape(-1, 80).mean(axis=1)  # 200 a second
    is_loud = envelope > 0.3 * envelope.max()
    periods = np.diff(np.flatnonzero(is_loud[1:] & ~is_loud[:-1])) / 200
    assert 1 / 12 < np.mean(periods) < 1 / 3
    assert 0.04 < np.std(periods) / np.mean(periods) < 0.12  # two impacts' jitter: 0.05 * sqrt(2)


def test_short_clips_have_an_impact():
    y = clip(0, (SR // 10,))
    for seed in range(30):
        added = inject(y, SR, "impacts", band_hz=BAND_HZ, level_db=0, seed=seed) - y
        assert abs(level_db(y, added, SR, BAND_HZ)) < 0.01
        assert np.abs(added).max() > 3 * added.std()


def test_noise_is_gaussian_and_fills_the_band_evenly():
    y = clip(0, (10 * SR,))
    added = inject(y, SR, "noise", band_hz=BAND_HZ, level_db=0, seed=0) - y
    assert abs(kurtosis(added)) < 0.1
    quarters = [band_power(added, SR, (low, low + 499)) for low in (1000, 1500, 2000, 2500)]
    assert max(quarters) / min(quarters) < 1.1
    assert abs(np.corrcoef(added, y)[0, 1]) < 0.02


@given(level=st.floats(0.1, 40), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_modulation_swings_by_the_level(level, seed):
    """A sine's envelope is what it is multiplied by."""
    n_samples = 3 * SR
    carrier = 0.1 * np.sin(2 * np.pi * 2000 * np.arange(n_samples) / SR).astype(np.float32)
    envelope = np.abs(hilbert(inject(carrier, SR, "modulation", band_hz=BAND_HZ, level_db=level, seed=seed)))
    envelope = envelope[SR // 2 : -SR // 2]  # the transform goes round, the modulation does not
    assert abs(20 * np.log10(envelope.max() / envelope.min()) - level) < 0.02 + 0.02 * level
    spectrum = np.abs(np.fft.rfft((envelope - envelope.mean()) * np.hanning(envelope.size)))
    assert 1 < np.argmax(spectrum) / 2 < 31  # bins of 0.5 Hz
    assert abs((envelope.max() + envelope.min()) / 2 - 0.1) < 1e-3


def test_modulation_leaves_what_is_outside():
    y = clip(0, (10 * SR,))
    added = inject(y, SR, "modulation", band_hz=BAND_HZ, level_db=10, seed=0) - y
    assert outside(added, SR, BAND_HZ, margin_hz=60) < 1e-3 * all_of(added)
    direct_current = inject(y + np.float32(0.5), SR, "modulation", band_hz=(0.0, 3000.0), level_db=10, seed=0) - 0.5
    np.testing.assert_allclose(
        direct_current, inject(y, SR, "modulation", band_hz=(0.0, 3000.0), level_db=10, seed=0), atol=1e-5
    )


@pytest.mark.parametrize("kind", ADDITIONS)
@pytest.mark.parametrize("band_hz", [(0.0, 10.0), (7990.0, 8000.0), (7995.0, 8000.0), (1009.0, 1011.0), (0.0, 8000.0)])
def test_bands_of_few_bins_and_of_all(kind, band_hz):
    y = clip(0, (SR // 10,))
    added = inject(y, SR, kind, band_hz=band_hz, level_db=0, seed=0) - y
    assert abs(level_db(y, added, SR, band_hz)) < 0.01


def test_nothing_is_clipped():
    assert np.abs(inject(clip(), SR, "tone", band_hz=BAND_HZ, level_db=60, seed=0)).max() > 10


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"kind": "hum"}, "kind"),
        ({"band_hz": (-1.0, 100.0)}, "band_hz"),
        ({"band_hz": (100.0, 100.0)}, "band_hz"),
        ({"band_hz": (100.0, 8001.0)}, "band_hz"),
        ({"band_hz": (float("nan"), 100.0)}, "band_hz"),
        ({"level_db": float("nan")}, "level_db"),
        ({"level_db": float("inf")}, "level_db"),
        ({"level_db": -1e5}, "level_db"),
        ({"kind": "modulation", "level_db": 0.0}, "level_db"),
    ],
)
def test_impossible_options(options, where):
    wanted = {"kind": "tone", "band_hz": BAND_HZ, "level_db": 0.0, "seed": 0} | options
    with pytest.raises(OptionError, match=f"^{where}: expected"):
        inject(clip(), SR, **wanted)


@pytest.mark.parametrize("kind", INJECTIONS)
@pytest.mark.parametrize("n_samples", [0, 1, 1600])
def test_a_band_without_a_bin(kind, n_samples):
    with pytest.raises(OptionError, match="wider band or a longer clip"):
        inject(clip(0, (n_samples,)), SR, kind, band_hz=(1001.0, 1009.0), level_db=1, seed=0)


@pytest.mark.parametrize("kind", INJECTIONS)
def test_silence_has_nothing_to_relate_to(kind):
    spectrum = np.fft.rfft(clip())
    spectrum[900:3100] = 0
    filtered = np.fft.irfft(spectrum, SR).astype(np.float32)
    for y in (np.zeros(SR, np.float32), np.full(SR, 0.5, np.float32), filtered):
        with pytest.raises(OptionError, match="the recording is silent from 1000 to 3000 Hz"):
            inject(y, SR, kind, band_hz=BAND_HZ, level_db=1, seed=0)
    with pytest.raises(OptionError, match="channel 1 of the recording is silent"):
        inject(np.stack([clip(), filtered]), SR, kind, band_hz=BAND_HZ, level_db=1, seed=0)
