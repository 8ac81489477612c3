"""Scores of all normal clips that a machine was ever enrolled with, in the order of time.

A model keeps some clips only, drawn from all; thresholds and alarm rules need the scores of all of them, with their
neighbours: of a draw, neighbours would resemble each other less than those of a live source do.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScoreHistory:
    """Scores in the order of time, each from a model that had not learnt from the clip.

    Parameters
    ----------
    scores : ndarray, shape (n_clips,)
    sessions : ndarray of int, shape (n_clips,)
        Clips of one session follow each other without a gap.
    takes : ndarray of int, shape (n_clips,)
        Number of the underlying recording: mixes of one have the same.
    kept : ndarray of int, shape (n_kept,)
        Places of the clips in the model's bank.
    """

    scores: NDArray[np.float64]
    sessions: NDArray[np.intp]
    takes: NDArray[np.intp]
    kept: NDArray[np.intp]

    @property
    def n_takes(self) -> int:
        """Number of different recordings."""
        return int(np.unique(self.takes).size)

    @classmethod
    def of(
        cls, scores: NDArray[np.float64], sessions: NDArray[np.intp], takes: list[str], kept: NDArray[np.intp]
    ) -> Self:
        """History of a first enrolment."""
        _, numbers = np.unique(np.asarray(takes, dtype=str), return_inverse=True)
        return cls(scores, sessions, numbers.astype(np.intp), kept)

    def followed_by(self, later: "ScoreHistory") -> "ScoreHistory":
        """History after another session, for which the clips that had been kept were learnt, and scored, again.

        Parameters
        ----------
        later : ScoreHistory
            Of the clips that had been kept, in their order, and then the new ones.
        """
        n_kept, n_before = self.kept.size, self.scores.size
        times = np.concatenate([self.kept, n_before + np.arange(later.scores.size - n_kept)])
        scores, sessions, takes = (
            np.concatenate([before, new[n_kept:] + shift])
            for before, new, shift in (
                (self.scores, later.scores, 0),
                (self.sessions, later.sessions, self.sessions.max() + 1),
                (self.takes, later.takes, self.takes.max() + 1),
            )
        )
        scores[self.kept] = later.scores[:n_kept]
        return ScoreHistory(scores, sessions, takes, times[later.kept])

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """All of it, by name."""
        whole = {name: getattr(self, name).astype(np.int64) for name in ("sessions", "takes", "kept")}
        return {"scores": self.scores, **whole}

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """History with what `to_arrays` gave.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or does not belong together.
        """
        scores = np.asarray(arrays["scores"], np.float64)
        sessions, takes, kept = (np.asarray(arrays[name], np.intp) for name in ("sessions", "takes", "kept"))
        if scores.ndim != 1 or not scores.size or not np.isfinite(scores).all():
            raise ValueError("its calibration is not one")
        if not sessions.shape == takes.shape == scores.shape or kept.ndim != 1:
            raise ValueError("its scores and their sessions differ in number")
        if kept.size and not (kept.min() >= 0 and kept.max() < scores.size):
            raise ValueError("it keeps clips that were never scored")
        return cls(scores, sessions, takes, kept)
