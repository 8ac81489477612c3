import numpy as np
import pytest
from sklearn.covariance import LedoitWolf

from auscult.detect import NormalityModel
from auscult.errors import BundleError, DataError


@pytest.fixture
def X(rng):
    return rng.standard_normal((60, 10)) @ rng.standard_normal((10, 10)) + 5


def test_scores_are_scikit_learns_mahalanobis_distances(X):
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    expected = np.sqrt(LedoitWolf(assume_centered=True).fit(Z).mahalanobis(Z) / 10)
    np.testing.assert_allclose(NormalityModel().fit(X).anomaly_scores(X), expected, rtol=1e-10)


def test_what_is_far_scores_higher(X, rng):
    model = NormalityModel().fit(X)
    direction = rng.standard_normal(10)
    scores = model.anomaly_scores(X.mean(axis=0) + np.outer([0, 1, 3, 10], direction))
    assert list(scores) == sorted(scores)


def test_scale_and_offset_of_descriptors_do_not_matter(X):
    scales = 10.0 ** np.arange(-5, 5)
    plain = NormalityModel().fit(X).anomaly_scores(X)
    np.testing.assert_allclose(NormalityModel().fit(X * scales + 7).anomaly_scores(X * scales + 7), plain, rtol=1e-6)


def test_fewer_clips_than_descriptors(rng):
    scores = NormalityModel().fit(rng.standard_normal((6, 200))).anomaly_scores(rng.standard_normal((3, 200)))
    assert np.isfinite(scores).all()


def test_constant_descriptors_and_identical_clips(X):
    X[:, 3] = 1.0
    assert np.isfinite(NormalityModel().fit(X).anomaly_scores(X)).all()
    same = np.ones((8, 5))
    assert np.isfinite(NormalityModel().fit(same).anomaly_scores(same + 1)).all()


def test_what_was_learnt_goes_through_arrays(X):
    model = NormalityModel().fit(X)
    again = NormalityModel.from_arrays(model.to_arrays())
    np.testing.assert_allclose(again.anomaly_scores(X), model.anomaly_scores(X), rtol=1e-4)


def test_damaged_arrays(X):
    arrays = NormalityModel().fit(X).to_arrays()
    with pytest.raises(BundleError, match="unexpected arrays"):
        NormalityModel.from_arrays({name: value[:3] for name, value in arrays.items()})
    del arrays["scale"]
    with pytest.raises(BundleError, match="unexpected arrays"):
        NormalityModel.from_arrays(arrays)


@pytest.mark.parametrize("n_clips", [0, 1, 3])
def test_too_few_clips(n_clips):
    with pytest.raises(DataError, match=f"{n_clips} normal clips are too few"):
        NormalityModel().fit(np.ones((n_clips, 4)))


def test_nan_is_named(X):
    X[4, 2] = np.nan
    with pytest.raises(DataError, match="descriptor 2 of clip 4 is NaN"):
        NormalityModel().fit(X)


@pytest.mark.parametrize("shape", [(5,), (5, 0), (2, 3, 4)])
def test_shape_is_named(shape):
    with pytest.raises(DataError, match="expected shape"):
        NormalityModel().fit(np.ones(shape))


def test_other_number_of_descriptors(X):
    with pytest.raises(DataError, match="9 descriptors a clip, expected 10"):
        NormalityModel().fit(X).anomaly_scores(X[:, :9])
