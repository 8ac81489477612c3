"""What changed about an alarm, when, by whom and why: the journal from which alarms are counted and told."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Life = Literal[
    "normal",
    "unacknowledged",
    "acknowledged",
    "returned unacknowledged",
    "latched unacknowledged",
    "latched acknowledged",
]
"""What is to be done about an alarm, whether or not it is silenced."""
State = Life | Literal["shelved", "suppressed by design", "out of service"]
"""States of ANSI/ISA-18.2-2016."""
What = Literal[
    "raised",
    "cleared",
    "acknowledged",
    "reset",
    "shelved",
    "unshelved",
    "suppressed",
    "unsuppressed",
    "out of service",
    "in service",
    "chatter began",
    "chatter ended",
    "flood began",
    "flood ended",
]


@dataclass(frozen=True)
class AlarmChange:
    """One change.

    Parameters
    ----------
    at : float
        Unix time in seconds; the changes of one occurrence that its life is made of never go back in time.
    machine : str
        Full name in the bundle; empty for a flood, which is of all of them.
    alarm_id : str
        The occurrence that it is about; empty if there is none.
    what : str
        What happened.
    state : str
        The alarm's state after it.
    who : str
        The person who did it; empty for the monitor itself.
    why : str
        The reason, as a person gave it or in the monitor's words.
    """

    at: float
    machine: str
    alarm_id: str
    what: What
    state: State
    who: str = ""
    why: str = ""

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; the time as a number."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Change from what `to_dict` gave."""
        return cls(**content)
