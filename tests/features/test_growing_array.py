import numpy as np
import pytest

from auscult.errors import DataError
from auscult.features.growing_array import GrowingArray


def rows(n, start=0):
    return np.arange(start, start + 3 * n, dtype=np.float32).reshape(n, 3)


def test_numpy_opens_it_at_any_moment(tmp_path):
    path = tmp_path / "rows.npy"
    array = GrowingArray(path, 3)
    assert np.load(path).shape == (0, 3)
    for n_before in range(0, 300, 100):
        array.write(n_before, rows(100, 3 * n_before))
        np.testing.assert_array_equal(np.load(path, mmap_mode="r"), rows(n_before + 100))
    array.close()
    assert path.stat().st_size == 128 + 4 * 900


def test_a_torn_end_is_overwritten(tmp_path):
    path = tmp_path / "rows.npy"
    array = GrowingArray(path, 3)
    array.write(0, rows(10))
    array.write(5, rows(2))
    array.close()
    np.testing.assert_array_equal(np.load(path), np.concatenate([rows(5), rows(2)]))
    again = GrowingArray(path, 3)
    again.write(7, rows(1))
    again.close()
    assert np.load(path).shape == (8, 3)


def test_rows_may_lie_anyhow_in_memory(tmp_path):
    array = GrowingArray(tmp_path / "rows.npy", 3)
    array.write(0, np.asfortranarray(rows(4)))
    array.write(4, rows(8)[::2])
    array.write(8, rows(0))
    array.close()
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), np.concatenate([rows(4), rows(8)[::2]]))


def test_a_header_of_any_length_fits(tmp_path):
    from auscult.features.growing_array import HEADER_BYTES, _header

    assert len(_header(10**18, 10**6)) == HEADER_BYTES


def test_rows_that_are_lost_are_not_made_up(tmp_path):
    path = tmp_path / "rows.npy"
    array = GrowingArray(path, 3)
    array.write(0, rows(10))
    with pytest.raises(DataError, match=r"rows.npy: has lost rows, there should be 11. Restore the whole folder"):
        array.write(11, rows(1))
    array.close()
    np.testing.assert_array_equal(np.load(path), rows(10))


def test_no_such_folder(tmp_path):
    with pytest.raises(DataError, match=r"missing/rows.npy: cannot be written: No such file or directory"):
        GrowingArray(tmp_path / "missing" / "rows.npy", 3)
