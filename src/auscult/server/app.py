"""The HTTP application: the original service's contract, and what a platform asks of a service."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field

from auscult import __version__
from auscult.bundle import Bundle
from auscult.bundle.golden import self_check
from auscult.errors import AudioError, AuscultError
from auscult.server.forms import read_form
from auscult.server.problems import HOW_TO_SEND, answer_errors_with_problems, documented
from auscult.server.uploads import UploadGate, UploadLimits

log = logging.getLogger("auscult.server")


class Details(BaseModel):
    """What is behind a verdict."""

    Message: str = Field(description="One sentence for a person", examples=["Component OK"])
    Probabilities: list[float] = Field(description="One a class, normal first", examples=[[0.996734, 0.003266, 0, 0]])
    Labels: list[str] = Field(
        description="Names of the classes", examples=[["normal", "imbalance", "clogging", "voltage change"]]
    )
    Score: float | None = Field(None, description="Anomaly score, larger is worse; of bundles that learnt normal sound")
    Threshold: float | None = Field(None, description="Score above which the machine's clips are anomalous")
    PValue: float | None = Field(None, description="Share of normal clips that score as high")
    MachineId: str | None = Field(None, description="Machine that the clip was compared with")
    Fault: str | None = Field(None, description="Named fault that an anomalous clip is like, or `unknown fault`")
    Warning: str | None = Field(None, description="What makes the verdict doubtful")


class Inference(BaseModel):
    """Verdict on one clip, as the original service gave it, with fields added."""

    Anomaly: bool = Field(examples=[False])
    Details: Details


class Live(BaseModel):
    """Liveness as in the Open Inference Protocol v2."""

    live: bool


class Ready(BaseModel):
    """Readiness as in the Open Inference Protocol v2."""

    ready: bool


RECORDING_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "contentMediaType": "application/octet-stream",
                            "description": "The recording: WAV, FLAC, OGG, MP3, AIFF, ...",
                        },
                        "machine_id": {
                            "type": "string",
                            "default": "",
                            "description": "Machine it is of, where the bundle knows several",
                        },
                    },
                }
            }
        },
    }
}
"""The form that `inference` reads, for the documentation."""


def create_app(bundle: Bundle, *, limits: UploadLimits | None = None, where: str = "bundle") -> FastAPI:
    """Application that serves a bundle.

    Parameters
    ----------
    bundle : Bundle
        One for all requests.
    limits : UploadLimits, optional
    where : str
        The bundle's name in messages.

    Returns
    -------
    FastAPI
        An ASGI application. It is ready once the bundle has passed its golden samples.
    """
    limits = limits or UploadLimits()
    state = _State()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.workers = anyio.CapacityLimiter(os.cpu_count() or 1)
        state.not_ready = await anyio.to_thread.run_sync(_failed_check, bundle, where)
        yield

    app: FastAPI = FastAPIOffline(
        title="Auscult",
        version=__version__,
        summary="Listens to machines: post a recording, get a verdict.",
        redoc_url=None,
        swagger_ui_parameters={"tryItOutEnabled": True},
        lifespan=lifespan,
        # FastAPI can send traces to a collector that the environment names; nothing here sends anything anywhere.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.add_middleware(UploadGate, limits=limits)
    answer_errors_with_problems(app)

    @app.get("/", tags=["health"], response_class=PlainTextResponse, summary="Is the server up?")
    async def index() -> str:
        return "server is up"

    app.head("/", include_in_schema=False)(index)  # load balancers ask so

    @app.post(
        "/inference",
        tags=["verdicts"],
        response_model_exclude_unset=True,
        responses=documented(400, 408, 413, 415, 422, 503),
        openapi_extra=RECORDING_FORM,
        summary="Verdict on a recording",
    )
    async def inference(request: Request) -> Inference:
        if state.not_ready:
            raise HTTPException(503, state.not_ready)
        form = await read_form(request)
        recording = form.get("file")
        if recording is None or recording.filename is None:
            raise HTTPException(422, f"there is no file in the field 'file'. {HOW_TO_SEND}")
        machine_id = form["machine_id"].content.decode(errors="replace") if "machine_id" in form else None
        judge = partial(
            bundle.predict,
            recording.content,
            machine_id=machine_id or None,
            max_duration_s=limits.max_clip_s,
            max_samples=limits.max_bytes // 2,
        )
        try:
            verdict = await anyio.to_thread.run_sync(judge, limiter=state.workers)
        except AudioError as error:  # the client knows the clip by the name it sent, not as bytes
            raise AudioError(recording.filename or "file", error.problem, error.remedy) from None
        return Inference.model_validate(verdict.to_dict())

    @app.get("/v2/health/live", tags=["health"], summary="Does the server answer?")
    async def live() -> Live:
        return Live(live=True)

    @app.get(
        "/v2/health/ready",
        tags=["health"],
        responses=documented(503),
        summary="Has the bundle passed its golden samples?",
    )
    async def ready() -> Ready:
        if state.not_ready:
            raise HTTPException(503, state.not_ready)
        return Ready(ready=True)

    return app


class _State:
    """What becomes known when the application starts."""

    workers: anyio.CapacityLimiter
    not_ready: str = "the server is starting. Try again in a second."
    """Why no clip is judged; empty when it is ready."""


def _failed_check(bundle: Bundle, where: str) -> str:
    try:
        self_check(bundle, where)
    except AuscultError as error:
        log.error("not ready: %s", error)
        return str(error)
    return ""
