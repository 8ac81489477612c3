"""The last seconds of a machine's sound, and what is kept of them when an alarm is raised: from before and after it."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32767
"""Sound is held in 16 bits: it is to be listened to, and half of the memory is enough."""


@dataclass(frozen=True)
class AlarmRecording:
    """Sound around the beginning of an alarm.

    Parameters
    ----------
    alarm_id : str
    started_at : float
        Unix time of its first sample, in seconds.
    y : ndarray, shape (n_channels, n_samples), float32 in [-1, 1]
    sr : int, Hz
    raised_after_s : float
        Time from its first sample to the alarm.
    """

    alarm_id: str
    started_at: float
    y: NDArray[np.float32]
    sr: int
    raised_after_s: float


class RecentSound:
    """The last seconds of what one machine's microphone gave, and the recordings of alarms that are under way.

    Parameters
    ----------
    sr : int
        Sampling rate in Hz.
    before_s, after_s : float >= 0
        Sound of an alarm from before its beginning and after it, in seconds.
    """

    def __init__(self, sr: int, *, before_s: float, after_s: float) -> None:
        self._sr, self._before_s, self._after_s = sr, before_s, after_s
        self._held: deque[tuple[float, NDArray[np.int16]]] = deque()
        """Chunks and when each ended."""
        self._wanted: list[tuple[str, float]] = []

    def hear(self, y: NDArray[np.float32], ended_at: float) -> list[AlarmRecording]:
        """Take a chunk, and give the recordings that it completes.

        Parameters
        ----------
        y : ndarray, shape (n_channels, n_samples), float32 in [-1, 1]
        ended_at : float
            Unix time of its last sample.
        """
        if not y.size:
            return []
        if self._held and ended_at < self._held[-1][0]:
            self._put_back(self._held[-1][0] - ended_at + y.shape[1] / self._sr)
        self._held.append((ended_at, np.rint(np.clip(y, -1, 1) * FULL_SCALE).astype(np.int16)))
        done = [wanted for wanted in self._wanted if ended_at >= wanted[1] + self._after_s]
        self._wanted = [wanted for wanted in self._wanted if wanted not in done]
        recordings = [self._recording(*wanted) for wanted in done]
        since = min([ended_at, *(at for _, at in self._wanted)]) - self._before_s
        while self._held and self._held[0][0] <= since:
            self._held.popleft()
        return recordings

    def record(self, alarm_id: str, at: float) -> None:
        """Begin the recording of an alarm that was raised; where nothing is to be kept of before and after, none.

        Parameters
        ----------
        alarm_id : str
        at : float
            When, Unix time in seconds.
        """
        if self._before_s or self._after_s:
            self._wanted.append((alarm_id, at))

    def finish(self) -> list[AlarmRecording]:
        """Recordings under way as far as they go: there will be no more sound."""
        recordings = [self._recording(*wanted) for wanted in self._wanted if self._held]
        self._wanted = []
        return recordings

    def _put_back(self, by_s: float) -> None:
        """The clock was put back, and with it what is held: it would never be old otherwise."""
        self._held = deque((ended_at - by_s, y) for ended_at, y in self._held)
        self._wanted = [(alarm_id, at - by_s) for alarm_id, at in self._wanted]

    def _recording(self, alarm_id: str, at: float) -> AlarmRecording:
        since, until = at - self._before_s, at + self._after_s
        chunks = [y for ended_at, y in self._held if since < ended_at and ended_at - y.shape[1] / self._sr < until]
        chunks = chunks or [self._held[-1][1]]
        n_channels = max(len(y) for y in chunks)
        y = np.concatenate([y for y in chunks if len(y) == n_channels], axis=1)
        first_ended_at, first = next((end, y) for end, y in self._held if y is chunks[0])
        started_at = first_ended_at - first.shape[1] / self._sr
        sound = y.astype(np.float32) / np.float32(FULL_SCALE)
        return AlarmRecording(alarm_id, started_at, sound, self._sr, max(0.0, at - started_at))
