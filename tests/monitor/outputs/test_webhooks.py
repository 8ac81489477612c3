import hashlib
import hmac
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from pydantic import SecretStr

from auscult.errors import DataError
from auscult.monitor.outputs.webhooks import WebhookOutput
from auscult.monitor.settings import WebhookSettings

from .conftest import wait_until


@pytest.fixture
def address():
    """An address that answers as it is told, and what was posted to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.posted.append((dict(self.headers), body))
            status = self.server.answers.pop(0) if self.server.answers else 204
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.posted, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def post(address, outbox):
    outputs = []

    def post(**settings):
        url = f"http://127.0.0.1:{address.server_port}/hook"
        output = WebhookOutput("ops", WebhookSettings(**{"url": url} | settings), outbox, first_wait_s=0.02)
        outputs.append(output)
        output.start()
        return output

    yield post
    for output in outputs:
        output.stop()


def ids(address):
    return [json.loads(body)["id"] for _, body in address.posted]


def test_events_are_posted_in_order_and_once(address, outbox, post):
    events = [outbox.add(number=number) for number in range(20)]
    output = post()
    wait_until(lambda: not outbox.undelivered("webhook:ops", 1))
    assert ids(address) == [event.id for event in events]
    assert address.posted[0][0]["X-Auscult-Event"] == events[0].id
    late = outbox.add()
    output.wake()
    wait_until(lambda: not outbox.undelivered("webhook:ops", 1))
    assert ids(address)[-1] == late.id
    assert output.status.is_connected
    wait_until(lambda: output.status.n_delivered == 21)


def test_posts_are_signed(address, outbox, post):
    outbox.add(who="Jürgen")
    post(secret=SecretStr("sesame"))
    wait_until(lambda: address.posted)
    headers, body = address.posted[0]
    expected = hmac.new(b"sesame", body, hashlib.sha256).hexdigest()
    assert headers["X-Auscult-Signature"] == f"sha256={expected}"


@pytest.mark.parametrize("status", [500, 503, 429, 404, 302])
def test_what_was_not_taken_is_posted_again(address, outbox, post, status):
    address.answers = [status, status]
    events = [outbox.add(), outbox.add()]
    output = post()
    wait_until(lambda: not outbox.undelivered("webhook:ops", 1))
    assert ids(address) == [events[0].id, events[0].id, events[0].id, events[1].id]
    assert output.status.is_connected


def test_an_event_that_is_refused_for_good_stops_no_other(address, outbox, post, caplog):
    address.answers = [400]
    events = [outbox.add(), outbox.add()]
    post()
    wait_until(lambda: not outbox.undelivered("webhook:ops", 1))
    assert ids(address) == [event.id for event in events]
    assert "refused event" in caplog.text


def test_an_address_that_is_away_is_waited_for(outbox, post, address):
    outbox.add()
    output = post(url="http://127.0.0.1:9/hook")
    wait_until(lambda: output.status.error)
    assert "nothing is lost" in output.status.error
    assert outbox.undelivered("webhook:ops", 1)


def test_an_address_that_does_not_speak_http_is_tried_again(outbox, post, address):
    outbox.add()
    with socket.create_server(("127.0.0.1", 0)) as shell:
        output = post(url=f"http://127.0.0.1:{shell.getsockname()[1]}/hook")
        for _ in range(2):
            with shell.accept()[0] as connection:
                connection.recv(10_000)
                connection.sendall(b"SSH-2.0-OpenSSH_9\r\n")
    assert "It is tried again" in output.status.error
    assert outbox.undelivered("webhook:ops", 1)


@pytest.mark.parametrize(
    ("error", "logged"),
    [
        (DataError("monitor.sqlite", "cannot be read", "Ask again."), "cannot be read"),
        (RuntimeError("what nobody thought of"), "failed unexpectedly"),
    ],
)
def test_an_outbox_that_fails_stops_no_post(address, outbox, post, monkeypatch, caplog, error, logged):
    undelivered, errors = outbox.undelivered, [error]

    def fail_once(output, limit):
        if errors:
            raise errors.pop()
        return undelivered(output, limit)

    monkeypatch.setattr(outbox, "undelivered", fail_once)
    event = outbox.add()
    output = post()
    wait_until(lambda: output.status.n_delivered)
    assert ids(address) == [event.id]
    assert logged in caplog.text
