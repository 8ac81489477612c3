"""Machines over HTTP: all of them now, one of them, its detections and spectrogram, and taking it out of service."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from auscult.errors import OptionError
from auscult.features import LogMel
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.event import iso
from auscult.monitor.live_view import MachineNow
from auscult.monitor.microphone_desk import commission_anew
from auscult.monitor.monitor import Monitor
from auscult.monitor.settings import machine_slug
from auscult.server.access import Access
from auscult.server.event_stream import event_stream
from auscult.server.json_body import json_response, read_json
from auscult.server.monitor_state import detection_state, live_spectrogram, machine_state

HOUR_S = 3600.0
LONGEST_S = 31 * 24 * HOUR_S
"""Longest time of which detections are told at once: more is for the command line."""


class Maintenance(BaseModel):
    """How long a machine is worked on, and why."""

    model_config = ConfigDict(extra="forbid")

    for_s: float = Field(gt=0, allow_inf_nan=False)
    why: str = Field("", max_length=1000)
    who: str = Field("", max_length=100)


class Reason(BaseModel):
    """Why something is done, and by whom where a program does it."""

    model_config = ConfigDict(extra="forbid")

    why: str = Field("", max_length=1000)
    who: str = Field("", max_length=100)


def machine_routes(monitor: Callable[[], Monitor], access: Access) -> APIRouter:
    """Routes about machines.

    Parameters
    ----------
    monitor : callable
        Gives the present monitor.
    access : Access
    """
    routes = APIRouter()

    @routes.get("/api/overview")
    def overview() -> Response:
        return json_response(_overview(monitor()))

    @routes.get("/events")
    async def events(request: Request, columns: str = "") -> Response:
        machine = find_machine(monitor(), columns).machine if columns else ""
        stream = event_stream(
            monitor,
            last_id=request.headers.get("last-event-id", "")[:26],
            columns_of=machine,
            is_stopping=request.app.state.is_stopping,
        )
        return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    @routes.get("/api/machines/{slug}")
    def machine(slug: str) -> Response:
        return json_response(_machine(monitor(), slug))

    @routes.get("/api/machines/{slug}/detections")
    def detections(slug: str, since: str = "", until: str = "") -> Response:
        return json_response(_detections(monitor(), slug, since, until))

    @routes.get("/api/machines/{slug}/spectrogram")
    def spectrogram(slug: str) -> Response:
        current = monitor()
        features = current.bundle.manifest.features
        assert isinstance(features, LogMel)
        return json_response(live_spectrogram(current.live.columns(find_machine(current, slug).machine), features))

    _add_changes(routes, monitor, access)
    return routes


def _add_changes(routes: APIRouter, monitor: Callable[[], Monitor], access: Access) -> None:
    """Add the routes that change a machine on a person's word."""

    @routes.post("/api/machines/{slug}/out-of-service")
    async def out_of_service(slug: str, request: Request) -> Response:
        said = await read_json(request, Maintenance)
        who = access.person(request, said.who)
        change = partial(_out_of_service, for_s=said.for_s, who=who, why=said.why)
        return await _changed(monitor(), slug, change)

    @routes.post("/api/machines/{slug}/in-service")
    async def in_service(slug: str, request: Request) -> Response:
        said = await read_json(request, Reason)
        who = access.person(request, said.who)
        return await _changed(monitor(), slug, partial(alarm_inputs.in_service, who=who, why=said.why))

    @routes.post("/api/machines/{slug}/commission")
    async def commission(slug: str, request: Request) -> Response:
        said = await read_json(request, Reason)
        who = access.person(request, said.who)
        machine = find_machine(monitor(), slug).machine
        await anyio.to_thread.run_sync(commission_anew, monitor(), machine, who, said.why)
        return json_response(_machine(monitor(), slug))


def find_machine(monitor: Monitor, slug: str) -> MachineNow:
    """A machine now, by its name in addresses.

    Raises
    ------
    HTTPException
        404 if none is listened to that is called so.
    """
    for now in monitor.overview():
        if machine_slug(now.machine) == slug:
            return now
    raise HTTPException(
        404, f"{slug[:100]}: no machine that is listened to is called so. GET /api/overview names them."
    )


def _machine(monitor: Monitor, slug: str) -> dict[str, Any]:
    """One machine now, and how rare its false alarms are promised to be."""
    now, detector = find_machine(monitor, slug), monitor.bundle.detector
    assert detector is not None
    return machine_state(now, monitor.desk.board) | {"promise": str(detector.machines[now.machine].rule)}


def _overview(monitor: Monitor) -> dict[str, Any]:
    board = monitor.desk.board
    machines = [machine_state(now, board) for now in monitor.overview()]
    outputs = [{"output": one.output, "is_connected": one.is_connected, "error": one.error} for one in monitor.statuses]
    return {
        "site": monitor.settings.site,
        "machines": machines,
        "is_flood": board.is_flood,
        "n_open": sum(alarm.is_open for alarm in board.alarms.values()),
        "outputs": outputs,
        "is_store_full": monitor.store.is_full,
        "realtime_ratio": monitor.vitals.realtime_ratio,
        "shelf_s": monitor.settings.alarms.longest_shelf_s,
    }


def _detections(monitor: Monitor, slug: str, since: str, until: str) -> dict[str, Any]:
    machine = find_machine(monitor, slug).machine
    last = monitor.store.last_detection(machine)
    end = read_time("until", until) if until else (last.at if last else 0.0)
    start = read_time("since", since) if since else end - HOUR_S
    if not start <= end <= start + LONGEST_S:
        problem = f"{iso(start)} to {iso(end)} is no time of up to 31 days"
        raise OptionError("since, until", problem, "Ask for less at once, the earlier time first.")
    found = monitor.store.highest_detections(machine, within=(start, end))
    return {
        "machine": machine,
        "since": iso(start),
        "until": iso(end),
        "n_detections": monitor.store.n_detections(machine, within=(start, end)),
        "detections": [detection_state(one) for one in found],
    }


def read_time(name: str, text: str) -> float:
    """Unix time of ISO 8601; what says no zone is UTC.

    Raises
    ------
    OptionError
        If it is none.
    """
    try:
        said = datetime.fromisoformat(text)
        at = (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
        iso(at - HOUR_S), iso(at)  # what cannot be told is no time, either
        return at
    except (ValueError, OverflowError):
        raise OptionError(name, f"{text[:50]!r} is no time", "Write it as 2026-11-27T12:00:00Z.") from None


def _out_of_service(alarm: Any, *, at: float, for_s: float, who: str, why: str) -> Any:
    return alarm_inputs.out_of_service(alarm, at + for_s, who, why, at=at)


async def _changed(monitor: Monitor, slug: str, change: Callable[..., Any]) -> Response:
    """Change a machine, and tell how it is then."""
    machine = find_machine(monitor, slug).machine
    await anyio.to_thread.run_sync(monitor.act, machine, change)
    return json_response(_machine(monitor, slug))
