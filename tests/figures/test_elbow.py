import numpy as np

from auscult.figures import elbow_figure

N_CLUSTERS = np.arange(2, 7)
INERTIAS = np.array([90.0, 60.0, 30.0, 27.0, 25.0])


def test_inertias_and_the_chosen_number():
    figure = elbow_figure(N_CLUSTERS, INERTIAS, chosen=4)
    inertia, chosen = figure.data
    np.testing.assert_array_equal(inertia.x, N_CLUSTERS)
    np.testing.assert_array_equal(inertia.y, INERTIAS)
    assert (list(chosen.x), list(chosen.y), chosen.name) == ([4], [30.0], "chosen: 4")
    assert figure.layout.shapes[0].x0 == 4


def test_stability_has_an_axis_of_its_own():
    stabilities = np.array([0.9, np.nan, 0.95, 0.7, 0.6])
    figure = elbow_figure(N_CLUSTERS, INERTIAS, chosen=4, stabilities=stabilities)
    inertia, _, stability = figure.data
    np.testing.assert_array_equal(stability.y, stabilities)
    assert stability.yaxis == "y2"
    assert inertia.yaxis != "y2"
    assert figure.layout.yaxis2.title.text == "stability"
    assert figure.layout.yaxis2.range[0] == 0
    assert figure.layout.yaxis2.range[1] >= 1


def test_a_number_that_was_not_tried():
    _, chosen = elbow_figure(N_CLUSTERS, INERTIAS, chosen=1).data
    assert len(chosen.x) == 0
