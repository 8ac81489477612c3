import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from auscult.detect.neighbours import (
    CLIPS_AT_A_TIME,
    N_AROUND,
    N_NEAREST,
    N_WHITENED,
    REGULARISATION,
    Neighbours,
    WhitenedNeighbours,
    left_over,
    nearest,
    positive,
    squares,
)


def strangeness(distances_to_bank, distances_in_bank):
    """Distance to a neighbour over the mean distance of that to its own neighbours, least of the nearest ones."""
    radii = [np.sort(np.delete(row, place))[:N_AROUND].mean() for place, row in enumerate(distances_in_bank)]
    scores = []
    for row in distances_to_bank:
        neighbours = np.argsort(row)[:N_NEAREST]
        scores.append(min(row[neighbour] / radii[neighbour] for neighbour in neighbours))
    return scores


def rest_of_ridge_regression(clip, around):
    centre = around.mean(axis=0)
    columns, target = (around - centre).T, clip - centre
    penalty = np.sqrt(REGULARISATION * np.square(columns).sum(axis=0).mean())
    augmented = np.vstack([columns, penalty * np.eye(len(around))])
    weights, *_ = np.linalg.lstsq(augmented, np.concatenate([target, np.zeros(len(around))]))
    return np.linalg.norm(target - columns @ weights)


@pytest.mark.parametrize("n", [1, 5, 17])
def test_nearest_are_scikit_learns(rng, n):
    bank = rng.standard_normal((2, 300, 6)).astype(np.float32)
    Z = rng.standard_normal((2, CLIPS_AT_A_TIME + 70, 6)).astype(np.float32)
    distances, places = nearest(Z, bank, squares(bank), n)
    for own, learnt, found, where in zip(Z, bank, distances, places, strict=True):
        expected, expected_places = NearestNeighbors(n_neighbors=n).fit(learnt).kneighbors(own)
        np.testing.assert_allclose(found, expected, rtol=1e-4)
        np.testing.assert_array_equal(where, expected_places)


def test_one_clip_at_a_time_has_the_same_neighbours_as_all_at_once(rng):
    bank = rng.standard_normal((3, 200, 6)).astype(np.float32)
    Z = rng.standard_normal((3, CLIPS_AT_A_TIME + 5, 6)).astype(np.float32)
    distances, places = nearest(Z, bank, squares(bank), 9)
    one_by_one = [nearest(Z[:, place : place + 1], bank, squares(bank), 9) for place in range(Z.shape[1])]
    np.testing.assert_allclose(np.concatenate([found for found, _ in one_by_one], axis=1), distances, rtol=1e-5)
    np.testing.assert_array_equal(np.concatenate([where for _, where in one_by_one], axis=1), places)


def test_distances_are_exact_where_a_clip_is_very_near(rng):
    """Differences of large squares would lose it."""
    bank = (1000 + rng.standard_normal((1, 50, 6))).astype(np.float32)
    distances, places = nearest(bank + np.float32(0.001), bank, squares(bank), 3)
    np.testing.assert_allclose(distances[0, :, 0], 0.001 * np.sqrt(6), rtol=0.2)
    assert places[0, :, 0].tolist() == list(range(50))


def test_a_bank_smaller_than_the_number_asked_for(rng):
    bank = rng.standard_normal((1, 3, 2)).astype(np.float32)
    distances, places = nearest(bank, bank, squares(bank), 17)
    assert distances.shape == places.shape == (1, 3, 3)


@pytest.mark.parametrize("width", [3, 40])
def test_left_over_is_that_of_a_ridge_regression(rng, width):
    bank = rng.standard_normal((2, 60, width)).astype(np.float32)
    Z = (rng.standard_normal((2, 25, width)) * 2).astype(np.float32)
    _, places = nearest(Z, bank, squares(bank), N_AROUND)
    expected = [
        [rest_of_ridge_regression(clip, learnt[where]) for clip, where in zip(own, own_places, strict=True)]
        for own, learnt, own_places in zip(Z.astype(float), bank.astype(float), places, strict=True)
    ]
    np.testing.assert_allclose(left_over(Z, bank, places), expected, rtol=2e-3)


def test_scores_are_the_formulas(rng):
    bank, Z = (rng.standard_normal((1, n, 5)).astype(np.float32) for n in (80, 30))
    scores = Neighbours().fit(bank, [5]).scores(Z)[:, 0]
    learnt, new = bank[0].astype(float), Z[0].astype(float)
    within, to_bank = cdist(learnt, learnt), cdist(new, learnt)
    np.testing.assert_allclose(scores[0], strangeness(to_bank, within), rtol=1e-4)

    own_places = [[place for place in np.argsort(row) if place != own] for own, row in enumerate(within)]
    own_rests = [
        rest_of_ridge_regression(clip, learnt[where[:N_AROUND]]) for clip, where in zip(learnt, own_places, strict=True)
    ]
    floored = np.maximum(own_rests, 0.1 * np.median(own_rests))
    expected = [
        rest_of_ridge_regression(clip, learnt[places]) / floored[places].mean()
        for clip, places in zip(new, np.argsort(to_bank, axis=1)[:, :N_AROUND], strict=True)
    ]
    np.testing.assert_allclose(scores[1], expected, rtol=5e-3)


@pytest.mark.parametrize(("n", "width"), [(200, 6), (30, 20), (150, 50)])
def test_whitened_distances_are_those_of_scikit_learns_components(rng, n, width):
    learnt = rng.standard_normal((n, width)) @ rng.standard_normal((width, width))
    learnt -= learnt.mean(axis=0)
    new = rng.standard_normal((20, width))
    view = WhitenedNeighbours(n).fit(learnt[None].astype(np.float32), [width])
    components = PCA(min(N_WHITENED, n // 3, width), whiten=True).fit(learnt)
    ours, theirs = components.transform(new), components.transform(learnt)
    distances, _ = nearest(new[None].astype(np.float32) @ view._whitening, view._bank, view._squares, 1)
    deviations = np.sqrt(n / (n - 1))  # scikit-learn divides by those of n - 1
    np.testing.assert_allclose(distances[0, :, 0], cdist(ours, theirs).min(axis=1) * deviations, rtol=1e-3)
    scores = view.scores(new[None].astype(np.float32))[0, 0]
    np.testing.assert_allclose(scores, strangeness(cdist(ours, theirs), cdist(theirs, theirs)), rtol=1e-3)


def test_a_sparse_state_is_as_normal_as_a_dense_one(rng):
    bank = rng.standard_normal((1, 200, 4)).astype(np.float32)
    bank[:, 100:] = 8 * bank[:, 100:] + 100
    view = Neighbours().fit(bank, [4])
    new = rng.standard_normal((1, 200, 4)).astype(np.float32)
    new[:, 100:] = 8 * new[:, 100:] + 100
    dense, sparse = view.scores(new)[0, 0].reshape(2, 100).mean(axis=1)
    assert sparse == pytest.approx(dense, rel=0.2)
    far_from_dense = np.full((1, 1, 4), 8, np.float32)
    assert view.scores(far_from_dense)[0].item() > 4 * dense


def test_between_two_loads_little_is_left_over(rng):
    """Clips on a curve, with a gap: what lies in the gap is put together, what lies beside the curve is not."""
    angles = np.concatenate([np.linspace(0, 0.7, 60), np.linspace(0.9, 1.5, 60)])
    on_curve = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1) * 10
    bank = (on_curve + 0.1 * rng.standard_normal(on_curve.shape))[None].astype(np.float32)
    view = Neighbours().fit(bank, [3])
    in_gap, beside = [10 * np.cos(0.8), 10 * np.sin(0.8), 0], [10 * np.cos(0.4), 10 * np.sin(0.4), 1.2]
    rests = view.scores(np.array([[in_gap, beside]], np.float32))[1, 0]
    assert rests[1] > 3 * rests[0]


def test_a_clip_that_is_there_twenty_times_makes_no_other_infinitely_far(rng):
    bank = rng.standard_normal((1, 60, 40)).astype(np.float32)
    bank[:, :20] = bank[:, :1]
    for view in (Neighbours().fit(bank, [40]), WhitenedNeighbours().fit(bank, [40])):
        assert np.all(view.scores(rng.standard_normal((1, 50, 40)).astype(np.float32)) < 100)


def test_radii_are_at_least_a_tenth_of_the_typical_one():
    radii = np.array([[0.0, 1, 2, 3, 4], [0, 0, 0, 5, 5]])
    assert positive(radii).tolist() == [[0.2, 1, 2, 3, 4], [1, 1, 1, 5, 5]]
