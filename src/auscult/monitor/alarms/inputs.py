"""What changes an alarm: the sound, persons, the monitor itself, and time. Each gives the new alarm and its changes.

Time is only what inputs say, in Unix seconds. It may jump: a delay that the clock was put back in begins anew.
"""

from collections.abc import Callable
from dataclasses import replace

from auscult.detect.alarm_budget import describe_time
from auscult.errors import OptionError
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.change import AlarmChange, What
from auscult.monitor.alarms.silence import Silence, check_person
from auscult.monitor.event import new_id
from auscult.monitor.settings import AlarmSettings

Changed = tuple[Alarm, list[AlarmChange]]
LONGEST_MAINTENANCE_S = 366 * 86400.0
"""A year: the longest time out of service that can be said at once."""


def has_cause(was_on: bool, evidence: float, *, alarm_at: float, settings: AlarmSettings) -> bool:
    """Whether there is a cause for an alarm: from enough evidence on, until little of it is left (hysteresis).

    Parameters
    ----------
    was_on : bool
        Whether there was one before (`Alarm.is_on`).
    evidence, alarm_at : float >= 0
        In nats: what there is, and from how much on there is a cause.
    settings : AlarmSettings
        `clear_below` is the share of `alarm_at` that it has to fall to.
    """
    return evidence >= alarm_at or (was_on and evidence > settings.clear_below * alarm_at)


def only_of(alarm_id: str, change: Callable[..., Changed]) -> Callable[..., Changed]:
    """Input about one occurrence, which is refused when the machine has another by now.

    Parameters
    ----------
    alarm_id : str
    change : callable (Alarm, *, at) -> (Alarm, list of AlarmChange)
        One of these inputs, with all but the alarm and the time.
    """

    def change_this(alarm: Alarm, *, at: float) -> Changed:
        if alarm.id != alarm_id:
            remedy = f"Its id is {alarm.id}: load the page again, or name that one."
            raise OptionError(alarm.machine, "has another alarm by now", remedy)
        return change(alarm, at=at)

    return change_this


def advance(alarm: Alarm, *, at: float) -> Changed:
    """Let time pass: shelving and maintenance end by themselves. Every other input does so first."""
    shelf = alarm.shelf and alarm.shelf.remaining(at)
    maintenance = alarm.maintenance and alarm.maintenance.remaining(at)
    later = replace(alarm, shelf=shelf, maintenance=maintenance)
    changes = []
    if alarm.maintenance is not None and maintenance is None:
        later = replace(later, since=at)
        changes.append(_change(alarm, later, at, "in service", why="its time is over"))
    if alarm.shelf is not None and shelf is None:
        changes.append(_change(alarm, later, at, "unshelved", why="its time is over"))
    return later, changes


def observe(
    alarm: Alarm, is_on: bool, *, at: float, fault: str | None, evidence: float, settings: AlarmSettings
) -> Changed:
    """Take a decision about the sound: the alarm is raised after the on-delay, and clears after the off-delay.

    While it is shelved nothing is raised. While it is suppressed or out of service the sound is not believed at all:
    nothing is raised, what was raised does not clear, and afterwards the delays begin anew.

    Parameters
    ----------
    alarm : Alarm
    is_on : bool
        Whether the cause is there (`has_cause`).
    at : float
        Unix time in seconds.
    fault : str or None
        What the cause is called.
    evidence : float >= 0
        In nats.
    settings : AlarmSettings
    """
    alarm, changes = advance(alarm, at=at)
    if alarm.suppression is not None or alarm.maintenance is not None:
        return alarm, changes
    since = at if alarm.since is None or is_on != alarm.is_on else min(alarm.since, at)
    alarm = replace(alarm, is_on=is_on, since=since)
    if is_on and alarm.is_active:
        alarm = replace(alarm, fault=fault or alarm.fault, peak_evidence=max(evidence, alarm.peak_evidence))
    elif is_on and alarm.shelf is None and at - since >= settings.on_delay_s:
        alarm, change = _raise(alarm, at, fault, evidence, settings)
        changes.append(change)
    elif not is_on and alarm.is_active and at - since >= settings.off_delay_s:
        at = _within(alarm, at)
        cleared = replace(alarm, cleared_at=at)
        changes.append(_change(alarm, cleared, at, "cleared", why="its cause is gone"))
        alarm = cleared
    return alarm, changes


def acknowledge(alarm: Alarm, who: str, why: str = "", *, at: float) -> Changed:
    """Say that somebody knows.

    Raises
    ------
    OptionError
        If there is nothing to acknowledge, or nobody says it.
    """
    who = check_person(who)
    alarm, changes = advance(alarm, at=at)
    if not alarm.is_open:
        raise OptionError(alarm.machine, "has no alarm to acknowledge", "Nothing needs to be done.")
    if alarm.acknowledged_at is not None:
        problem = f"has an alarm that {alarm.acknowledged_by} has acknowledged already"
        raise OptionError(alarm.machine, problem, "Nothing needs to be done until it is raised again.")
    at = _within(alarm, at)
    known = replace(alarm, acknowledged_at=at, acknowledged_by=who, acknowledged_why=why)
    return known, [*changes, _change(alarm, known, at, "acknowledged", who=who, why=why)]


def reset(alarm: Alarm, who: str, why: str = "", *, at: float) -> Changed:
    """Release a latched alarm.

    Raises
    ------
    OptionError
        If it is not latched, its cause is still there, nobody has acknowledged it, or nobody says it.
    """
    who = check_person(who)
    alarm, changes = advance(alarm, at=at)
    if not (alarm.is_open and alarm.is_latched):
        raise OptionError(alarm.machine, "has no latched alarm to reset", "Others clear by themselves.")
    if alarm.is_active:
        raise OptionError(alarm.machine, "still has the cause of its alarm", "Reset the alarm when it has cleared.")
    if alarm.acknowledged_at is None:
        raise OptionError(alarm.machine, "has an alarm that nobody has acknowledged", "Acknowledge it first.")
    at = _within(alarm, at)
    released = replace(alarm, reset_at=at)
    return released, [*changes, _change(alarm, released, at, "reset", who=who, why=why)]


def shelve(alarm: Alarm, until: float, who: str, why: str = "", *, at: float, settings: AlarmSettings) -> Changed:
    """Silence it for some time, or, if it is shelved, until another time than before.

    Raises
    ------
    OptionError
        If the end is not ahead, or too far ahead, or nobody says it.
    """
    who = check_person(who)
    alarm, changes = advance(alarm, at=at)
    if not at < until <= at + settings.longest_shelf_s:
        problem = f"can be shelved for {describe_time(settings.longest_shelf_s)} at most, until a time that is ahead"
        remedy = "Choose an earlier end, and shelve it again if need be; for longer work, take it out of service."
        raise OptionError(alarm.machine, problem, remedy)
    shelved = replace(alarm, shelf=Silence(at, until, who, why))
    return shelved, [*changes, _change(alarm, shelved, at, "shelved", who=who, why=why)]


def unshelve(alarm: Alarm, who: str, why: str = "", *, at: float) -> Changed:
    """End shelving before its time.

    Raises
    ------
    OptionError
        If it is not shelved, or nobody says it.
    """
    who = check_person(who)
    alarm, changes = advance(alarm, at=at)
    if alarm.shelf is None:
        raise OptionError(alarm.machine, "has no shelved alarm", "Nothing needs to be done.")
    heard = replace(alarm, shelf=None)
    return heard, [*changes, _change(alarm, heard, at, "unshelved", who=who, why=why)]


def out_of_service(alarm: Alarm, until: float, who: str, why: str = "", *, at: float) -> Changed:
    """Take it out of service while the machine is worked on, or, if it is so, until another time than before.

    Raises
    ------
    OptionError
        If the end is not ahead, or too far ahead, or nobody says it.
    """
    who = check_person(who)
    alarm, changes = advance(alarm, at=at)
    if not at < until <= at + LONGEST_MAINTENANCE_S:
        problem = "can be out of service for a year at most, until a time that is ahead"
        raise OptionError(alarm.machine, problem, "Say when the work will be done; that can be changed later.")
    out = replace(alarm, maintenance=Silence(at, until, who, why))
    return out, [*changes, _change(alarm, out, at, "out of service", who=who, why=why)]


def in_service(alarm: Alarm, who: str, why: str = "", *, at: float) -> Changed:
    """End maintenance before its time.

    Raises
    ------
    OptionError
        If it is not out of service, or nobody says it.
    """
    who = check_person(who)
    alarm, changes = advance(alarm, at=at)
    if alarm.maintenance is None:
        raise OptionError(alarm.machine, "is not out of service", "Nothing needs to be done.")
    back = replace(alarm, maintenance=None, since=at)
    return back, [*changes, _change(alarm, back, at, "in service", who=who, why=why)]


def give_up(alarm: Alarm, *, at: float) -> Changed:
    """Say that the machine is not listened to any more: an active alarm clears, for nothing else could clear it."""
    alarm, changes = advance(alarm, at=at)
    if not alarm.is_active:
        return alarm, changes
    at = _within(alarm, at)
    cleared = replace(alarm, is_on=False, since=None, cleared_at=at)
    return cleared, [*changes, _change(alarm, cleared, at, "cleared", why="it is not listened to any more")]


def suppress(alarm: Alarm, why: str, *, at: float) -> Changed:
    """Say, as often as one likes, why the sound says nothing of the machine: a bad microphone, a state not learnt."""
    alarm, changes = advance(alarm, at=at)
    if alarm.suppression is not None and alarm.suppression.why == why:
        return alarm, changes
    suppressed = replace(alarm, suppression=Silence(at, None, "", why))
    return suppressed, [*changes, _change(alarm, suppressed, at, "suppressed", why=why)]


def unsuppress(alarm: Alarm, *, at: float) -> Changed:
    """Say, as often as one likes, that the sound is the machine's."""
    alarm, changes = advance(alarm, at=at)
    if alarm.suppression is None:
        return alarm, changes
    heard = replace(alarm, suppression=None, since=at)
    return heard, [*changes, _change(alarm, heard, at, "unsuppressed", why=f"no longer: {alarm.suppression.why}")]


def _raise(
    alarm: Alarm, at: float, fault: str | None, evidence: float, settings: AlarmSettings
) -> tuple[Alarm, AlarmChange]:
    """Raise the occurrence that something is still to be done about, or else a new one."""
    if alarm.is_open:
        at = _within(alarm, at)
        again = replace(
            alarm,
            last_raised_at=at,
            n_raised=alarm.n_raised + 1,
            cleared_at=None,
            acknowledged_at=None,
            acknowledged_by="",
            acknowledged_why="",
            fault=fault or alarm.fault,
            peak_evidence=max(evidence, alarm.peak_evidence),
        )
        return again, _change(alarm, again, at, "raised", why="its cause is back")
    new = Alarm(
        alarm.machine,
        is_on=True,
        since=alarm.since,
        id=new_id(at),
        raised_at=at,
        last_raised_at=at,
        n_raised=1,
        is_latched=settings.is_latched,
        fault=fault,
        peak_evidence=evidence,
    )
    return new, _change(alarm, new, at, "raised", why="its sound is unlike what was learnt")


def _within(alarm: Alarm, at: float) -> float:
    """Time in the life of an occurrence: never before what happened in it already."""
    return max(t for t in (at, alarm.last_raised_at, alarm.cleared_at, alarm.acknowledged_at) if t is not None)


def _change(before: Alarm, after: Alarm, at: float, what: What, *, who: str = "", why: str = "") -> AlarmChange:
    """What changed; it is about an occurrence if that was or is open."""
    alarm_id = after.id if before.is_open or after.is_open else ""
    return AlarmChange(at, after.machine, alarm_id, what, after.state, who, why)
