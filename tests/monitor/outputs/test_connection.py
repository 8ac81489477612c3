"""What every output that stays connected does, with a far end that fails as it is told."""

import contextlib

import pytest

from auscult.monitor.outputs.connection import Connection

from .conftest import wait_until


class Far(Connection):
    """Something far away, of which each connection ends with the next of some errors, and the last one lasts."""

    def __init__(self, outbox, *errors):
        super().__init__("far", outbox, first_wait_s=0.01)
        self.errors, self.got, self.n_connected = list(errors), [], 0

    def expected_errors(self):
        return (OSError,)

    def describe(self, error):
        return f"far away: {error}"

    @contextlib.asynccontextmanager
    async def connect(self):
        self.n_connected += 1
        yield self

    async def send(self, event):
        if self.errors and len(self.got) % 10 == 5:
            raise self.errors.pop(0)
        self.got.append(event.id)

    async def speak(self, client):
        while not self._is_stopping:
            self._wakened.clear()
            await self._deliver(client.send)
            await self._wakened.wait()


@pytest.mark.parametrize("error", [OSError("gone"), ZeroDivisionError("nobody foresaw it")])
def test_it_connects_again_and_each_event_is_sent_in_order(outbox, error, caplog):
    far = Far(outbox, error)
    ids = [outbox.add(number=number).id for number in range(20)]
    far.start()
    wait_until(lambda: far.status.n_delivered == 20)
    assert far.got == ids
    assert far.n_connected == 2
    assert far.status.is_connected
    assert "far away: " in caplog.text
    assert ("failed unexpectedly" in caplog.text) == isinstance(error, ZeroDivisionError)
    ids.append(outbox.add(number=20).id)
    far.wake()
    wait_until(lambda: far.got == ids)
    far.stop()
    assert not far._thread.is_alive()
    assert not far.status.is_connected


def test_it_ends_while_it_waits(outbox):
    far = Far(outbox, *[OSError("gone.")] * 1000)  # it may be a sentence of its own
    far._first_wait_s = 30.0
    for number in range(10):
        outbox.add(number=number)
    far.start()
    wait_until(lambda: far.status.error)
    assert far.status.error == "far away: gone. It is tried again; nothing is lost meanwhile."
    far.wake()  # what is new does not hurry it
    far.stop()
    assert not far._thread.is_alive()
    assert far.n_connected == 1


def test_one_that_was_not_started_can_be_stopped(outbox):
    Far(outbox).stop()
