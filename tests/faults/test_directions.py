import numpy as np
import pytest

from auscult.faults.directions import unit


def test_length_is_left_out_and_direction_kept(rng):
    vectors = rng.standard_normal((20, 7))
    units = unit(vectors * rng.uniform(0.01, 100, (20, 1)))
    np.testing.assert_allclose(np.linalg.norm(units, axis=1), 1)
    np.testing.assert_allclose(units, unit(vectors), atol=1e-12)
    np.testing.assert_allclose((units * vectors).sum(axis=1), np.linalg.norm(vectors, axis=1))


def test_zero_has_no_direction():
    assert unit(np.array([[0.0, 0.0], [0.0, 2.0]])).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("size", [1e-300, 5e-324, 1e300])
def test_very_small_and_very_large_ones(size):
    np.testing.assert_allclose(unit(np.full((1, 4), size)), 0.5)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_nothing_to_do(shape):
    assert unit(np.empty(shape)).shape == shape


@pytest.mark.parametrize("vectors", [[1.0, 2.0], [[np.nan, 1.0]], [[np.inf, 1.0]]])
def test_nonsense(vectors):
    with pytest.raises(ValueError, match=r"expected shape|NaN or infinity"):
        unit(np.array(vectors))
