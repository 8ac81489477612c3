"""Something that happened, as it is told to whoever listens: kept, sent once, known by its identifier."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Of Crockford's base 32: digits and letters in the order of their codes."""


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Parameters
    ----------
    id : str
        Of `new_id`: sorts by time, and tells two deliveries of one event from two events.
    at : float
        Unix time in seconds.
    machine : str
        Full name in the bundle; empty for the monitor itself.
    kind : str
        alarm, health, state, source, feedback or monitor.
    what : str
        What happened, within its kind: raised, cleared, ...
    body : dict
        More, as JSON can hold it.
    """

    id: str
    at: float
    machine: str
    kind: str
    what: str
    body: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        said = {"id": self.id, "at": iso(self.at), "machine": self.machine, "kind": self.kind, "what": self.what}
        return said | {"body": self.body}


def new_id(at: float) -> str:
    """Identifier that sorts by time: 48 bits of milliseconds, 80 bits at random (a ULID, github.com/ulid/spec).

    Parameters
    ----------
    at : float
        Unix time in seconds.
    """
    number = (max(0, round(at * 1000)) & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10))
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def iso(at: float) -> str:
    """Unix time in ISO 8601: UTC, to the millisecond, ``2026-11-27T12:00:00.000Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
