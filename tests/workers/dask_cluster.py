"""A Dask cluster of real processes, for the tests."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_cluster(folder, *, n_workers):
    """A scheduler and workers as a user starts them, each a process of its own; yields the scheduler's address."""
    address_file = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    options = ["--scheduler-file", str(address_file)]
    paths = {"PYTHONPATH": str(Path(__file__).parent)}  # where the workers find worker_jobs.py
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": os.environ | paths}
    scheduler = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", *options]
    worker = [*dask, "worker", "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard", *options]
    processes = [subprocess.Popen(scheduler, **quiet)]
    processes += [subprocess.Popen([*worker, "--name", str(n)], **quiet) for n in range(n_workers)]
    try:
        yield _address(address_file, processes[0])
    finally:
        for process in reversed(processes):  # a worker that outlives its scheduler seeks it for a while
            process.kill()
            process.wait(timeout=30)


def _address(address_file, scheduler):
    deadline = time.monotonic() + 60
    while scheduler.poll() is None and time.monotonic() < deadline:
        if address_file.exists() and (text := address_file.read_text()):
            return json.loads(text)["address"]
        time.sleep(0.05)
    raise AssertionError("the scheduler did not start")
