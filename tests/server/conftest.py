"""A really started server, over a socket."""

import re
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from .browser import chromium, started_browser


class Server:
    """A served bundle in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.process = process
        self.url = url

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=20)

    def post(self, content: bytes | None, name: str = "clip.wav", **fields: str) -> httpx.Response:
        files = None if content is None else {"file": (name, content)}
        return httpx.post(f"{self.url}/inference", files=files, data=fields, timeout=60)


@contextmanager
def started(bundle, *options):
    """Start ``auscult serve`` on a free port; it is ready when this returns, and gone afterwards."""
    command = [sys.executable, "-m", "auscult", "serve", str(bundle), "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            url = re.search(r"on (http://\S+)", line)
            assert url, line + process.stderr.read()
            server = Server(process, url[1])
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    server.get("/v2/health/live")
                    break
                except httpx.TransportError:
                    time.sleep(0.02)
            yield server
        finally:
            process.kill()


@pytest.fixture(scope="session")
def server(trained_bundle):
    with started(trained_bundle) as server:
        yield server


@pytest.fixture
def clip(synthetic_data):
    return (synthetic_data / "6_dB_fan" / "fan" / "id_00" / "normal" / "00000003.wav").read_bytes()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    if chromium() is None:
        pytest.skip("no chromium here")
    with started_browser(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser
