"""The monitor's HTTP application: its page, what the page asks for, and figures for Prometheus."""

from collections.abc import Callable

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from auscult.errors import printable
from auscult.monitor.commands import NotNowError
from auscult.monitor.monitor import Monitor
from auscult.monitor.settings import HttpSettings
from auscult.server.access import Access
from auscult.server.alarm_routes import alarm_routes
from auscult.server.fault_routes import fault_routes
from auscult.server.feedback_routes import feedback_routes
from auscult.server.inference import inference_route
from auscult.server.judging import Judging
from auscult.server.machine_routes import machine_routes
from auscult.server.monitor_metrics import MonitorCollector
from auscult.server.problems import answer_errors_with_problems, problem_response
from auscult.server.prometheus import InferenceMetrics, ModelCollector, metrics_route, new_registry
from auscult.server.same_origin import SameOrigin
from auscult.server.session_routes import session_routes
from auscult.server.ui_routes import ui_routes
from auscult.server.uploads import UploadGate, UploadLimits

FOR_PROGRAMS = ("/metrics", "/v2/health/live", "/v2/health/ready")


def create_monitor_app(
    monitor: Callable[[], Monitor],
    http: HttpSettings,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
    limits: UploadLimits | None = None,
) -> FastAPI:
    """Application of a monitor.

    Parameters
    ----------
    monitor : callable
        Gives the present monitor: it is replaced when its settings change.
    http : HttpSettings
    is_stopping : callable
        Whether streams of events are to end.
    limits : UploadLimits, optional

    Returns
    -------
    FastAPI
        An ASGI application.
    """
    limits = limits or UploadLimits()
    access = Access(None if http.token is None else http.token.get_secret_value())
    registry = new_registry()
    metrics = InferenceMetrics(registry)
    registry.register(MonitorCollector(monitor))
    registry.register(ModelCollector(lambda: monitor().bundle))
    app = FastAPI(
        title="Auscult",
        openapi_url=None,
        # FastAPI can send traces to a collector that the environment names; nothing here sends anything anywhere.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.is_stopping = is_stopping
    app.add_middleware(UploadGate, limits=limits)
    app.add_middleware(SameOrigin, host=http.host, for_programs=FOR_PROGRAMS)
    answer_errors_with_problems(app)
    _answer_refusals(app)

    @app.get("/")
    async def index() -> Response:
        return RedirectResponse("/ui/")

    @app.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready() -> dict[str, bool]:
        if monitor().has_failed:
            raise HTTPException(503, "the monitor's thread has ended. Its log says why.")
        return {"ready": True}  # a monitor runs only on a bundle that has passed its golden samples

    for routes in (
        machine_routes(monitor, access),
        alarm_routes(monitor, access),
        feedback_routes(monitor, access),
        fault_routes(monitor),
        session_routes(access),
        inference_route(Judging(lambda: monitor().bundle, limits, metrics)),
        metrics_route(registry),
        ui_routes(lambda: monitor().bundle, is_monitor=True),
    ):
        app.include_router(routes)
    return app


def _answer_refusals(app: FastAPI) -> None:
    """Let what is refused be answered in the words of who refuses it."""

    @app.exception_handler(HTTPException)
    async def refusal(_: Request, error: HTTPException) -> JSONResponse:
        return problem_response(error.status_code, printable(str(error.detail)), dict(error.headers or {}))

    @app.exception_handler(NotNowError)
    async def not_now(_: Request, error: NotNowError) -> JSONResponse:
        return problem_response(503, str(error), {"Retry-After": "5"})
