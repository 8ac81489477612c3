"""Normal clips of one machine, as it is learnt from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class NormalClips:
    """Normal clips of one machine, in the order of time.

    Parameters
    ----------
    X : ndarray, shape (n_clips, n_descriptors)
    takes : sequence of str, length n_clips
        The underlying recording of every clip; their sorted order is the order of recording.
    sessions : ndarray of int, shape (n_clips,)
        Clips of one session follow each other without a gap.
    contents : sequence of str, length n_clips
        SHA-256 of every clip's file; empty where it is not known.
    interval_s : float > 0
        Length of a clip in seconds.
    """

    X: NDArray[np.float64]
    takes: Sequence[str]
    sessions: NDArray[np.intp]
    contents: Sequence[str]
    interval_s: float

    def followed_by(self, later: "NormalClips") -> "NormalClips":
        """These clips and those of later sessions; takes that are called as earlier ones are others all the same."""
        first = int(self.sessions.max(initial=-1)) + 1
        known = set(self.takes)
        takes = [f"session {first + 1}/{take}" if take in known else take for take in later.takes]
        return NormalClips(
            np.concatenate([self.X, later.X]),
            [*self.takes, *takes],
            np.concatenate([self.sessions, later.sessions + first]),
            [*self.contents, *later.contents],
            later.interval_s,
        )
