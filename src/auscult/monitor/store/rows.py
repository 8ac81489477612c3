"""What the monitor has to say <-> rows of the event store."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from auscult.monitor.detection import Detection
from auscult.monitor.event import Event
from auscult.monitor.store.descriptors import pack, unpack
from auscult.monitor.store.schema import Row

DETECTION_COLUMNS = tuple(field.name for field in fields(Detection))


@dataclass(frozen=True)
class StoredAlarm:
    """An alarm's occurrence.

    Parameters
    ----------
    alarm_id, machine : str
    raised_at, cleared_at, acknowledged_at : float or None
        Unix seconds.
    is_active : bool
        Whether it was raised and has not cleared.
    is_confirmed : bool or None
        Whether a person said that it was a fault (True) or a false alarm (False), and has not taken it back.
    alarm : dict
        All of it, as it was saved.
    """

    alarm_id: str
    machine: str
    raised_at: float | None
    cleared_at: float | None
    acknowledged_at: float | None
    is_active: bool
    is_confirmed: bool | None
    alarm: dict[str, Any]


@dataclass(frozen=True)
class StoredAudio:
    """A recording of an alarm.

    Parameters
    ----------
    path : Path
        Of the FLAC file.
    alarm_id, machine : str
    at : float
        Beginning, Unix seconds.
    duration_s : float
        Length in seconds.
    """

    path: Path
    alarm_id: str
    machine: str
    at: float
    duration_s: float


@dataclass(frozen=True)
class Feedback:
    """What a person said of an alarm.

    Parameters
    ----------
    id : str
        Of `auscult.monitor.event.new_id`.
    alarm_id, machine : str
    at : float
        When, Unix seconds.
    who, what : str
        The person, and whether it was a "false alarm" or a "fault".
    fault : str or None
        Name of the fault.
    why : str
        The reason.
    expires_at : float or None
        Until when it counts; None: for ever.
    undone_at, undone_by : float or None, str
        When and by whom it was taken back.
    recipe : str
        `recipe_id` of the descriptors; empty if there are none.
    descriptors : ndarray, shape (n_windows, n_descriptors), float32
        What was heard.
    """

    id: str
    alarm_id: str
    machine: str
    at: float
    who: str
    what: Literal["false alarm", "fault"]
    fault: str | None
    why: str
    expires_at: float | None
    undone_at: float | None
    undone_by: str
    recipe: str
    descriptors: NDArray[np.float32]


def to_json(value: Any) -> str:
    """Text that JSON's strictest readers take.

    Raises
    ------
    ValueError, TypeError
        If JSON cannot hold it.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_json(text: str) -> Any:
    """Value of `to_json`; of a text that a damaged page has spoilt, an object that says so."""
    try:
        return json.loads(text, strict=False)
    except ValueError:
        return {"unreadable": text}


def detection_row(number: int, detection: Detection) -> Row:
    """Row of a detection, the number of which is the store's."""
    return Row("detections", {"id": number} | {name: getattr(detection, name) for name in DETECTION_COLUMNS})


def detection_from(row: Mapping[str, Any]) -> Detection:
    """Detection of a row; what is no number has become NULL."""
    values = {name: row[name] for name in DETECTION_COLUMNS}
    for name in ("score", "threshold", "p_value", "evidence", "alarm_at", "level_db"):
        values[name] = math.nan if values[name] is None else values[name]
    flags = {name: bool(values[name]) for name in ("is_anomalous", "is_alarm")}
    return Detection(**values | flags)


def descriptors_row(number: int, recipe: str, descriptors: NDArray[np.float32]) -> Row:
    """Row of the descriptors of the detection of that number."""
    return Row("descriptors", {"detection_id": number, "recipe": recipe, "float16": pack(descriptors)})


def alarm_row(machine: str, alarm_id: str, alarm: Mapping[str, Any]) -> Row:
    """Row of an alarm's occurrence."""
    times = {name: alarm.get(name) for name in ("raised_at", "cleared_at", "acknowledged_at")}
    is_active = times["raised_at"] is not None and times["cleared_at"] is None
    known = {"alarm_id": alarm_id, "machine": machine, "is_active": is_active, "body": to_json(alarm)}
    return Row("alarms", known | times)


def alarm_from(row: Mapping[str, Any]) -> StoredAlarm:
    """Alarm of a row, with what was said of it."""
    return StoredAlarm(
        row["alarm_id"],
        row["machine"],
        row["raised_at"],
        row["cleared_at"],
        row["acknowledged_at"],
        bool(row["is_active"]),
        None if row["said"] is None else row["said"] == "fault",
        from_json(row["body"]),
    )


def change_row(machine: str, alarm_id: str, change: Mapping[str, Any]) -> Row:
    """Row of a change of an alarm; a flood is a change that is no machine's and no alarm's."""
    values = {
        "machine": change.get("machine", machine),
        "alarm_id": change.get("alarm_id", alarm_id),
        "who": change.get("who", ""),
        "why": change.get("why", ""),
    }
    return Row("alarm_changes", {"at": change["at"], "what": change["what"], "body": to_json(change)} | values)


def event_row(event: Event) -> Row:
    """Row of an event."""
    names = ("id", "at", "machine", "kind", "what")
    return Row("events", {name: getattr(event, name) for name in names} | {"body": to_json(event.body)})


def event_from(row: Mapping[str, Any]) -> Event:
    """Event of a row."""
    return Event(row["id"], row["at"], row["machine"], row["kind"], row["what"], from_json(row["body"]))


def state_row(key: str, value: Any) -> Row:
    """Row of a value that is kept under a key."""
    return Row("state", {"key": key, "body": to_json(value)})


def feedback_row(feedback: Feedback) -> Row:
    """Row of what a person said."""
    values = {field.name: getattr(feedback, field.name) for field in fields(Feedback)}
    descriptors = values.pop("descriptors")
    return Row("feedback", values | {"n_windows": len(descriptors), "float16": pack(descriptors)})


def feedback_from(row: Mapping[str, Any]) -> Feedback:
    """What a person said, of a row."""
    values = {field.name: row[field.name] for field in fields(Feedback) if field.name != "descriptors"}
    n_windows = row["n_windows"]
    numbers = unpack(row["float16"])
    shape = (n_windows, numbers.size // n_windows if n_windows else 0)
    return Feedback(**values, descriptors=numbers.reshape(shape))


def audio_from(row: Mapping[str, Any], folder: Path) -> StoredAudio:
    """Recording of a row."""
    return StoredAudio(folder / row["path"], row["alarm_id"], row["machine"], row["at"], row["duration_s"])
