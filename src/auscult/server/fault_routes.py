"""Faults over HTTP: those that the bundle names, those that people named, and alarms to listen to."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from auscult.faults.names import RESERVED_FAULTS
from auscult.monitor.event import iso
from auscult.monitor.monitor import Monitor
from auscult.monitor.store.rows import Feedback
from auscult.server.json_body import json_response

_NO_FAULTS = {fault.id for fault in RESERVED_FAULTS}
MOST_EXEMPLARS = 12
"""Alarms of a fault that are told, the latest ones."""


def fault_routes(monitor: Callable[[], Monitor]) -> APIRouter:
    """Routes about faults.

    Parameters
    ----------
    monitor : callable
        Gives the present monitor.
    """
    routes = APIRouter()

    @routes.get("/api/faults")
    def faults() -> Response:
        return json_response({"faults": _faults(monitor())})

    return routes


def _faults(monitor: Monitor) -> list[dict[str, Any]]:
    """Faults in the bundle's order, then those that only people named."""
    said = [one for one in monitor.store.feedback() if one.what == "fault" and one.undone_at is None and one.fault]
    known = {fault.name: fault for fault in monitor.bundle.manifest.faults if fault.id not in _NO_FAULTS}
    names = [*known, *dict.fromkeys(one.fault for one in said if one.fault and one.fault not in known)]
    return [
        {
            "name": name,
            "message": known[name].message if name in known else "",
            "note": known[name].note if name in known else "",
            "is_learnt": name in known,
            "exemplars": [_exemplar(monitor, one) for one in reversed(said) if one.fault == name][:MOST_EXEMPLARS],
        }
        for name in names
    ]


def _exemplar(monitor: Monitor, said: Feedback) -> dict[str, Any]:
    stored = monitor.store.alarm(said.alarm_id)
    raised_at = stored.raised_at if stored is not None else None
    return {
        "alarm_id": said.alarm_id,
        "machine": said.machine,
        "raised_at": None if raised_at is None else iso(raised_at),
        "who": said.who,
        "n_recordings": len(monitor.store.audio(said.alarm_id)),
    }
