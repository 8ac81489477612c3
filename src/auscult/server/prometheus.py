"""Figures for Prometheus (https://prometheus.io/docs/practices/naming/): what every service here tells.

Each application has a registry of its own; nothing is counted in the process's common one.
"""

from collections.abc import Callable, Iterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from auscult import __version__
from auscult.bundle import Bundle

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


def new_registry() -> CollectorRegistry:
    """Registry with the figures of the process: memory, processor, open files."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


class InferenceMetrics:
    """Counts verdicts on recordings that were posted.

    Parameters
    ----------
    registry : CollectorRegistry
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "auscult_request_inference_seconds",
            "Time to judge a recording that was posted, from its bytes to the verdict.",
            buckets=BOUNDS_S,
            registry=registry,
        )
        self._verdicts = Counter(
            "auscult_verdicts_total", "Recordings that were posted, by what was said.", ["outcome"], registry=registry
        )
        for outcome in ("normal", "anomalous", "refused"):
            self._verdicts.labels(outcome)

    def judged(self, duration_s: float, *, is_anomalous: bool) -> None:
        """A recording was judged.

        Parameters
        ----------
        duration_s : float
        is_anomalous : bool
        """
        self._seconds.observe(duration_s)
        self._verdicts.labels("anomalous" if is_anomalous else "normal").inc()

    def refused(self) -> None:
        """A recording could not be judged."""
        self._verdicts.labels("refused").inc()


class ModelCollector(Collector):
    """Says which model judges.

    Parameters
    ----------
    bundle : callable
        Gives the bundle that judges.
    """

    def __init__(self, bundle: Callable[[], Bundle]) -> None:
        self._bundle = bundle

    def collect(self) -> Iterator[Metric]:
        """What judges, as labels of a metric that is always 1."""
        manifest = self._bundle().manifest
        made_with = manifest.versions.get("auscult", "")
        labels = {"version": __version__, "made_with": made_with, "features": type(manifest.features).__name__}
        labels |= {"data": str(manifest.training_data.get("fingerprint", ""))[:16]}
        yield InfoMetricFamily("auscult_model", "The model that judges.", labels)


def metrics_route(registry: CollectorRegistry) -> APIRouter:
    """The route that Prometheus asks, in its text format or in OpenMetrics, as the request prefers.

    Parameters
    ----------
    registry : CollectorRegistry
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    def metrics(request: Request) -> Response:
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": media_type})

    return routes
