"""One thread a source: opens it, reads it, and opens it again for as long as it takes when it fails."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from auscult.audio.microphone import Chunk
from auscult.errors import AuscultError
from auscult.monitor.sources.blocks import Block, Blocks
from auscult.monitor.sources.open_source import MonitorSource
from auscult.monitor.sources.pcm_socket import HungUpError

log = logging.getLogger("auscult.monitor")

SourceState = Literal["opening", "open", "hearing", "lost", "finished", "stopped"]
"""Of a source: open means that nothing was heard since it was opened; lost, that it waits to be opened again."""


@dataclass(frozen=True)
class SourceStatus:
    """How a source is.

    Parameters
    ----------
    source : str
        Its name in the settings.
    state : SourceState
    since : float
        Since when, Unix time in seconds.
    error : str
        Why it was lost the last time; empty if it never was.
    n_opened : int
        How often it was opened.
    heard_at : float or None
        When sound came the last time, Unix time in seconds.
    n_dropped : int
        Blocks that the monitor was too slow for.
    dropped_s : float, s
        Their sound.
    """

    source: str
    state: SourceState
    since: float
    error: str = ""
    n_opened: int = 0
    heard_at: float | None = None
    n_dropped: int = 0
    dropped_s: float = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether it is open."""
        return self.state in ("open", "hearing")

    @property
    def n_reconnects(self) -> int:
        """How often it was opened again."""
        return max(0, self.n_opened - 1)


class SourceReader:
    """Reads a source into blocks, in a thread of its own that keeps no process alive.

    What can fail, fails here and is tried again: a source that is broken stops no other. A source whose chunks end
    without an error is finished.

    Parameters
    ----------
    name : str
        The source's in the settings.
    open_source : callable
        Opens it.
    blocks : Blocks
        Where its sound goes.
    on_status : callable, optional
        Called with the status when the state changes, in the reader's thread.
    clock : callable
        Unix time in seconds.
    first_wait_s, longest_wait_s : float, s
        Before it is opened again; doubles from failure to failure until sound comes, or a sender that hangs up: scans
        of the network connect, too; up to a half is taken off by chance, so that not all sources of a network that was
        down come at once.
    """

    def __init__(
        self,
        name: str,
        open_source: Callable[[], MonitorSource],
        blocks: Blocks,
        *,
        on_status: Callable[[SourceStatus], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        first_wait_s: float = 1.0,
        longest_wait_s: float = 60.0,
    ) -> None:
        self._open_source, self._blocks, self._on_status, self._clock = open_source, blocks, on_status, clock
        self._first_wait_s, self._longest_wait_s = first_wait_s, longest_wait_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source {name}", daemon=True)
        self._status = SourceStatus(name, "opening", clock())
        self._heard_at: float | None = None
        self._n_dropped, self._dropped_s = 0, 0.0

    @property
    def status(self) -> SourceStatus:
        """How the source is now."""
        return replace(self._status, heard_at=self._heard_at, n_dropped=self._n_dropped, dropped_s=self._dropped_s)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, within_s: float = 2.0) -> None:
        """End; nothing is put to the blocks afterwards.

        Parameters
        ----------
        within_s : float, s
            Longest wait for the thread. One that a device or the network blocks is left behind, and ends with that.
        """
        stop_readers([self], within_s)

    def _run(self) -> None:
        n_failures = 0
        while not self._stopping.is_set():
            has_hung_up = False
            try:
                self._hear()
            except AuscultError as error:
                problem, has_hung_up = str(error), isinstance(error, HungUpError)
            except Exception as error:
                log.exception("source %s", self._status.source)
                problem = f"{self._status.source}: failed unexpectedly ({type(error).__name__}: {error})"
            else:
                break
            n_failures = 1 if has_hung_up or self._status.state == "hearing" else n_failures + 1
            if not self._stopping.is_set():
                self._say("lost", problem)
                self._stopping.wait(self._wait_s(n_failures))
        self._say("stopped" if self._stopping.is_set() else "finished")

    def _hear(self) -> None:
        """Open the source and read it to its end, or until it is to stop."""
        source = self._open_source()
        self._status = replace(self._status, n_opened=self._status.n_opened + 1)
        self._say("open")
        is_gap = self._status.n_opened > 1
        for chunk in source.chunks():
            if self._stopping.is_set():
                return
            if chunk.y.shape[1] == 0 and chunk.refusal is None:
                continue
            self._put(chunk, source, is_gap=is_gap)
            is_gap = is_gap and chunk.refusal is not None

    def _put(self, chunk: Chunk, source: MonitorSource, *, is_gap: bool) -> None:
        now = self._clock()
        if chunk.refusal is None:
            self._heard_at = now
            if self._status.state != "hearing":
                self._say("hearing")
        ended_at = now if chunk.ended_at is None else chunk.ended_at
        is_broken = chunk.is_broken or is_gap
        said = self._status.source, chunk.y, source.sr, ended_at, is_broken, self._status.n_opened
        block = Block(*said, is_new=chunk.is_new, on_heard=chunk.on_heard, refusal=chunk.refusal)
        if source.can_wait:
            self._blocks.wait_for_room(block, self._stopping.is_set)
        if self._stopping.is_set():
            return
        for dropped in self._blocks.put(block):
            self._n_dropped += 1
            self._dropped_s += dropped.duration_s

    def _say(self, state: SourceState, error: str | None = None) -> None:
        error = self._status.error if error is None else error
        if (state, error) == (self._status.state, self._status.error):
            return  # it could not be opened once more: said every minute, that would be half a million events a year
        self._status = replace(self._status, state=state, since=self._clock(), error=error)
        self._on_status(self.status)

    def _wait_s(self, n_failures: int) -> float:
        wait_s = min(self._longest_wait_s, self._first_wait_s * 2.0 ** min(n_failures - 1, 30))
        return wait_s * random.uniform(0.5, 1.0)


def stop_readers(readers: Sequence[SourceReader], within_s: float = 2.0) -> None:
    """End all of them at once, as `SourceReader.stop` does."""
    for reader in readers:
        reader._stopping.set()
    for blocks in {id(reader._blocks): reader._blocks for reader in readers}.values():
        blocks.wake()
    until = time.monotonic() + within_s
    for reader in readers:
        if reader._thread.is_alive():
            reader._thread.join(max(0.0, until - time.monotonic()))
