"""The HTTP application: the original service's contract, and what a platform asks of a service."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel

from auscult import __version__
from auscult.bundle import Bundle
from auscult.bundle.golden import self_check
from auscult.errors import AuscultError
from auscult.server.inference import inference_route
from auscult.server.inference_protocol import inference_protocol_routes
from auscult.server.judging import Judging
from auscult.server.problems import answer_errors_with_problems, documented
from auscult.server.prometheus import InferenceMetrics, ModelCollector, metrics_route, new_registry
from auscult.server.ui_routes import ui_routes
from auscult.server.uploads import UploadGate, UploadLimits

log = logging.getLogger("auscult.server")


class Live(BaseModel):
    """Liveness as in the Open Inference Protocol v2."""

    live: bool


class Ready(BaseModel):
    """Readiness as in the Open Inference Protocol v2."""

    ready: bool


def create_app(
    bundle: Bundle, *, limits: UploadLimits | None = None, where: str = "bundle", model_name: str = "auscult"
) -> FastAPI:
    """Application that serves a bundle.

    Parameters
    ----------
    bundle : Bundle
        One for all requests.
    limits : UploadLimits, optional
    where : str
        The bundle's name in messages.
    model_name : str
        The bundle's name in the Open Inference Protocol.

    Returns
    -------
    FastAPI
        An ASGI application. It is ready once the bundle has passed its golden samples.
    """
    limits = limits or UploadLimits()
    state = _State()
    registry = new_registry()
    registry.register(ModelCollector(lambda: bundle))
    metrics = InferenceMetrics(registry)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
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

    judging = Judging(lambda: bundle, limits, metrics, lambda: state.not_ready)
    app.include_router(inference_route(judging))
    app.include_router(inference_protocol_routes(judging, model_name))
    app.include_router(metrics_route(registry))
    app.include_router(ui_routes(lambda: bundle, is_monitor=False))

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

    not_ready: str = "the server is starting. Try again in a second."
    """Why no clip is judged; empty when it is ready."""


def _failed_check(bundle: Bundle, where: str) -> str:
    try:
        self_check(bundle, where)
    except AuscultError as error:
        log.error("not ready: %s", error)
        return str(error)
    return ""
