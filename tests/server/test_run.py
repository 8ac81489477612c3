import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from .conftest import started
from .test_uploads import connect, head


def test_ctrl_c_stops_at_once_when_idle(trained_bundle):
    with started(trained_bundle) as server:
        start = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=10) == 0
        assert time.monotonic() - start < 3


def test_sigterm_drains(trained_bundle, clip):
    """A request whose upload is under way when the signal comes is answered; new clients are not taken."""
    with started(trained_bundle) as server:
        field = b'--x\r\nContent-Disposition: form-data; name="machine_id"\r\n\r\nid_00\r\n'
        file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        body = field + file + clip + b"\r\n--x--\r\n"
        with connect(server) as connection:
            connection.sendall(head(len(body)) + body[:1000])
            time.sleep(0.3)  # the server is to be in the middle of the upload
            server.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    httpx.get(server.url, timeout=1)
                except httpx.TransportError:
                    break
            connection.sendall(body[1000:])
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert server.process.wait(timeout=10) == 0


def run_serve(*arguments):
    command = [sys.executable, "-m", "auscult", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_port_that_is_taken(trained_bundle):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_serve(str(trained_bundle), "--port", str(port))
    assert done.returncode == 2
    assert f"127.0.0.1:{port}: cannot listen there" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["host.invalid", "x" * 70 + ".com"])
def test_host_that_is_not_here(trained_bundle, host):
    done = run_serve(str(trained_bundle), "--host", host)
    assert done.returncode == 2
    assert "cannot listen there" in done.stderr


def test_bundle_that_is_not_there(tmp_path):
    done = run_serve(str(tmp_path / "no.auscult"))
    assert done.returncode == 3
    assert "there is no such file" in done.stderr


def test_serving_opens_no_connection_off_the_machine(trained_bundle, clip, tmp_path):
    """Nothing phones home: every connect(2) of the process and its threads is watched."""
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("strace is not installed, or may not trace here; .ci/run installs it")
    log = tmp_path / "connects"
    tracer = tmp_path / "python"
    tracer.write_text(f'#!/bin/sh\nexec {strace} -f -e trace=connect,sendto,sendmsg -o {log} {sys.executable} "$@"\n')
    tracer.chmod(0o755)
    command = [str(tracer), "-m", "auscult", "serve", str(trained_bundle), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            url = process.stderr.readline().split(" on ")[1].split()[0]
            for _ in range(3):
                deadline = time.monotonic() + 30
                while time.monotonic() < deadline:
                    try:
                        answer = httpx.post(f"{url}/inference", files={"file": clip}, data={"machine_id": "id_00"})
                        break
                    except httpx.TransportError:
                        time.sleep(0.1)
                assert answer.status_code == 200
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=20)
        finally:
            process.kill()
    calls = log.read_text().splitlines()
    outside = [line for line in calls if "AF_INET" in line and "127.0.0.1" not in line and '"::1"' not in line]
    assert not outside
