"""Filter banks: FFT bins -> mel bands, or octaves.

Slaney's mel scale and area normalisation (M. Slaney, "Auditory Toolbox", Interval Research 1998-010), equal to
``librosa.filters.mel(htk=False, norm="slaney")``: `tests/features/test_filters.py`.
"""

import numpy as np
from numpy.typing import NDArray

BREAK_HZ = 1000.0
"""Below it the scale is linear, above it logarithmic."""
HZ_PER_MEL = 200.0 / 3
BREAK_MEL = BREAK_HZ / HZ_PER_MEL
LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney mels of frequencies in Hz, any shape."""
    above = BREAK_MEL + np.log(np.maximum(frequencies_hz, BREAK_HZ) / BREAK_HZ) / LOG_STEP
    return np.where(frequencies_hz < BREAK_HZ, frequencies_hz / HZ_PER_MEL, above)


def mel_to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies in Hz of Slaney mels, any shape."""
    above = BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mels, BREAK_MEL) - BREAK_MEL))
    return np.where(mels < BREAK_MEL, mels * HZ_PER_MEL, above)


def mel_centres_hz(*, n_mels: int, fmin: float, fmax: float) -> NDArray[np.float64]:
    """Frequencies in Hz at which the bands of `mel_filters` weigh most, shape (n_mels,)."""
    lowest, highest = hz_to_mel(np.array([fmin, fmax]))
    return mel_to_hz(np.linspace(lowest, highest, n_mels + 2))[1:-1]


def mel_filters(*, sr: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> NDArray[np.float32]:
    """Weights of triangular mel bands over FFT bins.

    Parameters
    ----------
    sr, n_fft : int > 0
        Sampling rate in Hz and FFT length in samples: bin k lies at ``k * sr / n_fft``.
    n_mels : int > 0
    fmin, fmax : float, 0 <= fmin < fmax
        Lower edge of the first and upper edge of the last band, in Hz.

    Returns
    -------
    ndarray, shape (n_mels, 1 + n_fft // 2), float32
        A band narrower than the distance of two bins may be all zero.
    """
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sr)
    lowest, highest = hz_to_mel(np.array([fmin, fmax]))
    edges_hz = mel_to_hz(np.linspace(lowest, highest, n_mels + 2))
    widths_hz = np.diff(edges_hz)
    distances_hz = edges_hz[:, None] - bins_hz
    rising = -distances_hz[:-2] / widths_hz[:-1, None]
    falling = distances_hz[2:] / widths_hz[1:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges_hz[2:] - edges_hz[:-2]))[:, None]).astype(np.float32)


def octave_edges_hz(fmax: float, *, lowest_hz: float = 62.5) -> tuple[float, ...]:
    """Edges of the octaves that end at `fmax`, ascending, at least one; none begins below `lowest_hz`."""
    n_octaves = max(1, int(np.log2(fmax / lowest_hz)))
    return tuple(fmax / 2**halvings for halvings in range(n_octaves, -1, -1))


def in_hz(edge_hz: float) -> str:
    """``62.5``, ``172``, ``5512``: an edge as it is read, in three digits or whole hertz."""
    return f"{edge_hz:.3g}" if edge_hz < 100 else f"{edge_hz:.0f}"


def octave_filters(*, sr: int, n_fft: int, edges_hz: tuple[float, ...]) -> NDArray[np.float32]:
    """Weights 1 of the bins in each octave, 0 of the others; shape (n_octaves, 1 + n_fft // 2).

    A bin on the upper edge of the last octave belongs to it, on any other edge to the octave above.
    """
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sr)
    edges = np.array(edges_hz)
    is_inside = (bins_hz >= edges[:-1, None]) & (bins_hz < edges[1:, None])
    is_inside[-1] |= bins_hz == edges[-1]
    return is_inside.astype(np.float32)
