"""Figures of a monitor for Prometheus, read from it when they are asked for."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from auscult.monitor.live_view import MachineNow
from auscult.monitor.monitor import Monitor
from auscult.monitor.vitals import BOUNDS_S, MachineVitals

HEALTH_WORDS = ("ok", "maintenance required", "out of specification", "function check", "failure")
"""Of NAMUR NE 107."""
_LABELS = ["machine", "source"]
_Of = Callable[[MachineNow, MachineVitals], float | None]
_COUNTERS: tuple[tuple[str, str, _Of], ...] = (
    ("auscult_audio_seconds", "Sound that was judged.", lambda _, vitals: vitals.heard_s),
    ("auscult_processing_seconds", "Time that judging it took.", lambda _, vitals: vitals.busy_s),
    ("auscult_alarms", "Alarms raised.", lambda _, vitals: vitals.n_alarms),
    ("auscult_dropped_blocks", "Blocks of sound that the monitor was too slow for.", lambda now, _: now.n_dropped),
    ("auscult_dropped_seconds", "Their sound.", lambda now, _: now.dropped_s),
    ("auscult_source_reconnects", "How often the source was opened again.", lambda now, _: now.n_reconnects),
)
_GAUGES: tuple[tuple[str, str, _Of], ...] = (
    ("auscult_last_audio_timestamp_seconds", "When sound came the last time.", lambda now, _: now.heard_at),
    ("auscult_anomaly_score", "Score of the last window, larger is worse.", lambda now, _: now.score),
    ("auscult_anomaly_threshold", "Score above which a window is anomalous.", lambda now, _: now.threshold),
    ("auscult_alarm_evidence_ratio", "Evidence of a change as a share of an alarm's.", lambda now, _: _share(now)),
    ("auscult_alarm_active", "Whether an alarm was raised and has not cleared.", lambda now, _: now.alarm.is_active),
    (
        "auscult_alarm_unacknowledged",
        "Whether an alarm is open that nobody has acknowledged.",
        lambda now, _: now.alarm.is_open and now.alarm.acknowledged_at is None,
    ),
    (
        "auscult_source_connected",
        "Whether the source is open.",
        lambda now, _: now.source_state in ("open", "hearing"),
    ),
)


class MonitorCollector(Collector):
    """Reads a monitor.

    Parameters
    ----------
    monitor : callable
        Gives the present monitor.
    """

    def __init__(self, monitor: Callable[[], Monitor]) -> None:
        self._monitor = monitor

    def collect(self) -> Iterator[Metric]:
        """All figures now."""
        monitor = self._monitor()
        known = [(now, monitor.vitals.machines[now.machine]) for now in monitor.overview()]
        for name, text, of in _COUNTERS:
            counter = CounterMetricFamily(name, text, labels=_LABELS)
            for now, vitals in known:
                counter.add_metric([now.machine, now.source], of(now, vitals) or 0.0)
            yield counter
        for name, text, of in _GAUGES:
            gauge = GaugeMetricFamily(name, text, labels=_LABELS)
            for now, vitals in known:
                value = of(now, vitals)
                if value is not None:
                    gauge.add_metric([now.machine, now.source], value)
            yield gauge
        yield _inference(known)
        yield _health(known)
        yield from _of_all(monitor)


def _share(now: MachineNow) -> float | None:
    return now.evidence / now.alarm_at if now.evidence is not None and now.alarm_at else None


def _inference(known: list[tuple[MachineNow, MachineVitals]]) -> Metric:
    histogram = HistogramMetricFamily(
        "auscult_inference_seconds", "Time from a window that is complete to its detection.", labels=_LABELS
    )
    for now, vitals in known:
        counts = list(accumulate(vitals.decisions.counts))
        buckets = [(str(bound), count) for bound, count in zip(map(float, BOUNDS_S), counts, strict=False)]
        buckets.append(("+Inf", counts[-1]))
        histogram.add_metric([now.machine, now.source], buckets, vitals.decisions.total_s)
    return histogram


def _health(known: list[tuple[MachineNow, MachineVitals]]) -> Metric:
    gauge = GaugeMetricFamily(
        "auscult_sensor_health",
        "1 for the NAMUR NE 107 word that is said of the microphone.",
        labels=[*_LABELS, "health"],
    )
    for now, _ in known:
        for word in HEALTH_WORDS:
            gauge.add_metric([now.machine, now.source, word], float(now.health.word == word))
    return gauge


def _of_all(monitor: Monitor) -> Iterator[Metric]:
    """What is no single machine's."""
    ratio = monitor.vitals.realtime_ratio
    if ratio is not None:
        yield GaugeMetricFamily(
            "auscult_realtime_ratio", "Seconds of sound that a second of the processor is enough for.", ratio
        )
    yield GaugeMetricFamily("auscult_store_bytes", "Disk that the event store takes.", n_bytes(monitor.store.folder))
    yield GaugeMetricFamily(
        "auscult_store_full", "Whether the disk is full: then only alarms are kept.", monitor.store.is_full
    )
    waiting = GaugeMetricFamily(
        "auscult_undelivered_events", "Events that an output is still to be told.", labels=["output"]
    )
    connected = GaugeMetricFamily(
        "auscult_output_connected", "Whether it took what it was last given.", labels=["output"]
    )
    for status in monitor.statuses:
        waiting.add_metric([status.output], monitor.store.n_undelivered(status.output))
        connected.add_metric([status.output], status.is_connected)
    yield waiting
    yield connected


def n_bytes(folder: Path) -> int:
    """Size of a folder's files, in bytes; those that go away meanwhile count nothing.

    Parameters
    ----------
    folder : Path
    """
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
