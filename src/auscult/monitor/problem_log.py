"""Problems that go on for hours, in a log that says each of them once, and now and then again."""

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("auscult.monitor")
REPEAT_S = 600.0
"""Time after which a problem that goes on is said again."""


class ProblemLog:
    """What is wrong now, by what it is wrong with.

    Parameters
    ----------
    clock : callable
        Monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[str, float]] = {}

    def say(self, where: str, problem: str) -> None:
        """Say what is wrong; an empty text: nothing any more.

        Parameters
        ----------
        where, problem : str
        """
        said, at = self._known.get(where, ("", 0.0))
        if problem and (problem != said or self._clock() - at >= REPEAT_S):
            log.error("%s: %s", where, problem)
            self._known[where] = (problem, self._clock())
        elif said and not problem:
            log.info("%s: well again", where)
            del self._known[where]

    @contextmanager
    def guard(self, where: str) -> Iterator[None]:
        """Let what follows fail in a way that nobody foresaw: that is said with where it came from, and ends nothing.

        Parameters
        ----------
        where : str
        """
        try:
            yield
        except Exception:  # noqa: BLE001 - the monitor goes on for years
            self.say(where, traceback.format_exc())
        else:
            self.say(where, "")
