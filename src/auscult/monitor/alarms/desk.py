"""The alarms of all machines as they are now, and the event store that has every change before anyone is told."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Protocol

from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.board import AlarmBoard
from auscult.monitor.alarms.change import AlarmChange
from auscult.monitor.alarms.inputs import Changed
from auscult.monitor.detection import Detection
from auscult.monitor.event import Event, new_id
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.store.event_store import EventStore

BOARD = "alarm board"
"""Key of the board in the store."""


class _Input(Protocol):
    def __call__(self, alarm: Alarm) -> Changed: ...


class AlarmDesk:
    """Takes what was decided about the sound, and what people do, and keeps both.

    Parameters
    ----------
    store : EventStore
        With the board of an earlier run, if there was one.
    settings : AlarmSettings
    on_event : callable
        Called with every event when it is kept.
    clock : callable
        Unix time in seconds, that all alarms together are counted by: recordings have times of their own.
    """

    def __init__(
        self,
        store: EventStore,
        settings: AlarmSettings,
        on_event: Callable[[Event], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self.settings, self._on_event, self._clock = store, settings, on_event, clock
        self._untold: list[Event] = []
        self._is_within = False
        """A transaction."""
        content = store.state(BOARD)
        self.board = AlarmBoard() if content is None else AlarmBoard.from_dict(content)
        for stored in store.open_alarms():  # of what the board lost, if the database was damaged
            known = self.board.of(stored.machine)
            if known.id != stored.alarm_id and (known.raised_at or 0.0) <= (stored.raised_at or 0.0):
                alarms = self.board.alarms | {stored.machine: Alarm.from_dict(stored.alarm)}
                self.board = replace(self.board, alarms=alarms)

    def observe(self, detection: Detection) -> list[AlarmChange]:
        """Take a decision about the machine's sound; one that is ignored raises no alarm, and lets one clear.

        Raises
        ------
        DataError
            If the store cannot keep what changed; the alarm is as before then.
        """
        before = self.board.of(detection.machine)
        is_on = alarm_inputs.has_cause(
            before.is_on, detection.evidence, alarm_at=detection.alarm_at, settings=self.settings
        )
        if detection.ignored and is_on:
            return []

        def observe(alarm: Alarm) -> Changed:
            return alarm_inputs.observe(
                alarm,
                is_on,
                at=detection.at,
                fault=detection.fault,
                evidence=detection.evidence,
                settings=self.settings,
            )

        return self.take(detection.machine, observe, at=detection.at)

    def suppress(self, machine: str, why: str, *, at: float) -> list[AlarmChange]:
        """Believe the sound no more, or again if `why` is empty."""
        if why:
            return self.take(machine, lambda alarm: alarm_inputs.suppress(alarm, why, at=at), at=at)
        return self.take(machine, lambda alarm: alarm_inputs.unsuppress(alarm, at=at), at=at)

    def advance(self, machine: str, *, at: float) -> list[AlarmChange]:
        """Let time pass: shelving, maintenance, chatter and floods end by themselves."""
        return self.take(machine, lambda alarm: alarm_inputs.advance(alarm, at=at), at=at)

    def give_up_others(self, machines: Collection[str], *, at: float) -> None:
        """Clear the alarms of all machines but those that are listened to."""
        for machine in [name for name in self.board.alarms if name not in machines]:
            self.take(machine, lambda alarm: alarm_inputs.give_up(alarm, at=at), at=at)

    def take(self, machine: str, change: _Input, *, at: float) -> list[AlarmChange]:
        """Change a machine's alarm, keep what changed, and then tell it.

        Parameters
        ----------
        machine : str
            Full name.
        change : callable (Alarm) -> (Alarm, list of AlarmChange)
            One of `auscult.monitor.alarms.inputs`, with all but the alarm.
        at : float
            Unix time in seconds.

        Raises
        ------
        OptionError
            If what was asked for makes no sense now.
        DataError
            If the store cannot keep it; the alarm is as before then.
        """
        before = self.board
        alarm, changes = change(before.of(machine))
        has_begun_or_ended = alarm.is_on != before.of(machine).is_on  # a delay
        board, more = before.take(alarm, changes, at=self._clock(), settings=self.settings)
        changes = [*changes, *more]
        if not changes and not has_begun_or_ended:
            self.board = board
            return changes
        events = [self._event(one, board) for one in changes]
        current = board.of(machine)
        with self.transaction():
            self._store.save_alarm(machine, current.id, current.to_dict(), [one.to_dict() for one in changes], events)
            self._store.set_state(BOARD, board.to_dict())
            self.board = board
            self._untold += events
        return changes

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that follows at its end, of the desk and of the store, and then tell it.

        One within another is a part of it.

        Raises
        ------
        DataError
            If the store cannot keep it; all alarms are as before then, and nothing is told.
        """
        if self._is_within:
            yield
            return
        before, self._untold, self._is_within = self.board, [], True
        try:
            with self._store.transaction():
                yield
        except BaseException:
            self.board = before
            raise
        finally:
            self._is_within = False
        for event in self._untold:
            self._on_event(event)

    @staticmethod
    def _event(change: AlarmChange, board: AlarmBoard) -> Event:
        alarm = board.of(change.machine)
        body: dict[str, Any] = {
            "alarm_id": change.alarm_id,
            "state": change.state,
            "who": change.who,
            "why": change.why,
        }
        if change.alarm_id:
            body |= {
                "fault": alarm.fault,
                "raised_at": alarm.raised_at,
                "peak_evidence": alarm.peak_evidence,
                "is_first_out": alarm.is_first_out,
            }
        return Event(new_id(change.at), change.at, change.machine, "alarm", change.what, body)
