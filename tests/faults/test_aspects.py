import numpy as np
import pytest

from auscult.faults.aspects import Aspects
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
