"""Workers of a Dask cluster: one that is there, or one that is started on this machine.

Dask does a task again whose worker has died, and gives it up after some deaths (the scheduler's setting
``distributed.scheduler.allowed-failures``, 3 by default); a task that it blames may only have been in bad company, so
it gets one more try alone.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any

from auscult.errors import DataError, OptionError
from auscult.extras import require
from auscult.workers.workers import LOST, N_AHEAD, LostTask, Result, Task, Workers, in_order

CONNECT_TIMEOUT_S = 10
WORKERS_TIMEOUT_S = 30
LOCAL = "local:"

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Of workers that are started here. Dask's own setting has malloc return every large array to the system at once
(``MALLOC_TRIM_THRESHOLD_``): fetching the memory again takes as long as the features."""


@contextmanager
def cluster_workers(cluster: str, *, n_jobs: int | None = None) -> Iterator[Workers]:
    """Workers of a cluster, as `auscult.workers.open_workers` has them."""
    if n_jobs is not None:
        problem = "asked for beside a cluster, which has its own workers"
        raise OptionError("jobs", problem, "Give one of them; --cluster local:N starts N processes.")
    if "://" not in cluster and not cluster.startswith(LOCAL):
        problem = f"expected a scheduler's address or local:N, got {cluster!r}"
        raise OptionError("cluster", problem, "For example --cluster tcp://scheduler:8786")
    distributed = require("distributed", extra="cluster")
    opened = _start(distributed, cluster) if cluster.startswith(LOCAL) else _connect(distributed, cluster)
    with opened as client:
        yield ClusterWorkers(distributed, client, cluster)


@contextmanager
def _start(distributed: Any, cluster: str) -> Iterator[Any]:
    """A client of a cluster of processes that are started here and end with the context."""
    dask = require("dask", extra="cluster")
    text = cluster.removeprefix(LOCAL)
    if not text.isdecimal() or int(text) < 1:
        raise OptionError("cluster", f"expected local:N, N being 1 or more, got {cluster!r}", "For example local:4")
    options = {"n_workers": int(text), "threads_per_worker": 1, "host": "127.0.0.1", "memory_limit": 0}
    with (
        _environment_as_before(),
        dask.config.set({"distributed.nanny.pre-spawn-environ": ENVIRONMENT}),
        distributed.LocalCluster(dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL, **options) as started,
        distributed.Client(started, set_as_default=False) as client,
    ):
        yield client


@contextmanager
def _environment_as_before() -> Iterator[None]:
    """Undo what Dask sets for its workers in this process, whose later children would have it too."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _connect(distributed: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False)
    except (OSError, ValueError) as error:  # also of an address of another kind
        problem = f"the cluster's scheduler cannot be reached ({error or type(error).__name__})"
        raise DataError(address, problem, "Check the address; start one with: dask scheduler") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKERS_TIMEOUT_S)
        except TimeoutError:
            problem = f"the cluster has no workers, nor got one within {WORKERS_TIMEOUT_S} s"
            raise DataError(address, problem, f"Start some with: dask worker {address}") from None
        yield client


class ClusterWorkers:
    """`Workers` of a Dask cluster."""

    def __init__(self, distributed: Any, client: Any, cluster: str) -> None:
        self._distributed = distributed
        self._client = client
        self._cluster = cluster
        self.n = max(1, sum(client.nthreads().values()))

    def map(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Result | LostTask]]:
        """As `Workers.map`."""
        running: list[Any] = []

        def begin(task: Task) -> Any:
            future = self._client.submit(function, task, pure=False)
            running.append(future)
            return future

        def finish(task: Task, future: Any) -> Any:
            running.remove(future)
            try:
                return self._result(future)
            except self._distributed.KilledWorker:
                with self._client.as_current():
                    self._distributed.wait(running)  # leaves the suspect alone
            try:
                return self._result(self._client.submit(function, task, pure=False))
            except self._distributed.KilledWorker:
                return LOST

        def cancel(future: Any) -> None:
            with suppress(Exception):  # the cluster may be what has gone away
                future.cancel()

        yield from in_order(tasks, begin, finish, cancel, n_ahead=N_AHEAD * self.n)

    def _result(self, future: Any) -> Any:
        try:
            return future.result()
        except self._distributed.KilledWorker:
            raise
        except ImportError as error:
            problem = f"a worker cannot import what it needs ({error})"
            remedy = "Install this version of auscult, and the packages it uses, on every worker of the cluster."
            raise DataError(self._cluster, problem, remedy) from None
        except (CancelledError, self._distributed.comm.CommClosedError):
            problem = "the connection to the cluster was lost"
            raise DataError(self._cluster, problem, "Start it again and run the command again.") from None
