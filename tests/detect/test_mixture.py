import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from auscult.detect.mahalanobis import Mahalanobis
from auscult.detect.mixture import (
    CLIPS_A_COMPONENT,
    MAX_COMPONENTS,
    MAX_ITERATIONS,
    REGULARISATION,
    Mixture,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def two_states(rng, n, width, *, distance=4):
    Z = rng.standard_normal((n, width))
    Z[::2] += distance
    return ((Z - Z.mean(axis=0)) / Z.std(axis=0)).astype(np.float32)


@pytest.mark.parametrize("n", [40, 160, 700])
def test_scores_are_distances_from_scikit_learns_components(rng, n):
    Z, new = two_states(rng, n, 5), (2 * rng.standard_normal((50, 5))).astype(np.float32)
    scores = Mixture(n).fit(Z[None], [5]).scores(new[None])[0, 0]
    n_components = min(MAX_COMPONENTS, max(1, n // CLIPS_A_COMPONENT))
    oracle = GaussianMixture(
        n_components, reg_covar=REGULARISATION, max_iter=MAX_ITERATIONS, tol=1e-2, random_state=0
    ).fit(Z.astype(float))
    squared = [
        np.einsum("ij,jk,ik->i", new - mean, np.linalg.inv(covariance), new - mean)
        for mean, covariance in zip(oracle.means_, oracle.covariances_, strict=True)
    ]
    shares = oracle.predict_proba(new.astype(float))
    np.testing.assert_allclose(scores, np.sqrt((shares * np.transpose(squared)).sum(axis=1)), rtol=1e-3)


def test_number_of_components_is_that_of_the_clips_said_not_of_those_given(rng):
    """So that models of parts of the clips are like that of all."""
    Z = two_states(rng, 700, 5)
    assert Mixture(80).fit(Z[None], [5]).to_arrays()["heights"].shape == (1, 1)
    assert Mixture(700).fit(Z[None, :560], [5]).to_arrays()["heights"].shape == (1, 8)


def test_one_component_is_a_mahalanobis_distance(rng):
    Z = (rng.standard_normal((1, 50, 3)) * [1, 2, 3]).astype(np.float32)
    Z -= Z.mean(axis=1, keepdims=True)
    precision = np.linalg.inv(np.cov(Z[0].T, ddof=0) + REGULARISATION * np.eye(3))
    expected = np.sqrt(np.einsum("ij,jk,ik->i", Z[0], precision, Z[0]))
    np.testing.assert_allclose(Mixture().fit(Z, [3]).scores(Z)[0, 0], expected, rtol=1e-3)


def test_between_two_states_is_nowhere_for_a_mixture_and_normal_for_the_mean(rng):
    Z = two_states(rng, 300, 4, distance=10)[None]
    between = np.zeros((1, 1, 4), np.float32)
    mixture, mean = Mixture(300).fit(Z, [4]), Mahalanobis().fit(Z, [4])
    assert mixture.scores(between).item() > mixture.scores(Z).max()
    assert mean.scores(between).item() < mean.scores(Z).min()


def test_scores_of_what_is_infinitely_improbable_are_finite_and_ordered(rng):
    view = Mixture().fit(two_states(rng, 300, 4)[None], [4])
    scores = view.scores(np.geomspace(1, 1e6, 7, dtype=np.float32)[None, :, None] * np.ones(4, np.float32))[0, 0]
    assert np.isfinite(scores).all()
    assert np.all(np.diff(scores) > 0)
