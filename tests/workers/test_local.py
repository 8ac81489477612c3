import signal
import subprocess
import sys

import psutil

LONG_RUN = """
import sys, time
from auscult.workers import open_workers

if __name__ == "__main__":
    with open_workers(n_jobs=2) as workers:
        for task, _ in workers.map(time.sleep, [0.05] * 1000):
            print("done", flush=True)
"""


def start(tmp_path, code=LONG_RUN):
    script = tmp_path / "long_run.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert parent.stdout.readline() == "done\n"
    children = psutil.Process(parent.pid).children(recursive=True)
    assert children
    return parent, children


def test_ctrl_c_ends_all_of_them(tmp_path):
    parent, children = start(tmp_path)
    with parent:
        parent.send_signal(signal.SIGINT)
    assert parent.returncode != 0
    assert not psutil.wait_procs(children, timeout=20)[1]


def test_ctrl_c_does_not_wait_for_what_is_being_done(tmp_path):
    parent, children = start(tmp_path, LONG_RUN.replace("[0.05] * 1000", "[0.05, 300, 300]"))
    with parent:
        parent.send_signal(signal.SIGINT)
        parent.wait(timeout=20)
    assert not psutil.wait_procs(children, timeout=20)[1]


def test_a_killed_parent_takes_them_along(tmp_path):
    parent, children = start(tmp_path)
    with parent:
        parent.kill()
    assert not psutil.wait_procs(children, timeout=20)[1]
