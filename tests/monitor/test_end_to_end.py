"""A started process, a real broker, and a fan whose sound becomes strange."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from .outputs.conftest import broker, broker_of, listen, wait_until  # noqa: F401 - fixtures

SR = 16000


@pytest.fixture
def alarming_bundle(live_bundle, tmp_path):
    """The bundle that alarms after some windows, in a file."""
    from auscult.bundle.bundle import DETECTOR
    from auscult.bundle.making import new_bundle
    from auscult.bundle.npz import write_npz

    made = ("golden/", "MODEL_CARD.md")
    members = {name: content for name, content in live_bundle.members.items() if not name.startswith(made)}
    members[DETECTOR] = write_npz(live_bundle.detector.to_arrays())
    path = tmp_path / "fan.auscult"
    new_bundle(live_bundle.manifest, members).save(path)
    return path


class Sender:
    """Sends sound to a port as fast as it is taken: the strange one from when it is told to."""

    def __init__(self, port, sounds):
        self._port, self._sounds, self.kind, self._is_over = port, sounds, "normal", False
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        number = 0
        while not self._is_over:
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
                    while not self._is_over:
                        sound = self._sounds[self.kind]
                        start = number * SR // 10 % (len(sound) - SR // 10)
                        connection.sendall((sound[start : start + SR // 10] * 32767).astype("<i2").tobytes())
                        number += 1
                        time.sleep(0.02)  # five times as fast as it was recorded
            except OSError:
                time.sleep(0.05)

    def stop(self):
        self._is_over = True
        self._thread.join()


@pytest.fixture
def plant(tmp_path, alarming_bundle, broker, live_machine, sounds):  # noqa: F811
    """Settings, and a sender; gives a function that starts the monitor."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = f"bundle: {alarming_bundle}\nsite: north\nhttp: null\nsources:\n  hall:\n    machine: {live_machine}\n"
    text += f"    kind: socket\n    port: {port}\nmqtt:\n  host: 127.0.0.1\n  port: {broker.port}\n"
    # samples come five times too fast here, which is none of the microphone's business
    (tmp_path / "auscult.yaml").write_text(text + "health:\n  after_s: 100000\n")
    sender, processes = Sender(port, sounds), []

    def start():
        command = [sys.executable, "-m", "auscult", "monitor", str(tmp_path / "auscult.yaml")]
        processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        return processes[-1]

    yield start, sender
    sender.stop()
    for process in processes:
        process.kill()
        process.wait()


def test_a_fault_is_told_kept_and_outlives_a_kill(plant, broker, listen, tmp_path, live_machine):  # noqa: F811
    start, sender = plant
    listener = listen(broker.port)
    topic = f"auscult/north/{live_machine.replace('/', '-')}"

    def events(what):
        return [one for one in map(json.loads, listener.of(f"{topic}/event")) if one["what"] == what]

    process = start()
    wait_until(lambda: len(listener.of(f"{topic}/score")) > 2, 60)
    assert not events("raised")
    sender.kind = "strange"
    wait_until(lambda: events("raised"), 60)
    (raised,) = events("raised")
    assert raised["machine"] == live_machine
    wait_until(lambda: '"alarm": "active"' in listener.of(f"{topic}/state")[-1])
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_until(lambda: listener.of("auscult/north/status")[-1] == "offline", 60)

    process = start()
    wait_until(lambda: listener.of("auscult/north/status")[-1] == "online", 60)
    wait_until(lambda: len(events("raised")) == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    with sqlite3.connect(tmp_path / "events" / "monitor.sqlite") as database:
        alarms = database.execute("SELECT alarm_id, is_active FROM alarms").fetchall()
        (n_waiting,) = database.execute("SELECT count(*) FROM deliveries").fetchone()
    database.close()
    assert alarms == [(raised["body"]["alarm_id"], 1)]
    assert n_waiting <= 1  # that it stopped may have been said too late
    ids = [json.loads(one)["id"] for one in listener.of(f"{topic}/event")]
    assert len(set(ids)) >= 4
    assert np.all(np.diff([ids.index(one) for one in dict.fromkeys(ids)]) > 0)
