"""What a microphone's sound was like when it was commissioned: what its health is compared with from then on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError
from auscult.features.filters import octave_edges_hz
from auscult.monitor.health.sound_second import Second


@dataclass(frozen=True)
class HealthBaseline:
    """The sound of a microphone in its first minutes, channel by channel.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz.
    levels_db : ndarray, shape (n_channels, n_bands)
        Median level of each octave, dB re full scale.
    spreads_db : ndarray, shape (n_channels, n_bands)
        Half of what nine tenths of these levels span.
    mains_db : ndarray, shape (n_channels,)
        Median level of the mains' odd harmonics, dB re full scale.
    dc : ndarray, shape (n_channels,)
        Median offset, re full scale.
    """

    sr: int
    levels_db: NDArray[np.float64]
    spreads_db: NDArray[np.float64]
    mains_db: NDArray[np.float64]
    dc: NDArray[np.float64]

    @classmethod
    def learn(cls, sr: int, seconds: Sequence[Second]) -> Self:
        """Baseline of many seconds.

        Parameters
        ----------
        sr : int
            Sampling rate in Hz.
        seconds : sequence of Second
            At least one; of a microphone that is well, at a machine that runs.
        """
        levels_db = np.stack([one.bands_db for one in seconds])
        low, high = np.percentile(levels_db, [5, 95], axis=0)
        return cls(
            sr,
            np.median(levels_db, axis=0),
            (high - low) / 2,
            np.median([one.mains_db for one in seconds], axis=0),
            np.median([one.dc for one in seconds], axis=0),
        )

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.levels_db)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        arrays = {"levels_db": self.levels_db, "spreads_db": self.spreads_db, "mains_db": self.mains_db, "dc": self.dc}
        return {"sr": self.sr} | {name: array.tolist() for name, array in arrays.items()}

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Self:
        """Baseline that `to_dict` gave.

        Raises
        ------
        DataError
            If something is missing, no number, or of another shape.
        """
        try:
            levels_db, spreads_db, mains_db, dc = (
                np.asarray(said[name], np.float64) for name in ("levels_db", "spreads_db", "mains_db", "dc")
            )
            baseline = cls(int(said["sr"]), levels_db, spreads_db, mains_db, dc)
            if baseline.sr < 1000:
                raise ValueError(f"a rate of {baseline.sr} Hz")
            n_bands = len(octave_edges_hz(baseline.sr / 2)) - 1
            if levels_db.shape != (max(1, len(levels_db)), n_bands) or spreads_db.shape != levels_db.shape:
                raise ValueError(f"levels of shape {levels_db.shape}, spreads of {spreads_db.shape}")
            if not mains_db.shape == dc.shape == (len(levels_db),):
                raise ValueError(f"mains of shape {mains_db.shape}, offsets of {dc.shape}")
            if not all(np.isfinite(array).all() for array in (levels_db, spreads_db, mains_db, dc)):
                raise ValueError("NaN or infinity")
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            problem = f"is no baseline of a microphone ({type(error).__name__}: {error})"
            raise DataError("health baseline", problem, "Delete it: it is learnt anew from the next minutes.") from None
        return baseline
