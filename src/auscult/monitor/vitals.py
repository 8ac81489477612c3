"""Figures of the monitor itself, counted by its thread and read by any: how much it heard, and what that cost."""

import threading
from bisect import bisect_left
from dataclasses import dataclass, field

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
"""Upper bounds of the classes that durations are counted in, in seconds."""


@dataclass
class Durations:
    """How often something took how long.

    Attributes
    ----------
    counts : list of int, length len(BOUNDS_S) + 1
        Durations up to each bound and above the one before it; the last: above all bounds.
    total_s : float
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_s: float = 0.0

    def add(self, duration_s: float) -> None:
        """Count one more."""
        self.counts[bisect_left(BOUNDS_S, duration_s)] += 1
        self.total_s += duration_s

    @property
    def n(self) -> int:
        """How many there were."""
        return sum(self.counts)


@dataclass
class MachineVitals:
    """Figures of one machine since the monitor was started.

    Attributes
    ----------
    heard_s : float
        Sound that was taken, in seconds.
    busy_s : float
        Time of the processor that it took.
    decisions : Durations
        Each from a window that is complete to its detection.
    n_alarms : int
        Alarms raised.
    """

    heard_s: float = 0.0
    busy_s: float = 0.0
    decisions: Durations = field(default_factory=Durations)
    n_alarms: int = 0


class Vitals:
    """Figures of all machines.

    Parameters
    ----------
    machines : sequence of str
    """

    def __init__(self, machines: list[str]) -> None:
        self.machines = {machine: MachineVitals() for machine in machines}
        self._recent: list[tuple[float, float, float]] = []
        self._lock = threading.Lock()

    def mark(self, at: float) -> None:
        """Remember how far it is, once in a while: of the last minute the load is told.

        Parameters
        ----------
        at : float
            Monotonic time in seconds.
        """
        with self._lock:
            self._recent.append((at, *self._sums()))
            while len(self._recent) > 2 and self._recent[1][0] <= at - 60:
                self._recent.pop(0)

    @property
    def realtime_ratio(self) -> float | None:
        """Seconds of sound that a second of the processor was enough for, of the last minute; None: nothing yet."""
        with self._lock:
            if not self._recent:
                return None
            _, heard_s, busy_s = self._recent[0]
            now_heard_s, now_busy_s = self._sums()
        return (now_heard_s - heard_s) / (now_busy_s - busy_s) if now_busy_s > busy_s else None

    def _sums(self) -> tuple[float, float]:
        machines = list(self.machines.values())
        return sum(one.heard_s for one in machines), sum(one.busy_s for one in machines)
