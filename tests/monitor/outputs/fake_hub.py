"""A Mosquitto with TLS and a client that plays Azure's hub: what a module sends, its twin, and its methods.

It is a test double: it shows that the real SDK and this product speak with each other as Microsoft documents it
(https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-hub), not how the real hub behaves. It lets in whoever
comes: no token is checked.
"""

import getpass
import itertools
import json
import os
import socket
import subprocess
import threading
from urllib.parse import parse_qsl

from paho.mqtt.client import Client

from .conftest import wait_until

PORT = 8883
"""The SDK knows no other."""
KEY = "a2V5IG9mIGEgdGVzdA=="
_numbers = itertools.count(2)


class FakeHub:
    """A hub for one module, at an address of this computer that no other test has."""

    def __init__(self, folder):
        self.folder = folder
        number = (os.getpid() % 200 + 20) * 256 + next(_numbers)  # processes that test side by side have different ones
        self.host = f"127.1.{number // 256}.{number % 256}"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._plain_port = free.getsockname()[1]
        self._make_certificate()
        self.messages = []
        """Topic's properties, and body, of every message of the module."""
        self.desired, self.reported = {"$version": 1}, {"$version": 1}
        self.n_patches = 0
        self.is_answering = True
        self._answers = {}
        self._process = self._client = None

    @property
    def connection_string(self):
        return f"HostName={self.host};DeviceId=edge;ModuleId=auscult;SharedAccessKey={KEY};GatewayHostName={self.host}"

    def start(self):
        self._process = subprocess.Popen(
            ["mosquitto", "-c", str(self.folder / "hub.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: is_open(self.host, PORT) and is_open("127.0.0.1", self._plain_port))
        self._client = Client()
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", self._plain_port)
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        topics = ["$iothub/twin/GET/#", "$iothub/twin/PATCH/properties/reported/#", "$iothub/methods/res/#"]
        self._client.subscribe([(topic, 1) for topic in [*topics, "devices/edge/modules/auscult/messages/events/#"]])
        self._client.loop_start()
        assert subscribed.wait(10)

    def stop(self):
        if self._process is not None:
            self._client.disconnect()
            self._client.loop_stop()
            self._process.kill()
            self._process.wait()
            self._process = None

    def of(self, output):
        """Bodies of the messages of an output."""
        return [body for properties, body in list(self.messages) if properties["$.on"] == output]

    def want(self, **sections):
        """Change desired properties, as the cloud does, and tell the module."""
        self.desired |= sections | {"$version": self.desired["$version"] + 1}
        for name in [name for name, value in self.desired.items() if value is None]:
            del self.desired[name]
        version = self.desired["$version"]
        topic = f"$iothub/twin/PATCH/properties/desired/?$version={version}"
        self._client.publish(topic, json.dumps(sections | {"$version": version}))

    def call(self, name, payload):
        """Call a direct method; gives status and answer."""
        rid = str(next(_numbers))
        self._client.publish(f"$iothub/methods/POST/{name}/?$rid={rid}", json.dumps(payload), qos=1)
        wait_until(lambda: rid in self._answers)
        return self._answers.pop(rid)

    def _take(self, _client, _userdata, message):
        place, _, query = message.topic.partition("?")
        properties = dict(parse_qsl(query))
        if place.startswith("devices/"):
            told = dict(parse_qsl(place.rpartition("/")[2]))
            self.messages.append((told, json.loads(message.payload)))
        elif place.startswith("$iothub/methods/res/"):
            self._answers[properties["$rid"]] = int(place.split("/")[3]), json.loads(message.payload)
        elif self.is_answering and place.startswith("$iothub/twin/GET/"):
            twin = {"desired": self.desired, "reported": self.reported}
            self._client.publish(f"$iothub/twin/res/200/?$rid={properties['$rid']}", json.dumps(twin))
        elif self.is_answering:
            merge(self.reported, json.loads(message.payload))
            self.n_patches += 1
            self._client.publish(f"$iothub/twin/res/204/?$rid={properties['$rid']}&$version=2", "")

    def _make_certificate(self):
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hub"]
        files = ["-keyout", self.folder / "key.pem", "-out", self.folder / "ca.pem"]
        names = ["-addext", f"subjectAltName=IP:{self.host}"]
        subprocess.run([*make, *map(str, files), *names], check=True, capture_output=True)
        (self.folder / "key.pem").chmod(0o644)
        lines = [f"user {getpass.getuser()}", "allow_anonymous true", f"listener {self._plain_port} 127.0.0.1"]
        lines += [f"listener {PORT} {self.host}", f"certfile {self.folder}/ca.pem", f"keyfile {self.folder}/key.pem"]
        (self.folder / "hub.conf").write_text("\n".join([*lines, ""]))


def merge(before, patch):
    """Apply a patch in which null removes (RFC 7396)."""
    for name, value in patch.items():
        if value is None:
            before.pop(name, None)
        elif isinstance(value, dict):
            merge(before.setdefault(name, {}), value)
        else:
            before[name] = value


def is_open(host, port):
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
