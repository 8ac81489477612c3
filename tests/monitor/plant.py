"""A monitor's process, what it listens to and where it is asked: a fan whose bearing wears out, in real time."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import soundfile

SR = 16000
TOKEN = "only in this test"


@pytest.fixture
def alarming_bundle(live_bundle, tmp_path):
    """The bundle that alarms after two windows as strange as can be, in a file."""
    from auscult.bundle.bundle import DETECTOR
    from auscult.bundle.making import new_bundle
    from auscult.bundle.npz import write_npz
    from auscult.detect.detector import Detector

    made = ("golden/", "MODEL_CARD.md")
    members = {name: content for name, content in live_bundle.members.items() if not name.startswith(made)}
    machines = {
        name: replace(machine, rule=replace(machine.rule, threshold=1.4))
        for name, machine in live_bundle.detector.machines.items()
    }
    members[DETECTOR] = write_npz(Detector(machines).to_arrays())
    path = tmp_path / "fan.auscult"
    new_bundle(live_bundle.manifest, members).save(path)
    return path


@pytest.fixture
def fan(sounds, synthetic_data):
    """A fan as it was learnt, and the same with a worn bearing."""
    folder = synthetic_data / "6_dB_fan" / "fan" / "id_00" / "abnormal"
    worn = [soundfile.read(folder / f"{number:08d}.wav", dtype="float32")[0] for number in (6, 7)]
    return {"normal": sounds["normal"], "worn": np.concatenate(worn)}


class Sender:
    """Sends what a fan sounds like to a port, in real time and from the beginning; worn out when it is told to be."""

    def __init__(self, port, fan):
        self._port, self._fan, self.kind, self._is_over = port, fan, "normal", False
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def _send(self):
        while not self._is_over:
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=5) as connection:
                    self._play(connection)
            except OSError:
                time.sleep(0.05)

    def _play(self, connection):
        if connection.getsockname() == connection.getpeername():
            return  # nobody listens yet, and it has got its own port: it is connected with itself
        n, began, number = SR // 10, time.monotonic(), 0
        while not self._is_over:
            sound = self._fan[self.kind]
            start = number * n % len(sound)
            connection.sendall((sound[start : start + n] * 32767).astype("<i2").tobytes())
            number += 1
            time.sleep(max(0.0, began + number / 10 - time.monotonic()))

    def stop(self):
        self._is_over = True
        self._thread.join()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Plant:
    """A monitor's settings, what it listens to, and its process."""

    def __init__(self, folder, bundle, machine, broker_port, fan):
        self.folder, self.machine, source_port, page_port = folder, machine, free_port(), free_port()
        self.url = f"http://127.0.0.1:{page_port}"
        self.settings = {
            "bundle": str(bundle),
            "site": "north",
            "sources": {"hall": {"machine": machine, "kind": "socket", "port": source_port}},
            "decisions": {"step_s": 1},
            "store": {"before_s": 2, "after_s": 2},
            "mqtt": {"host": "127.0.0.1", "port": broker_port},
            "http": {"port": page_port, "token": TOKEN},
        }
        self.sender, self.process = Sender(source_port, fan), None

    def start(self, **environment):
        (self.folder / "auscult.yaml").write_text(json.dumps(self.settings))
        command = [sys.executable, "-m", "auscult", "monitor", str(self.folder / "auscult.yaml")]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(command, stderr=log, env=os.environ | environment)

    def end(self, how):
        self.process.send_signal(how)
        return self.process.wait(20)

    @property
    def topic(self):
        return f"auscult/{self.settings['site']}/{self.machine.replace('/', '-')}"

    def ask(self, query):
        with closing(sqlite3.connect(self.folder / "events" / "monitor.sqlite")) as database:
            return database.execute(query).fetchall()


@pytest.fixture
def plant(tmp_path, alarming_bundle, broker, live_machine, fan):
    plant = Plant(tmp_path, alarming_bundle, live_machine, broker.port, fan)
    yield plant
    plant.sender.stop()
    if plant.process is not None:
        plant.end(signal.SIGKILL)
        sys.stderr.write((tmp_path / "log").read_text())  # shown where a test fails
