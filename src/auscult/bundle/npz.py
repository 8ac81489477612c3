"""Arrays <-> the bytes of an npz file, with care: a bundle may come from anywhere."""

import io
import zipfile

import numpy as np
from numpy.typing import NDArray

from auscult.errors import BundleError

Arrays = dict[str, NDArray[np.generic]]


def read_npz(content: bytes, member: str) -> Arrays:
    """Arrays of a member of a bundle.

    Parameters
    ----------
    content : bytes
    member : str
        Its name, for messages.

    Raises
    ------
    BundleError
        If it is damaged, holds objects, or would unpack to more than it is.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > len(content):
                raise ValueError("its arrays are compressed, as no bundle's are")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # noqa: BLE001 - a damaged zip of arrays can fail in many ways
        raise BundleError(member, f"cannot be read ({error})", "Make the bundle again.") from None


def write_npz(arrays: Arrays) -> bytes:
    """Arrays as the bytes of an npz file, equal for equal arrays.

    Parameters
    ----------
    arrays : dict of str -> ndarray
        No objects: nothing is pickled.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
