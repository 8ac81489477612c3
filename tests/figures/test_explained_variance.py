import numpy as np

from auscult.figures import explained_variance_figure

SHARES = np.array([0.5, 0.25, 0.125, 0.0625])


def test_shares_and_their_sum_in_percent():
    bars, together, _ = explained_variance_figure(SHARES, n_components=2).data
    assert (bars.type, together.type) == ("bar", "scatter")
    np.testing.assert_array_equal(bars.x, [1, 2, 3, 4])
    np.testing.assert_allclose(bars.y, [50, 25, 12.5, 6.25])
    np.testing.assert_allclose(together.y, [50, 75, 87.5, 93.75])


def test_chosen_number_is_marked():
    figure = explained_variance_figure(SHARES, n_components=3)
    bars, _, chosen = figure.data
    assert (list(chosen.x), list(chosen.y)) == ([3], [87.5])
    assert chosen.name == "chosen: 3 (88 %)"
    assert figure.layout.shapes[0].x0 == 3
    assert len(set(bars.marker.color[:3])) == 1
    assert bars.marker.color[3] != bars.marker.color[2]


def test_nothing_chosen_and_nothing_known():
    assert len(explained_variance_figure(SHARES, n_components=0).data) == 2
    assert len(explained_variance_figure(np.zeros(0), n_components=0).data) == 2
