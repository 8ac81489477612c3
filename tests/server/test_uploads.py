import io
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import soundfile

from auscult.errors import OptionError
from auscult.server import UploadLimits

from .conftest import started
from .test_app import problem


@pytest.fixture(scope="module")
def strict_server(trained_bundle):
    options = ["--max-upload-mb", "1", "--upload-timeout-s", "1", "--max-pending", "2", "--max-clip-s", "3"]
    with started(trained_bundle, *options) as server:
        yield server


PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'


def connect(server):
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=20)


def head(length):
    return (
        "POST /inference HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def test_upload_that_says_it_is_too_large(strict_server):
    assert "larger than 1 MB" in problem(strict_server.post(bytes(1_100_000)), 413)


def test_upload_that_turns_out_too_large(strict_server):
    def chunks():
        yield PART
        for _ in range(30):
            yield bytes(100_000)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = httpx.post(f"{strict_server.url}/inference", content=chunks(), headers=headers, timeout=20)
    assert "larger than 1 MB" in problem(response, 413)


def test_client_that_asks_first_need_not_send(strict_server):
    """``Expect: 100-continue``, as curl sends it, is answered with 413 before the body."""
    with connect(strict_server) as connection:
        connection.sendall(head(10**9).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


def test_large_upload_that_stalls(strict_server):
    """What is only received to be thrown away has its time limit too."""
    with connect(strict_server) as connection:
        connection.sendall(head(10**8) + b"--x")
        answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"application/problem+json" in answer


def test_uploads_are_bounded_together(trained_bundle, clip):
    with started(trained_bundle, "--max-pending-mb", "1.5") as server, connect(server) as connection:
        connection.sendall(head(2_000_000) + PART + bytes(1_000_000))
        deadline = time.monotonic() + 10
        while (response := server.post(bytes(900_000))).status_code != 503 and time.monotonic() < deadline:
            pass  # until the server has received the first one's part
        assert "1.5 MB of uploads are under way" in problem(response, 503)
        connection.close()
        while (status := server.post(clip, machine_id="id_00").status_code) != 200 and time.monotonic() < deadline:
            pass  # until the server has seen that it is gone
        assert status == 200


def test_clients_that_go_away_leave_no_traceback(trained_bundle):
    with started(trained_bundle) as server:
        for _ in range(5):
            with connect(server) as connection:
                connection.sendall(head(1000) + PART)
        assert server.get("/").status_code == 200
        server.process.terminate()
        assert "Traceback" not in server.process.stderr.read()


def test_upload_that_stalls(strict_server):
    with connect(strict_server) as connection:
        connection.sendall(head(1000) + b"--x\r\n")
        start = time.monotonic()
        answer = b"".join(iter(lambda: connection.recv(1000), b""))  # head and body may come apart
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"not complete after 1 s" in answer
        assert time.monotonic() - start < 5


def test_upload_that_trickles(strict_server):
    """A byte now and then does not keep a request alive."""
    with connect(strict_server) as connection:
        connection.sendall(head(1000) + PART)
        connection.settimeout(0.2)
        start = time.monotonic()
        answer = b""
        while not answer and time.monotonic() - start < 10:
            connection.sendall(b"-")
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")


def test_too_many_uploads_at_a_time(strict_server):
    waiting = [connect(strict_server) for _ in range(2)]
    try:
        for connection in waiting:
            connection.sendall(head(1000))
        deadline = time.monotonic() + 1
        while (response := strict_server.post(b"")).status_code != 503 and time.monotonic() < deadline:
            pass  # until the server has seen both
        assert "2 uploads are under way" in problem(response, 503)
        assert response.headers["retry-after"] == "1"
        assert strict_server.get("/").status_code == 200, "what costs nothing is still answered"
    finally:
        for connection in waiting:
            connection.close()


def test_client_that_goes_away_frees_its_place(strict_server):
    for _ in range(6):
        with connect(strict_server) as connection:
            connection.sendall(head(1000) + b"--x\r\n")
    deadline = time.monotonic() + 10
    while (status := strict_server.post(b"").status_code) == 503 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert status == 422


def test_clip_that_lasts_too_long(strict_server, clip):
    assert strict_server.post(clip, machine_id="id_00").status_code == 200
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(64_000), 16_000, format="WAV", subtype="PCM_16")
    assert "lasts 4.0 s, the limit is 3 s" in problem(strict_server.post(buffer.getvalue(), machine_id="id_00"), 422)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_upload_mb": 0},
        {"upload_timeout_s": -1},
        {"max_pending": 0},
        {"max_upload_mb": float("inf")},
    ],
)
def test_limits_must_be_positive(limits):
    with pytest.raises(OptionError, match="expected more than 0"):
        UploadLimits(**limits)


def memory_kb(server, what):
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))


@pytest.mark.slow
def test_large_uploads_at_once_take_the_room_of_one(trained_bundle):
    """Their bodies are all there, 58 MB each; their sound, 115 MB each, is not."""
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(-2000, 2000, 599 * 48_000, np.int16)
    soundfile.write(buffer, noise, 48_000, format="WAV", subtype="PCM_16")
    recording = buffer.getvalue()
    with started(trained_bundle) as server:
        assert server.post(recording, machine_id="id_00").status_code == 200
        of_one = memory_kb(server, "VmHWM")
        threads = [
            threading.Thread(target=server.post, args=(recording,), kwargs={"machine_id": "id_00"}) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert of_one < 450_000
        assert memory_kb(server, "VmHWM") < of_one + 4 * 60_000 + 30_000


def test_memory_does_not_grow_with_what_is_refused(strict_server):
    strict_server.post(bytes(1_100_000))
    before = memory_kb(strict_server, "VmRSS")
    threads = [threading.Thread(target=strict_server.post, args=(bytes(50_000_000),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert memory_kb(strict_server, "VmRSS") - before < 20_000
