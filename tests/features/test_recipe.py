import numpy as np
import pytest

from auscult.features import LogMel, OriginalMfcc

RECIPES = [LogMel(), LogMel.for_rate(8000, n_mels=20, groups=("level", "p5")), OriginalMfcc()]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_does_what_it_says(recipe, rng):
    y = (0.1 * rng.standard_normal(48000)).astype(np.float32)
    features = recipe.features(recipe.at_own_rate(y, 48000))
    assert features.patch.shape[0] == recipe.n_bands
    assert features.descriptors.shape == (recipe.n_descriptors,)
    assert len(recipe.descriptor_names) == recipe.n_descriptors
    assert features.patch.dtype == features.descriptors.dtype == np.float32
    np.testing.assert_array_equal(features.patch, recipe.patch(y, 48000))
    np.testing.assert_array_equal(features.descriptors, recipe.descriptors(y, 48000))
    ends = [place.stop for place in recipe.descriptor_groups.values()]
    assert ends[-1] == recipe.n_descriptors
    assert hash(recipe) == hash(type(recipe)(**{name: getattr(recipe, name) for name in recipe.__dataclass_fields__}))
