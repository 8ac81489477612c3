"""What the monitor tells: events to every output and page, and what is the case now."""

import logging
from collections.abc import Callable
from typing import Any

from auscult.monitor.alarms.change import AlarmChange
from auscult.monitor.direct_methods import DirectMethods
from auscult.monitor.event import Event, iso
from auscult.monitor.live_view import LiveView, MachineNow
from auscult.monitor.outputs import azure, mqtt
from auscult.monitor.outputs.azure import AzureOutput
from auscult.monitor.outputs.mqtt import MqttOutput
from auscult.monitor.outputs.outbox import OutputStatus
from auscult.monitor.outputs.retained import RetainedTopics
from auscult.monitor.outputs.webhooks import WebhookOutput
from auscult.monitor.settings import MonitorSettings
from auscult.monitor.store.event_store import EventStore

log = logging.getLogger("auscult.monitor")
TROUBLES = {("source", "lost"), ("source", "refused")}
"""Kinds of events, and what happened, that are warnings in the log: something is not heard."""


class Teller:
    """All outputs of a monitor.

    Parameters
    ----------
    settings : MonitorSettings
    store : EventStore
        That holds what waits for them.
    live : LiveView
    on_state : callable (machine, payload) -> None
        Called with what the topic of operating states says, in another thread.
    act : callable (machine, change, **values) -> list of AlarmChange
        `Monitor.act`, for who may call it from outside.
    """

    def __init__(
        self,
        settings: MonitorSettings,
        store: EventStore,
        live: LiveView,
        *,
        on_state: Callable[[str, str], None],
        act: Callable[..., list[AlarmChange]],
    ) -> None:
        machines = [source.machine for source in settings.sources.values()]
        self._live = live
        self._retained = RetainedTopics(settings, store)
        more: dict[str, Any] = {"state_topic": settings.states.topic, "on_state": on_state}
        more |= {"stale": self._retained.stale, "on_cleared": self._retained.forget_stale}
        self._mqtt = (
            MqttOutput(settings.mqtt, settings.site, machines, store, **more) if settings.mqtt is not None else None
        )
        methods = DirectMethods(settings, store, act)
        self._azure = AzureOutput(settings.azure, settings, store, methods.call) if settings.azure is not None else None
        self._webhooks = [WebhookOutput(name, one, store) for name, one in settings.webhooks.items()]

    def start(self) -> None:
        """Begin to tell; if one output cannot begin, none does."""
        self._retained.remember()
        try:
            for output in self._outputs():
                output.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End; what was not delivered waits in the store."""
        for output in self._outputs():
            output.stop()

    @property
    def statuses(self) -> list[OutputStatus]:
        """How each output is."""
        return [output.status for output in self._outputs()]

    def tell(self, event: Event) -> None:
        """Something happened, and is kept."""
        level = logging.WARNING if (event.kind, event.what) in TROUBLES else logging.INFO
        words = " ".join(part for part in (event.kind, event.machine, event.what) if part)
        log.log(level, "%s %s", words, _said(event.body))
        self._live.tell_event(event)
        for output in self._outputs():
            output.wake()

    def show(self, now: MachineNow) -> None:
        """Say what is the case with a machine."""
        if self._mqtt is None and self._azure is None:
            return
        alarm = now.alarm
        said: dict[str, Any] = {"state": now.state or "unknown", "alarm": "active" if alarm.is_active else "none"}
        said |= {"alarm_state": alarm.state, "alarm_id": alarm.id or None, "fault": alarm.fault, "why": now.ignored}
        self._show(now.machine, "state", said)
        if now.at is not None:
            numbers = {
                "score": now.score,
                "threshold": now.threshold,
                "evidence": now.evidence,
                "alarm_at": now.alarm_at,
            }
            rounded = {name: None if value is None else round(value, 3) for name, value in numbers.items()}
            self._show(now.machine, "score", rounded | {"fault": now.fault, "at": iso(now.at)})
        health = now.health
        since = None if health.since is None else iso(health.since)
        self._show(
            now.machine,
            "health",
            {"health": health.word, "cause": health.cause, "since": since, "source": now.source_state},
        )

    def _show(self, machine: str, topic: str, payload: dict[str, Any]) -> None:
        for output in (self._mqtt, self._azure):
            if output is not None:
                output.show(machine, topic, payload)

    def _outputs(self) -> list[MqttOutput | AzureOutput | WebhookOutput]:
        return [output for output in (self._mqtt, self._azure, *self._webhooks) if output is not None]


def _said(body: dict[str, Any]) -> str:
    """What there is of an event, as a line of a log has it: times in UTC, other numbers to four digits."""

    def said(key: str, value: Any) -> str:
        if not isinstance(value, float):
            return repr(value)
        return iso(value) if key == "until" or key.endswith("_at") else f"{value:.4g}"

    return " ".join(f"{key}={said(key, value)}" for key, value in body.items() if value not in (None, ""))


def output_names(settings: MonitorSettings) -> tuple[str, ...]:
    """Names of all outputs, as the store knows them.

    Parameters
    ----------
    settings : MonitorSettings
    """
    names = [*([mqtt.NAME] if settings.mqtt else []), *([azure.NAME] if settings.azure else [])]
    return (*names, *(f"webhook:{name}" for name in settings.webhooks))
