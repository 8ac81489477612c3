import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from auscult.detect.mahalanobis import Mahalanobis


@pytest.mark.parametrize(("n", "width"), [(60, 10), (15, 40)])
def test_scores_are_scikit_learns_in_each_group(rng, n, width):
    Z = (rng.standard_normal((3, n, width)) @ rng.standard_normal((3, width, width))).astype(np.float32)
    Z -= Z.mean(axis=1, keepdims=True)
    new = rng.standard_normal((3, 20, width)).astype(np.float32)
    scores = Mahalanobis().fit(Z, [width] * 3).scores(new)
    assert scores.shape == (1, 3, 20)
    for learnt, own, found in zip(Z.astype(float), new.astype(float), scores[0], strict=True):
        np.testing.assert_allclose(found**2, LedoitWolf().fit(learnt).mahalanobis(own), rtol=1e-3)


def test_distance_from_the_mean_grows_along_any_line(rng):
    view = Mahalanobis().fit(rng.standard_normal((1, 50, 8)).astype(np.float32), [8])
    line = np.outer(np.arange(10), rng.standard_normal(8)).astype(np.float32)[None]
    scores = view.scores(line)[0, 0]
    np.testing.assert_allclose(scores, np.arange(10) * scores[1], rtol=1e-4)
