import numpy as np
import pytest

from auscult.diagnose import Examples
from auscult.diagnose.examples import compressed
from auscult.errors import DataError


def three(**changed):
    values = {
        "patches": [np.ones((4, n)) * n for n in (1, 7, 3)],
        "changes": np.arange(6).reshape(3, 2),
        "labels": [0, 2, 1],
        "takes": ["a", "b", "c"],
    }
    return Examples(**(values | changed))


def test_what_they_hold():
    examples = three()
    assert (len(examples), examples.n_bands, examples.n_changes, examples.n_frames.tolist()) == (3, 4, 2, [1, 7, 3])
    assert {array.dtype for array in (*examples.patches, examples.changes)} == {np.dtype(np.float32)}
    assert examples.labels.dtype == np.int64


@pytest.mark.parametrize("places", [[2, 0], np.array([2, 0]), (2, 0)])
def test_subset_keeps_the_order_asked_for(places):
    some = three().subset(places)
    assert some.takes == ("c", "a")
    assert some.labels.tolist() == [1, 0]
    assert some.changes.tolist() == [[4, 5], [0, 1]]
    assert some.n_frames.tolist() == [3, 1]


def test_subset_by_truth_values_and_of_none():
    assert three().subset([True, False, True]).takes == ("a", "c")
    none = three().subset([])
    assert (len(none), none.n_bands, none.n_changes) == (0, 0, 2)
    assert three().subset(np.zeros(3, bool)).takes == ()


def test_without_changes():
    assert three(changes=np.empty((3, 0))).n_changes == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"patches": [np.ones((4, 2)), np.ones((5, 2)), np.ones((4, 2))]}, "patch 1: has 5 bands, the first has 4"),
        ({"patches": [np.ones((4, 2)), np.ones((4, 0)), np.ones((4, 2))]}, "patch 1: is empty"),
        ({"patches": [np.ones((4, 2)), np.ones(4), np.ones((4, 2))]}, r"patch 1: of shape \(4,\)"),
        ({"patches": [np.ones((4, 2)), np.full((4, 2), np.nan), np.ones((4, 2))]}, "patch 1: not all of it is finite"),
        ({"patches": [np.ones((4, 2))]}, "changes: there are 3 for 1 patches"),
        ({"patches": [[["a"]]] * 3}, "patch 0: are not an array of numbers"),
        ({"changes": np.full((3, 2), np.inf)}, "changes: not all of it is finite"),
        ({"changes": np.full((3, 2), 1e300)}, "changes: not all of it is finite"),
        ({"changes": np.ones(3)}, r"changes: of shape \(3,\)"),
        ({"changes": np.ones((2, 2))}, "changes: there are 2 for 3 patches"),
        ({"labels": [0, 1]}, "labels: there are 2 for 3 patches"),
        ({"labels": [0.0, 1.0, 2.0]}, "labels: are of kind float64"),
        ({"labels": [0, -1, 2]}, "or negative"),
        ({"labels": [[0], [1], [2]]}, r"shape \(3, 1\)"),
        ({"takes": ["a"]}, "takes: there are 1 for 3 patches"),
    ],
)
def test_what_does_not_belong_together(changed, message):
    with pytest.raises(DataError, match=message):
        three(**changed)


def test_compressed_changes_keep_sign_and_order():
    changes = np.array([-2000, -1, 0, np.e - 1, 5000], dtype=np.float32)
    found = compressed(changes)
    np.testing.assert_allclose(found, [-np.log(2001), -np.log(2), 0, 1, np.log(5001)], rtol=1e-6)
    assert found.dtype == np.float32
