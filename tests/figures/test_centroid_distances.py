import numpy as np

from auscult.figures import centroid_distances_figure
from auscult.figures.palette import GREY, cluster_looks

NAMES = ["imbalance", "clogging"]


def test_distances_of_each_cluster(rng):
    distances, labels = rng.uniform(1, 5, 40), rng.integers(-1, 2, 40)
    figure = centroid_distances_figure(distances, labels, names=NAMES)
    for row, (trace, label) in enumerate(zip(figure.data, (0, 1, -1), strict=True)):
        assert (trace.type, trace.points) == ("violin", "all")
        np.testing.assert_array_equal(trace.x, distances[labels == label])
        assert set(trace.y) == {row}
    assert [note.text for note in figure.layout.annotations] == [*NAMES, "belongs to none"]
    assert [trace.marker.color for trace in figure.data] == [*(look.colour for look in cluster_looks(NAMES)), GREY]


def test_many_clips_are_boxes(rng):
    figure = centroid_distances_figure(rng.uniform(1, 5, 1001), rng.integers(0, 2, 1001), names=NAMES)
    assert [(trace.type, trace.boxpoints) for trace in figure.data] == [("box", "outliers")] * 2


def test_unknown_distances_are_left_out():
    figure = centroid_distances_figure(np.array([1.0, 2.0, np.nan]), np.array([0, 1, -1]), names=NAMES)
    assert [list(trace.x) for trace in figure.data] == [[1.0], [2.0]]


def test_clusters_of_one_name_stay_apart_and_names_are_no_markup():
    figure = centroid_distances_figure(np.ones(2), np.array([0, 1]), names=["<i>fan</i>"] * 2)
    assert [set(trace.y) for trace in figure.data] == [{0}, {1}]
    assert {note.text for note in figure.layout.annotations} == {"&lt;i&gt;fan&lt;/i&gt;"}


def test_no_clips():
    assert len(centroid_distances_figure(np.zeros(0), np.zeros(0, int), names=[]).data) == 0
