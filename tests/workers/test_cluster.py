import os
import signal

import psutil
import pytest
from dask_cluster import running_cluster
from worker_jobs import process_id, slow_when_even, square

from auscult.errors import DataError
from auscult.extras import MissingExtraError
from auscult.workers import cluster, open_workers


def test_a_cluster_started_here_ends_with_the_context():
    with open_workers(cluster="local:2") as workers:
        assert workers.n == 2
        ids = {result for _, result in workers.map(process_id, range(20))}
        assert os.getpid() not in ids
        processes = [psutil.Process(process) for process in ids]
    assert not psutil.wait_procs(processes, timeout=20)[1]


@pytest.mark.slow
def test_a_worker_killed_from_outside(cluster_address):
    with open_workers(cluster=cluster_address) as workers:
        ids = sorted({result for _, result in workers.map(process_id, range(20))})
        results = []
        for task, result in workers.map(slow_when_even, range(200)):
            if task == 20:
                os.kill(ids[0], signal.SIGKILL)
            results.append(result)
    assert results == list(range(200))


def test_nobody_at_the_address(monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT_TIMEOUT_S", 0.5)
    match = r"tcp://127.0.0.1:9: the cluster's scheduler cannot be reached .*Check the address"
    with pytest.raises(DataError, match=match), open_workers(cluster="tcp://127.0.0.1:9"):
        pass


def test_a_cluster_without_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "WORKERS_TIMEOUT_S", 0.5)
    match = r"the cluster has no workers.*dask worker tcp"
    with (
        running_cluster(tmp_path, n_workers=0) as address,
        pytest.raises(DataError, match=match),
        open_workers(cluster=address),
    ):
        pass


@pytest.mark.slow
def test_a_scheduler_that_goes_away(tmp_path):
    with running_cluster(tmp_path, n_workers=1) as address, open_workers(cluster=address) as workers:
        results = workers.map(slow_when_even, iter(int, 1))  # zeros without end
        next(results)
        scheduler = next(
            process
            for process in psutil.process_iter(["cmdline"])
            if {"scheduler", str(tmp_path / "scheduler.json")} <= set(process.info["cmdline"] or ())
        )
        scheduler.kill()
        with pytest.raises(DataError, match=r"the connection to the cluster was lost.*run the command again"):
            for _ in results:
                pass


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MissingExtraError, match="cluster"), open_workers(cluster="local:1"):
        pass
    with open_workers(n_jobs=1) as workers:
        assert list(workers.map(square, [3])) == [(3, 9)]
