"""An outbox in memory, and a real broker."""

import getpass
import select
import shutil
import socket
import subprocess
import threading
import time

import pytest

from auscult.monitor.event import Event, new_id


class MemoryOutbox:
    """Events of every output, as the event store keeps them."""

    def __init__(self):
        self._events = []
        self._delivered = set()
        self._lock = threading.Lock()

    def add(self, machine="fan/id_00", what="raised", at=1.0, **body):
        event = Event(new_id(at), at, machine, "alarm", what, body)
        with self._lock:
            self._events.append(event)
        return event

    def undelivered(self, output, limit):
        with self._lock:
            return [event for event in self._events if (output, event.id) not in self._delivered][:limit]

    def mark_delivered(self, output, ids):
        with self._lock:
            self._delivered.update((output, event_id) for event_id in ids)


class Broker:
    """A Mosquitto that can go away and come back on the same port."""

    def __init__(self, folder, *lines):
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = lines or ("allow_anonymous true",)
        own = f"user {getpass.getuser()}"  # who may read what lies in a temporary folder
        text = "\n".join([f"listener {self.port} 127.0.0.1", own, *config, "max_queued_messages 0", ""])
        (folder / "mosquitto.conf").write_text(text)
        self._process = None

    def start(self):
        command = ["mosquitto", "-c", str(self.folder / "mosquitto.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers)

    def stop(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self):
        assert self._process.poll() is None, "the broker did not start"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Listener:
    """What a subscriber of everything has got, by mosquitto_sub: another client than ours."""

    def __init__(self, port, *options):
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", "#", "-q", "1", "-F", "%r %t %p"]
        self._process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        self.messages = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        for line in self._process.stdout:
            retained, topic, payload = line.rstrip("\n").split(" ", 2)
            self.messages.append((topic, payload, retained == "1"))

    def of(self, topic):
        return [payload for name, payload, _ in list(self.messages) if name == topic]

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()


def wait_until(is_so, within_s=60.0):
    """Wait for what is to happen, and fail if it does not."""
    until = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def outbox():
    return MemoryOutbox()


@pytest.fixture
def broker_of(tmp_path):
    if shutil.which("mosquitto") is None:
        pytest.skip("there is no mosquitto: apt install mosquitto mosquitto-clients")
    brokers = []

    def broker_of(*lines):
        brokers.append(Broker(tmp_path, *lines))
        brokers[-1].start()
        return brokers[-1]

    yield broker_of
    for broker in brokers:
        broker.stop()


@pytest.fixture
def broker(broker_of):
    return broker_of()


@pytest.fixture
def hub(tmp_path):
    from .fake_hub import FakeHub

    if shutil.which("mosquitto") is None:
        pytest.skip("there is no mosquitto: apt install mosquitto mosquitto-clients")
    hub = FakeHub(tmp_path)
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def listen():
    listeners = []

    def listen(port, *options):
        listeners.append(Listener(port, *options))
        return listeners[-1]

    yield listen
    for listener in listeners:
        listener.stop()


@pytest.fixture
def breaking_network():
    """Starts a way to a port that is cut whenever so many bytes have come back or gone; gives its own port."""
    listeners = []

    def breaking_network(port, every_bytes):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=_break, args=(listener, port, every_bytes), daemon=True).start()
        return listener.getsockname()[1]

    yield breaking_network
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _break(listener, port, every_bytes):
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        with near, socket.create_connection(("127.0.0.1", port)) as far:
            n_bytes = 0
            while n_bytes < every_bytes:
                for ready in select.select([near, far], [], [])[0]:
                    content = ready.recv(1000)
                    n_bytes = n_bytes + len(content) if content else every_bytes
                    if ready is near or n_bytes < every_bytes:  # what the broker says last is what is lost
                        (far if ready is near else near).sendall(content)
