"""Alarms over HTTP: which there are, everything about one, its sound, and what people do about it."""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import anyio
import numpy as np
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from auscult.audio import read_audio
from auscult.audio.write import wav_bytes
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.inputs import Changed
from auscult.monitor.event import iso
from auscult.monitor.monitor import Monitor
from auscult.monitor.store.rows import StoredAlarm, StoredAudio
from auscult.server.access import Access
from auscult.server.alarm_explanation import explanation
from auscult.server.json_body import json_response, read_json
from auscult.server.machine_routes import Reason, find_machine
from auscult.server.monitor_state import alarm_of, detection_state, feedback_state, stored_alarm_state, told
from auscult.server.ranges import part_of
from auscult.server.spectrogram import spectrogram

PAGE = 50
"""Alarms that are told at a time."""
SLACK = 200
"""Alarms that may have been raised at the very same time."""
BEFORE_S, AFTER_S = 1800.0, 600.0
"""Detections that are told with an alarm: from before it was first raised, and after it cleared, in seconds."""
LOUD_PEAK = 0.9
"""Peak of recordings that are played at full level."""


class Shelf(BaseModel):
    """How long an alarm is shelved, and why."""

    model_config = ConfigDict(extra="forbid")

    for_s: float = Field(gt=0, allow_inf_nan=False)
    why: str = Field("", max_length=1000)
    who: str = Field("", max_length=100)


def alarm_routes(monitor: Callable[[], Monitor], access: Access) -> APIRouter:
    """Routes about alarms.

    Parameters
    ----------
    monitor : callable
        Gives the present monitor.
    access : Access
    """
    routes = APIRouter()

    @routes.get("/api/alarms")
    def alarms(state: Literal["open", "all"] = "open", machine: str = "", before: str = "") -> Response:
        current = monitor()
        name = find_machine(current, machine).machine if machine else None
        return json_response(_open(current, name) if state == "open" else _page(current, name, before))

    @routes.get("/api/alarms/{alarm_id}")
    def alarm(alarm_id: str) -> Response:
        return json_response(everything(monitor(), alarm_id))

    @routes.get("/api/alarms/{alarm_id}/explanation")
    def explained(alarm_id: str) -> Response:
        return json_response(told(explanation(monitor(), find_alarm(monitor(), alarm_id))))

    @routes.get("/api/alarms/{alarm_id}/audio")
    def audio(
        alarm_id: str, request: Request, n: int = 0, level: Literal["as it was", "full"] = "as it was"
    ) -> Response:
        content, media_type = _sound(_recording(monitor(), alarm_id, n), is_loud=level == "full")
        return part_of(content, media_type, request.headers.get("range"))

    @routes.get("/api/alarms/{alarm_id}/spectrogram")
    def picture(alarm_id: str, n: int = 0) -> Response:
        recording = _recording(monitor(), alarm_id, n)
        moments = _moments(monitor(), recording)
        return json_response({**spectrogram(*read_audio(_content(recording))), "moments_s": moments})

    for what, change in (
        ("acknowledge", alarm_inputs.acknowledge),
        ("reset", alarm_inputs.reset),
        ("unshelve", alarm_inputs.unshelve),
    ):
        routes.post(f"/api/alarms/{{alarm_id}}/{what}")(_action(monitor, access, change))

    @routes.post("/api/alarms/{alarm_id}/shelve")
    async def shelve(alarm_id: str, request: Request) -> Response:
        said = await read_json(request, Shelf)
        who, settings = access.person(request, said.who), monitor().settings.alarms
        stored = await anyio.to_thread.run_sync(find_alarm, monitor(), alarm_id)
        check_listened(monitor(), stored.machine)

        def change(alarm: Alarm, *, at: float) -> Changed:
            return alarm_inputs.shelve(alarm, at + said.for_s, who, said.why, at=at, settings=settings)

        return await _changed(monitor(), alarm_id, change)

    return routes


def find_alarm(monitor: Monitor, alarm_id: str) -> StoredAlarm:
    """An alarm of the store.

    Raises
    ------
    HTTPException
        404 if there is none of this id.
    """
    stored = monitor.store.alarm(alarm_id)
    if stored is None:
        raise HTTPException(404, f"{alarm_id[:30]}: there is no such alarm. GET /api/alarms?state=all names them.")
    return stored


def check_listened(monitor: Monitor, machine: str) -> None:
    """Check that a machine is listened to, so that its alarms can be shelved or judged.

    Raises
    ------
    HTTPException
        409 if it is not.
    """
    if all(source.machine != machine for source in monitor.settings.sources.values()):
        raise HTTPException(409, f"{machine} is not listened to any more. Its alarms can be acknowledged and reset.")


def _action(monitor: Callable[[], Monitor], access: Access, change: Callable[..., Changed]) -> Callable[..., Any]:
    """Route that changes an alarm on a person's word."""

    async def act(alarm_id: str, request: Request) -> Response:
        said = await read_json(request, Reason)
        who = access.person(request, said.who)
        return await _changed(monitor(), alarm_id, partial(change, who=who, why=said.why))

    return act


async def _changed(monitor: Monitor, alarm_id: str, change: Callable[..., Changed]) -> Response:
    """Change an alarm if it is its machine's present one, and tell how it is then."""
    stored = await anyio.to_thread.run_sync(find_alarm, monitor, alarm_id)
    await anyio.to_thread.run_sync(monitor.act, stored.machine, alarm_inputs.only_of(alarm_id, change))
    return json_response(await anyio.to_thread.run_sync(everything, monitor, alarm_id))


def _open(monitor: Monitor, machine: str | None) -> dict[str, Any]:
    """All alarms about which there is something to do, the latest first."""
    board = monitor.desk.board
    stored = [one for one in reversed(monitor.store.open_alarms()) if machine in (None, one.machine)]
    known = [stored_alarm_state(one, board) for one in stored]
    return {"alarms": [one for one in known if one["is_open"]], "next": None}


def _page(monitor: Monitor, machine: str | None, before: str) -> dict[str, Any]:
    """The latest alarms that were raised before another, and where the next page begins."""
    board = monitor.desk.board
    until, last_id = float("inf"), "~"
    if before:
        last = find_alarm(monitor, before)
        until, last_id = last.raised_at or 0.0, last.alarm_id
    found = monitor.store.alarms(machine=machine, within=(float("-inf"), until), limit=PAGE + SLACK)
    found.sort(key=lambda one: (one.raised_at or 0.0, one.alarm_id), reverse=True)
    earlier = [one for one in found if ((one.raised_at or 0.0), one.alarm_id) < (until, last_id)]
    page = earlier[:PAGE]
    more = page[-1].alarm_id if len(earlier) > PAGE else None
    return {"alarms": [stored_alarm_state(one, board) for one in page], "next": more}


def everything(monitor: Monitor, alarm_id: str) -> dict[str, Any]:
    """An alarm, its changes, its recordings, the detections around it, and what people said of it.

    Raises
    ------
    HTTPException
        404 if there is none of this id.
    """
    stored, store = find_alarm(monitor, alarm_id), monitor.store
    alarm = alarm_of(stored, monitor.desk.board)
    raised_at = stored.raised_at or 0.0
    last = store.last_detection(stored.machine)
    until = max(raised_at, stored.cleared_at or (last.at if last else raised_at)) + AFTER_S
    detections = store.highest_detections(stored.machine, within=(raised_at - BEFORE_S, until))
    recordings = store.audio(alarm_id)
    return {
        "alarm": stored_alarm_state(stored, monitor.desk.board),
        "changes": told(store.alarm_changes(alarm_id=alarm.id)),
        "audio": [_recording_state(monitor, alarm_id, n, one) for n, one in enumerate(recordings)],
        "detections": [detection_state(one) for one in detections],
        "feedback": [feedback_state(one) for one in store.feedback(alarm_id=alarm_id)],
    }


def _recording_state(monitor: Monitor, alarm_id: str, n: int, one: StoredAudio) -> dict[str, Any]:
    return {
        "n": n,
        "url": f"/api/alarms/{alarm_id}/audio?n={n}",
        "started_at": iso(one.at),
        "duration_s": one.duration_s,
        "moments_s": _moments(monitor, one),
    }


def _moments(monitor: Monitor, one: StoredAudio) -> list[float]:
    """When in a recording its alarm was raised, in seconds from its beginning."""
    changes = monitor.store.alarm_changes(alarm_id=one.alarm_id)
    after_s = [change["at"] - one.at for change in changes if change.get("what") == "raised"]
    return [round(moment, 3) for moment in after_s if -0.5 <= moment <= one.duration_s + 0.5]


def _recording(monitor: Monitor, alarm_id: str, n: int) -> StoredAudio:
    found = monitor.store.audio(find_alarm(monitor, alarm_id).alarm_id)
    if not 0 <= n < len(found):
        problem = "has no recording" if not found else f"has {len(found)} recording(s), from n=0"
        raise HTTPException(404, f"{alarm_id}: {problem}. It is kept some seconds after the alarm.")
    return found[n]


def _content(recording: StoredAudio) -> bytes:
    try:
        return recording.path.read_bytes()
    except OSError:
        raise HTTPException(404, f"{recording.alarm_id}: the recording is not there any more.") from None


def _sound(recording: StoredAudio, *, is_loud: bool) -> tuple[bytes, str]:
    """Content for players: as it was kept, or as loud as can be."""
    content = _content(recording)
    if not is_loud:
        return content, "audio/flac"
    y, sr = read_audio(content)
    return wav_bytes(y * np.float32(LOUD_PEAK / max(float(np.abs(y).max()), 1e-9)), sr), "audio/wav"
