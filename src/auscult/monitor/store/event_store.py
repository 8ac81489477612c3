"""What the monitor remembers: detections, alarms, events and to whom they are still to be told, sound, feedback.

===================  ==================================================================================================
``monitor.sqlite``   everything, in tables (`auscult.monitor.store.schema`)
``alarms.journal``   what must not be lost, a second time (`auscult.monitor.store.alarm_journal`)
``audio/``           sound of alarms, in FLAC
``reserve``          disk that is held for alarms on the day when it is full
``damaged/``         databases that were damaged and have been restored, for a while
===================  ==================================================================================================

A call that returns has saved what it was given: then it outlives this process. Alarms, their changes, events and what
people said outlive a loss of power, too, and a damaged page of the database; detections may lose the last seconds.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auscult.monitor.detection import Detection
from auscult.monitor.event import Event
from auscult.monitor.store import rows as store_rows
from auscult.monitor.store.alarm_audio import write_audio
from auscult.monitor.store.alarm_recording import AlarmRecording
from auscult.monitor.store.queries import StoreReader
from auscult.monitor.store.retention import Retention
from auscult.monitor.store.rows import Feedback
from auscult.monitor.store.schema import DATABASE_ERRORS, Row, is_damage
from auscult.monitor.store.writer import StoreWriter


class EventStore(StoreReader):
    """The event store of a monitor, to write and to read.

    Any thread may read and write; who writes waits for the others.
    """

    def __init__(self, writer: StoreWriter, folder: Path) -> None:
        super().__init__(folder)
        self._writer = writer
        self._waiting: list[Row] | None = None
        """Rows of the transaction that has begun."""
        self._n_detections = int(self._ask("SELECT coalesce(max(id), 0) AS n FROM detections")[0]["n"])

    @classmethod
    def open(
        cls,
        folder: str | Path,
        *,
        outputs: Sequence[str] = (),
        keep_days: float = 90.0,
        keep_mb: float = 2000.0,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open a store, made if it is not there, and restored if it is damaged.

        Parameters
        ----------
        folder : path
            Of its own.
        outputs : sequence of str
            Who is to be told of events from now on. One that is new is not told old ones, one that is gone is
            forgotten.
        keep_days, keep_mb : float > 0
            As in `auscult.monitor.settings.StoreSettings`. The log of the database alone takes 1 MB; the reserve of
            2 MB comes on top.
        clock : callable
            Gives Unix seconds.

        Raises
        ------
        DataError
            If another process writes to it, it is no event store, a newer Auscult wrote it, or the disk refuses it.
        """
        folder = Path(folder)
        return cls(StoreWriter(Retention(folder, keep_days, keep_mb * 1e6), outputs, clock), folder)

    @property
    def is_full(self) -> bool:
        """Whether the disk is full: then detections and recordings are refused, and all else is still saved."""
        return self._writer.disk.is_full

    @property
    def dropped(self) -> dict[str, int]:
        """What was not saved, or deleted for alarms, because the disk was full, since the store was opened."""
        return dict(self._writer.disk.dropped)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Save all of what follows at its end, or nothing if anything is raised; other threads wait meanwhile.

        What is read within it is what was there before. A transaction within another is a part of it.

        Raises
        ------
        DataError
            If the disk refuses it. On a full disk alarms, events, feedback and state are saved all the same: that is
            raised if there is nothing else in it than detections.
        """
        with self._writer.lock:
            if self._waiting is not None:
                yield
                return
            self._waiting = []
            try:
                yield
                rows = self._waiting
            finally:
                self._waiting = None
            if rows:
                self._writer.write(rows)

    def add_detection(
        self, detection: Detection, descriptors: NDArray[np.float32] | None = None, *, recipe: str = ""
    ) -> None:
        """Save a detection.

        Parameters
        ----------
        detection : Detection
        descriptors : ndarray, shape (n_descriptors,), float32, optional
            What it was judged by; kept in float16.
        recipe : str
            `auscult.monitor.store.descriptors.recipe_id` of them.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        with self.transaction():
            self._n_detections += 1
            self._put(store_rows.detection_row(self._n_detections, detection))
            if descriptors is not None:
                self._put(store_rows.descriptors_row(self._n_detections, recipe, descriptors))

    def save_alarm(
        self,
        machine: str,
        alarm_id: str,
        alarm: Mapping[str, Any],
        changes: Sequence[Mapping[str, Any]],
        events: Sequence[Event] = (),
    ) -> None:
        """Save what an alarm is now, what has changed about it, and the events that tell it.

        Parameters
        ----------
        machine, alarm_id : str
            The occurrence; empty if there is none, as when a machine is shelved that never alarmed: then only its
            changes and events are saved.
        alarm : mapping
            As JSON can hold it, with raised_at, cleared_at and acknowledged_at in Unix seconds, or None.
        changes : sequence of mapping
            Only new ones, as JSON can hold them, with at and what, perhaps machine, alarm_id, who and why.
        events : sequence of Event

        Raises
        ------
        DataError
            If the disk refuses it, even after all that is normal was deleted.
        """
        with self.transaction():
            if alarm_id:
                self._put(store_rows.alarm_row(machine, alarm_id, alarm))
            for change in changes:
                self._put(store_rows.change_row(machine, alarm_id, change))
            for event in events:
                self.add_event(event)

    def add_event(self, event: Event) -> None:
        """Save an event, to be delivered to every output.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        with self.transaction():
            self._put(store_rows.event_row(event))

    def save_feedback(self, feedback: Feedback) -> None:
        """Save what a person said of an alarm; of the same id again, as when it is taken back, instead of the former.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        with self.transaction():
            self._put(store_rows.feedback_row(feedback))

    def set_state(self, key: str, value: Any) -> None:
        """Keep a value under a key, instead of the former.

        Parameters
        ----------
        key : str
        value : any
            As JSON can hold it.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        with self.transaction():
            self._put(store_rows.state_row(key, value))

    def add_audio(self, machine: str, recording: AlarmRecording) -> None:
        """Save the sound of an alarm: up to 8 channels; of more, their mean.

        Parameters
        ----------
        machine : str
        recording : AlarmRecording

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        with self.transaction():
            self._writer.check_room("recordings")
            try:
                self._put(write_audio(self.folder, machine, recording))
            except OSError as error:
                self._writer.check_room("recordings", error)

    def mark_delivered(self, output: str, ids: Sequence[str]) -> None:
        """Take note that an output was told these events, at once, even within a transaction.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        query = "DELETE FROM deliveries WHERE output = ? AND event_id = ?"
        self._writer.change(lambda connection: connection.executemany(query, [(output, id_) for id_ in ids]))

    def tidy(self) -> bool:
        """Forget a little of what is too old or too much; to be called at least every second.

        Returns
        -------
        bool
            Whether there is more to do at once.

        Raises
        ------
        DataError
            If the disk refuses it.
        """
        return self._writer.tidy()

    def close(self) -> None:
        """Let go of the folder."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, row: Row) -> None:
        assert self._waiting is not None
        self._waiting.append(row)

    def _answer(self, query: str, values: Sequence[str | float | None]) -> list[dict[str, Any]]:
        """Answer of the database, which is restored if it turns out to be damaged."""
        generation = self._writer.generation
        try:
            return super()._answer(query, values)
        except DATABASE_ERRORS as error:
            if not is_damage(error):
                raise
            self._writer.recover(str(error), generation)
            return super()._answer(query, values)
