import numpy as np

from auscult.figures import scatter_figure
from auscult.figures.palette import GREY, cluster_looks

NAMES = ["imbalance", "<b>clogging</b>"]
LABELS = np.array([0, 1, -1, 1])
HOVER = ["one", "two", "three", "<a href='https://example.com'>four</a>"]


def test_clips_in_space(rng):
    points = rng.normal(size=(4, 5))
    none, first, second = scatter_figure(points, LABELS, names=NAMES, hover=HOVER).data
    for trace, label in [(none, -1), (first, 0), (second, 1)]:
        assert trace.type == "scatter3d"
        np.testing.assert_array_equal(np.column_stack([trace.x, trace.y, trace.z]), points[label == LABELS, :3])
    assert [trace.marker.color for trace in (none, first, second)] == [GREY, *(k.colour for k in cluster_looks(NAMES))]
    assert second.name == "&lt;b&gt;clogging&lt;/b&gt;"
    assert list(second.text) == ["two", "&lt;a href='https://example.com'&gt;four&lt;/a&gt;"]


def test_fewer_components_than_axes(rng):
    points = rng.normal(size=(4, 1))
    for trace in scatter_figure(points, LABELS, names=NAMES, hover=HOVER).data:
        assert not np.any(trace.y)
        assert not np.any(trace.z)
        assert np.all(trace.x)
