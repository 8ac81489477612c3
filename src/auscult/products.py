"""Matrix products that stay on the calling thread.

BLAS shares any larger product among all cores, which pays for one big product and costs dearly for a run of small ones
on a busy machine: waking and waiting made one clip's features ten times slower beside another process. Auscult works on
many clips at a time instead.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

MAX_WORK = {1: 9_000, 2: 250_000}
"""Most multiplications in one call for which OpenBLAS starts no threads, by the dimensions of the second factor: it
does from 9,216 on (a vector) and from 262,144 on (a matrix)."""

ROWS = 16
"""Rows are multiplied in multiples of this: with AVX-512 BLAS takes that many at a time, or an even part of them, and
only what is left over in another way, so a row's product is the same to the bit whichever rows are beside it. With AVX2
it is not, wherever the row lies: there each row is multiplied alone (`_is_same_in_any_row`)."""


def row_products(
    rows: NDArray[np.float32], factor: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """``rows @ factor``, a few rows at a time.

    Parameters
    ----------
    rows : ndarray, shape (n_rows, n)
        May be a strided view, with neighbouring elements in each row.
    factor : ndarray, shape (n,) or (n, n_columns)
    out : ndarray, shape (n_rows,) or (n_rows, n_columns), optional

    Returns
    -------
    ndarray
        `out`, or a new array.
    """
    if out is None:
        out = np.empty((rows.shape[0], *factor.shape[1:]), np.float32)
    n_block = MAX_WORK[factor.ndim] // max(1, factor.size)
    n_block = n_block // ROWS * ROWS or max(1, n_block)
    if factor.ndim == 2 and not _is_same_in_any_row():
        np.matmul(rows[:, None], factor, out=out[:, None])
        return out
    for start in range(0, rows.shape[0], n_block):
        np.matmul(rows[start : start + n_block], factor, out=out[start : start + n_block])
    return out


@cache
def _is_same_in_any_row() -> bool:
    """Whether this machine's BLAS gives a row the same product, to the bit, at another place among others."""
    rng = np.random.default_rng(0)
    rows, factor = rng.random((ROWS + 1, 100), np.float32), rng.random((100, ROWS), np.float32)
    return bool((np.matmul(rows[:ROWS], factor)[1:] == np.matmul(rows[1:], factor)[:-1]).all())
