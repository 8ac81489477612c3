"""Waveform -> a small spectrogram that a page can draw: few columns and bands, in levels of a byte."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.features import LogMel
from auscult.features.filters import hz_to_mel

MAX_COLUMNS = 500
N_BANDS = 64
LEAST_RANGE_DB = 20.0
"""Smallest difference between dark and bright: noise that hardly changes is not to look like weather."""
LOWEST_SHARE = 2.0
"""Per cent of the picture that may be darkest: a few gaps would leave nothing of the colours to the rest."""
HIGHEST_SHARE = 99.5
"""Per cent up to which brightness goes on growing: one click would leave the rest in the dark."""
_TICKS_HZ = [digit * 10**power for power in range(1, 6) for digit in (1, 2, 5)]
_TICK_DISTANCE = 0.15
"""Shares of the height between two labels, at least."""


def spectrogram(y: NDArray[np.float32], sr: int) -> dict[str, Any]:
    """Log-mel spectrogram for JSON.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32 in [-1, 1]
    sr : int
        Sampling rate in Hz.

    Returns
    -------
    dict
        ``levels``: base64 of ``n_bands`` rows of ``n_columns`` bytes, the highest band first, 0 for ``low_db`` and less
        to 255 for ``high_db`` and more. ``n_bands`` is at most 64, ``n_columns`` at most 500, each the loudest of its
        frames, so that short knocks are seen. ``duration_s``; ``fmax_hz``; ``ticks`` as pairs of frequency in Hz and
        height, 0 at the bottom to 1.

    Raises
    ------
    AudioError
        If the clip is shorter than one frame.
    """
    recipe = LogMel.for_rate(sr, n_mels=N_BANDS, groups=("mean",))
    patch = recipe.patch(y, sr)
    n_columns = min(MAX_COLUMNS, patch.shape[1])
    starts = np.arange(n_columns) * patch.shape[1] // n_columns
    columns = np.maximum.reduceat(patch, starts, axis=1)
    low_db, high_db = np.percentile(columns, [LOWEST_SHARE, HIGHEST_SHARE]).tolist()
    high_db = max(high_db, low_db + LEAST_RANGE_DB)
    levels = np.clip(np.rint(255 * (columns - low_db) / (high_db - low_db)), 0, 255).astype(np.uint8)
    return {
        "levels": base64.b64encode(levels[::-1].tobytes()).decode("ascii"),
        "n_bands": recipe.n_mels,
        "n_columns": n_columns,
        "low_db": round(low_db, 1),
        "high_db": round(high_db, 1),
        "duration_s": y.size / sr,
        "fmax_hz": recipe.fmax,
        "ticks": mel_ticks(recipe.fmax),
    }


def mel_ticks(fmax: float, fmin: float = 0.0) -> list[tuple[int, float]]:
    """Round frequencies and their heights, as many as there is room for, from the top.

    Parameters
    ----------
    fmax, fmin : float
        Edges of a picture of mel bands in Hz.

    Returns
    -------
    list of (int, float)
        Frequency in Hz, and its height, 0 at the bottom to 1.
    """
    ticks: list[tuple[int, float]] = []
    lowest, highest = hz_to_mel(np.array([fmin, fmax]))
    for hz in reversed(_TICKS_HZ):
        height = float((hz_to_mel(np.array(float(hz))) - lowest) / (highest - lowest))
        if height <= (ticks[-1][1] - _TICK_DISTANCE if ticks else 1.0) and height >= _TICK_DISTANCE / 2:
            ticks.append((hz, round(height, 4)))
    return ticks
