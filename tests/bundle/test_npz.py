import io

import numpy as np
import pytest

from auscult.bundle.npz import read_npz, write_npz
from auscult.errors import BundleError


def test_arrays_come_back_and_equal_ones_give_equal_bytes(rng):
    arrays = {"one/two": rng.standard_normal((3, 4)), "names": np.array(["a", "b"])}
    content = write_npz(arrays)
    assert write_npz({name: values.copy() for name, values in arrays.items()}) == content
    read = read_npz(content, "detector.npz")
    assert set(read) == set(arrays)
    assert all(np.array_equal(read[name], arrays[name]) for name in arrays)


def test_what_is_damaged_or_pickled_is_refused():
    with pytest.raises(BundleError, match=r"^faults\.npz: cannot be read"):
        read_npz(write_npz({"a": np.arange(1000)})[:300], "faults.npz")
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=True, a=np.array([{}], dtype=object))
    with pytest.raises(BundleError, match="cannot be read"):
        read_npz(buffer.getvalue(), "detector.npz")
