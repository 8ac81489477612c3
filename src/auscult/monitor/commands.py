"""Functions that other threads have called in the monitor's, the only one that changes what it knows."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from auscult.errors import DataError

Result = TypeVar("Result")
LONGEST_WAIT_S = 30.0
"""For the monitor's thread to come to a command; it looks at least twice a second."""


class NotNowError(DataError):
    """The monitor does not come to it now; in some seconds it may."""


class Commands:
    """What is to be called.

    Parameters
    ----------
    wake : callable
        Called when there is something.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._waiting: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_over = False

    def belong_to(self, thread: threading.Thread) -> None:
        """Say in which thread functions are called."""
        self._thread = thread

    def do(self, function: Callable[[], Result]) -> Result:
        """Have a function called, and wait for what it gives; before the thread is started, call it at once.

        Raises
        ------
        NotNowError
            If the monitor does not come to it, or has ended: then it is not called.
        AuscultError
            As the function does.
        """
        thread = self._thread
        if thread is None or thread is threading.current_thread() or thread.ident is None:
            return function()
        if not thread.is_alive():
            raise _ended()
        future = self.later(function)
        try:
            return future.result(LONGEST_WAIT_S)
        except TimeoutError:
            if not future.cancel():
                return future.result()  # it began just now
            problem = f"did not come to it within {LONGEST_WAIT_S:.0f} s"
            raise NotNowError("monitor", problem, "It has too much to do, see its realtime ratio; try again.") from None

    def later(self, function: Callable[[], Result]) -> Future[Result]:
        """Have a function called, without waiting for it."""
        future: Future[Result] = Future()
        with self._lock:
            if self._is_over:
                future.set_exception(_ended())
                return future
            self._waiting.put((function, future))
        self._wake()
        return future

    def run(self) -> None:
        """Call all that wait: in the thread that they belong to."""
        while True:
            try:
                function, future = self._waiting.get_nowait()
            except Empty:
                return
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function())
            except Exception as error:  # noqa: BLE001 - it is the caller's
                future.set_exception(error)

    def end(self) -> None:
        """Call all that wait, and take nothing from other threads any more."""
        with self._lock:
            self._is_over = True
        self.run()


def _ended() -> NotNowError:
    return NotNowError("monitor", "is taking new settings, or has ended", "Try again in some seconds.")
