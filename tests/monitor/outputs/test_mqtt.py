import json
import subprocess
import sys

import pytest
from pydantic import SecretStr

from auscult.errors import DataError
from auscult.monitor.outputs.mqtt import MqttOutput, retained_topics
from auscult.monitor.settings import MqttSettings

from .conftest import wait_until

MACHINES = ["fan/id_00", "fan/id_02"]
EVENTS = "auscult/north/fan-id_00/event"


@pytest.fixture
def speak(outbox):
    outputs = []

    def speak(port, *, settings=None, **more):
        settings = settings or MqttSettings(host="127.0.0.1", port=port)
        outputs.append(MqttOutput(settings, "north", MACHINES, outbox, first_wait_s=0.05, **more))
        outputs[-1].start()
        return outputs[-1]

    yield speak
    for output in outputs:
        output.stop()


def test_what_is_the_case_is_retained_for_whoever_comes_later(broker, listen, speak):
    early = listen(broker.port)
    output = speak(broker.port)
    output.show("fan/id_00", "state", {"state": "running", "alarm": "none"})
    output.show("fan/id_00", "score", {"score": 0.5})
    output.show("fan/id_00", "score", {"score": 0.7})
    topics = [f"auscult/north/fan-id_00/{name}" for name in ("state", "score")]
    wait_until(lambda: early.of(topics[0]) and early.of(topics[1])[-1:] == ['{"score": 0.7}'])
    late = listen(broker.port)
    wait_until(lambda: late.of(topics[0]) and late.of(topics[1]) and late.of("auscult/north/status"))
    assert late.of("auscult/north/fan-id_00/score") == ['{"score": 0.7}']
    assert json.loads(late.of("auscult/north/fan-id_00/state")[0])["state"] == "running"
    assert late.of("auscult/north/status") == ["online"]
    assert all(retained for _, _, retained in late.messages)
    known = retained_topics(MqttSettings(host="127.0.0.1", port=broker.port), "north", MACHINES)
    assert {topic for topic, *_ in late.messages} <= set(known)  # else it could not be cleared


def test_events_come_in_order_with_their_identifiers(broker, listen, outbox, speak):
    listener = listen(broker.port)
    wait_until(lambda: subprocess_is_subscribed(listener, broker.port))
    output = speak(broker.port)
    events = [outbox.add(number=number) for number in range(200)]
    output.wake()
    wait_until(lambda: len(listener.of(EVENTS)) == 200)
    assert [json.loads(payload)["id"] for payload in listener.of(EVENTS)] == [event.id for event in events]
    wait_until(lambda: output.status.n_delivered == 200)
    assert not outbox.undelivered("mqtt", 1)


def test_events_wait_while_the_broker_is_away_and_none_is_lost(broker, listen, outbox, speak):
    output = speak(broker.port)
    events = [outbox.add(number=0)]
    output.wake()
    wait_until(lambda: not outbox.undelivered("mqtt", 1))
    broker.stop()
    wait_until(lambda: "nothing is lost" in output.status.error)
    assert not output.status.is_connected
    events += [outbox.add(number=number) for number in range(1, 30)]
    output.wake()
    broker.start()
    listener = listen(broker.port, "-c", "-i", "reader")
    wait_until(lambda: len(set(listener.of(EVENTS))) >= 1 or not outbox.undelivered("mqtt", 1))
    wait_until(lambda: output.status.n_delivered == 30)
    assert output.status.is_connected
    assert not outbox.undelivered("mqtt", 1)


def test_a_subscriber_that_reads_identifiers_gets_each_event_once_though_the_network_breaks(
    broker, listen, outbox, speak, breaking_network
):
    listener = listen(broker.port)
    wait_until(lambda: subprocess_is_subscribed(listener, broker.port))
    ids = [outbox.add().id for _ in range(300)]
    speak(breaking_network(broker.port, every_bytes=9_000))
    wait_until(lambda: not outbox.undelivered("mqtt", 1))
    came = [json.loads(payload)["id"] for payload in listener.of(EVENTS)]
    assert len(came) > len(ids), "the network did not break between an event and its acknowledgement"
    assert list(dict.fromkeys(came)) == ids


def test_the_broker_says_offline_when_the_monitor_dies(broker, listen, tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(__file__).rpartition("/tests/")[0] + "/tests/monitor/outputs"!r})
from auscult.monitor.outputs.mqtt import MqttOutput, retained_topics
from auscult.monitor.settings import MqttSettings
class Nothing:
    undelivered = staticmethod(lambda output, limit: [])
    mark_delivered = staticmethod(lambda output, ids: None)
MqttOutput(MqttSettings(host="127.0.0.1", port={broker.port}), "north", ["fan/id_00"], Nothing()).start()
sys.stdin.read()
"""
    listener = listen(broker.port)
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    wait_until(lambda: listener.of("auscult/north/status") == ["online"])
    process.kill()
    process.wait()
    process.stdin.close()
    wait_until(lambda: listener.of("auscult/north/status") == ["online", "offline"])


def test_it_says_offline_when_it_is_stopped(broker, listen, speak):
    listener = listen(broker.port)
    output = speak(broker.port)
    wait_until(lambda: listener.of("auscult/north/status") == ["online"])
    output.stop()
    wait_until(lambda: listener.of("auscult/north/status")[-1] == "offline")


def test_machines_appear_in_home_assistant(broker, listen, speak):
    listener = listen(broker.port)
    speak(broker.port)
    topic = "homeassistant/binary_sensor/auscult_north_fan-id_02/alarm/config"
    wait_until(lambda: listener.of(topic))
    assert json.loads(listener.of(topic)[0])["state_topic"] == "auscult/north/fan-id_02/state"


def test_states_are_heard(broker, speak):
    heard = []
    output = speak(broker.port, state_topic="plant/{machine}/run", on_state=lambda *said: heard.append(said))
    wait_until(lambda: output.status.is_connected)
    say = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(broker.port), "-r", "-t", "plant/fan-id_02/run", "-m", "off"]
    subprocess.run(say, check=True)
    wait_until(lambda: heard)
    assert heard == [("fan/id_02", "off")]


def test_accounts(broker_of, listen, outbox, speak, tmp_path):
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(tmp_path / "passwords"), "monitor", "sesame"], check=True)
    (tmp_path / "passwords").chmod(0o644)
    broker = broker_of("allow_anonymous false", f"password_file {tmp_path / 'passwords'}")
    wrong = speak(broker.port)
    wait_until(lambda: wrong.status.error)
    settings = MqttSettings(host="127.0.0.1", port=broker.port, username="monitor", password=SecretStr("sesame"))
    right = speak(broker.port, settings=settings)
    wait_until(lambda: right.status.is_connected)
    assert "sesame" not in right.status.error + wrong.status.error


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a socket that paho leaves to Python
def test_tls(broker_of, speak, tmp_path):
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*make, *map(str, files)], check=True, capture_output=True)
    (tmp_path / "key.pem").chmod(0o644)
    broker = broker_of("allow_anonymous true", f"certfile {tmp_path / 'cert.pem'}", f"keyfile {tmp_path / 'key.pem'}")
    trusting = MqttSettings(host="localhost", port=broker.port, is_tls=True, ca_file=tmp_path / "cert.pem")
    output = speak(broker.port, settings=trusting)
    wait_until(lambda: output.status.is_connected)
    strange = speak(broker.port, settings=trusting.model_copy(update={"ca_file": None}))
    wait_until(lambda: "certificate" in strange.status.error.lower())


def test_certificates_that_are_none(outbox, tmp_path):
    (tmp_path / "none.pem").write_text("nothing")
    settings = MqttSettings(host="localhost", is_tls=True, ca_file=tmp_path / "none.pem")
    with pytest.raises(DataError, match=r"none\.pem: no certificates can be read"):
        MqttOutput(settings, "north", MACHINES, outbox).start()


def subprocess_is_subscribed(listener, port):
    """Whether the listener hears what is said."""
    say = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-t", "probe", "-m", "x"]
    subprocess.run(say, check=True)
    return bool(listener.of("probe"))


def test_what_is_stale_is_cleared_once(broker, listen, speak, outbox):
    gone = MqttSettings(host="127.0.0.1", port=broker.port)
    topics = retained_topics(gone, "north", ["pump/id_00"])
    assert len(topics) == 8
    for topic in topics:
        subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-r", "-t", topic, "-m", "old"], check=True)
    cleared, stale = [], [topic for topic in topics if "pump" in topic]
    output = speak(broker.port, stale=stale, on_cleared=lambda: cleared.append(1))
    wait_until(lambda: cleared)
    output.show("fan/id_00", "score", {"score": 0.5})
    late = listen(broker.port)
    wait_until(lambda: late.of("auscult/north/fan-id_00/score"))
    assert not [topic for topic, *_ in late.messages if "pump" in topic]
    assert late.of("auscult/north/status") == ["online"]
    assert (cleared, output._stale) == ([1], [])
