import numpy as np

from auscult.figures import calibration_curve_figure

CONFIDENCES, RIGHT, N_CLIPS = np.array([0.35, 0.7, 0.95]), np.array([0.5, 0.6, 1.0]), np.array([1, 25, 100])


def test_measured_beside_the_diagonal_in_percent():
    diagonal, measured = calibration_curve_figure(CONFIDENCES, RIGHT, N_CLIPS).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 100]
    np.testing.assert_allclose(measured.x, 100 * CONFIDENCES)
    np.testing.assert_allclose(measured.y, 100 * RIGHT)
    assert list(measured.text) == ["1", "25", "100"]


def test_areas_are_as_the_counts_but_few_clips_are_seen_too():
    smallest, middle, largest = calibration_curve_figure(CONFIDENCES, RIGHT, N_CLIPS).data[1].marker.size
    assert largest == 2 * middle
    assert smallest >= 8


def test_everything_is_in_sight():
    layout = calibration_curve_figure(CONFIDENCES, RIGHT, N_CLIPS).layout
    for axis in (layout.xaxis, layout.yaxis):
        assert axis.range[0] <= 0
        assert axis.range[1] > 100


def test_nothing_measured():
    _, measured = calibration_curve_figure(np.zeros(0), np.zeros(0), np.zeros(0, int)).data
    assert len(measured.x) == 0
