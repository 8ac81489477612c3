"""Waveform -> how far the lines of a flawed bearing stand out of the envelope spectrum of its highest octaves.

Each time a part of a bearing strikes a flaw, races and seat ring at some kHz for a few milliseconds. The ringing is
lost in the noise of the spectrum, but its envelope has lines at the rate of the blows (R. B. Randall, J. Antoni,
"Rolling element bearing diagnostics - A tutorial", Mechanical Systems and Signal Processing 25, 2011).
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from auscult.features.bearing import Bearing
from auscult.features.fft import irfft, rfft
from auscult.features.filters import octave_edges_hz
from auscult.features.modulation import fast_length
from auscult.features.spectrum import hann

N_OCTAVES = 2
"""Octaves from half the sampling rate down: those that ring, and hold the least of fans, hum and blades."""
N_MULTIPLES = 3
TOLERANCE = 0.02
"""Share by which a line may be off, as rollers slip."""
PIECE_S = 1.0
"""Spectra of so long pieces are averaged: a slipping line is some Hz wide, and finer ones would only be noisier."""
LEAST_S = 0.1
"""In shorter clips nothing is looked for."""
FLOOR_HZ = 20.0
"""The floor is taken so far on either side of a line."""
ORDER_BINS = 2.5
"""Bins so near to a multiple of the rotation frequency are passed over: what turns with the shaft is no bearing. The
window spreads a line over two bins on either side."""

Values = NDArray[np.float64]


def bearing_evidence(y: NDArray[np.float32], sr: int, rotation_hz: float, bearing: Bearing) -> dict[str, float]:
    """How far lines at a bearing's defect orders stand out.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
    sr : int
        Sampling rate in Hz.
    rotation_hz : float > 0
        Rotation frequency of the shaft during the clip, true within a percent
        (`auscult.features.orders.LineSpectrum.rotation`).
    bearing : Bearing

    Returns
    -------
    dict of str -> float, dB
        By the flawed part, as `Bearing.defect_orders` names them: height of the line over the floor beside it, in the
        octave where it is highest, mean of its first 3 multiples. Noise gives 1 to 2, a clear flaw 5 to 20; 0 where
        nothing can be measured.
    """
    spectra = _envelope_spectra_db(y, sr)
    return {part: _height_db(spectra, order, rotation_hz) for part, order in bearing.defect_orders().items()}


def _envelope_spectra_db(y: NDArray[np.float32], sr: int) -> list[tuple[Values, Values]]:
    """Frequencies in Hz and levels in dB of the envelope spectrum of each octave, none of silence."""
    if len(y) < LEAST_S * sr:
        return []
    n_fft = fast_length(len(y))
    spectrum = rfft(y - y.mean(), n_fft)
    bins_hz = np.fft.rfftfreq(n_fft, 1 / sr)
    found = []
    for low_hz, high_hz in pairwise(octave_edges_hz(sr / 2)[-N_OCTAVES - 1 :]):
        band = spectrum[np.searchsorted(bins_hz, low_hz) : np.searchsorted(bins_hz, high_hz)]
        n_out = 2 * fast_length(band.size)  # twice the band: its squared magnitude has no room in less
        # of the analytic signal, moved down to nothing: its real and its imaginary part
        envelope = np.square(irfft(band, n_out)) + np.square(irfft(-1j * band, n_out))
        rate_hz = n_out * sr / n_fft
        envelope = envelope[: max(1, int(n_out * len(y) / n_fft))].astype(np.float64)
        if envelope.mean() > 0:
            found.append(_averaged_db(envelope / envelope.mean() - 1, rate_hz))
    return found


def _averaged_db(swing: Values, rate_hz: float) -> tuple[Values, Values]:
    """Spectrum of pieces that overlap by half, averaged (P. Welch, 1967)."""
    n_piece = min(len(swing), fast_length(int(PIECE_S * rate_hz)))
    pieces = np.lib.stride_tricks.sliding_window_view(swing, n_piece)[:: max(1, n_piece // 2)]
    power = np.square(np.abs(rfft(pieces * hann(n_piece)))).mean(axis=0)
    levels_db: Values = 10 * np.log10(np.maximum(power, 1e-12))
    return np.asarray(np.fft.rfftfreq(n_piece, 1 / rate_hz), np.float64), levels_db


def _height_db(spectra: list[tuple[Values, Values]], order: float, rotation_hz: float) -> float:
    heights_db = []
    for multiple in range(1, N_MULTIPLES + 1):
        of_octaves = [_over_floor_db(*spectrum, multiple * order * rotation_hz, rotation_hz) for spectrum in spectra]
        seen_db = [height_db for height_db in of_octaves if height_db is not None]
        if seen_db:
            heights_db.append(max(seen_db))
    return float(np.mean(heights_db)) if heights_db else 0.0


def _over_floor_db(bins_hz: Values, levels_db: Values, line_hz: float, rotation_hz: float) -> float | None:
    """Highest level near a frequency over the median beside it; None where a multiple of the rotation hides it."""
    bin_hz = bins_hz[1] if bins_hz.size > 1 else np.inf
    width_hz = max(bin_hz, TOLERANCE * line_hz)
    distances_hz = np.abs(bins_hz - line_hz)
    is_bearing = np.abs(bins_hz - rotation_hz * np.rint(bins_hz / rotation_hz)) > ORDER_BINS * bin_hz
    is_line = is_bearing & (distances_hz <= width_hz)
    is_floor = is_bearing & ~is_line & (distances_hz <= max(FLOOR_HZ, 3 * width_hz)) & (bins_hz > bin_hz)
    if not is_line.any() or not is_floor.any():
        return None
    return float(levels_db[is_line].max() - np.median(levels_db[is_floor]))
