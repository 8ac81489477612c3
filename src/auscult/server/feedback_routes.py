"""What people say of alarms, over HTTP: what it would change, saying it, and taking it back."""

from collections.abc import Callable
from typing import Any, Literal

import anyio
from fastapi import APIRouter, Request
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


class Said(BaseModel):
    """What a person says that an alarm was."""

    model_config = ConfigDict(extra="forbid")

    what: Literal["false alarm", "fault"]
    fault: str | None = Field(None, max_length=100)
    why: str = Field("", max_length=1000)
    keep_days: float | None = Field(KEEP_DAYS, gt=0, le=MOST_DAYS)
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

    @routes.get("/api/alarms/{alarm_id}/feedback-effect")
    def effect(
        alarm_id: str, what: Literal["false alarm", "fault"], fault: str = "", keep_days: float | None = KEEP_DAYS
    ) -> Response:
        said = Said(what=what, fault=fault[:100] or None, keep_days=keep_days)
        return json_response(_effect_state(*_try_out(monitor(), alarm_id, said, "somebody")))

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
