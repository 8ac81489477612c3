"""A whole monitor as a module: what the cloud wants reaches alarms and bundle, and what came of it is reported."""

import gc
import json
import shutil

import numpy as np
import pytest
import soundfile

from auscult.monitor.supervisor import Supervisor

from .conftest import wait_until

pytestmark = [
    pytest.mark.filterwarnings("ignore:ssl.PROTOCOL_TLSv1_2 is deprecated:DeprecationWarning"),  # the SDK's
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets that paho leaves to Python
]
SR = 16000


@pytest.fixture
def supervisor(hub, tmp_path, quickly_alarming, monkeypatch):
    """A monitor that listens to noise and speaks with the hub."""
    monkeypatch.setenv("EdgeHubConnectionString", hub.connection_string)
    monkeypatch.setenv("EdgeModuleCACertificateFile", str(tmp_path / "ca.pem"))
    quickly_alarming.save(tmp_path / "fan.auscult")
    shutil.copy(tmp_path / "fan.auscult", tmp_path / "fan.auscult.previous")
    soundfile.write(tmp_path / "played.wav", np.random.default_rng(1).normal(0, 0.2, 60 * SR), SR)
    source = {"kind": "replay", "machine": "fan/id_00", "path": "played.wav", "is_repeated": "true", "speed": "20"}
    lines = ["bundle: fan.auscult", "sources:", "  hall:", *(f"    {key}: {value}" for key, value in source.items())]
    lines += ["states:", "  is_gated: false", "http: null", "azure:", "  changes_every_s: 0.01", ""]
    (tmp_path / "auscult.yaml").write_text("\n".join(lines))
    supervisor = Supervisor(tmp_path / "auscult.yaml", {})
    supervisor.start()
    yield supervisor
    supervisor.stop()
    gc.collect()


def test_what_the_cloud_wants_is_done_and_reported(hub, supervisor, tmp_path):
    wait_until(lambda: hub.reported.get("desired", {}).get("code") == 200)
    hub.want(alarms={"off_delay_s": 7})
    wait_until(lambda: hub.reported["desired"] == {"version": 2, "code": 202, "said": "taken within seconds"})
    supervisor.look()
    assert supervisor.monitor.desk.settings.off_delay_s == 7
    wait_until(lambda: hub.reported["desired"] == {"version": 2, "code": 200, "said": "in force"})
    assert hub.reported["settings"]["alarms"]["off_delay_s"] == 7
    wait_until(lambda: any(event["what"] == "settings taken" for event in hub.of("events")))
    before = supervisor.monitor
    assert hub.call("rollback", None)[0] == 200
    supervisor.look()
    assert supervisor.monitor is not before


def test_an_alarm_comes_and_is_acknowledged(hub, supervisor):
    wait_until(lambda: any(event["what"] == "raised" for event in hub.of("events")), within_s=60)
    raised = next(event for event in hub.of("events") if event["what"] == "raised")
    status, answer = hub.call("acknowledge", {"alarm": raised["body"]["alarm_id"], "who": "Ada", "why": "I look at it"})
    assert status == 200, json.dumps(answer)
    wait_until(lambda: any(event["what"] == "acknowledged" for event in hub.of("events")))
    wait_until(lambda: hub.reported["machines"]["fan-id_00"].get("alarm_state") == "acknowledged")
    assert hub.of("scores")
    assert hub.of("health")
