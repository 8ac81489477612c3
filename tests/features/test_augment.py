import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import OptionError
from auscult.features import OriginalMfcc
from auscult.features.augment import (
    AUGMENTATIONS,
    ORIGINAL_AUGMENTATIONS,
    Background,
    Gain,
    OriginalStretch,
    Roll,
    SpecAugment,
    TimeStretch,
    WhiteNoise,
)

SR = 16000


def clip(seed=0, shape=(16000,)):
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def snr_db(y, added):
    return 10 * np.log10(np.var(y) / np.var(added))


@pytest.mark.parametrize("augmentation", [*AUGMENTATIONS.values(), *ORIGINAL_AUGMENTATIONS.values()], ids=repr)
@pytest.mark.parametrize("shape", [(16000,), (3, 16000), (100,), (1,)])
def test_seeded_float32_and_the_input_untouched(augmentation, shape):
    y = clip(shape=shape)
    before = y.copy()
    first, second = augmentation(y, SR, rng(1)), augmentation(y, SR, rng(1))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(y, before)
    assert first.dtype == np.float32
    assert first.ndim == y.ndim
    assert np.isfinite(first).all()
    assert not np.shares_memory(first, y) or isinstance(augmentation, OriginalStretch)


@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=repr)
def test_another_seed_gives_another_clip(augmentation):
    first, second = augmentation(clip(), SR, rng(1)), augmentation(clip(), SR, rng(2))
    assert first.shape != second.shape or np.abs(first - second).max() > 1e-4


@pytest.mark.parametrize("level", [0.0, 0.5])
@pytest.mark.parametrize("augmentation", AUGMENTATIONS.values(), ids=repr)
def test_silence_and_direct_current_stay_finite(augmentation, level):
    y = np.full(16000, level, np.float32)
    changed = augmentation(y, SR, rng())
    assert np.isfinite(changed).all()
    if level == 0:
        np.testing.assert_allclose(changed, 0, atol=1e-9)


@given(snr=st.floats(-20, 40), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_noise_is_white_and_as_far_below_as_was_drawn(snr, seed):
    y = 0.3 + clip(seed, (2, 16000))
    added = WhiteNoise((snr, snr))(y, SR, rng(seed)) - y
    assert abs(snr_db(clip(seed, (2, 16000)), added) - snr) < 0.2
    power = np.abs(np.fft.rfft(added)) ** 2
    halves = power[:, :4000].mean(), power[:, 4000:].mean()
    assert abs(10 * np.log10(halves[0] / halves[1])) < 0.5
    assert abs(np.corrcoef(added[0], added[1])[0, 1]) < 0.05
    assert abs(np.corrcoef(added[0], y[0])[0, 1]) < 0.05


def test_drawn_ratios_fill_their_range():
    y = clip()
    drawn = [snr_db(y, WhiteNoise((0, 20))(y, SR, rng(seed)) - y) for seed in range(60)]
    assert min(drawn) > -0.3
    assert max(drawn) < 20.3
    assert np.std(drawn) > 4


@given(n_samples=st.integers(2, 3000), n_other=st.integers(2, 3000), snr=st.floats(-10, 30), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_background_is_the_other_clip_scaled(n_samples, n_other, snr, seed):
    y, other = clip(seed, (n_samples,)), clip(seed + 1, (n_other,))
    added = Background((snr, snr))(y, SR, rng(seed), other=other) - y
    np.testing.assert_allclose(snr_db(y, added), snr, atol=0.5)
    start = int(rng(seed).integers(n_other))
    rolled = np.resize(np.roll(other, -start), n_samples)
    if np.var(rolled) > 1e-6:
        factor = added @ rolled / (rolled @ rolled)
        np.testing.assert_allclose(added, factor * rolled, atol=1e-3)


def test_background_of_one_channel_goes_under_all():
    y, other = clip(0, (4, 8000)), clip(1, (8000,))
    added = Background()(y, SR, rng(), other=other) - y
    np.testing.assert_allclose(added, np.tile(added[0], (4, 1)), atol=1e-6)


@given(n_samples=st.integers(2, 5000), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_roll_turns_all_channels_alike(n_samples, seed):
    y = clip(seed, (3, n_samples))
    rolled = Roll()(y, SR, rng(seed))
    shift = next(shift for shift in range(1, n_samples) if np.array_equal(np.roll(y, shift, axis=-1), rolled))
    assert 0 < shift < n_samples
    np.testing.assert_allclose(np.abs(np.fft.fft(rolled)), np.abs(np.fft.fft(y)), atol=1e-3)


@given(rate=st.floats(0.5, 2))
@settings(max_examples=10, deadline=None)
def test_stretch_changes_the_duration(rate):
    assert TimeStretch((rate, rate))(clip(), SR, rng()).shape == (round(16000 / rate),)


@given(gain_db=st.floats(-40, 40))
@settings(deadline=None)
def test_gain_is_a_factor(gain_db):
    y = clip()
    np.testing.assert_allclose(Gain((gain_db, gain_db))(y, SR, rng()), y * 10 ** (gain_db / 20), rtol=1e-6)


@given(
    shape=st.tuples(st.integers(1, 140), st.integers(1, 320)),
    counts=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_hidden_stripes(shape, counts, share, seed):
    patch = rng(seed).uniform(-80, 0, shape).astype(np.float32)
    hidden = SpecAugment(*counts, share, share)(patch, rng(seed))
    is_changed = hidden != patch
    np.testing.assert_array_equal(hidden[is_changed], patch.mean())
    bands, frames = is_changed.all(axis=1), is_changed.all(axis=0)
    assert np.array_equal(is_changed, bands[:, None] | frames[None, :])
    if not frames.all():
        assert bands.sum() <= counts[0] * share * shape[0]
    if not bands.all():
        assert frames.sum() <= counts[1] * share * shape[1]


def test_hiding_hides_something():
    patch = rng().uniform(-80, 0, (128, 311)).astype(np.float32)
    n_hidden = [np.mean(SpecAugment()(patch, rng(seed)) != patch) for seed in range(20)]
    assert 0.1 < np.mean(n_hidden) < 0.4


def test_the_originals_three():
    y = clip(shape=(220_500,))
    noisy, rolled, stretched = (augment(y, 22050, rng()) for augment in ORIGINAL_AUGMENTATIONS.values())
    assert abs(np.std(noisy - y) - 0.005) < 1e-4
    np.testing.assert_array_equal(rolled, np.roll(y, 1600))
    np.testing.assert_array_equal(stretched, y)


def test_librosas_stretch_by_one_is_the_copy_that_we_take_it_for():
    import librosa

    y = clip(shape=(110_250,))
    theirs = librosa.feature.mfcc(y=librosa.effects.time_stretch(y, rate=1), sr=22050, n_mfcc=40)
    difference = np.abs(OriginalMfcc().mfcc(y) - theirs)  # librosa sums up phases in single precision
    assert difference.max() < 0.3
    assert difference.mean() < 0.01


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (WhiteNoise, {"snr_db": (5, 0)}),
        (WhiteNoise, {"snr_db": (float("nan"), 0)}),
        (Background, {"snr_db": (0, float("inf"))}),
        (TimeStretch, {"rate": (0, 1)}),
        (Gain, {"gain_db": (1, 0)}),
        (SpecAugment, {"max_band_share": 1.5}),
        (SpecAugment, {"n_band_masks": -1}),
    ],
)
def test_impossible_ranges(kind, options):
    with pytest.raises(OptionError, match="expected"):
        kind(**options)
