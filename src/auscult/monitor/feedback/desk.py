"""What people say of alarms, given to a running monitor: kept and told in its thread, and judged by from then on."""

from functools import partial
from typing import Literal

from auscult.monitor.alarms.inputs import acknowledge
from auscult.monitor.event import Event
from auscult.monitor.feedback import feedback as said
from auscult.monitor.monitor import Monitor
from auscult.monitor.past.comparison import Comparison
from auscult.monitor.store.feedback import known_sounds
from auscult.monitor.store.rows import Feedback

TOLD_UNTIL = "feedback expired until"
"""Key of the time up to which the store has told what expired."""


def recall(monitor: Monitor) -> None:
    """Judge by what people said before the monitor was made: before it is started.

    Parameters
    ----------
    monitor : Monitor
    """
    for now in monitor.overview():
        _learn(monitor, now.machine)


def try_out(
    monitor: Monitor,
    alarm_id: str,
    what: Literal["false alarm", "fault"],
    *,
    fault: str | None,
    who: str,
    why: str = "",
    keep_days: float | None = said.KEEP_DAYS,
) -> tuple[Feedback, Comparison]:
    """What a person wants to say of an alarm, and what it would have changed in the last month; nothing is kept.

    Parameters
    ----------
    monitor : Monitor
    alarm_id, what, fault, who, why, keep_days
        As in `auscult.monitor.feedback.feedback.prepare`.

    Raises
    ------
    OptionError, DataError
        As `auscult.monitor.feedback.feedback.prepare` and `auscult.monitor.feedback.feedback.effect`.
    """
    stored = monitor.store.alarm(alarm_id)
    at = _now(monitor, stored.machine if stored is not None else "")
    feedback = said.prepare(
        monitor.store, monitor.bundle, alarm_id, what, fault=fault, who=who, why=why, at=at, keep_days=keep_days
    )
    return feedback, said.effect(monitor.store, monitor.bundle, feedback, monitor.settings.alarms, at=at)


def give(monitor: Monitor, feedback: Feedback, expected: Comparison) -> None:
    """Keep what a person says, as `try_out` gave it, and judge by it from the next decision on.

    An alarm that is on and was none has no cause any more: it is acknowledged, its evidence is forgotten, and it clears
    after its delay.

    Parameters
    ----------
    monitor : Monitor
    feedback : Feedback
    expected : Comparison

    Raises
    ------
    DataError
        If the store cannot keep it.
    """

    def give_now() -> None:
        _tell(monitor, said.give(monitor.store, feedback, expected=expected))
        _learn(monitor, feedback.machine)
        alarm = monitor.desk.board.of(feedback.machine)
        if feedback.what == "false alarm" and alarm.id == feedback.alarm_id and alarm.is_active:
            monitor.watches[feedback.machine].forget_evidence()
            if alarm.acknowledged_at is None:
                why, at = feedback.why or feedback.what, _now(monitor, feedback.machine)
                monitor.desk.take(feedback.machine, partial(acknowledge, who=feedback.who, why=why, at=at), at=at)
                monitor.keeper.tell()

    monitor.commands.do(give_now)


def undo(monitor: Monitor, feedback_id: str, who: str, why: str = "") -> str:
    """Take back what was said, and give the id of the alarm.

    Parameters
    ----------
    monitor : Monitor
    feedback_id, who, why : str

    Raises
    ------
    OptionError
        If nothing of that id was said, or it has been taken back.
    DataError
        If the store cannot keep it.
    """

    def undo_now() -> str:
        known = [one for one in monitor.store.feedback() if one.id == feedback_id]
        machine = known[0].machine if known else ""
        event = said.undo(monitor.store, feedback_id, who, why, at=_now(monitor, machine))
        _tell(monitor, [event])
        _learn(monitor, machine)
        return known[0].alarm_id

    return monitor.commands.do(undo_now)


def _learn(monitor: Monitor, machine: str) -> None:
    """Judge by all that was said of a machine and counts now; of one that is not listened to any more: nothing."""
    if any(now.machine == machine for now in monitor.overview()):
        at, shadow = _now(monitor, machine), monitor.shadow
        knows = shadow is not None and shadow.detector is not None and machine in shadow.detector.machines
        beside = known_sounds(monitor.store, shadow, machine, at=at) if shadow is not None and knows else None
        monitor.watches[machine].learn(known_sounds(monitor.store, monitor.bundle, machine, at=at), beside)


def _tell(monitor: Monitor, events: list[Event]) -> None:
    """Tell what is kept."""
    for event in events:
        monitor.keeper.will_tell(event)
    monitor.keeper.tell()


def expire(monitor: Monitor) -> None:
    """Tell what has expired since this was last called.

    Parameters
    ----------
    monitor : Monitor

    Raises
    ------
    DataError
        If the store cannot keep it.
    """

    def expire_now() -> None:
        until = _now(monitor, "")
        since = monitor.store.state(TOLD_UNTIL)
        with monitor.store.transaction():
            events = said.tell_expired(monitor.store, since=until if since is None else since, until=until)
            monitor.store.set_state(TOLD_UNTIL, until)
        _tell(monitor, events)

    monitor.commands.do(expire_now)


def _now(monitor: Monitor, machine: str) -> float:
    """Time as the machine's source has it; of a machine that is not listened to, this computer's."""
    watch = monitor.watches.get(machine)
    wall = monitor.clock()
    return wall if watch is None else watch.now(wall)
