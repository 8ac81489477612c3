import os
import subprocess
import sys

import pytest

from auscult.errors import DataError
from auscult.monitor.store.lock import lock_store


def test_one_process_at_a_time(tmp_path):
    file = lock_store(tmp_path)
    imports = "import pathlib; from auscult.monitor.store.lock import lock_store"
    code = f"{imports}; lock_store(pathlib.Path({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode
    assert f"another monitor writes to this event store (process {os.getpid()})" in done.stderr
    assert "store.path" in done.stderr
    os.close(file)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_not_twice_in_one_process_either_until_it_is_let_go(tmp_path):
    file = lock_store(tmp_path)
    with pytest.raises(DataError, match="another monitor"):
        lock_store(tmp_path)
    os.close(file)
    os.close(lock_store(tmp_path))


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        lock_store(tmp_path / "nowhere")
