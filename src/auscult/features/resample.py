"""Band-limited resampling with resampy's ``kaiser_fast`` filter, which the original's model was trained behind.

Other resamplers sound the same but move that model's features by up to 12, so its recipe needs this one exactly.
resampy interpolates in a table of the filter at every sample (J. O. Smith, "Digital Audio Resampling Home Page",
https://ccrma.stanford.edu/~jos/resample/); for a ratio of whole numbers the same taps come round every `up` samples,
so here they are worked out once and applied as matrix products.
"""

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from auscult.products import row_products

N_ZEROS = 24
"""Zero crossings of the sinc on each side."""
SAMPLES_PER_ZERO = 512
"""Resolution of resampy's filter table."""
ROLLOFF = 0.8682120446
"""Cut-off as a share of the lower Nyquist frequency."""
KAISER_BETA = 9.903224393548902

PHASES_PER_PRODUCT = 64
"""Output phases worked out in one matrix product: enough for speed, and few enough that their taps overlap."""


def resample_kaiser_fast(y: NDArray[np.float32], *, sr: int, target_sr: int) -> NDArray[np.float32]:
    """Waveform at another sampling rate.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
    sr, target_sr : int > 0
        Present and wanted sampling rate in Hz.

    Returns
    -------
    ndarray, shape (ceil(n_samples * target_sr / sr),), float32
        As ``librosa.resample(y, orig_sr=sr, target_sr=target_sr, res_type="kaiser_fast")``, within 1e-5 of full scale.
    """
    if sr == target_sr:
        return y
    divisor = gcd(sr, target_sr)
    up, down = target_sr // divisor, sr // divisor
    n_out = y.shape[0] * up // down  # resampy stops here; librosa fills up with zeros to the rounded-up length
    n_cycles = -(-n_out // up)  # a cycle takes `down` samples and gives `up`
    margin = _n_taps_per_wing(up, down)
    padded = np.concatenate([np.zeros(margin, np.float32), y, np.zeros(margin + 2 * down, np.float32)])
    resampled = np.empty((n_cycles, up), np.float32)
    n_phases = min(up, n_out)  # a short clip at an odd rate has fewer samples than a cycle has phases
    for first in range(0, n_phases, PHASES_PER_PRODUCT):
        phases = slice(first, min(first + PHASES_PER_PRODUCT, n_phases))
        start, taps = _phase_taps(up, down, phases.start, phases.stop)
        rows = np.lib.stride_tricks.as_strided(  # row c holds the inputs that these phases of cycle c are made from
            padded[margin + start :],
            shape=(n_cycles, taps.shape[0]),
            strides=(down * padded.itemsize, padded.itemsize),
        )
        row_products(rows, taps, out=resampled[:, phases])
    n_missing = ceil(y.shape[0] * target_sr / sr) - n_out
    waveform = resampled.reshape(-1)[:n_out]
    return np.pad(waveform, (0, n_missing)) if n_missing else waveform


@lru_cache(maxsize=1)
def _filter_table() -> NDArray[np.float64]:
    """Right half of the windowed sinc, and a zero behind it to interpolate towards; shape (n_table,)."""
    n_table = N_ZEROS * SAMPLES_PER_ZERO
    zeros = np.linspace(0, N_ZEROS, n_table + 1)
    sinc: NDArray[np.float64] = ROLLOFF * np.sinc(ROLLOFF * zeros)
    sinc *= np.kaiser(2 * n_table + 1, KAISER_BETA)[n_table:]
    return sinc


def _n_taps_per_wing(up: int, down: int) -> int:
    return (N_ZEROS * SAMPLES_PER_ZERO + 1) // _table_step(up, down) + 1


def _table_step(up: int, down: int) -> int:
    """Steps in the filter table from one input sample to the next: fewer when the filter is stretched to go down."""
    return int(min(1.0, up / down) * SAMPLES_PER_ZERO)


@lru_cache(maxsize=64)
def _phase_taps(up: int, down: int, first: int, stop: int) -> tuple[int, NDArray[np.float32]]:
    """Taps of the output phases ``first`` to ``stop`` of a cycle.

    Returns
    -------
    start : int
        First input sample that the taps touch, counted from the cycle's first; may be negative.
    taps : ndarray, shape (n_inputs, stop - first), float32
    """
    phases = np.arange(first, stop)
    n, remainder = np.divmod(phases * down, up)  # output `phase` lies `remainder / up` samples after input n
    n_wing = _n_taps_per_wing(up, down)
    start = int(n[0]) - n_wing + 1
    taps = np.zeros((int(n[-1]) + n_wing + 1 - start, phases.size))
    steps = np.arange(n_wing)
    columns = np.broadcast_to(phases - first, (n_wing, phases.size))
    taps[n - start - steps[:, None], columns] = _wings(remainder / up, up, down)
    taps[n - start + 1 + steps[:, None], columns] = _wings(1 - remainder / up, up, down)
    return start, taps.astype(np.float32)


def _wings(distances: NDArray[np.float64], up: int, down: int) -> NDArray[np.float64]:
    """Weights of the inputs at `distances`, `distances` + 1, ... samples to one side of the output samples.

    Returns
    -------
    ndarray, shape (n_taps_per_wing, n_phases)
    """
    table = _filter_table()
    step = _table_step(up, down)
    scale = min(1.0, up / down)
    positions = scale * distances * SAMPLES_PER_ZERO
    offsets = positions.astype(np.intp)
    taps = np.arange(_n_taps_per_wing(up, down))[:, None]
    is_inside = taps < (table.size - offsets) // step  # where resampy stops
    places = np.minimum(offsets + step * taps, table.size - 1)
    slopes = np.diff(table, append=table[-1])
    weights: NDArray[np.float64] = scale * (table[places] + (positions - offsets) * slopes[places])
    return np.where(is_inside, weights, 0.0)
