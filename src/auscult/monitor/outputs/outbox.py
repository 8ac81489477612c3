"""Events that wait to be delivered, in the order in which they happened, until an output says that they were."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from auscult.monitor.event import Event

BATCH = 50
"""Events that are read at a time."""


class Outbox(Protocol):
    """Events by the name of the output that they wait for; safe to use from any thread."""

    def undelivered(self, output: str, limit: int) -> list[Event]:
        """The oldest events that wait."""

    def mark_delivered(self, output: str, ids: Sequence[str]) -> None:
        """They need not be delivered again; returns when that is kept."""


@dataclass(frozen=True)
class OutputStatus:
    """How an output is.

    Parameters
    ----------
    output : str
        Its name.
    is_connected : bool
        Whether it took what it was last given.
    error : str
        Why not; empty if it is.
    n_delivered : int
        Events since the monitor was started.
    """

    output: str
    is_connected: bool = False
    error: str = ""
    n_delivered: int = 0
