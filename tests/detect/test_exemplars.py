import io

import numpy as np
import pytest

from auscult.detect import NormalityModel
from auscult.detect.exemplars import LOWEST_DB, MAX_FRAMES, N_EXEMPLARS, STEP_DB, Exemplars, choose_exemplars


@pytest.fixture
def patches(rng):
    return [rng.uniform(-100, 20, (32, n_frames)).astype(np.float32) for n_frames in (311, 40, 1)]


@pytest.fixture
def exemplars(patches):
    return Exemplars.of(np.array([0, 40, 80]), patches)


@pytest.fixture
def states(rng):
    """Three operating states of 40 clips."""
    return np.repeat([[0.0, 0, 0], [50, 0, 0], [0, 50, 50]], 40, axis=0) + rng.standard_normal((120, 3))


def test_levels_are_kept_to_half_a_decibel(exemplars, patches):
    for number, patch in enumerate(patches):
        assert exemplars.patches[number].dtype == np.uint8
        assert exemplars.patch_db(number).dtype == np.float32
        np.testing.assert_allclose(exemplars.patch_db(number), patch, atol=STEP_DB / 2 + 1e-4)


def test_silence_and_overload_are_cut_off_and_do_not_wrap_around():
    patch = np.array([[-400, -100.1, 27.5, 60]], np.float32)
    restored = Exemplars.of(np.array([0]), [patch]).patch_db(0)
    assert restored.tolist() == [[LOWEST_DB, LOWEST_DB, 27.5, 27.5]]


def test_of_long_clips_the_beginning_is_kept(rng):
    patch = rng.uniform(-90, 0, (4, 3 * MAX_FRAMES)).astype(np.float32)
    restored = Exemplars.of(np.array([0]), [patch]).patch_db(0)
    np.testing.assert_allclose(restored, patch[:, :MAX_FRAMES], atol=0.26)


def test_exemplars_go_through_a_file(exemplars):
    file = io.BytesIO()
    np.savez(file, **exemplars.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = Exemplars.from_arrays(dict(arrays))
    assert again.places.tolist() == exemplars.places.tolist()
    assert all(map(np.array_equal, again.patches, exemplars.patches))
    assert len(again.patches) == len(exemplars.patches)


def test_nearest_is_that_of_the_same_state(exemplars, states):
    model = NormalityModel().fit(states)
    for state in range(3):
        assert {exemplars.nearest(model, clip) for clip in states[40 * state : 40 * state + 40]} == {state}


def test_nearest_of_an_exemplar_is_itself(states, patches):
    model = NormalityModel().fit(states)
    places = choose_exemplars(model)
    exemplars = Exemplars.of(places, [patches[0]] * places.size)
    assert [exemplars.nearest(model, model.bank_[place]) for place in places] == list(range(places.size))


def test_chosen_ones_are_distinct_clips_of_the_bank_from_every_state(states):
    model = NormalityModel().fit(states)
    places = choose_exemplars(model)
    assert places.tolist() == sorted(set(places.tolist()))
    assert 3 <= places.size <= N_EXEMPLARS
    assert 0 <= places.min() <= places.max() < len(model.bank_)
    assert {int(place) // 40 for place in places} == {0, 1, 2}
    np.testing.assert_array_equal(choose_exemplars(model), places)


def test_of_identical_clips_one_is_chosen():
    assert choose_exemplars(NormalityModel().fit(np.ones((30, 4)))).size == 1


def test_of_few_clips_all_are_chosen(rng):
    assert choose_exemplars(NormalityModel().fit(rng.standard_normal((5, 4)))).tolist() == [0, 1, 2, 3, 4]
