"""What is the case now, for pages: written by the monitor's thread, read and waited for by any other."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.decisions.listener import Window
from auscult.monitor.event import Event, iso
from auscult.monitor.health.sensor_health import NOTHING_HEARD, Health
from auscult.monitor.sources.reader import SourceStatus

COLUMNS_S = 60.0
"""Spectrogram that is kept of each machine."""
COLUMN_S = 0.1
"""About as long is a column of it."""
LOWEST_DB, STEP_DB = -110.0, 0.5
"""A column's bytes are levels: 0 is -110 dB re full scale or less, each step half a decibel more."""
MAX_WAITING = 1000
"""Messages that wait for a page; one that is slower has to load itself again."""


@dataclass(frozen=True)
class MachineNow:
    """One machine now.

    Parameters
    ----------
    machine, source : str
        Full name in the bundle, and name of its source.
    at : float or None
        End of the last window, Unix time in seconds; None: nothing was heard yet.
    score, threshold, evidence, alarm_at, level_db : float or None
        As in `Detection`; the score is that of the last window, whether decided on or not.
    fault : str or None
        As in the last detection.
    state : str
        Operating state; empty before the first window.
    ignored : str
        Why the sound does not count now; empty if it does.
    health : Health
        Of the microphone.
    source_state, source_error : str
        As in `SourceStatus`.
    heard_at : float or None
        When sound came the last time.
    n_reconnects, n_dropped, dropped_s : int, int, float
    alarm : Alarm
    """

    machine: str
    source: str
    alarm: Alarm
    at: float | None = None
    score: float | None = None
    threshold: float | None = None
    evidence: float | None = None
    alarm_at: float | None = None
    level_db: float | None = None
    fault: str | None = None
    state: str = ""
    ignored: str = ""
    health: Health = NOTHING_HEARD
    source_state: str = "opening"
    source_error: str = ""
    heard_at: float | None = None
    n_reconnects: int = 0
    n_dropped: int = 0
    dropped_s: float = 0.0

    def beside(self, status: SourceStatus, alarm: Alarm) -> "MachineNow":
        """The same with how its source and its alarm are now."""
        return replace(
            self,
            alarm=alarm,
            source_state=status.state,
            source_error=status.error,
            heard_at=status.heard_at,
            n_reconnects=status.n_reconnects,
            n_dropped=status.n_dropped,
            dropped_s=status.dropped_s,
        )


@dataclass(frozen=True)
class Columns:
    """The end of a spectrogram.

    Parameters
    ----------
    levels : ndarray, shape (n_columns, n_bands), uint8
        `LOWEST_DB` and `STEP_DB` say what they mean; oldest first.
    ended_at : float
        Unix time of the last one's end.
    column_s : float
        Length of each in seconds.
    """

    levels: NDArray[np.uint8]
    ended_at: float
    column_s: float


@dataclass
class _Spectrogram:
    column_s: float = COLUMN_S
    ended_at: float = 0.0
    columns: list[NDArray[np.uint8]] = field(default_factory=list)


class LiveView:
    """Columns of spectrograms, and messages to whoever listens.

    Parameters
    ----------
    frame_s : float
        Time from one frame of a patch to the next.
    """

    def __init__(self, frame_s: float) -> None:
        self._n_frames = max(1, round(COLUMN_S / frame_s))
        self._column_s = self._n_frames * frame_s
        self._lock = threading.Lock()
        self._spectrograms: dict[str, _Spectrogram] = {}
        self._waiting: list[queue.Queue[dict[str, Any]]] = []

    def hear(self, machine: str, window: Window, now: MachineNow) -> None:
        """Take a window: its new columns, and what is said of it."""
        new = self._columns(window)
        with self._lock:
            known = self._spectrograms.setdefault(machine, _Spectrogram(self._column_s))
            known.columns = [*known.columns, *new][-round(COLUMNS_S / self._column_s) :]
            known.ended_at = window.at
        self.tell(
            {
                "kind": "window",
                "machine": machine,
                "at": iso(window.at),
                "score": now.score,
                "evidence": now.evidence,
                "level_db": window.level_db,
                "state": now.state,
                "column_s": self._column_s,
                "columns": [column.tolist() for column in new],
            }
        )

    def tell_event(self, event: Event) -> None:
        """Something happened."""
        self.tell({"kind": "event", "event": event.to_dict()})

    def tell(self, message: dict[str, Any]) -> None:
        """Give a message to all who listen; who does not keep up is left out, and has to ask anew."""
        with self._lock:
            listeners = list(self._waiting)
        for waiting in listeners:
            try:
                waiting.put_nowait(message)
            except queue.Full:
                self._leave(waiting)

    def columns(self, machine: str) -> Columns | None:
        """End of a machine's spectrogram; None: nothing was heard."""
        with self._lock:
            known = self._spectrograms.get(machine)
            if known is None or not known.columns:
                return None
            return Columns(np.stack(known.columns), known.ended_at, known.column_s)

    @contextmanager
    def listen(self) -> Iterator["queue.Queue[dict[str, Any]]"]:
        """Queue of messages from now on."""
        waiting: queue.Queue[dict[str, Any]] = queue.Queue(MAX_WAITING)
        with self._lock:
            self._waiting.append(waiting)
        try:
            yield waiting
        finally:
            self._leave(waiting)

    def is_listening(self, waiting: "queue.Queue[dict[str, Any]]") -> bool:
        """Whether messages still come into a queue."""
        with self._lock:
            return waiting in self._waiting

    def _leave(self, waiting: "queue.Queue[dict[str, Any]]") -> None:
        with self._lock:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def _columns(self, window: Window) -> list[NDArray[np.uint8]]:
        """New frames of a window, in groups of which the loudest counts: a click stays to be seen."""
        patch = window.heard.patch[:, -window.n_new_frames :]
        n_columns = patch.shape[1] // self._n_frames
        if n_columns == 0:
            return []
        grouped = patch[:, -n_columns * self._n_frames :].reshape(len(patch), n_columns, self._n_frames).max(axis=2)
        return list(np.clip(np.rint((grouped.T - LOWEST_DB) / STEP_DB), 0, 255).astype(np.uint8))
