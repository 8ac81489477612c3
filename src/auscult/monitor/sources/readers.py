"""The readers of all sources of a monitor, and what is new about them."""

import time
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

from auscult.monitor.settings import MonitorSettings
from auscult.monitor.sources.blocks import Blocks
from auscult.monitor.sources.folder import HeardRecordings
from auscult.monitor.sources.open_source import open_source
from auscult.monitor.sources.reader import SourceReader, SourceStatus, stop_readers


class SourceReaders:
    """Reads every source of the settings, each in a thread of its own.

    Parameters
    ----------
    settings : MonitorSettings
    blocks : Blocks
        Where their sound goes.
    clock : callable
        Unix time in seconds.
    """

    def __init__(self, settings: MonitorSettings, blocks: Blocks, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._blocks, self._clock = settings, blocks, clock
        self._readers: dict[str, SourceReader] = {}
        self._new: SimpleQueue[SourceStatus] = SimpleQueue()

    def add(self, name: str, *, sr_wanted: int, heard: HeardRecordings | None) -> None:
        """Make ready to read a source.

        Parameters
        ----------
        name : str
            In the settings.
        sr_wanted, heard
            As `open_source` takes them.
        """
        opened = partial(open_source, self._settings.sources[name], sr_wanted=sr_wanted, heard=heard)
        self._readers[name] = SourceReader(name, opened, self._blocks, on_status=self._new.put, clock=self._clock)

    def start(self) -> None:
        """Begin to read."""
        for reader in self._readers.values():
            reader.start()

    def stop(self) -> None:
        """End all of them at once."""
        stop_readers(list(self._readers.values()))

    @property
    def are_finished(self) -> bool:
        """Whether every source has come to its end, and all of it was heard."""
        return all(
            reader.status.state == "finished" and self._blocks.waiting_s(name) == 0
            for name, reader in self._readers.items()
        )

    def status(self, name: str) -> SourceStatus:
        """How a source is now."""
        return self._readers[name].status

    def news(self) -> list[SourceStatus]:
        """Every change of a source's state since this was last asked, in their order."""
        return [self._new.get() for _ in range(self._new.qsize())]
