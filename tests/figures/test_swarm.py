import numpy as np
import pytest

from auscult.figures import swarm_figure
from auscult.figures.palette import GREY, cluster_looks

NAMES = ["imbalance", "clogging", "bearing"]
CENTROIDS = np.array([[0.0, 0.0, 9.0], [10.0, 0.0, 9.0], [0.0, 8.0, 9.0]])
LABELS = np.array([0, 0, 1, 2, -1])


@pytest.fixture
def points(rng):
    return rng.normal(size=(5, 3)) + CENTROIDS[np.maximum(LABELS, 0)]


def drawn(points, labels=LABELS, centroids=CENTROIDS, names=NAMES, hover=None):
    hover = [f"clip {number}" for number in range(len(points))] if hover is None else hover
    return swarm_figure(points, labels, centroids, names=names, hover=hover)


def inside(polygon, points):
    """Which points lie in a convex polygon, closed and counter-clockwise."""
    start, way = polygon[:-1], np.diff(polygon, axis=0)
    there = points[:, None] - start
    return (way[:, 0] * there[..., 1] - way[:, 1] * there[..., 0] >= 0).all(axis=1)


def test_clips_are_grouped_by_cluster(points):
    *_, none, first, second, third, centroids = drawn(points).data
    for trace, label in [(none, -1), (first, 0), (second, 1), (third, 2)]:
        np.testing.assert_array_equal(np.column_stack([trace.x, trace.y]), points[label == LABELS, :2])
        assert list(trace.text) == [f"clip {number}" for number in np.flatnonzero(label == LABELS)]
    assert [trace.name for trace in (none, first, second, third)] == ["belongs to none", *NAMES]
    assert [trace.marker.color for trace in (first, second, third)] == [look.colour for look in cluster_looks(NAMES)]
    assert none.marker.color == GREY
    np.testing.assert_array_equal(np.column_stack([centroids.x, centroids.y]), CENTROIDS[:, :2])


def test_regions_are_where_a_centroid_is_nearest(points, rng):
    figure = drawn(points)
    anywhere = rng.uniform(-15, 25, (2000, 2))
    nearest = np.square(anywhere[:, None] - CENTROIDS[:, :2]).sum(axis=2).argmin(axis=1)
    for number, region in enumerate(figure.data[:3]):
        assert region.fill == "toself"
        polygon = np.column_stack([region.x, region.y])
        np.testing.assert_array_equal(inside(polygon, anywhere), nearest == number)


def test_everything_is_in_sight_and_steps_are_as_long_on_both_axes(points):
    layout = drawn(points).layout
    for axis, values in [(layout.xaxis, points[:, 0]), (layout.yaxis, points[:, 1])]:
        assert axis.range[0] < values.min() <= values.max() < axis.range[1]
    assert layout.yaxis.scaleanchor == "x"


def test_one_component_only(points):
    *_, centroids = figure = drawn(points[:, :1], centroids=CENTROIDS[:, :1]).data
    assert all(np.all(trace.y == 0) for trace in figure[3:])
    np.testing.assert_array_equal(centroids.x, CENTROIDS[:, 0])


def test_nothing_found(points):
    (none, centroids) = drawn(points, np.full(5, -1), np.zeros((0, 3)), []).data
    assert (len(none.x), len(centroids.x)) == (5, 0)
    assert len(drawn(np.zeros((0, 2)), np.zeros(0, int), np.zeros((0, 2)), []).data) == 1


def test_centroids_in_the_same_place(points):
    figure = drawn(points, centroids=np.ones((3, 3)))
    assert all(len(region.x) == 5 for region in figure.data[:3])


def test_names_are_no_markup(points):
    figure = drawn(points, names=["<b>x</b>", "a", "b"], hover=["<a href='https://example.com'>y</a>"] * 5)
    assert "<b>" not in figure.to_json().replace("\\u003c", "<")
    assert "<a" not in figure.to_json().replace("\\u003c", "<")
    assert "&lt;b" in figure.data[4].name
