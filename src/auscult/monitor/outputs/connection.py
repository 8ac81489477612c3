"""A thread of its own that speaks with something far away for years: what is lost is connected again, events wait."""

import asyncio
import contextlib
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from auscult.monitor.event import Event
from auscult.monitor.outputs.outbox import BATCH, Outbox, OutputStatus

log = logging.getLogger("auscult.monitor")
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Before it is tried again; doubles from failure to failure."""


class Connection(ABC):
    """An output that stays connected.

    Parameters
    ----------
    name : str
        Of the output, in the outbox, the log and among threads.
    outbox : Outbox
    first_wait_s : float, s
        Before it is tried again for the first time.

    Attributes
    ----------
    status : OutputStatus
    """

    def __init__(self, name: str, outbox: Outbox, *, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._name, self._outbox, self._first_wait_s = name, outbox, first_wait_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wakened = asyncio.Event()
        """There is something to tell."""
        self._is_stopping = False
        self._thread = threading.Thread(target=lambda: asyncio.run(self._speak_for_ever()), name=name, daemon=True)
        self.status = OutputStatus(name)

    @abstractmethod
    def expected_errors(self) -> tuple[type[Exception], ...]:
        """Errors of a far end that is away, or does not answer as it should."""

    @abstractmethod
    def connect(self) -> AbstractAsyncContextManager[Any]:
        """Client that is connected while the context lasts."""

    @abstractmethod
    async def speak(self, client: Any) -> None:
        """Tell everything, as it comes, until told to stop; raises when the connection is lost."""

    @abstractmethod
    def describe(self, error: Exception) -> str:
        """What went wrong, and where, in words."""

    def start(self) -> None:
        """Begin; a far end that is not there is waited for."""
        self._thread.start()

    def stop(self, within_s: float = 2.0) -> None:
        """End; what was not delivered stays in the outbox."""
        self._is_stopping = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def wake(self) -> None:
        """Look into the outbox: there is something new."""
        self._set(self._wakened)

    def _set(self, event: asyncio.Event) -> None:
        """Set an event of this thread, from any other."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it ended just now
                loop.call_soon_threadsafe(event.set)

    async def _speak_for_ever(self) -> None:
        self._loop = asyncio.get_running_loop()
        wait_s = self._first_wait_s
        while not self._is_stopping:
            try:
                async with self.connect() as client:
                    self.status = replace(self.status, is_connected=True, error="")
                    log.info("%s: connected", self._name)
                    wait_s = self._first_wait_s
                    await self.speak(client)
            except* self.expected_errors() as errors:
                self._lost(errors.exceptions[0])
            except* Exception as errors:
                log.exception("%s: failed unexpectedly", self._name)
                self._lost(errors.exceptions[0])
            if not self._is_stopping:
                self._wakened.clear()
                with contextlib.suppress(TimeoutError):  # new events do not hurry it: the far end is away
                    await asyncio.wait_for(self._until_stopped(), wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        self.status = replace(self.status, is_connected=False)

    def _lost(self, error: Exception) -> None:
        problem = f"{self.describe(error).rstrip('.')}. It is tried again; nothing is lost meanwhile."
        if self.status.error != problem:
            log.warning("%s: %s", self._name, problem)
        self.status = replace(self.status, is_connected=False, error=problem)

    async def _until_stopped(self) -> None:
        while not self._is_stopping:
            await self._wakened.wait()
            self._wakened.clear()

    async def _deliver(self, send: Callable[[Event], Awaitable[None]]) -> None:
        """Send all events that wait; each is out of the outbox when the far end has it."""
        while events := await asyncio.to_thread(self._outbox.undelivered, self._name, BATCH):
            delivered: list[str] = []
            try:
                for event in events:
                    await send(event)
                    delivered.append(event.id)
            finally:
                if delivered:
                    await asyncio.to_thread(self._outbox.mark_delivered, self._name, delivered)
                    self.status = replace(self.status, n_delivered=self.status.n_delivered + len(delivered))
