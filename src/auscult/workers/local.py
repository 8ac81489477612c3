"""Processes of this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from auscult.errors import OptionError
from auscult.workers.workers import LOST, MAX_DEATHS, N_AHEAD, LostTask, Result, Task, Workers, in_order


@contextmanager
def local_workers(n_jobs: int | None = None) -> Iterator[Workers]:
    """Workers on this machine, as `auscult.workers.open_workers` has them."""
    n = (os.cpu_count() or 1) if n_jobs is None else n_jobs
    if n < 1:
        raise OptionError("jobs", f"expected 1 or more, got {n}", "Give the number of processes.")
    if n == 1:
        yield ThisProcess()
        return
    workers = Processes(n)
    try:
        yield workers
    except KeyboardInterrupt:
        workers.kill()  # what they have kept is whole, and a network may take minutes to end
        raise
    finally:
        workers.close()


class ThisProcess:
    """`Workers` that are none: each task is done here, when it is its turn."""

    n = 1

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """As `Workers.map`."""
        for task in tasks:
            yield task, function(task)


class Processes:
    """`Workers` that are processes of this machine."""

    def __init__(self, n: int) -> None:
        self.n = n
        self._pool = _new_pool(n)
        self._lone: ProcessPoolExecutor | None = None

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Result | LostTask]]:
        """As `Workers.map`."""

        def finish(task: Task, future: "Future[Result]") -> Result | LostTask:
            try:
                return future.result()
            except BrokenProcessPool:
                return self._alone(function, task)

        def begin(task: Task) -> "Future[Result]":
            try:
                return self._pool.submit(function, task)
            except BrokenProcessPool:
                self._pool.shutdown()
                self._pool = _new_pool(self.n)
                return self._pool.submit(function, task)

        yield from in_order(tasks, begin, finish, lambda future: future.cancel(), n_ahead=N_AHEAD * self.n)

    def _alone(self, function: Callable[[Task], Result], task: Task) -> Result | LostTask:
        """Try a task again of which a pool broke, perhaps not by its fault: in a process that does nothing else."""
        for _ in range(MAX_DEATHS - 1):
            if self._lone is None:
                self._lone = _new_pool(1)
            try:
                return self._lone.submit(function, task).result()
            except BrokenProcessPool:
                self._lone.shutdown()
                self._lone = None
        return LOST

    def kill(self) -> None:
        """End the processes whatever they are doing."""
        for pool in filter(None, (self._pool, self._lone)):
            for process in list((pool._processes or {}).values()):  # Python 3.14 has kill_workers for it
                process.kill()

    def close(self) -> None:
        """End the processes; what they have not begun is forgotten."""
        for pool in filter(None, (self._pool, self._lone)):
            pool.shutdown(cancel_futures=True)


def _new_pool(n: int) -> ProcessPoolExecutor:
    context: Any = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(n, context, _start_worker)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent process, which ends its workers in good order, and end with it if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with_parent() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
