import io
import zipfile

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


def test_a_bomb_is_not_unpacked():
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.zeros(50_000_000, np.uint8))
    assert len(buffer.getvalue()) < 100_000
    with pytest.raises(BundleError, match="its arrays are compressed"):
        read_npz(buffer.getvalue(), "detector.npz")


def test_a_header_that_promises_more_than_there_is():
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": (10**11,)})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", array.getvalue() + bytes(800))
    with pytest.raises(BundleError, match="cannot be read"):
        read_npz(buffer.getvalue(), "detector.npz")
