"""The alarms of all machines together: which came first, which chatter, and whether there are too many at once."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.change import AlarmChange, What
from auscult.monitor.settings import AlarmSettings

FLOOD_S = 600.0
"""Time in which alarms are counted to tell a flood (ANSI/ISA-18.2-2016)."""


@dataclass(frozen=True)
class AlarmBoard:
    """All alarms, and what only all of them together tell.

    Parameters
    ----------
    alarms : dict of str to Alarm
        By machine.
    first_out : str
        Id of the occurrence that came first since no alarm was to be heard, cleared or not; empty while none is.
    raised : tuple of (float, str)
        When alarms were raised lately, in Unix seconds, and of which machine.
    chattering : tuple of str
        Machines whose alarm chatters: it was raised `chatter_count` times within `chatter_within_s`, and has not been
        quiet for as long since.
    is_flood : bool
        Whether there are too many: `flood_count` in ten minutes, and since then never fewer than half of that.
    """

    alarms: dict[str, Alarm] = field(default_factory=dict)
    first_out: str = ""
    raised: tuple[tuple[float, str], ...] = ()
    chattering: tuple[str, ...] = ()
    is_flood: bool = False

    def of(self, machine: str) -> Alarm:
        """A machine's alarm; one that was never raised if there is none yet."""
        return self.alarms.get(machine, Alarm(machine))

    def take(
        self, alarm: Alarm, changes: Iterable[AlarmChange], *, at: float, settings: AlarmSettings
    ) -> tuple["AlarmBoard", list[AlarmChange]]:
        """Put a machine's new alarm in the place of the old, and let time pass.

        Parameters
        ----------
        alarm : Alarm
            What `auscult.monitor.alarms.inputs` made of `of(machine)`.
        changes : iterable of AlarmChange
            What it said of it; nothing may have changed.
        at : float
            Now, Unix time in seconds, also where the sound is of another time: machines are counted together.
        settings : AlarmSettings

        Returns
        -------
        AlarmBoard
            In which the alarm may be marked as first out.
        list of AlarmChange
            What began or ended: chatter, of the machine; flood, of no machine.
        """
        is_raised = any(change.what == "raised" for change in changes)
        alarms = self.alarms | {alarm.machine: alarm}
        is_any_heard = any(heard.is_active and not heard.is_silenced for heard in alarms.values())
        first_out = (self.first_out or alarm.id) if is_any_heard else ""
        if is_raised:
            alarms[alarm.machine] = replace(alarm, is_first_out=alarm.id == first_out)
        kept_s = max(FLOOD_S, settings.chatter_within_s)
        raised = [*self.raised, (at, alarm.machine)] if is_raised else self.raised
        recent = tuple((min(t, at), machine) for t, machine in raised if t > at - kept_s)  # the clock may be put back
        board = AlarmBoard(
            alarms,
            first_out,
            recent,
            _chattering(self.chattering, recent, at, settings),
            is_flood(self.is_flood, sum(t > at - FLOOD_S for t, _ in recent), settings),
        )
        return board, _told(self, board, at)

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it; times as numbers, so that it comes back exactly."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Board from what `to_dict` gave."""
        return cls(
            {machine: Alarm.from_dict(alarm) for machine, alarm in content["alarms"].items()},
            content["first_out"],
            tuple((at, machine) for at, machine in content["raised"]),
            tuple(content["chattering"]),
            content["is_flood"],
        )


def is_flood(was_flood: bool, n_raised: int, settings: AlarmSettings) -> bool:
    """Whether so many alarms in ten minutes are too many.

    A flood begins at `flood_count` and ends below half of that, as floods are told in ISA-TR18.2.5 (above 10, below 5).

    Parameters
    ----------
    was_flood : bool
        Whether there was one before.
    n_raised : int
        Alarms in the last ten minutes.
    settings : AlarmSettings
    """
    return n_raised >= settings.flood_count or (was_flood and 2 * n_raised >= settings.flood_count)


def is_chatter(was_chatter: bool, n_raised: int, settings: AlarmSettings) -> bool:
    """Whether a machine's alarm that was raised so often within `chatter_within_s` chatters: until it is quiet.

    Parameters
    ----------
    was_chatter : bool
        Whether it did before.
    n_raised : int
    settings : AlarmSettings
    """
    return n_raised >= settings.chatter_count or (was_chatter and n_raised > 0)


def _chattering(
    before: tuple[str, ...], raised: tuple[tuple[float, str], ...], at: float, settings: AlarmSettings
) -> tuple[str, ...]:
    counts = Counter(machine for t, machine in raised if t > at - settings.chatter_within_s)
    machines = sorted({*before, *counts})
    return tuple(name for name in machines if is_chatter(name in before, counts[name], settings))


def _told(before: AlarmBoard, after: AlarmBoard, at: float) -> list[AlarmChange]:
    """What began and what ended."""
    changes = []
    for machine in sorted({*before.chattering} ^ {*after.chattering}):
        alarm = after.of(machine)
        what: What = "chatter began" if machine in after.chattering else "chatter ended"
        changes.append(AlarmChange(at, machine, alarm.id, what, alarm.state))
    if before.is_flood != after.is_flood:
        changes.append(AlarmChange(at, "", "", "flood began" if after.is_flood else "flood ended", "normal"))
    return changes
