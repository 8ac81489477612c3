"""What is the case now, told when it has changed and not too often: where each message costs money."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    """What is the case with a machine.

    Parameters
    ----------
    machine : str
        Full name.
    topic : str
        What it is about.
    payload : dict
        As JSON can hold it.
    """

    machine: str
    topic: str
    payload: dict[str, Any]


class Pace:
    """Holds back what changes too often: the latest counts, and what came to be as it was is not told at all.

    Safe to use from any thread.

    Parameters
    ----------
    every_s : mapping of str -> float
        Least time between two messages of a topic about one machine, in seconds.
    """

    def __init__(self, every_s: Mapping[str, float]) -> None:
        self._every_s = every_s
        self._lock = threading.Lock()
        self._now: dict[tuple[str, str], Said] = {}
        self._told: dict[tuple[str, str], tuple[Said, float]] = {}

    def put(self, said: Said) -> bool:
        """Take what is the case now; whether there is something to tell that there was not before."""
        key = said.machine, said.topic
        with self._lock:
            was_waiting = self._is_waiting(key)
            self._now[key] = said
            return self._is_waiting(key) and not was_waiting

    def due(self, now: float) -> list[Said]:
        """What is to be told.

        Parameters
        ----------
        now : float
            Seconds that never go back.
        """
        with self._lock:
            return [self._now[key] for key in self._now if self._is_waiting(key) and self._at(key) <= now]

    def told(self, said: Said, now: float) -> None:
        """It was told."""
        with self._lock:
            self._told[said.machine, said.topic] = said, now

    def wait_s(self, now: float) -> float | None:
        """Time until something is due, in seconds; None if nothing waits."""
        with self._lock:
            return min((max(0.0, self._at(key) - now) for key in self._now if self._is_waiting(key)), default=None)

    def last_told(self) -> list[Said]:
        """What was told last of each machine and topic."""
        with self._lock:
            return [said for said, _ in self._told.values()]

    def _is_waiting(self, key: tuple[str, str]) -> bool:
        told = self._told.get(key)
        return key in self._now and (told is None or told[0] != self._now[key])

    def _at(self, key: tuple[str, str]) -> float:
        """From when on it may be told."""
        told = self._told.get(key)
        return float("-inf") if told is None else told[1] + self._every_s[key[1]]
