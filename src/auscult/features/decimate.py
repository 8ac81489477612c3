"""Waveform -> its low frequencies at a fraction of the rate: the spectrum of a whole clip costs by its length."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auscult.products import ROWS, row_products

TAPS_A_STEP = 32
"""Length of the filter in output samples: 70 dB down where it would alias into the pass band."""
PASS_SHARE = 0.8
"""Pass band as a share of the new Nyquist frequency."""
KAISER_BETA = 7.0
N_OUT = 32
"""Output samples that are computed in one row of a matrix product."""
ROWS_AT_A_TIME = 16 * ROWS
"""A long clip is not in memory a second time."""


def decimate(y: NDArray[np.float32], factor: int, *, offset: float = 0.0) -> NDArray[np.float32]:
    """Every `factor`-th sample of a waveform after a low-pass filter without delay.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
        Taken for silent before its beginning and after its end.
    factor : int > 0
    offset : float
        Taken off every sample.

    Returns
    -------
    ndarray, shape (ceil(n_samples / factor),), float32
        True within 0.1 dB up to `PASS_SHARE` of its Nyquist frequency.
    """
    off = np.float32(offset)
    if factor == 1:
        return y - off if off else y
    n_out = -(-len(y) // factor)
    n_rows, n_step = -(-n_out // N_OUT), N_OUT * factor
    matrix = _filter_matrix(factor)
    low = np.empty((n_rows, N_OUT), np.float32)
    for first in range(0, n_rows, ROWS_AT_A_TIME):
        n = min(ROWS_AT_A_TIME, n_rows - first)
        padded = np.zeros((n - 1) * n_step + matrix.shape[0], np.float32)
        start = first * n_step - TAPS_A_STEP * factor // 2
        inside = slice(max(0, start), min(len(y), start + len(padded)))
        padded[inside.start - start : inside.stop - start] = y[inside] - off
        strides = n_step * padded.itemsize, padded.itemsize
        rows: NDArray[np.float32] = np.ndarray((n, matrix.shape[0]), np.float32, padded, strides=strides)
        row_products(rows, matrix, out=low[first : first + n])
    return low.reshape(-1)[:n_out]


@lru_cache(maxsize=8)
def _filter_matrix(factor: int) -> NDArray[np.float32]:
    """The filter, once for each output sample of a row, shape (n_inputs, N_OUT)."""
    n_taps = TAPS_A_STEP * factor + 1
    taps = np.sinc((np.arange(n_taps) - n_taps // 2) * _CUT_OFF / factor) * np.kaiser(n_taps, KAISER_BETA)
    taps /= taps.sum()
    matrix = np.zeros(((N_OUT - 1) * factor + n_taps, N_OUT), np.float32)
    for column in range(N_OUT):
        matrix[column * factor : column * factor + n_taps, column] = taps
    return matrix


_CUT_OFF = (1 + PASS_SHARE) / 2
