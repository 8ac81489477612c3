"""The alarm of one machine, as a value: what it is now. `auscult.monitor.alarms.inputs` is what changes it.

States and their names are those of ANSI/ISA-18.2-2016 (IEC 62682), "Management of alarm systems for the process
industries"; docs/alarms.md draws them.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

from auscult.monitor.alarms.change import Life, State
from auscult.monitor.alarms.silence import Silence


@dataclass(frozen=True)
class Alarm:
    """A machine's alarm: its present occurrence, or the last one, and what keeps it silent.

    An occurrence lasts from being raised until its cause is gone, it is acknowledged and, if it is latched, reset. If
    the cause comes back before, the same occurrence is raised again, and has to be acknowledged again. Times are Unix
    seconds; within an occurrence they never fall, even if the clock is put back.

    Parameters
    ----------
    machine : str
        Full name in the bundle.
    is_on : bool
        Whether the cause was there when it was last observed.
    since : float or None
        Since when that is so: what the delays are counted from.
    id : str
        Of the occurrence (`new_id`); empty before the first.
    raised_at, last_raised_at, n_raised : float or None, float or None, int
        When it was first and last raised, and how often.
    cleared_at : float or None
        When it cleared; None while it is active.
    acknowledged_at, acknowledged_by, acknowledged_why : float or None, str, str
        Since it was last raised.
    is_latched : bool
        Whether it stays after its cause until it is reset.
    reset_at : float or None
        When that was.
    fault : str or None
        What its cause was last called.
    peak_evidence : float
        Most evidence while it was active, in nats.
    is_first_out : bool
        Whether no other machine's alarm was to be heard when it was raised (`AlarmBoard` says so).
    shelf, suppression, maintenance : Silence or None
        Why nothing is raised now: shelved by a person for some hours, suppressed by design because the sound says
        nothing of the machine, out of service while it is worked on.
    """

    machine: str
    is_on: bool = False
    since: float | None = None
    id: str = ""
    raised_at: float | None = None
    last_raised_at: float | None = None
    n_raised: int = 0
    cleared_at: float | None = None
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    acknowledged_why: str = ""
    is_latched: bool = False
    reset_at: float | None = None
    fault: str | None = None
    peak_evidence: float = 0.0
    is_first_out: bool = False
    shelf: Silence | None = None
    suppression: Silence | None = None
    maintenance: Silence | None = None

    @property
    def is_active(self) -> bool:
        """Whether it was raised and has not cleared."""
        return bool(self.id) and self.cleared_at is None

    @property
    def life(self) -> Life:
        """What is to be done about it."""
        if not self.id:
            return "normal"
        is_acknowledged = self.acknowledged_at is not None
        if self.is_active:
            return "acknowledged" if is_acknowledged else "unacknowledged"
        if self.is_latched and self.reset_at is None:
            return "latched acknowledged" if is_acknowledged else "latched unacknowledged"
        return "normal" if is_acknowledged else "returned unacknowledged"

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done about it."""
        return self.life != "normal"

    @property
    def is_silenced(self) -> bool:
        """Whether it is shelved, suppressed or out of service: nothing is raised."""
        return not (self.shelf is None and self.suppression is None and self.maintenance is None)

    @property
    def state(self) -> State:
        """The state to show: how it is silenced, or else its life."""
        if self.maintenance is not None:
            return "out of service"
        if self.suppression is not None:
            return "suppressed by design"
        return "shelved" if self.shelf is not None else self.life

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; times as numbers, so that it comes back exactly."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Alarm from what `to_dict` gave."""
        kinds = ("shelf", "suppression", "maintenance")
        silences = {kind: content[kind] and Silence(**content[kind]) for kind in kinds}
        return cls(**{**content, **silences})
