import numpy as np

from auscult.figures import confusion_figure

NAMES = ["clogging", "imbalance"]
COUNTS = np.array([[30, 8, 2], [0, 5, 5]])


def drawn(counts=COUNTS, names=NAMES):
    return confusion_figure(counts, true_names=names, said_names=[*names, "unknown"], truth="in truth")


def test_cells_are_shares_of_the_true_class_and_counts_are_written_in_them():
    shares, counts = drawn().data
    np.testing.assert_allclose(shares.z, [[0.75, 0.2, 0.05], [0, 0.5, 0.5]])
    assert (shares.zmin, shares.zmax) == (0, 1)
    for x, y, text in zip(counts.x, counts.y, counts.text, strict=True):
        assert int(text) == COUNTS[y, x]
    assert len(counts.text) == COUNTS.size


def test_counts_have_the_colour_of_the_page_which_shines_through_the_cells():
    shares, counts = drawn().data
    assert counts.textfont.color is None
    assert all(
        colour.startswith("rgba(") and float(colour[:-1].split(",")[3]) <= 0.6 for _, colour in shares.colorscale
    )


def test_axes_name_the_classes_and_the_first_row_is_at_the_top():
    layout = drawn().layout
    assert list(layout.xaxis.ticktext) == ["clogging", "imbalance", "unknown"]
    assert list(layout.yaxis.ticktext) == ["clogging", "imbalance"]
    assert layout.yaxis.range[0] > layout.yaxis.range[1]


def test_a_class_without_clips():
    shares, _ = drawn(np.array([[3, 1, 0], [0, 0, 0]])).data
    np.testing.assert_array_equal(np.asarray(shares.z)[1], 0)


def test_more_classes_make_it_higher():
    assert drawn(np.eye(9, 10, dtype=int), [f"fault {n}" for n in range(9)]).layout.height > drawn().layout.height


def test_names_are_no_markup_and_leave_room():
    names = ["<b>x</b>", "bearing damage on the drive side of it all and more"]
    layout = drawn(names=names).layout
    assert layout.xaxis.ticktext[0] == layout.yaxis.ticktext[0] == "&lt;b&gt;x&lt;/b&gt;"
    assert "<b>" not in drawn(names=names).to_json().replace("\\u003c", "<")
    assert len(layout.xaxis.ticktext[1]) <= 18
    assert max(map(len, layout.yaxis.ticktext[1].split("<br>"))) <= 18
