"""A really started server, over a socket."""

import re
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from auscult.monitor.settings import MonitorSettings
from auscult.monitor.store.event_store import EventStore

from .browser import chromium, started_browser
from .monitored import SR, Clock, MonitorClient, give


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


@pytest.fixture
def make_monitor(tmp_path, trained_bundle, quickly_alarming):
    """Makes a monitor of both fans that is not started: the test gives it its sound."""
    from auscult.monitor.monitor import Monitor

    stores = []

    def make_monitor(**more):
        none = {"kind": "replay", "path": str(tmp_path / "none.wav")}
        sources = {"hall": none | {"machine": "fan/id_00"}, "roof": none | {"machine": "fan/id_02"}}
        told = {"bundle": str(trained_bundle), "sources": sources, "decisions": {"step_s": 1}}
        told |= {"store": {"path": str(tmp_path / "events"), "before_s": 2, "after_s": 2}}
        settings, clock = MonitorSettings.model_validate(told | more), Clock()
        stores.append(EventStore.open(tmp_path / f"events{len(stores)}", clock=clock))
        return Monitor(settings, quickly_alarming, stores[-1], clock=clock)

    yield make_monitor
    for store in stores:
        store.close()


@pytest.fixture
def monitor(make_monitor):
    return make_monitor()


@pytest.fixture
def alarmed(monitor, sounds):
    """The same monitor after fan/id_00 has sounded strange: there is an alarm, and its recording."""
    give(monitor, sounds["normal"][: 6 * SR])
    give(monitor, sounds["strange"][: 16 * SR])
    return monitor


@pytest.fixture
def alarm_id(alarmed):
    return alarmed.desk.board.of("fan/id_00").id


@pytest.fixture
def asked(alarmed):
    """Client of that monitor."""
    return MonitorClient(alarmed)
