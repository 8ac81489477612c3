"""A monitor for tests of its page: it hears what a test gives it, and is asked without a socket."""

from auscult.monitor.settings import HttpSettings
from auscult.server.monitor_app import create_monitor_app

from ..monitor.giving import SR, give
from .asgi_client import AsgiClient

__all__ = ["SR", "T0", "TOKEN", "Clock", "MonitorClient", "detail", "give"]

T0 = 1_800_000_000.0
TOKEN = "correct horse"


class Clock:
    """A clock that stands still unless it is told."""

    at = T0

    def __call__(self):
        return self.at


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
