import numpy as np
import pytest

from auscult.detect import NormalityModel
from auscult.detect.comparison import N_COMPARED, Surroundings


@pytest.fixture
def X(rng):
    return 5 + rng.standard_normal((90, 6)) * [1, 2, 3, 4, 5, 6]


@pytest.fixture
def model(X):
    return NormalityModel({"narrow": slice(0, 2), "wide": slice(2, 6)}).fit(X)


def alikeness(model, one, other):
    """Distance of standardised descriptors, in which a group counts alike whatever its width."""
    differences = (one - other) / model.scale_
    return np.sqrt(np.mean(differences[:2] ** 2) + np.mean(differences[2:] ** 2))


def test_nearest_are_the_nearest(model, X, rng):
    clip = 5 + 3 * rng.standard_normal(6)
    comparison = Surroundings(model).compare(clip)
    distances = [alikeness(model, clip, other) for other in comparison.bank]
    assert comparison.nearest.tolist() == np.argsort(distances)[:N_COMPARED].tolist()


def test_nearest_of_normal_clips_are_the_nearest_others(model, X):
    comparison = Surroundings(model).compare(X[0])
    for number, clip in enumerate(comparison.bank):
        distances = [alikeness(model, clip, other) for other in comparison.bank]
        expected = [place for place in np.argsort(distances) if place != number][:N_COMPARED]
        assert comparison.nearest_of_bank[number].tolist() == expected


def test_usual_is_the_robust_spread_about_the_nearest(model, X):
    comparison = Surroundings(model).compare(X[0])
    differences = [
        clip - np.median(comparison.bank[nearest], axis=0)
        for clip, nearest in zip(comparison.bank, comparison.nearest_of_bank, strict=True)
    ]
    expected = 1.4826 * np.median(np.abs(differences), axis=0)
    np.testing.assert_allclose(comparison.usual(comparison.bank), expected)


def test_a_change_shows_where_it_is_and_nowhere_else(rng):
    states = np.repeat(rng.standard_normal((10, 6)) * 20, 12, axis=0)
    model = NormalityModel().fit(states + rng.standard_normal(states.shape))
    for column in range(6):
        clip = model.bank_[37].astype(float)
        clip[column] += 12
        comparison = Surroundings(model).compare(clip)
        ratios = comparison.change(clip, comparison.bank) / comparison.usual(comparison.bank)
        assert ratios[column] > 6
        assert np.abs(np.delete(ratios, column)).max() < 4


def test_comparison_is_with_the_clips_of_the_same_load(rng):
    """The mean of all is of a load that never was."""
    X = np.concatenate([rng.standard_normal((50, 4)), 100 + rng.standard_normal((50, 4))])
    comparison = Surroundings(NormalityModel().fit(X)).compare(np.full(4, 100.0))
    assert np.all(comparison.nearest >= 50)
    assert np.all(np.abs(comparison.change(comparison.descriptors, comparison.bank)) < 1.5)


def test_what_is_made_of_descriptors_can_be_compared_too(model, X):
    comparison = Surroundings(model).compare(X[4])
    of_bank = comparison.bank.sum(axis=1, keepdims=True)
    change = comparison.change(X[4].sum(keepdims=True), of_bank)
    assert change == X[4].sum() - np.median(of_bank[comparison.nearest])
    assert comparison.usual(of_bank).shape == (1,)


def test_a_small_bank_is_compared_with_what_there_is(rng):
    X = rng.standard_normal((5, 3))
    comparison = Surroundings(NormalityModel().fit(X)).compare(X[2])
    assert comparison.nearest.shape == (4,)
    assert comparison.nearest_of_bank.shape == (5, 4)
    assert all(number not in nearest for number, nearest in enumerate(comparison.nearest_of_bank))


def test_no_normal_clip_is_compared_with_its_own_take(X, rng):
    copies = np.repeat(X[:30], 3, axis=0) + 0.001 * rng.standard_normal((90, 6))
    takes = np.repeat([f"take {k}" for k in range(30)], 3)
    model = NormalityModel({"narrow": slice(0, 2), "wide": slice(2, 6)}).fit(copies, takes.tolist())
    takes = takes[model.bank_places_]
    surroundings = Surroundings(model, takes.tolist())
    for number, clip in enumerate(surroundings.bank):
        distances = [alikeness(model, clip, other) for other in surroundings.bank]
        expected = [place for place in np.argsort(distances) if takes[place] != takes[number]][:N_COMPARED]
        assert set(surroundings.nearest[number]) == set(expected)
    without = Surroundings(model)
    assert (takes[without.nearest[:, 0]] == takes).all()
    assert (without.compare(X[0]).usual(without.bank) < surroundings.compare(X[0]).usual(surroundings.bank)).all()


def test_a_new_clip_may_be_compared_with_all_clips_of_one_take(X):
    model = NormalityModel().fit(X)
    takes = ["loud" if x[0] > np.median(model.bank_[:, 0]) else f"take {k}" for k, x in enumerate(model.bank_)]
    clips = np.array([X[0], X[1]])
    np.testing.assert_array_equal(Surroundings(model, takes).nearest_to(clips), Surroundings(model).nearest_to(clips))


def test_one_other_take_is_all_there_is_to_compare_with(rng):
    X = rng.standard_normal((12, 3))
    model = NormalityModel().fit(X)
    n = len(model.bank_)
    surroundings = Surroundings(model, ["a"] * (n - 2) + ["b"] * 2)
    assert set(surroundings.nearest[0]) == {n - 2, n - 1}
    assert surroundings.nearest_to(X).shape == (12, 2)
