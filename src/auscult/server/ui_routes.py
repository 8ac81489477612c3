"""The files of the page under /ui/, and what it has to know before anything else."""

from collections.abc import Callable

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response

from auscult.bundle import Bundle
from auscult.server.json_body import json_response
from auscult.server.page_files import page_file


def ui_routes(bundle: Callable[[], Bundle], *, is_monitor: bool) -> APIRouter:
    """Routes of the page.

    Parameters
    ----------
    bundle : callable
        Gives the bundle that judges.
    is_monitor : bool
        Whether machines are listened to; if not, recordings can be tried and that is all.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.api_route("/ui", methods=["GET", "HEAD"])
    async def without_slash() -> Response:
        return RedirectResponse("/ui/")

    @routes.get("/ui/about.json")
    def about() -> Response:
        detector = bundle().detector
        machines = [] if detector is None else list(detector.machines)
        return json_response({"is_monitor": is_monitor, "machines": machines})

    @routes.api_route("/ui/{name:path}", methods=["GET", "HEAD"])
    def file(name: str) -> Response:
        found = page_file(name or "index.html", "ui")
        if found is None:
            raise HTTPException(404, f"/ui/{name[:100]}: there is nothing here. The page is /ui/.")
        return found

    return routes
