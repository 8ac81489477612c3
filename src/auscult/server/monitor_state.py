"""What the monitor knows, as JSON has it: times in ISO 8601, numbers that are none as null."""

import base64
import math
from dataclasses import asdict, fields
from typing import Any

from auscult.features import LogMel
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.board import AlarmBoard
from auscult.monitor.detection import Detection
from auscult.monitor.event import iso
from auscult.monitor.live_view import LOWEST_DB, STEP_DB, Columns, MachineNow
from auscult.monitor.settings import machine_slug
from auscult.monitor.store.rows import Feedback, StoredAlarm
from auscult.server.spectrogram import mel_ticks

_TIMES = ("at", "since", "until")


def told(values: Any) -> Any:
    """Values as JSON can hold them: what is named as a time becomes one, NaN and infinities become null.

    Parameters
    ----------
    values : any
        Of dicts, lists and plain values; names that end in ``_at``, and at, since and until, are Unix seconds.
    """
    if isinstance(values, dict):
        return {name: _time(value) if _is_time(name, value) else told(value) for name, value in values.items()}
    if isinstance(values, list | tuple):
        return [told(value) for value in values]
    if isinstance(values, float) and not math.isfinite(values):
        return None
    return values


def machine_state(now: MachineNow, board: AlarmBoard) -> dict[str, Any]:
    """One machine now.

    Parameters
    ----------
    now : MachineNow
    board : AlarmBoard
    """
    names = ("machine", "at", "score", "threshold", "evidence", "alarm_at", "level_db", "fault", "state", "ignored")
    source = {"name": now.source, "state": now.source_state, "error": now.source_error, "heard_at": now.heard_at}
    state: dict[str, Any] = told(
        {name: getattr(now, name) for name in names}
        | {
            "slug": machine_slug(now.machine),
            "health": asdict(now.health) | {"remedy": now.health.remedy},
            "source": source | {name: getattr(now, name) for name in ("n_reconnects", "n_dropped", "dropped_s")},
        }
    )
    return state | {"alarm": alarm_state(now.alarm, board)}


def alarm_state(alarm: Alarm, board: AlarmBoard) -> dict[str, Any]:
    """An alarm: what it is, and what is to be done about it.

    An occurrence that is not the machine's present one is told by its life alone: what keeps the machine silent now is
    not its own.

    Parameters
    ----------
    alarm : Alarm
    board : AlarmBoard
    """
    is_current = board.of(alarm.machine).id == alarm.id
    known = asdict(alarm) | {
        "slug": machine_slug(alarm.machine),
        "life": alarm.life,
        "state": alarm.state if is_current else alarm.life,
        "is_active": alarm.is_active,
        "is_open": alarm.is_open,
        "is_current": is_current,
        "is_silenced": is_current and alarm.is_silenced,
        "is_chattering": is_current and alarm.machine in board.chattering,
    }
    state: dict[str, Any] = told(known)
    return state


def stored_alarm_state(stored: StoredAlarm, board: AlarmBoard) -> dict[str, Any]:
    """An alarm of the store, with what people said of it.

    Parameters
    ----------
    stored : StoredAlarm
    board : AlarmBoard
        The present occurrence is told as it is there.
    """
    return alarm_state(alarm_of(stored, board), board) | {"is_confirmed": stored.is_confirmed}


def alarm_of(stored: StoredAlarm, board: AlarmBoard) -> Alarm:
    """An alarm of the store; of one that a damaged page has spoilt, what is left.

    Parameters
    ----------
    stored : StoredAlarm
    board : AlarmBoard
    """
    current = board.of(stored.machine)
    if current.id == stored.alarm_id:
        return current
    try:
        return Alarm.from_dict(stored.alarm)
    except (KeyError, TypeError):
        return Alarm(
            stored.machine,
            id=stored.alarm_id,
            raised_at=stored.raised_at,
            last_raised_at=stored.raised_at,
            cleared_at=stored.cleared_at,
            acknowledged_at=stored.acknowledged_at,
        )


def detection_state(detection: Detection) -> dict[str, Any]:
    """A detection, without its machine."""
    values = {field.name: getattr(detection, field.name) for field in fields(detection) if field.name != "machine"}
    state: dict[str, Any] = told(values)
    return state


def feedback_state(feedback: Feedback) -> dict[str, Any]:
    """What a person said of an alarm, without what was heard."""
    names = ("id", "alarm_id", "machine", "at", "who", "what", "fault", "why", "expires_at", "undone_at", "undone_by")
    state: dict[str, Any] = told({name: getattr(feedback, name) for name in names})
    return state


def live_spectrogram(columns: Columns | None, features: LogMel) -> dict[str, Any]:
    """The end of a machine's spectrogram.

    Parameters
    ----------
    columns : Columns or None
        None: nothing was heard.
    features : LogMel
        Of the bundle.

    Returns
    -------
    dict
        ``levels``: base64 of ``n_columns`` columns of ``n_bands`` bytes, the oldest column first, the lowest band
        first; a byte is ``low_db`` + ``step_db`` x its value. ``ended_at``, ``column_s``, ``fmin_hz``, ``fmax_hz`` and
        ``ticks`` as in `auscult.server.spectrogram.spectrogram`.
    """
    return {
        "levels": "" if columns is None else base64.b64encode(columns.levels.tobytes()).decode("ascii"),
        "n_columns": 0 if columns is None else len(columns.levels),
        "n_bands": features.n_mels if columns is None else columns.levels.shape[1],
        "ended_at": None if columns is None else iso(columns.ended_at),
        "column_s": None if columns is None else columns.column_s,
        "low_db": LOWEST_DB,
        "step_db": STEP_DB,
        "fmin_hz": features.fmin,
        "fmax_hz": features.fmax,
        "ticks": mel_ticks(features.fmax, features.fmin),
    }


def _is_time(name: str, value: Any) -> bool:
    """Whether a value is a time; of an alarm's threshold of evidence the name ends so, too."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and name != "alarm_at" and (name in _TIMES or name.endswith("_at"))


def _time(at: float | None) -> str | None:
    """A time in ISO 8601, or null if there is none or it has no words for it."""
    try:
        return None if at is None else iso(at)
    except (ValueError, OverflowError, OSError):
        return None
