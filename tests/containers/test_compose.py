"""compose.yaml, started by a real Docker engine: the monitor, and Debian's Mosquitto and Prometheus for theirs.

Grafana's image cannot be made of Debian's packages: its dashboard is checked in tests/server/test_dashboard.py.
"""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from .engine import BASE

pytestmark = [pytest.mark.slow, pytest.mark.image, pytest.mark.timeout(1800)]
STAND_IN = f"""
FROM {BASE}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends mosquitto mosquitto-clients prometheus
RUN mkdir /prometheus && chown nobody /prometheus
USER nobody
ENTRYPOINT ["prometheus"]
"""
SECRETS = {"MQTT_PASSWORD": "correct horse", "GRAFANA_PASSWORD": "battery", "AUSCULT_TOKEN": "staple"}
SERVICES = ("monitor", "mosquitto", "prometheus")
SEND = """
import socket, sys, time
sound = open(sys.argv[1], 'rb').read()
with socket.create_connection(('127.0.0.1', 5001)) as line:
    for start in range(0, len(sound), 16000):
        line.sendall(sound[start : start + 16000])
        time.sleep(0.1)
    time.sleep(3)
"""


@pytest.fixture(scope="module")
def docker(engine):
    """A Docker engine in the network namespace of the tests: neither its bridge nor its firewall is this machine's."""
    absent = [program for program in ("dockerd", "docker-compose") if shutil.which(program) is None]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)} (containers/install_test_tools.sh installs them)")
    folder = engine.folder / "docker"
    folder.mkdir()
    host = f"unix://{folder}/docker.sock"
    options = (f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host={host}")
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(engine.inside("dockerd", *options), stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        ping = ("curl", "--silent", "--unix-socket", folder / "docker.sock", "http://docker/_ping")
        while engine.run(*ping, check=False) != "OK":
            assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
            time.sleep(0.2)
        yield host
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)


@pytest.fixture(scope="module")
def images(engine, docker, base, clone, tmp_path_factory):
    """Images that the engine has."""
    context = tmp_path_factory.mktemp("stand_in")
    (context / "Dockerfile").write_text(STAND_IN)
    engine.build(context, "stand-in:test")
    engine.build(clone, "auscult-monitor:test", "--build-arg=EXTRAS=monitor,registry")
    for name in ("stand-in:test", "auscult-monitor:test"):
        to = ("--dest-daemon-host", docker, f"docker-daemon:{name}")
        engine.run("skopeo", "copy", f"containers-storage:localhost/{name}", *to, timeout_s=300)
    stand_ins = {f"{name}_IMAGE": "stand-in:test" for name in ("MOSQUITTO", "PROMETHEUS", "GRAFANA")}
    return stand_ins | {"AUSCULT_IMAGE": "auscult-monitor:test"}


@pytest.fixture(scope="module")
def compose(engine, docker, images, clone, one_fan):
    """Runs docker-compose on the file; what was started is gone afterwards."""
    environment = os.environ | SECRETS | images | {"DOCKER_HOST": docker, "BUNDLE": str(one_fan)}

    def compose(*command, **more):
        told = ["docker-compose", "-p", "plant", "-f", str(clone / "containers" / "compose.yaml"), *command]
        now = environment | more
        return subprocess.run(told, capture_output=True, text=True, timeout=180, check=False, env=now)

    yield compose
    compose("down", "--volumes", "--timeout", "10")


def test_without_passwords_nothing_is_started(compose):
    done = compose("config", MQTT_PASSWORD="")
    assert done.returncode != 0
    assert "MQTT_PASSWORD" in done.stderr


def test_monitor_broker_and_figures(compose, engine, docker, faulty_fans, tmp_path):
    done = compose("up", "--detach", *SERVICES)
    assert done.returncode == 0, done.stderr
    sound = tmp_path / "normal.raw"
    clips = sorted(faulty_fans.root.glob("**/id_00/normal/*.wav"))[:8]
    sound.write_bytes(b"".join(clip.read_bytes()[44:] for clip in clips))

    def query(what):
        status, answer = engine.curl(f"http://127.0.0.1:9090/api/v1/query?query={what}")
        return [float(found["value"][1]) for found in json.loads(answer)["data"]["result"]] if status == 200 else []

    def wait_for(is_so, what):
        deadline = time.monotonic() + 90
        while not is_so():
            logs = compose("logs", "--tail=20").stdout if time.monotonic() > deadline else ""
            assert time.monotonic() < deadline, f"{what} not in time\n{logs}"
            time.sleep(0.5)

    wait_for(lambda: engine.curl("http://127.0.0.1:5000/v2/health/ready")[0] == 200, "the monitor is ready")
    engine.run(*engine.inside(sys.executable, "-c", SEND, sound), timeout_s=60)
    wait_for(lambda: any(value > 5 for value in query("auscult_audio_seconds_total")), "sound is counted")
    assert query("up") == [1.0]
    rules = json.loads(engine.curl("http://127.0.0.1:9090/api/v1/rules")[1])["data"]["groups"][0]["rules"]
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}

    def read(password):
        subscribe = ("mosquitto_sub", "-u", "auscult", "-P", password, "-t", "auscult/#", "-C", "3", "-W", "10", "-v")
        return compose("exec", "-T", "mosquitto", *subscribe)

    told = read(SECRETS["MQTT_PASSWORD"])
    assert "auscult/site/status online" in told.stdout, told
    assert "auscult/site/fan-id_00/" in told.stdout
    assert "not authorised" in read("wrong").stderr
    health = ["curl", "-s", "--unix-socket", docker.removeprefix("unix://"), "http://d/containers/plant_monitor_1/json"]
    wait_for(
        lambda: json.loads(engine.run(*health))["State"]["Health"]["Status"] == "healthy", "the monitor is healthy"
    )
    assert json.loads(engine.run(*health))["HostConfig"]["ReadonlyRootfs"] is True
    assert engine.curl("http://127.0.0.1:5000/ui/")[0] == 200


def test_what_was_kept_is_there_after_a_restart(compose):
    code = "import sqlite3; print(sqlite3.connect('/var/lib/auscult/events/monitor.sqlite')"
    code += ".execute('SELECT count(*) FROM detections').fetchone()[0])"
    counting = ("exec", "-T", "monitor", "python", "-c", code)
    before = int(compose(*counting).stdout)
    assert before > 0
    assert compose("restart", "monitor").returncode == 0
    assert int(compose(*counting).stdout) >= before
