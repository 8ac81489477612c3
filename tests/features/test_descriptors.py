import numpy as np
import pytest

from auscult.errors import OptionError
from auscult.features import LogMel, Nameplate

SR = 16000
ALL = ("level", "mean", "std", "p50", "gwrp0.9", "modulation", "orders", "channels")


def hum(rng, *, duration_s=10.0, rotation_hz=24.3, n_blades=5, depth=0.0):
    """A turning machine: blade tones in noise whose loudness swings with the shaft."""
    turns = rotation_hz * np.arange(int(duration_s * SR)) / SR
    tones = sum(np.sin(2 * np.pi * n_blades * order * turns) / order for order in (1, 2, 3))
    shaft = sum(0.3 * np.sin(2 * np.pi * order * turns) for order in (1, 2, 3, 4))
    noise = rng.standard_normal(turns.size) * (1 + depth * np.sin(2 * np.pi * turns))
    return (0.05 * (0.3 * tones + 0.3 * shaft + noise)).astype(np.float32)


def by_name(recipe, y, nameplate=None):
    return dict(zip(recipe.descriptor_names, recipe.features(y, nameplate).descriptors, strict=True))


def test_gain_moves_the_level_and_nothing_else(rng):
    recipe = LogMel()
    y = hum(rng)
    level = recipe.descriptor_groups["level"]
    change = recipe.features(2 * y).descriptors - recipe.features(y).descriptors
    np.testing.assert_allclose(change[level], 20 * np.log10(2), atol=1e-3)
    np.testing.assert_allclose(np.delete(change, level), 0, atol=0.02)


def test_without_a_level_the_bands_are_levels(rng):
    y = hum(rng)
    relative, absolute = LogMel(groups=("level", "mean")), LogMel(groups=("mean",))
    level, means = np.split(relative.features(y).descriptors, [1])
    np.testing.assert_allclose(absolute.features(y).descriptors, means + level, atol=1e-3)


def test_groups_lie_where_they_say(rng):
    y = np.stack([hum(rng, duration_s=2.0) for _ in range(3)])
    whole = LogMel(groups=ALL, n_channels=3)
    descriptors = whole.features(y).descriptors
    assert len(descriptors) == whole.n_descriptors == len(whole.descriptor_names)
    for name in ALL[5:]:
        alone = LogMel(groups=(name,), n_channels=3)
        np.testing.assert_array_equal(alone.features(y).descriptors, descriptors[whole.descriptor_groups[name]])
        assert alone.descriptor_names == whole.descriptor_names[whole.descriptor_groups[name]]


def test_channels_may_stand_anywhere(rng):
    y = np.stack([hum(rng, duration_s=1.0) for _ in range(2)])
    first, last = LogMel(groups=("channels", "mean"), n_channels=2), LogMel(groups=("mean", "channels"), n_channels=2)
    one, other = first.features(y).descriptors, last.features(y).descriptors
    for name in ("mean", "channels"):
        np.testing.assert_array_equal(one[first.descriptor_groups[name]], other[last.descriptor_groups[name]])


def test_names_say_the_frequency():
    names = LogMel().descriptor_names
    assert "mean 23.4 Hz" in names
    assert "swing of 4000 to 8000 Hz at 16 to 32 Hz" in names
    assert "order 1" in names


def test_imbalance_shows_as_swing_at_the_shaft(rng):
    recipe = LogMel()
    plate = Nameplate(rotation_hz=24.0)
    still, swinging = (by_name(recipe, hum(rng, depth=depth), plate) for depth in (0.0, 0.3))
    name = "swing of 4000 to 8000 Hz at order 1"
    assert swinging[name] > still[name] + 10
    assert swinging[name.replace("order 1", "16 to 32 Hz")] > still[name.replace("order 1", "16 to 32 Hz")] + 3


def test_a_click_shows_in_the_loudest_frames_only(rng):
    y = hum(rng)
    clicked = y.copy()
    clicked[80_000:80_080] += rng.standard_normal(80).astype(np.float32)
    change = LogMel().features(clicked).descriptors - LogMel().features(y).descriptors
    groups = LogMel().descriptor_groups
    assert change[groups["gwrp0.5"]].mean() > 3
    assert abs(change[groups["mean"]].mean()) < 0.3


def test_one_percent_of_speed_is_seen(rng):
    recipe = LogMel()
    plate = Nameplate(rotation_hz=24.0, n_blades=5)
    slow, fast = (by_name(recipe, hum(rng, rotation_hz=hz), plate) for hz in (24.30, 24.54))
    assert abs(fast["rotation frequency"] / slow["rotation frequency"] - 1.01) < 0.001
    assert slow["blade pass x 1"] > 15


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"groups": ("mean", "mean")}, "named twice"),
        ({"groups": ("median",)}, "unknown descriptors 'median', expected some of level, modulation"),
        ({"groups": ("channels",)}, "'channels' compares several channels"),
        ({"n_channels": 0}, "expected 1 or more"),
        ({"hop_length": 500}, "need a hop_length that 8 divides, got 500"),
    ],
)
def test_impossible_groups(options, match):
    with pytest.raises(OptionError, match=match):
        LogMel(**options)


def test_any_hop_is_good_without_envelopes(rng):
    recipe = LogMel(hop_length=441, groups=("mean",))
    assert recipe.features(hum(rng, duration_s=1.0)).descriptors.shape == (128,)
