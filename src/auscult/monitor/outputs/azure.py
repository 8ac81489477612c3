"""An IoT Edge module: events and what is the case as messages, settings by its twin, acts by direct methods.

Messages leave by the outputs ``events``, ``states``, ``scores`` and ``health``. An event may come twice where the
network breaks, with the same ``message_id``.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from auscult.errors import AuscultError
from auscult.extras import require
from auscult.monitor import desired
from auscult.monitor.event import Event, iso
from auscult.monitor.outputs.edge_client import EXTRA, check_environment, make_client, make_message, sdk_errors
from auscult.monitor.outputs.outbox import BATCH, Outbox, OutputStatus
from auscult.monitor.outputs.pace import Pace, Said
from auscult.monitor.outputs.reported import bundle_report, changes, reported
from auscult.monitor.settings import AzureSettings, MonitorSettings

log = logging.getLogger("auscult.monitor")
NAME = "azure"
"""Of this output in the outbox."""
OUTPUTS = {"state": "states", "score": "scores", "health": "health"}
"""Of the module, by topic."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Before the hub is tried again; doubles from failure to failure."""
LONGEST_CALL_S = 30.0
"""For the hub to answer; then the connection counts as lost."""
MOST_SAID = 1000
"""Characters of a problem that are reported: a twin takes no more than 4 KB of text."""
Result = TypeVar("Result")


class AzureOutput:
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
        self._azure, self._settings, self._outbox, self._on_method = azure, settings, outbox, on_method
        self._first_wait_s = first_wait_s
        changes_s, scores_s = azure.changes_every_s, azure.scores_every_s
        self._pace = Pace({"state": changes_s, "health": changes_s, "score": scores_s})
        self._reported: dict[str, Any] = {}
        """What the twin has of this module's properties."""
        self._bundle: dict[str, Any] = {}
        self._desired: dict[str, Any] = {}
        """What came of the desired properties."""
        self._last_error: dict[str, Any] | None = None
        self._is_twin_new = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wakened, self._changed = asyncio.Event(), asyncio.Event()
        """There is something to tell; the connection is another."""
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="azure", daemon=True)
        self.status = OutputStatus(NAME)

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
        self._thread.start()

    def stop(self, within_s: float = 2.0) -> None:
        """End; what was not delivered stays in the outbox."""
        self._is_stopping = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(within_s)

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

    def wake(self) -> None:
        """Look into the outbox: there is something new."""
        self._set(self._wakened)

    def _set(self, event: asyncio.Event) -> None:
        """Set an event of this output's thread, from any other."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it ended just now
                loop.call_soon_threadsafe(event.set)

    def _run(self) -> None:
        asyncio.run(self._speak_for_ever())

    async def _speak_for_ever(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _loop, what: log.debug("azure: %s", what))  # answers that come late
        expected: tuple[type[Exception], ...] = (*sdk_errors(), OSError, ValueError)
        wait_s = self._first_wait_s
        while not self._is_stopping:
            client = None
            try:
                self._bundle = await asyncio.to_thread(bundle_report, self._settings.bundle)
                client = await asyncio.to_thread(make_client, self._azure)
                await self._listen(client)
                self.status = replace(self.status, is_connected=True, error="")
                log.info("azure: connected")
                wait_s = self._first_wait_s
                async with asyncio.TaskGroup() as tasks:
                    losing = tasks.create_task(self._until_lost(client))
                    await self._speak(client)
                    losing.cancel()
            except* expected as errors:
                self._lost(errors.exceptions[0])
            except* Exception as errors:
                log.exception("azure: failed unexpectedly")
                self._lost(errors.exceptions[0])
            finally:
                if client is not None:
                    with contextlib.suppress(Exception):
                        await _within(client.shutdown())
            if not self._is_stopping:
                self._wakened.clear()
                with contextlib.suppress(TimeoutError):  # new events do not hurry it: the hub is away
                    await asyncio.wait_for(self._until_stopped(), wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        self.status = replace(self.status, is_connected=False)

    def _lost(self, error: Exception) -> None:
        reason = _reason(error) or f"no answer within {LONGEST_CALL_S:.0f} s"
        problem = f"{reason}. It is tried again; nothing is lost meanwhile."
        if self.status.error != problem:
            log.warning("azure: %s", problem)
        self._failed(problem)
        self.status = replace(self.status, is_connected=False, error=problem)

    async def _until_stopped(self) -> None:
        while not self._is_stopping:
            await self._wakened.wait()
            self._wakened.clear()

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

    async def _speak(self, client: Any) -> None:
        """What the twin wants, then events and changes as they come, until told to stop."""
        while not self._is_stopping:
            self._wakened.clear()
            if self._is_twin_new:
                self._is_twin_new = False
                await self._take_twin(client)
            await self._send_events(client)
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

    async def _send_events(self, client: Any) -> None:
        """All events that wait; each is out of the outbox when the hub has it."""
        while events := await asyncio.to_thread(self._outbox.undelivered, NAME, BATCH):
            delivered: list[str] = []
            try:
                for event in events:
                    properties = {"kind": event.kind, "what": event.what, "machine": event.machine}
                    await self._send(client, "events", event.to_dict(), properties, message_id=event.id)
                    delivered.append(event.id)
                    self._note_error(event)
            finally:
                if delivered:
                    await asyncio.to_thread(self._outbox.mark_delivered, NAME, delivered)
                    self.status = replace(self.status, n_delivered=self.status.n_delivered + len(delivered))

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


async def _within(call: Awaitable[Result]) -> Result:
    return await asyncio.wait_for(call, LONGEST_CALL_S)


def _reason(error: BaseException) -> str:
    """What an error came of in the beginning: the SDK wraps it in words that say less."""
    return (_reason(error.__cause__) if error.__cause__ is not None else "") or str(error).rstrip(".")


def _properties(part: dict[str, Any]) -> dict[str, Any]:
    """Properties of a part of a twin, without what the hub adds."""
    return {name: value for name, value in part.items() if not name.startswith("$")}
