import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auscult.features import LogMel
from auscult.monitor.store.descriptors import pack, recipe_id, unpack

FLOATS = st.floats(-65504, 65504, width=32)


@given(hnp.arrays(np.float32, st.integers(0, 50), elements=FLOATS))
def test_numbers_come_back_within_the_bounds_that_are_promised(numbers):
    back = unpack(pack(numbers))
    assert back.dtype == np.float32
    error = np.abs(back.astype(np.float64) - numbers)
    assert (error <= np.maximum(np.abs(numbers, dtype=np.float64) * 2.0**-11, 2.0**-25)).all()


def test_numbers_take_two_bytes_and_none_becomes_infinite():
    assert len(pack(np.ones(1116, np.float32))) == 2232
    np.testing.assert_array_equal(unpack(pack(np.float32([1e9, -np.inf, 70000]))), [65504, -65504, 65504])
    assert np.isnan(unpack(pack(np.float32([np.nan])))).all()


def test_descriptors_of_a_sound_lose_less_than_anything_measured_by_them(rng):
    recipe = LogMel()
    descriptors = recipe.descriptors(rng.normal(0, 0.05, 32000).astype(np.float32), 16000)
    assert np.abs(unpack(pack(descriptors)) - descriptors).max() < 0.02  # dB


def test_a_recipe_is_known_by_its_options():
    assert recipe_id(LogMel()) == recipe_id(LogMel())
    assert len({recipe_id(recipe) for recipe in (LogMel(), LogMel(n_mels=64), LogMel(fmax=4000.0))}) == 3
    assert len(recipe_id(LogMel())) == 16
