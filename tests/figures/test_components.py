import numpy as np

from auscult.figures.components import first_components


def test_first_components_and_zeros_where_there_are_none(rng):
    points = rng.normal(size=(7, 5))
    np.testing.assert_array_equal(first_components(points, 3), points[:, :3])
    np.testing.assert_array_equal(first_components(points[:, :1], 3), np.column_stack([points[:, 0], np.zeros((7, 2))]))
    assert first_components(np.zeros((0, 2)), 3).shape == (0, 3)
