"""Writes to the event store: what it refuses stops nothing, and events are told when they are kept."""

import time
from collections.abc import Callable
from typing import Any

from auscult.errors import DataError
from auscult.monitor.event import Event, new_id
from auscult.monitor.problem_log import ProblemLog
from auscult.monitor.store.event_store import EventStore

LONGEST_TIDY_S = 0.05
"""Sound waits while the store is tidied."""


class Keeper:
    """Keeps and tells, in the monitor's thread.

    Parameters
    ----------
    store : EventStore
    tell : callable
        Called with every event.
    """

    def __init__(self, store: EventStore, tell: Callable[[Event], None]) -> None:
        self._store, self._tell_event = store, tell
        self._problems = ProblemLog()
        self._kept: list[Event] = []

    def will_tell(self, event: Event) -> None:
        """Tell an event when the transaction that keeps it has come to its end."""
        self._kept.append(event)

    def keep(self, function: Callable[[], Any]) -> None:
        """Write to the store; if it refuses, that is in the log, and the store counts it."""
        try:
            function()
        except DataError as error:
            self._problems.say("event store", str(error))
        self.tell()

    def event(self, kind: str, what: str, machine: str, at: float, body: dict[str, Any] | None = None) -> None:
        """Keep and tell something that happened; an event that cannot be kept is told all the same.

        Parameters
        ----------
        kind, what, machine, at, body
            As in `Event`.
        """
        event = Event(new_id(at), at, machine, kind, what, body or {})
        self.will_tell(event)
        self.keep(lambda: self._store.add_event(event))

    def tidy(self) -> None:
        """Forget what is too old or too much, as far as that goes in a twentieth of a second."""

        def forget() -> None:
            until = time.monotonic() + LONGEST_TIDY_S
            while self._store.tidy() and time.monotonic() < until:
                pass

        self.keep(forget)

    def tell(self) -> None:
        """Tell what is kept."""
        kept, self._kept = self._kept, []
        for event in kept:
            self._tell_event(event)
