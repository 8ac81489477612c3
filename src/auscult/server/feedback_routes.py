"""What people say of alarms, over HTTP: what it would change, saying it, and taking it back."""

import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from auscult.monitor.feedback import desk as feedback_desk
from auscult.monitor.feedback.feedback import KEEP_DAYS
from auscult.monitor.monitor import Monitor
from auscult.monitor.past.comparison import Comparison
from auscult.monitor.store.rows import Feedback
from auscult.server.access import Access
from auscult.server.alarm_routes import check_listened, everything, find_alarm
from auscult.server.json_body import json_response, read_json
from auscult.server.machine_routes import Reason
from auscult.server.monitor_state import told

MOST_DAYS = 3650.0
KeepDays = Annotated[float | None, Field(gt=0, le=MOST_DAYS)]
"""For how long what was said counts; None: for ever."""


class Said(BaseModel):
    """What a person says that an alarm was."""

    model_config = ConfigDict(extra="forbid")

    what: Literal["false alarm", "fault"]
    fault: str | None = Field(None, max_length=100)
    why: str = Field("", max_length=1000)
    keep_days: KeepDays = KEEP_DAYS
    who: str = Field("", max_length=100)


def feedback_routes(monitor: Callable[[], Monitor], access: Access) -> APIRouter:
    """Routes about what people say of alarms.

    Parameters
    ----------
    monitor : callable
        Gives the present monitor.
    access : Access
    """
    routes = APIRouter()
    looking_back = threading.Lock()

    @routes.get("/api/alarms/{alarm_id}/feedback-effect")
    def effect(
        request: Request,
        alarm_id: str,
        what: Literal["false alarm", "fault"],
        fault: str = "",
        keep_days: KeepDays = KEEP_DAYS,
    ) -> Response:
        if not access.is_read_only:  # to look back costs seconds of a processor
            access.person(request, "somebody")
        said = Said(what=what, fault=fault[:100] or None, keep_days=keep_days)
        if not looking_back.acquire(blocking=False):
            raise HTTPException(503, "the monitor looks back for somebody else. Try again soon.", {"Retry-After": "5"})
        try:
            return json_response(_effect_state(*_try_out(monitor(), alarm_id, said, "somebody")))
        finally:
            looking_back.release()

    @routes.post("/api/alarms/{alarm_id}/feedback")
    async def give(alarm_id: str, request: Request) -> Response:
        said = await read_json(request, Said)
        who = access.person(request, said.who)
        return json_response(await anyio.to_thread.run_sync(_give, monitor(), alarm_id, said, who))

    @routes.post("/api/feedback/{feedback_id}/undo")
    async def undo(feedback_id: str, request: Request) -> Response:
        said = await read_json(request, Reason)
        who, current = access.person(request, said.who), monitor()
        alarm_id = await anyio.to_thread.run_sync(feedback_desk.undo, current, feedback_id, who, said.why)
        return json_response(await anyio.to_thread.run_sync(everything, current, alarm_id))

    return routes


def _try_out(monitor: Monitor, alarm_id: str, said: Said, who: str) -> tuple[Feedback, Comparison]:
    check_listened(monitor, find_alarm(monitor, alarm_id).machine)
    return feedback_desk.try_out(
        monitor, alarm_id, said.what, fault=said.fault, who=who, why=said.why, keep_days=said.keep_days
    )


def _give(monitor: Monitor, alarm_id: str, said: Said, who: str) -> dict[str, Any]:
    feedback, expected = _try_out(monitor, alarm_id, said, who)
    feedback_desk.give(monitor, feedback, expected)
    return everything(monitor, alarm_id)


def _effect_state(feedback: Feedback, effect: Comparison) -> dict[str, Any]:
    """What it would have changed, and of how many windows later sound is compared with it."""
    known: dict[str, Any] = told(effect.to_dict() | {"n_windows": len(feedback.descriptors)})
    return known
