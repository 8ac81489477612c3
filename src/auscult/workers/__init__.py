"""The same function on many tasks, in other processes: of this machine, or of a Dask cluster.

>>> with open_workers(n_jobs=4) as workers:
...     for task, result in workers.map(function, tasks):
...         ...
"""

from collections.abc import Iterator
from contextlib import contextmanager

from auscult.workers.local import local_workers
from auscult.workers.workers import LostTask, Workers

__all__ = ["LostTask", "Workers", "open_workers"]


@contextmanager
def open_workers(*, n_jobs: int | None = None, cluster: str | None = None) -> Iterator[Workers]:
    """Workers that are ready, and gone when the context is left, also by Ctrl-C.

    Parameters
    ----------
    n_jobs : int >= 1, optional
        Processes on this machine; as many as there are cores where it is not given, with 1 no other than this one.
    cluster : str, optional
        A Dask cluster instead: its scheduler's address (``tcp://host:8786``), or ``local:N`` for one of N processes
        that is started here.

    Yields
    ------
    Workers

    Raises
    ------
    OptionError
        If both are given, or one is out of range.
    DataError
        If the cluster cannot be reached, or has no workers.
    MissingExtraError
        If the extra `cluster` is not installed.
    """
    if cluster is None:
        with local_workers(n_jobs) as workers:
            yield workers
        return
    from auscult.workers.cluster import cluster_workers  # its packages come with an extra

    with cluster_workers(cluster, n_jobs=n_jobs) as workers:
        yield workers
