"""A broker that is told everything: what is the case now, retained; what happened, once and in order.

Topics: ``<prefix>/<site>/<machine>/state``, ``.../score`` and ``.../health`` (retained), ``.../event`` (with QoS 1: an
event may come twice where the network breaks, with the same ``id``), and ``<prefix>/<site>/status``: ``online``, or by
the broker itself as the last will ``offline``.
"""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from auscult.errors import DataError
from auscult.extras import require
from auscult.monitor.event import Event
from auscult.monitor.outputs.connection import FIRST_WAIT_S, Connection
from auscult.monitor.outputs.home_assistant import MACHINE_TOPICS, discovery
from auscult.monitor.outputs.outbox import Outbox
from auscult.monitor.settings import MqttSettings, machine_slug

NAME = "mqtt"
"""Of this output in the outbox."""
KEEPALIVE_S = 20
"""The broker says offline when it has not heard of this monitor for one and a half times as long."""


class MqttOutput(Connection):
    """Speaks with a broker, in a thread of its own; while it is away events wait in the outbox.

    Parameters
    ----------
    settings : MqttSettings
    site : str
    machines : sequence of str
        Full names.
    outbox : Outbox
    state_topic : str, optional
        Topic that says which state a machine is in; ``{machine}`` in it stands for its name as a topic has it.
    on_state : callable (machine, payload) -> None
        Called with what that topic says, in this output's thread.
    stale : sequence of str
        Topics on which something is retained that is no longer the case: they are cleared, once.
    on_cleared : callable
        Called when they are, in this output's thread.
    """

    def __init__(
        self,
        settings: MqttSettings,
        site: str,
        machines: Sequence[str],
        outbox: Outbox,
        *,
        state_topic: str | None = None,
        on_state: Callable[[str, str], None] = lambda _machine, _payload: None,
        stale: Sequence[str] = (),
        on_cleared: Callable[[], None] = lambda: None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        super().__init__(NAME, outbox, first_wait_s=first_wait_s)
        self._settings, self._site, self._machines = settings, site, list(machines)
        self._base = f"{settings.prefix}/{site}"
        self._on_state = on_state
        self._stale, self._on_cleared = list(stale), on_cleared
        self._state_topics = (
            {state_topic.replace("{machine}", machine_slug(machine)): machine for machine in machines}
            if state_topic
            else {}
        )
        self._lock = threading.Lock()
        self._shown: dict[str, bytes] = {}
        """What is the case now, by topic."""
        self._changed: set[str] = set()

    def start(self) -> None:
        """Begin; a broker that is not there is waited for.

        Raises
        ------
        MissingExtraError
            If the library is not installed.
        DataError
            If the certificates to trust cannot be read.
        """
        require("aiomqtt", extra="monitor")
        self._tls()
        super().start()

    def show(self, machine: str, topic: str, payload: dict[str, Any]) -> None:
        """Say what is the case now.

        Parameters
        ----------
        machine : str
            Full name.
        topic : {"state", "score", "health"}
        payload : dict
            As JSON can hold it.
        """
        name = f"{self._base}/{machine_slug(machine)}/{topic}"
        content = json.dumps(payload, ensure_ascii=False).encode()
        with self._lock:
            if self._shown.get(name) == content:
                return
            self._shown[name] = content
            self._changed.add(name)
        self.wake()

    def expected_errors(self) -> tuple[type[Exception], ...]:
        """Errors of a broker that is away."""
        return (require("aiomqtt", extra="monitor").MqttError, OSError)

    def describe(self, error: Exception) -> str:
        """What went wrong, and with which broker."""
        return f"{self._settings.host}:{self._settings.port}: {error}"

    def connect(self) -> AbstractAsyncContextManager[Any]:
        """Client that is connected with the broker."""
        aiomqtt, settings = require("aiomqtt", extra="monitor"), self._settings
        client: AbstractAsyncContextManager[Any] = aiomqtt.Client(
            settings.host,
            settings.port,
            username=settings.username,
            password=settings.password and settings.password.get_secret_value(),
            identifier=settings.client_id or f"auscult-{self._site}-{socket.gethostname()}",
            tls_context=self._tls(),
            will=aiomqtt.Will(f"{self._base}/status", b"offline", qos=1, retain=True),
            keepalive=KEEPALIVE_S,
            timeout=10.0,
        )
        return client

    def _tls(self) -> ssl.SSLContext | None:
        if not self._settings.is_tls:
            return None
        path = self._settings.ca_file
        try:
            return ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            problem = f"no certificates can be read from it ({error})"
            raise DataError(str(path), problem, "Give a file of certificates in PEM: mqtt.ca_file") from None

    async def speak(self, client: Any) -> None:
        """Everything that is the case, then events and changes as they come, until told to stop; then say offline."""
        for topic in self._state_topics:
            await client.subscribe(topic, qos=1)
        await client.publish(f"{self._base}/status", b"online", qos=1, retain=True)
        if self._stale:
            for topic in self._stale:
                await client.publish(topic, b"", qos=1, retain=True)
            self._stale = []
            await asyncio.to_thread(self._on_cleared)
        if self._settings.discovery_prefix is not None:
            for topic, payload in discovery(self._settings, self._site, self._machines):
                await client.publish(topic, json.dumps(payload).encode(), qos=1, retain=True)
        with self._lock:
            self._changed.update(self._shown)
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(self._listen(client))
            while True:
                self._wakened.clear()
                await self._publish(client)
                if self._is_stopping:
                    break
                await self._wakened.wait()
            listening.cancel()
        await client.publish(f"{self._base}/status", b"offline", qos=1, retain=True)

    async def _publish(self, client: Any) -> None:
        """What changed, and all events that wait; each is out of the outbox when the broker has it."""
        with self._lock:
            changed, self._changed = [(topic, self._shown[topic]) for topic in sorted(self._changed)], set()
        try:
            while changed:
                await client.publish(*changed[-1], qos=0, retain=True)
                changed.pop()
        finally:
            with self._lock:
                self._changed.update(topic for topic, _ in changed)
        await self._deliver(lambda event: client.publish(self._event_topic(event), self._content(event), qos=1))

    def _event_topic(self, event: Event) -> str:
        return "/".join([self._base, *([machine_slug(event.machine)] if event.machine else []), "event"])

    @staticmethod
    def _content(event: Event) -> bytes:
        return json.dumps(event.to_dict(), ensure_ascii=False).encode()

    async def _listen(self, client: Any) -> None:
        async for message in client.messages:
            machine = self._state_topics.get(str(message.topic))
            if machine is not None:
                self._on_state(machine, bytes(message.payload or b"").decode("utf-8", "replace").strip())


def retained_topics(settings: MqttSettings, site: str, machines: Sequence[str]) -> list[str]:
    """Topics on which something of a site is retained.

    Parameters
    ----------
    settings : MqttSettings
    site : str
    machines : sequence of str
        Full names.
    """
    base = f"{settings.prefix}/{site}"
    own = [f"{base}/{machine_slug(machine)}/{topic}" for machine in machines for topic in MACHINE_TOPICS]
    found = [] if settings.discovery_prefix is None else [topic for topic, _ in discovery(settings, site, machines)]
    return [f"{base}/status", *own, *found]
