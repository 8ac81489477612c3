import numpy as np

from auscult.figures import score_intervals_figure

NAMES = ["fan/id_00 at 6 dB", "<b>x</b>"]
SCORES, INTERVALS, LEVELS = np.array([0.9, 0.7]), np.array([[0.8, 0.95], [0.5, 1.0]]), np.array([0.6, 0.75])


def drawn(names=NAMES, **more):
    return score_intervals_figure(names, SCORES, INTERVALS, LEVELS, title="AUC", **more)


def test_scores_with_intervals_beside_the_level():
    scores, levels = drawn().data
    np.testing.assert_array_equal(scores.x, SCORES)
    np.testing.assert_allclose(SCORES + scores.error_x.array, INTERVALS[:, 1])
    np.testing.assert_allclose(SCORES - scores.error_x.arrayminus, INTERVALS[:, 0])
    np.testing.assert_array_equal(levels.x, LEVELS)
    np.testing.assert_array_equal(levels.y, scores.y)
    assert levels.name == "level alone"


def test_rows_are_named_from_the_top_without_markup():
    axis = drawn().layout.yaxis
    assert list(axis.ticktext) == ["fan/id_00 at 6 dB", "&lt;b&gt;x&lt;/b&gt;"]
    assert axis.range[0] > axis.range[1]
    assert "<b>" not in drawn().to_json().replace("\\u003c", "<")


def test_rows_have_room_each():
    many = score_intervals_figure(["a"] * 40, np.ones(40), np.ones((40, 2)), np.ones(40), title="AUC")
    assert many.layout.height > drawn().layout.height + 38 * 30


def test_chance_is_marked_where_it_is_known():
    assert drawn().layout.shapes == ()
    assert drawn(chance=0.5).layout.shapes[0].x0 == 0.5
