"""What the event store knows, for any thread: every question has a connection of its own."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError
from auscult.monitor.detection import Detection
from auscult.monitor.event import Event
from auscult.monitor.store.descriptors import unpack
from auscult.monitor.store.rows import (
    Feedback,
    StoredAlarm,
    StoredAudio,
    alarm_from,
    audio_from,
    detection_from,
    event_from,
    feedback_from,
    from_json,
)
from auscult.monitor.store.schema import DATABASE_ERRORS, FILE, connect_read_only

ALWAYS = (float("-inf"), float("inf"))
IS_OPEN = """(is_active OR acknowledged_at IS NULL
OR (json_extract(body, '$.is_latched') AND json_extract(body, '$.reset_at') IS NULL))"""
"""Whether there is still something to do about a row of alarms: active, not acknowledged, or latched and not reset."""
_SAID = """(SELECT what FROM feedback WHERE feedback.alarm_id = alarms.alarm_id AND undone_at IS NULL
ORDER BY n DESC LIMIT 1)"""

_HIGHEST = """(SELECT id FROM detections
WHERE machine = ? AND at BETWEEN ? + n * ? AND ? + (n + 1) * ? ORDER BY {} DESC, at LIMIT 1)"""
_OVERLAP_S = 0.001
"""Of stretches of time, so that none is lost between them."""


class StoreReader:
    """An event store, to read, while its monitor goes on writing.

    Parameters
    ----------
    folder : path
        The store's.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def alarms(
        self,
        *,
        machine: str | None = None,
        is_active: bool | None = None,
        is_confirmed: bool | None = None,
        within: tuple[float, float] = ALWAYS,
        limit: int = 100,
    ) -> list[StoredAlarm]:
        """Alarms, the latest first.

        Parameters
        ----------
        machine : str, optional
            Only this machine's.
        is_active, is_confirmed : bool, optional
            Only such; those of which nobody has said anything are neither confirmed nor not.
        within : (float, float)
            Unix seconds between which they were first raised.
        limit : int
            At most so many.
        """
        said = None if is_confirmed is None else ("fault" if is_confirmed else "false alarm")
        wanted = [("machine = ?", machine), ("is_active = ?", is_active), ("said = ?", said)]
        inner = f"SELECT *, {_SAID} AS said FROM alarms WHERE raised_at IS NULL OR raised_at BETWEEN ? AND ?"
        query, values = _where(f"SELECT * FROM ({inner})", wanted)
        rows = self._ask(f"{query} ORDER BY raised_at DESC LIMIT ?", *within, *values, limit)
        return [alarm_from(row) for row in rows]

    def alarm(self, alarm_id: str) -> StoredAlarm | None:
        """An alarm, if there is one of this name."""
        rows = self._ask(f"SELECT *, {_SAID} AS said FROM alarms WHERE alarm_id = ?", alarm_id)
        return alarm_from(rows[0]) if rows else None

    def open_alarms(self) -> list[StoredAlarm]:
        """Alarms about which there is still something to do: active, not acknowledged, or latched and not reset."""
        query = f"SELECT *, {_SAID} AS said FROM alarms WHERE {IS_OPEN} ORDER BY raised_at"
        return [alarm_from(row) for row in self._ask(query)]

    def alarm_changes(
        self,
        *,
        alarm_id: str | None = None,
        machine: str | None = None,
        within: tuple[float, float] = ALWAYS,
        limit: int = 10_000,
    ) -> list[dict[str, Any]]:
        """Changes of alarms as they were saved, in their order; the latest, if there are more than the limit.

        Parameters
        ----------
        alarm_id, machine : str, optional
            Only of this alarm or machine.
        within : (float, float)
            Unix seconds between which they were.
        limit : int
            At most so many.
        """
        query, values = _where(
            "SELECT n, body FROM alarm_changes WHERE at BETWEEN ? AND ?",
            [("alarm_id = ?", alarm_id), ("machine = ?", machine)],
            joined_by="AND",
        )
        rows = self._ask(f"{query} ORDER BY n DESC LIMIT ?", *within, *values, limit)
        return [from_json(row["body"]) for row in reversed(rows)]

    def detections(self, machine: str, *, within: tuple[float, float] = ALWAYS, limit: int = 10_000) -> list[Detection]:
        """Detections of a machine in the order of time; the latest, if there are more than the limit.

        Parameters
        ----------
        machine : str
        within : (float, float)
            Unix seconds between which they ended.
        limit : int
            At most so many.
        """
        query = "SELECT * FROM detections WHERE machine = ? AND at BETWEEN ? AND ? ORDER BY at DESC LIMIT ?"
        return [detection_from(row) for row in reversed(self._ask(query, machine, *within, limit))]

    def n_detections(self, machine: str, *, within: tuple[float, float] = ALWAYS) -> int:
        """How many detections of a machine there are."""
        query = "SELECT count(*) AS n FROM detections WHERE machine = ? AND at BETWEEN ? AND ?"
        return int(self._ask(query, machine, *within)[0]["n"])

    def highest_detections(
        self, machine: str, *, within: tuple[float, float] = ALWAYS, most: int = 1000
    ) -> list[Detection]:
        """Detections of a machine in the order of time: all, or among so many whatever is highest in its time.

        Of more than the most, the time from the first to the last is cut into equal stretches; of each, the detection
        with the highest score and the one with the most evidence are told.

        Parameters
        ----------
        machine : str
        within : (float, float)
            Unix seconds between which they ended.
        most : int >= 2
            As many as a picture has room for.
        """
        query = "SELECT min(at) AS first, max(at) AS last FROM detections WHERE machine = ? AND at BETWEEN ? AND ?"
        if self.n_detections(machine, within=within) <= most:
            return self.detections(machine, within=within, limit=most)
        (ends,) = self._ask(query, machine, *within)
        length_s = (ends["last"] - ends["first"]) / (most // 2)
        values = (machine, ends["first"], length_s, ends["first"] + _OVERLAP_S, length_s)
        rows = self._ask(
            "WITH RECURSIVE stretches(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM stretches WHERE n + 1 < ?), "
            f"highest(id) AS (SELECT {_HIGHEST.format('score')} FROM stretches"
            f" UNION SELECT {_HIGHEST.format('evidence')} FROM stretches)"
            " SELECT detections.* FROM highest JOIN detections USING (id) ORDER BY at",
            *(most // 2, *values, *values),
        )
        return [detection_from(row) for row in rows]

    def last_detection(self, machine: str) -> Detection | None:
        """The last detection of a machine, if there is one."""
        found = self.detections(machine, limit=1)
        return found[0] if found else None

    def descriptors(
        self, machine: str, recipe: str, *, within: tuple[float, float] = ALWAYS, limit: int = 10_000
    ) -> tuple[list[Detection], NDArray[np.float32]]:
        """Detections of a machine whose descriptors are of a recipe, as they came, and these descriptors.

        Recordings that are played again have the times of the first round again: evidence is of one round.

        Parameters
        ----------
        machine : str
        recipe : str
            Of `auscult.monitor.store.descriptors.recipe_id`.
        within : (float, float)
            Unix seconds between which they ended.
        limit : int
            At most so many, the latest.

        Returns
        -------
        detections : list of Detection
        descriptors : ndarray, shape (n_detections, n_descriptors), float32
            As exact as `auscult.monitor.store.descriptors.pack` is.
        """
        query = (
            "SELECT * FROM detections JOIN descriptors ON detection_id = id"
            " WHERE machine = ? AND at BETWEEN ? AND ? AND recipe = ? ORDER BY at DESC LIMIT ?"
        )
        rows = sorted(self._ask(query, machine, *within, recipe, limit), key=lambda row: int(row["id"]))
        numbers = [unpack(row["float16"]) for row in rows]
        return [detection_from(row) for row in rows], np.stack(numbers) if numbers else np.empty((0, 0), np.float32)

    def events(
        self, *, after: str = "", kind: str | None = None, machine: str | None = None, limit: int = 100
    ) -> list[Event]:
        """Events in the order in which they were saved.

        Parameters
        ----------
        after : str
            Only those that were saved after the event of this id; empty: from the first that is kept.
        kind, machine : str, optional
            Only such.
        limit : int
            At most so many.
        """
        query, values = _where(
            "SELECT * FROM events WHERE seq >"
            " coalesce((SELECT seq FROM events WHERE id <= ? ORDER BY id DESC LIMIT 1), 0)",
            [("kind = ?", kind), ("machine = ?", machine)],
            joined_by="AND",
        )
        return [event_from(row) for row in self._ask(f"{query} ORDER BY seq LIMIT ?", after, *values, limit)]

    def latest_events(self, limit: int = 100) -> list[Event]:
        """The last events, the latest first."""
        return [event_from(row) for row in self._ask("SELECT * FROM events ORDER BY seq DESC LIMIT ?", limit)]

    def undelivered(self, output: str, limit: int = 100) -> list[Event]:
        """Events that an output is still to be told, in their order.

        Parameters
        ----------
        output : str
        limit : int
            At most so many.
        """
        query = (
            "SELECT events.* FROM deliveries JOIN events ON event_id = id WHERE output = ?"
            " ORDER BY deliveries.seq LIMIT ?"
        )
        return [event_from(row) for row in self._ask(query, output, limit)]

    def n_undelivered(self, output: str) -> int:
        """How many events an output is still to be told."""
        return int(self._ask("SELECT count(*) AS n FROM deliveries WHERE output = ?", output)[0]["n"])

    def audio(self, alarm_id: str) -> list[StoredAudio]:
        """Recordings of an alarm in the order of time."""
        rows = self._ask("SELECT * FROM audio WHERE alarm_id = ? ORDER BY at", alarm_id)
        recordings = [audio_from(row, self.folder) for row in rows]
        return [recording for recording in recordings if recording.path.exists()]

    def feedback(self, *, machine: str | None = None, alarm_id: str | None = None) -> list[Feedback]:
        """What people said of alarms, in the order of time, taken back or not.

        Parameters
        ----------
        machine, alarm_id : str, optional
            Only of this machine or alarm.
        """
        query, values = _where("SELECT * FROM feedback", [("machine = ?", machine), ("alarm_id = ?", alarm_id)])
        return [feedback_from(row) for row in self._ask(f"{query} ORDER BY at, n", *values)]

    def state(self, key: str) -> Any:
        """Value that was kept under a key; None if there is none."""
        rows = self._ask("SELECT body FROM state WHERE key = ?", key)
        return from_json(rows[0]["body"]) if rows else None

    def _ask(self, query: str, *values: str | float | None) -> list[dict[str, Any]]:
        """Answer of the database.

        Raises
        ------
        DataError
            If it cannot be read: it may just be restored.
        """
        try:
            return self._answer(query, values)
        except DATABASE_ERRORS as error:
            remedy = "Ask again: a damaged one is restored by the monitor that writes to it."
            raise DataError(str(self.folder / FILE), f"cannot be read ({error})", remedy) from None

    def _answer(self, query: str, values: Sequence[str | float | None]) -> list[dict[str, Any]]:
        with closing(connect_read_only(self.folder / FILE)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]


def _where(
    query: str, wanted: Sequence[tuple[str, str | bool | None]], *, joined_by: str = "WHERE"
) -> tuple[str, list[str | bool]]:
    """Query for what is wanted, of which None is anything, and its values."""
    for condition, value in wanted:
        if value is not None:
            query, joined_by = f"{query} {joined_by} {condition}", "AND"
    return query, [value for _, value in wanted if value is not None]
