import numpy as np
import pytest

from auscult.figures import cluster_spectra_figure
from auscult.figures.palette import cluster_looks

NAMES = ["imbalance", "<b>clogging</b>", "bearing"]
N_MELS = 16
CENTRES_HZ = np.geomspace(50, 7000, N_MELS)


@pytest.fixture
def arrays(rng):
    change = rng.normal(0, 5, (3, N_MELS))
    return change, change - 1, change + 2, rng.uniform(0.3, 1, (3, N_MELS))


def test_each_cluster_has_its_row(arrays):
    change, low, high, usual = arrays
    figure = cluster_spectra_figure(CENTRES_HZ, *arrays, names=NAMES)
    assert len(figure.data) == 9
    for row in range(3):
        grey, half, median = figure.data[3 * row : 3 * row + 3]
        np.testing.assert_array_equal(median.x, CENTRES_HZ)
        np.testing.assert_array_equal(median.y, change[row])
        np.testing.assert_array_equal(half.y, np.concatenate([low[row], high[row][::-1]]))
        np.testing.assert_allclose(grey.y, np.concatenate([-3 * usual[row], 3 * usual[row][::-1]]))
        np.testing.assert_array_equal(half.x, np.concatenate([CENTRES_HZ, CENTRES_HZ[::-1]]))
        assert {trace.yaxis for trace in (grey, half, median)} == {f"y{row + 1}" if row else "y"}
        assert median.line.color == cluster_looks(NAMES)[row].colour
        assert {trace.showlegend for trace in (grey, half, median)} == {row == 0}
    assert [note.text for note in figure.layout.annotations] == ["imbalance", "&lt;b&gt;clogging&lt;/b&gt;", "bearing"]


def test_axes_are_shared_and_readable(arrays):
    layout = cluster_spectra_figure(CENTRES_HZ, *arrays, names=NAMES).layout
    for axis in (layout.xaxis, layout.xaxis2, layout.xaxis3):
        assert (axis.type, axis.title.text, axis.showticklabels) == ("log", "Hz", True)
        assert dict(zip(axis.tickvals, axis.ticktext, strict=True))[1000] == "1k"
    matches = {layout.xaxis.matches, layout.xaxis2.matches, layout.xaxis3.matches}
    assert len(matches - {None}) == 1
    assert len({layout.yaxis.matches, layout.yaxis2.matches, layout.yaxis3.matches} - {None}) == 1


@pytest.mark.parametrize("n_clusters", [0, 1, 40])
def test_any_number_of_clusters(n_clusters):
    arrays = [np.zeros((n_clusters, N_MELS))] * 4
    assert len(cluster_spectra_figure(CENTRES_HZ, *arrays, names=["x"] * n_clusters).data) == 3 * n_clusters
