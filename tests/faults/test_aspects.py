import numpy as np
import pytest

from auscult.faults.aspects import HUM_HZ, LINES, LOUDNESS, SPEEDS, Aspects
from auscult.features import LogMel

GROUPS = ("level", "mean", "std", "modulation", "orders")


def recipe(*groups):
    return LogMel.for_rate(16000, n_mels=32, groups=groups)


def aspects_of(features, changes):
    """Aspects of changes of descriptors, by name."""
    aspects = Aspects(features)
    values = aspects.of(aspects.parts(changes))
    return {name: values[:, place] for place, name in enumerate(aspects.names)}


def test_a_rise_of_any_band_is_a_rise_of_level_and_no_fall():
    features = recipe(*GROUPS)
    mean = features.descriptor_groups["mean"]
    changes = np.zeros((features.n_mels, features.n_descriptors))
    changes[:, mean] = 8 * np.eye(features.n_mels)
    found = aspects_of(features, changes)
    assert (found["level, rise"] > 0.5).all()
    np.testing.assert_allclose(found["level, fall"], 0, atol=1e-12)
    thirds = np.stack([found[f"level of {word} octaves"] for word in ("low", "middle", "high")])
    assert ((thirds > 0).sum(axis=0) == 1).all()
    assert (thirds > 0).any(axis=1).all()
    fallen = aspects_of(features, -changes)
    np.testing.assert_allclose(fallen["level, fall"], -found["level, rise"])


def test_a_change_of_rotation_counts_as_much_upwards_as_downwards():
    features = recipe(*GROUPS)
    place = features.descriptor_groups["orders"].start
    changes = np.zeros((2, features.n_descriptors))
    changes[:, place] = 3, -3
    found = aspects_of(features, changes)
    assert found.pop("change of rotation frequency").tolist() == [3, 3]
    assert all(not values.any() for values in found.values())


def test_the_hum_line_that_changed_most_keeps_its_sign():
    features = recipe(*GROUPS)
    orders = features.descriptor_groups["orders"]
    place = orders.start + features.descriptor_names[orders].index("100 Hz")
    changes = np.zeros((2, features.n_descriptors))
    changes[:, place] = 4, -4
    changes[:, place - 1] = 1
    assert aspects_of(features, changes)["hum line that changed most"].tolist() == [4, -4]


def test_groups_that_features_do_not_have_give_no_aspects():
    full, no_orders, bands = (set(Aspects(recipe(*GROUPS[:n])).names) for n in (5, 4, 3))
    assert bands < no_orders < full
    assert not any("swing" in name for name in bands)
    assert "change of rotation frequency" in full - no_orders
    assert Aspects(recipe("level")).names == ()
    assert Aspects(recipe("level")).of(np.zeros((3, 0))).shape == (3, 0)


@pytest.mark.parametrize("name", ["mean", "std"])
def test_levels_add_the_level_to_what_is_relative_to_it(rng, name):
    features = recipe(*GROUPS)
    X = rng.standard_normal((4, features.n_descriptors))
    own = features.descriptor_groups[name]
    expected = X[:, own] + X[:, [0]] if name == "mean" else X[:, own]
    np.testing.assert_allclose(Aspects(features).levels(X)[:, own], expected)


def test_the_same_rise_in_any_octave_is_the_same_rise_of_level():
    features = recipe("mean")
    aspects = Aspects(features)
    changes = 8 * np.eye(features.n_mels)
    octave = aspects.parts(changes).argmax(axis=1)
    assert np.unique(octave).size == 7
    rises = aspects_of(features, np.stack([8.0 * (octave == one) for one in range(7)]))["level, rise"]
    np.testing.assert_allclose(rises, 8)


def test_a_louder_clip_has_more_level_in_all_octaves_also_where_bands_are_relative_to_it(rng):
    features = recipe("level", "mean", "p95", "modulation")
    aspects = Aspects(features)
    X = rng.standard_normal((5, features.n_descriptors))
    louder = X.copy()
    louder[:, features.descriptor_groups["level"]] += 6
    found = aspects_of(features, aspects.levels(louder) - aspects.levels(X))
    for name, values in found.items():
        np.testing.assert_allclose(values, 6 if name.startswith("level") else 0, atol=1e-12)


def test_levels_leaves_descriptors_as_they_were(rng):
    features = recipe("level", "mean")
    X = rng.standard_normal((3, features.n_descriptors))
    before = X.copy()
    Aspects(features).levels(X)
    np.testing.assert_array_equal(X, before)


def test_parts_are_linear(rng):
    features = recipe(*GROUPS)
    parts = Aspects(features).parts
    one, other = rng.standard_normal((2, 6, features.n_descriptors))
    np.testing.assert_allclose(parts(2 * one - 3 * other), 2 * parts(one) - 3 * parts(other), atol=1e-9)
    assert not parts(np.zeros((1, features.n_descriptors))).any()


def test_poolings_are_compared_with_the_mean_of_the_same_octave():
    features = recipe("mean", "p95")
    changes = np.zeros((1, features.n_descriptors))
    changes[:, features.descriptor_groups["mean"]] = 5
    changes[:, features.descriptor_groups["p95"]] = 7
    np.testing.assert_allclose(aspects_of(features, changes)["loudest moments"], 2)
    np.testing.assert_allclose(aspects_of(recipe("p95"), changes[:, 32:])["loudest moments"], 7)


def test_one_swing_of_one_octave_is_a_swing_of_its_speed():
    features = recipe("modulation")
    n_speeds = features.n_descriptors // 7
    for octave in (0, 6):
        for speed, (low, high) in SPEEDS.items():
            changes = np.zeros((1, features.n_descriptors))
            changes[0, n_speeds * octave + low : n_speeds * octave + high] = 7
            changed = {name: values[0] for name, values in aspects_of(features, changes).items() if values.any()}
            assert changed == {f"{speed} swing": pytest.approx(1), f"{speed} swing, rise": pytest.approx(7)}


def test_constants_are_of_descriptors_that_there_are():
    features = recipe(*GROUPS)
    names = features.descriptor_names[features.descriptor_groups["orders"]]
    assert {line for lines in LINES.values() for line in lines} <= set(names)
    assert set(LINES["mains hum"]) == {f"{hz} Hz" for hz in HUM_HZ}
    assert LOUDNESS in features.descriptor_groups
    modulation = features.descriptor_groups["modulation"]
    assert max(high for _, high in SPEEDS.values()) <= (modulation.stop - modulation.start) // 7
