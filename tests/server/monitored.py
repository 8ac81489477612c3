"""A monitor for tests of its page: it hears what a test gives it, and is asked without a socket."""

import numpy as np

from auscult.monitor.settings import HttpSettings
from auscult.monitor.sources.blocks import Block
from auscult.server.monitor_app import create_monitor_app

from .asgi_client import AsgiClient

SR = 16000
N_BLOCK = SR // 2
T0 = 1_800_000_000.0
TOKEN = "correct horse"


class Clock:
    """A clock that stands still unless it is told."""

    at = T0

    def __call__(self):
        return self.at


def give(monitor, sound, source="hall"):
    """Let a monitor that is not started hear a waveform, half a second after the other."""
    clock = monitor.clock
    for start in range(0, len(sound) - N_BLOCK + 1, N_BLOCK):
        clock.at += N_BLOCK / SR
        y = sound[start : start + N_BLOCK].astype(np.float32)[None]
        monitor._hear(Block(source, y, SR, clock.at, False, 1))
        monitor._tick()


class MonitorClient(AsgiClient):
    """Asks a monitor's application, and speaks JSON."""

    def __init__(self, monitor, token=TOKEN):
        super().__init__(create_monitor_app(lambda: monitor, HttpSettings(token=token)))

    def json(self, path):
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, path, content=None, token=TOKEN, **headers):
        """Post as a program that has the token."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return self.post(path, json=content or {}, headers=bearer | headers)


def detail(answer, status):
    """What an answer says is wrong, whose form is checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()["detail"]
