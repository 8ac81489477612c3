"""Whole clip -> rotation frequency, and how far its multiples (orders) and those of the mains stand out.

A change of speed of 1 % moves a blade-pass tone of 300 Hz by 3 Hz, less than a mel band or a bin of a short frame; the
spectrum of a whole clip of 10 s resolves 0.1 Hz. Orders: R. B. Randall, "Vibration-based Condition Monitoring", Wiley
2011, ch. 2.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.features.decimate import decimate
from auscult.features.fft import rfft
from auscult.features.modulation import fast_length
from auscult.features.nameplate import Nameplate
from auscult.features.spectrum import hann

ROTATION_HZ = (8.0, 65.0)
"""Where the rotation frequency is sought if no nameplate says it: 480 to 3900 rpm."""
TOLERANCE = 0.05
"""Share by which a machine runs off its nameplate: slip, load and mains."""
N_SOUGHT = 16
"""Multiples of a candidate that are looked at."""
FLOOR_HZ = 10.0
"""Width in which the noise floor is taken."""
CAP_DB = 25.0
"""No line counts for more than this in the search: one whistle would decide it."""

ORDERS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0)
"""Multiples of the rotation frequency that are described; the halves are those of looseness."""
BLADE_ORDERS = (1, 2, 3, 4)
MAINS_HZ = (50.0, 60.0, 100.0, 120.0, 200.0, 240.0, 300.0, 360.0)
"""Lines of hum where the mains have 50 or 60 Hz."""

HIGHEST_HZ = 3200.0
"""No line is looked for above it."""
LOWEST_RATE_HZ = 8000
"""What is higher than it needs to be for that is brought down to between one and two times this rate."""

MIN_LENGTH_S = 4.0
"""Shorter clips are filled up with zeros, so that slow candidates can be told apart."""
MAX_LENGTH_S = 30.0
"""Longer clips are cut into equal pieces whose spectra are averaged (P. Welch, 1967): no machine keeps its speed so
well that finer lines would say more, and the search takes time and memory by the fineness of the lines."""


@dataclass(frozen=True)
class Rotation:
    """A rotation frequency and how sure it is.

    Parameters
    ----------
    frequency_hz : float
    prominence_db : float
        By how much its multiples stand out more than the places half-way between; about 0 where nothing turns.
    """

    frequency_hz: float
    prominence_db: float


class LineSpectrum:
    """Spectrum of a whole clip in dB over its noise floor, in which lines stand out.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
    sr : int
        Sampling rate in Hz.
    """

    def __init__(self, y: NDArray[np.float32], sr: int) -> None:
        factor = 1 << max(0, (sr // LOWEST_RATE_HZ).bit_length() - 1)
        # without direct current, whose rounding in the filter's rows would be lines where there is nothing else
        low, rate_hz = decimate(y, factor, offset=y.mean()), sr / factor
        n_pieces = -(-len(low) // int(MAX_LENGTH_S * rate_hz))
        pieces = low[: len(low) // n_pieces * n_pieces].reshape(n_pieces, -1)
        n_fft = fast_length(max(pieces.shape[1], int(MIN_LENGTH_S * rate_hz)))
        self._bin_hz = rate_hz / n_fft
        self._line_hz = rate_hz / pieces.shape[1]
        n_bins = max(1, int(HIGHEST_HZ / self._bin_hz))
        powers = np.stack([_power(piece, n_fft)[:n_bins] for piece in pieces])
        power: NDArray[np.float32] = powers.mean(axis=0)
        least = np.float32(max(1e-12 * float(power.max()), float(np.finfo(np.float32).tiny)))
        level_db = np.float32(10) * np.log10(power + least)
        self._over_floor_db = level_db - _floor_db(level_db, max(3, round(FLOOR_HZ / self._bin_hz)))
        widened = self._over_floor_db.copy()
        for shift in range(1, max(1, round(self._line_hz / self._bin_hz)) + 1):
            np.maximum(widened[shift:], self._over_floor_db[:-shift], out=widened[shift:])
            np.maximum(widened[:-shift], self._over_floor_db[shift:], out=widened[:-shift])
        self._lines_db = np.clip(widened, 0, None)

    def at_db(self, frequencies_hz: NDArray[np.float64]) -> NDArray[np.float32]:
        """How far lines at these frequencies (any shape) stand out of the floor, from 0 up; 0 above `HIGHEST_HZ`."""
        n_bins = len(self._lines_db)
        bins = np.rint(np.minimum(frequencies_hz / self._bin_hz, n_bins)).astype(np.intp)
        return np.where(bins < n_bins, self._lines_db[np.minimum(bins, n_bins - 1)], np.float32(0))

    def rotation(self, nameplate: Nameplate | None = None) -> Rotation:
        """Estimate the rotation frequency.

        Of every candidate, multiples are compared with the places half-way between, which are multiples as well if the
        candidate is twice the truth and empty if it is true; half the truth has every second multiple only (X. Sun,
        "Pitch determination and voice quality analysis using subharmonic-to-harmonic ratio", ICASSP 2002).

        Parameters
        ----------
        nameplate : Nameplate, optional
            Narrows the search to `TOLERANCE` around its rotation frequency; with the number of blades as well, blade
            pass and its multiples count as much as all others.
        """
        search = _search(nameplate or Nameplate(), self._line_hz, self._bin_hz, len(self._lines_db))
        prominence_db = self._prominence_db(search)
        place = int(np.argmax(prominence_db))
        return Rotation(self._peak_hz(search.candidates_hz[place], search), float(prominence_db[place]))

    def _peak_hz(self, rotation_hz: float, search: "_Search") -> float:
        """The rotation frequency within two steps of this one at which the lines are highest, bins joined by lines."""
        nearby_hz = rotation_hz + search.step_hz * np.linspace(-2, 2, 81)
        places = np.concatenate(search.multiples)[:, None] * nearby_hz / self._bin_hz
        heights_db = np.interp(places, np.arange(len(self._over_floor_db)), self._over_floor_db, right=0)
        return float(nearby_hz[np.argmax(np.clip(heights_db, 0, None).sum(axis=0))])

    def _prominence_db(self, search: "_Search") -> NDArray[np.float32]:
        """How much the multiples of each candidate stand out more than the places half an order below, on average."""
        lines_db = np.append(np.minimum(self._lines_db, np.float32(CAP_DB)), np.float32(0))
        shares = [(lines_db[on] - lines_db[between]).mean(axis=0) for on, between in search.bins]
        prominence_db: NDArray[np.float32] = np.mean(shares, axis=0, dtype=np.float32)
        return prominence_db


@dataclass(frozen=True)
class _Search:
    """Where a rotation frequency is looked for in a spectrum.

    Parameters
    ----------
    candidates_hz : ndarray
    step_hz : float
        Between two of them.
    multiples : list of ndarray
        Those of the shaft and, if blades are known, of blade pass, which count as much.
    bins : list of (ndarray, ndarray), each of shape (n_multiples, n_candidates)
        Bins of these multiples, and half an order below; the one behind the last stands for all above.
    """

    candidates_hz: NDArray[np.float64]
    step_hz: float
    multiples: list[NDArray[np.int_]]
    bins: list[tuple[NDArray[np.int32], NDArray[np.int32]]]


@lru_cache(maxsize=16)
def _search(plate: Nameplate, line_hz: float, bin_hz: float, n_bins: int) -> _Search:
    """The search that a nameplate narrows, worked out once."""
    low, high = ROTATION_HZ
    if plate.rotation_hz is not None:
        low, high = plate.rotation_hz * (1 - TOLERANCE), plate.rotation_hz * (1 + TOLERANCE)
    multiples = [np.arange(1, N_SOUGHT + 1)]
    if plate.rotation_hz is not None and plate.n_blades is not None:
        multiples.append(plate.n_blades * np.array(BLADE_ORDERS))
    step_hz = 2 * line_hz / int(max(own[-1] for own in multiples))  # lines are widened: none is missed at the highest
    candidates_hz = np.arange(low, high + step_hz, step_hz)

    def bins_at(places: NDArray[np.floating[Any]]) -> NDArray[np.int32]:
        return np.minimum(np.rint(places[:, None] * candidates_hz / bin_hz), n_bins).astype(np.int32)

    bins = [(bins_at(own.astype(float)), bins_at(own - 0.5)) for own in multiples]
    return _Search(candidates_hz, step_hz, multiples, bins)


def order_frequencies_hz(rotation_hz: float, n_blades: int | None) -> NDArray[np.float64]:
    """Frequencies of the lines that are described: orders, blade pass with its multiples and side lines, the mains.

    Without a number of blades, those of blade pass are beyond any spectrum.
    """
    blade_pass_hz = rotation_hz * n_blades if n_blades else np.inf
    blade_lines = [order * blade_pass_hz for order in BLADE_ORDERS]
    side_lines = [blade_pass_hz - rotation_hz, blade_pass_hz + rotation_hz]
    return np.array([*(order * rotation_hz for order in ORDERS), *blade_lines, *side_lines, *MAINS_HZ])


def line_names() -> tuple[str, ...]:
    """Names of the lines of `order_frequencies_hz`."""
    orders = [f"order {order:g}" for order in ORDERS]
    blades = [f"blade pass x {order}" for order in BLADE_ORDERS]
    return (*orders, *blades, "blade pass - 1", "blade pass + 1", *(f"{hz:g} Hz" for hz in MAINS_HZ))


def _power(y: NDArray[np.float32], n_fft: int) -> NDArray[np.float32]:
    """Power spectrum of a waveform without its mean, through a Hann window and filled up with zeros to `n_fft`."""
    spectrum = rfft((y - y.mean()) * hann(len(y)), n_fft)
    power: NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def _floor_db(level_db: NDArray[np.float32], n_bins: int) -> NDArray[np.float32]:
    """Median of blocks of bins, joined by straight lines: lines are narrow and do not move it."""
    n_blocks = max(1, len(level_db) // n_bins)
    blocks = level_db[: n_blocks * n_bins].reshape(n_blocks, -1)
    medians = np.sort(blocks)[:, blocks.shape[1] // 2]
    centres = (np.arange(n_blocks) + 0.5) * n_bins
    return np.interp(np.arange(len(level_db)), centres, medians).astype(np.float32)
