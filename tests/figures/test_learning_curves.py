import numpy as np

from auscult.figures import learning_curves_figure

EPOCHS = np.arange(1, 5)
LOSSES, HELD_OUT = np.array([1.4, 0.9, 0.5, 0.3]), np.array([1.5, 1.1, 1.0, 1.2])
MACRO_F1 = np.array([0.3, 0.6, 0.8, 0.7])


def drawn(best_epoch=3):
    return learning_curves_figure(EPOCHS, LOSSES, HELD_OUT, MACRO_F1, best_epoch=best_epoch)


def test_curves_by_epoch():
    for trace, name, values in zip(
        drawn().data, ("loss", "held-out loss", "macro F1"), (LOSSES, HELD_OUT, MACRO_F1), strict=False
    ):
        assert trace.name == name
        np.testing.assert_array_equal(trace.x, EPOCHS)
        np.testing.assert_array_equal(trace.y, values)


def test_curves_are_told_apart_without_colours():
    assert len({trace.line.dash for trace in drawn().data[:3]}) == 3


def test_best_epoch_is_marked():
    figure = drawn()
    kept = figure.data[3]
    assert (list(kept.x), list(kept.y), kept.name) == ([3], [0.8], "kept: epoch 3")
    assert figure.layout.shapes[0].x0 == 3


def test_macro_f1_has_an_axis_of_its_own():
    figure = drawn()
    assert [trace.yaxis == "y2" for trace in figure.data] == [False, False, True, True]
    assert figure.layout.yaxis2.title.text == "macro F1"
    assert figure.layout.yaxis2.range[0] == 0
    assert figure.layout.yaxis2.range[1] >= 1
