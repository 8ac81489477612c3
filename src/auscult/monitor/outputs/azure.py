"""An IoT Edge module: events and what is the case as messages, settings by its twin, acts by direct methods.

Messages leave by the outputs ``events``, ``states``, ``scores`` and ``health``. An event may come twice where the
network breaks, with the same ``message_id``.
"""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

from auscult.errors import AuscultError
from auscult.extras import require
from auscult.monitor import desired
from auscult.monitor.event import Event, iso
from auscult.monitor.outputs.connection import FIRST_WAIT_S, Connection
from auscult.monitor.outputs.edge_client import EXTRA, check_environment, make_client, make_message, sdk_errors
from auscult.monitor.outputs.outbox import Outbox
from auscult.monitor.outputs.pace import Pace, Said
from auscult.monitor.outputs.reported import bundle_report, changes, reported
from auscult.monitor.settings import AzureSettings, MonitorSettings

log = logging.getLogger("auscult.monitor")
NAME = "azure"
"""Of this output in the outbox."""
OUTPUTS = {"state": "states", "score": "scores", "health": "health"}
"""Of the module, by topic."""
LONGEST_CALL_S = 30.0
"""For the hub to answer; then the connection counts as lost."""
MOST_SAID = 1000
"""Characters of a problem that are reported: a twin takes no more than 4 KB of text."""
Result = TypeVar("Result")


class AzureOutput(Connection):
    """Speaks with a hub, in a thread of its own; while it is away events wait in the outbox.

    Parameters
    ----------
    azure : AzureSettings
    settings : MonitorSettings
        In force.
    outbox : Outbox
    on_method : callable (name, payload) -> (status, dict)
        Called with a direct method, in another thread; gives its answer.
    """

    def __init__(
        self,
        azure: AzureSettings,
        settings: MonitorSettings,
        outbox: Outbox,
        on_method: Callable[[str, Any], tuple[int, dict[str, Any]]],
        *,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        super().__init__(NAME, outbox, first_wait_s=first_wait_s)
        self._azure, self._settings, self._on_method = azure, settings, on_method
        changes_s, scores_s = azure.changes_every_s, azure.scores_every_s
        self._pace = Pace({"state": changes_s, "health": changes_s, "score": scores_s})
        self._reported: dict[str, Any] = {}
        """What the twin has of this module's properties."""
        self._bundle: dict[str, Any] = {}
        self._desired: dict[str, Any] = {}
        """What came of the desired properties."""
        self._last_error: dict[str, Any] | None = None
        self._is_twin_new = True
        self._changed = asyncio.Event()
        """The connection is another."""

    def start(self) -> None:
        """Begin; a hub that is not there is waited for.

        Raises
        ------
        MissingExtraError
            If the SDK is not installed.
        OptionError
            If the environment does not say what to connect with.
        DataError
            If the certificates to trust cannot be read.
        """
        check_environment(self._azure, os.environ)
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
        if self._pace.put(Said(machine, topic, payload)):
            self.wake()

    def expected_errors(self) -> tuple[type[Exception], ...]:
        """Errors of a hub that is away."""
        return (*sdk_errors(), OSError, ValueError)

    def describe(self, error: Exception) -> str:
        """What went wrong in the beginning."""
        return _reason(error) or f"no answer within {LONGEST_CALL_S:.0f} s"

    def _lost(self, error: Exception) -> None:
        super()._lost(error)
        self._failed(self.status.error)  # reported when the hub is back

    @contextlib.asynccontextmanager
    async def connect(self) -> AsyncIterator[Any]:
        """Client of the SDK that is connected with the hub, and told what comes from there."""
        asyncio.get_running_loop().set_exception_handler(_log_late)
        self._bundle = await asyncio.to_thread(bundle_report, self._settings.bundle)
        client = await asyncio.to_thread(make_client, self._azure)
        try:
            await self._listen(client)
            yield client
        finally:
            with contextlib.suppress(Exception):
                await _within(client.shutdown())

    async def speak(self, client: Any) -> None:
        """What the twin wants, then events and changes as they come, until told to stop."""
        async with asyncio.TaskGroup() as tasks:
            losing = tasks.create_task(self._until_lost(client))
            await self._tell(client)
            losing.cancel()

    async def _until_lost(self, client: Any) -> None:
        """Fail when the connection has ended: calls that wait for an answer would wait on."""
        while client.connected:
            self._changed.clear()
            await self._changed.wait()
        raise ConnectionError("the connection was lost")

    async def _listen(self, client: Any) -> None:
        """Connect, and be told of calls, of another twin and of the connection's end."""
        response = require("azure.iot.device", extra=EXTRA).MethodResponse

        async def answer(request: Any) -> None:
            try:
                status, body = await asyncio.to_thread(self._on_method, request.name, request.payload)
            except Exception as error:
                log.exception("azure: the method %s failed unexpectedly", request.name)
                status, body = 500, {"problem": f"{request.name} failed ({error}). The log has more."}
            if status != 200:
                self._failed(body["problem"])
            await client.send_method_response(response.create_from_method_request(request, status, body))

        async def take_patch(_patch: Any) -> None:
            self._is_twin_new = True
            self.wake()

        def listen() -> None:
            client.on_connection_state_change = lambda: self._set(self._changed)
            client.on_method_request_received = answer
            client.on_twin_desired_properties_patch_received = take_patch

        await _within(client.connect())
        await _within(asyncio.to_thread(listen))
        self._is_twin_new = True

    async def _tell(self, client: Any) -> None:
        while not self._is_stopping:
            self._wakened.clear()
            if self._is_twin_new:
                self._is_twin_new = False
                await self._take_twin(client)
            await self._deliver(partial(self._send_event, client))
            await self._send_due(client)
            await self._report(client)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wakened.wait(), self._pace.wait_s(time.monotonic()))

    async def _take_twin(self, client: Any) -> None:
        """Take what the twin wants, if it is good; either way it is reported what came of it."""
        twin = await _within(client.get_twin())
        self._reported, wanted = _properties(twin["reported"]), _properties(twin["desired"])
        code, said = 200, "in force"
        try:
            desired.with_desired(self._settings, wanted)
            if wanted != desired.kept(self._settings):
                desired.keep(self._settings, wanted)
                code, said = 202, "taken within seconds"
        except AuscultError as error:
            code, said = 400, str(error)[:MOST_SAID]
            log.error("azure: %s", error)
            self._failed(said)
        self._desired = {"version": twin["desired"].get("$version"), "code": code, "said": said}

    async def _send_event(self, client: Any, event: Event) -> None:
        properties = {"kind": event.kind, "what": event.what, "machine": event.machine}
        await self._send(client, "events", event.to_dict(), properties, message_id=event.id)
        self._note_error(event)

    async def _send_due(self, client: Any) -> None:
        for said in self._pace.due(time.monotonic()):
            body = {"machine": said.machine, **said.payload}
            await self._send(client, OUTPUTS[said.topic], body, {"machine": said.machine})
            self._pace.told(said, time.monotonic())

    async def _send(
        self, client: Any, output: str, body: dict[str, Any], properties: dict[str, str], message_id: str | None = None
    ) -> None:
        message = make_message(body, properties, message_id)
        await _within(client.send_message_to_output(message, output))

    async def _report(self, client: Any) -> None:
        """Report what has changed."""
        now = reported(self._settings, self._bundle, self._pace.last_told())
        now |= {"desired": self._desired, "last_error": self._last_error}
        patch = changes(self._reported, now)
        if patch:
            await _within(client.patch_twin_reported_properties(patch))
            self._reported = now

    def _note_error(self, event: Event) -> None:
        problem = event.body.get("problem") or event.body.get("error")
        if problem:
            self._failed(str(problem), event.at)

    def _failed(self, problem: str, at: float | None = None) -> None:
        self._last_error = {"at": iso(time.time() if at is None else at), "problem": problem[:MOST_SAID]}
        self.wake()


def _log_late(_loop: asyncio.AbstractEventLoop, what: dict[str, Any]) -> None:
    """Take note of answers that come when nobody waits for them any more."""
    log.debug("azure: %s", what)


async def _within(call: Awaitable[Result]) -> Result:
    return await asyncio.wait_for(call, LONGEST_CALL_S)


def _reason(error: BaseException) -> str:
    """What an error came of in the beginning: the SDK wraps it in words that say less."""
    return (_reason(error.__cause__) if error.__cause__ is not None else "") or str(error).rstrip(".")


def _properties(part: dict[str, Any]) -> dict[str, Any]:
    """Properties of a part of a twin, without what the hub adds."""
    return {name: value for name, value in part.items() if not name.startswith("$")}
