"""A .npy file to whose end rows are added; numpy opens it at any moment, also as a memory map."""

import os
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError
from auscult.files import disk_errors

HEADER_BYTES = 128
"""Room for the header, whatever its numbers: growing never moves the data."""


class GrowingArray:
    """Rows of float32 in a .npy file.

    Parameters
    ----------
    path : path
        Made if it is not there; else it must be such a file with as many columns.
    n_columns : int > 0
    """

    def __init__(self, path: Path, n_columns: int) -> None:
        self._path = path
        self._n_columns = n_columns
        with disk_errors(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            if os.fstat(self._file).st_size < HEADER_BYTES:
                os.pwrite(self._file, _header(0, n_columns), 0)

    def write(self, first: int, rows: NDArray[np.float32]) -> None:
        """Put rows from number `first` on, which come to be the last ones; they are on the disk on return.

        Parameters
        ----------
        first : int >= 0
            What stood there from a run that was cut off is overwritten; what lies before must be there.
        rows : ndarray, shape (n, n_columns), float32

        Raises
        ------
        DataError
            If the disk refuses them, or the file does not reach to `first`.
        """
        content = memoryview(rows.astype("<f4", copy=False).tobytes())
        start = HEADER_BYTES + 4 * first * self._n_columns
        with disk_errors(self._path):
            if os.fstat(self._file).st_size < start:  # the disk would fill the gap with zeros, as if they were rows
                problem = f"has lost rows, there should be {first}"
                remedy = "Restore the whole folder from a backup, or delete it and build it anew."
                raise DataError(str(self._path), problem, remedy)
            n_written = 0
            while n_written < len(content):
                n_written += os.pwrite(self._file, content[n_written:], start + n_written)
            os.ftruncate(self._file, start + n_written)
            os.pwrite(self._file, _header(first + len(rows), self._n_columns), 0)
            os.fsync(self._file)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _header(n_rows: int, n_columns: int) -> bytes:
    """Header of a .npy file, version 1.0, filled up to `HEADER_BYTES`."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({n_rows}, {n_columns}), }}".encode()
    padded = text.ljust(HEADER_BYTES - 11) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded
