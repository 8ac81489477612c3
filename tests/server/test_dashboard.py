"""What containers/compose.yaml shows and alerts on is what a running monitor tells."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

CONTAINERS = Path(__file__).parents[2] / "containers"
COMPOSE = CONTAINERS / "compose"
METRIC = re.compile(r"\b(?:auscult|process)_\w+\b")
ALERTS = """
rule_files: [{alerts}]
evaluation_interval: 5s
tests:
  - interval: 5s
    input_series:
      - {{series: 'up{{job="auscult", instance="monitor:5000"}}', values: '1x60 0x60'}}
      - {{series: 'auscult_alarm_unacknowledged{{machine="fan", source="hall"}}', values: '1x400'}}
      - {{series: 'auscult_sensor_health{{machine="fan", health="failure"}}', values: '1x400'}}
      - {{series: 'auscult_sensor_health{{machine="fan", health="ok"}}', values: '0x400'}}
    alert_rule_test:
      - {{eval_time: 4m, alertname: AuscultDown}}
      - eval_time: 7m
        alertname: AuscultDown
        exp_alerts: [{{exp_labels: {{severity: critical, job: auscult, instance: "monitor:5000"}},
                      exp_annotations: {{summary: "The monitor at monitor:5000 does not answer"}}}}]
      - {{eval_time: 14m, alertname: AuscultAlarmUnacknowledged}}
      - eval_time: 16m
        alertname: AuscultAlarmUnacknowledged
        exp_alerts: [{{exp_labels: {{severity: warning, machine: fan, source: hall}},
                      exp_annotations: {{summary: "An alarm of fan has waited for a quarter of an hour"}}}}]
      - eval_time: 6m
        alertname: AuscultMicrophoneAtFault
        exp_alerts: [{{exp_labels: {{severity: warning, machine: fan, health: failure}},
                      exp_annotations: {{summary: "The microphone of fan: failure"}}}}]
"""


@pytest.fixture
def told(asked):
    """Names of everything at /metrics of a monitor that has raised an alarm; of outputs, which it lacks, the types."""
    lines = asked.get("/metrics").text
    return set(re.findall(r"^(?:# TYPE )?(\w+)", lines, re.MULTILINE))


def expressions():
    dashboard = json.loads((COMPOSE / "grafana" / "auscult.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in dashboard["templating"]["list"]:
        yield variable["name"], variable["query"]["query"]
    for rule in yaml.safe_load((COMPOSE / "alerts.yaml").read_text())["groups"][0]["rules"]:
        yield rule["alert"], rule["expr"]


def test_every_metric_that_is_shown_is_told(told):
    for title, expression in expressions():
        used = set(METRIC.findall(expression))
        assert used <= told, title
        assert used or expression.startswith("up{"), title


def test_every_metric_of_a_machine_is_shown(told):
    """Apart from parts of histograms, and what is counted in blocks beside seconds."""
    shown = " ".join(expression for _, expression in expressions())
    others = re.compile(r".*_(created|count|sum|bucket)|process_.*|auscult_dropped_blocks_total")
    assert [name for name in told if not others.fullmatch(name) and name not in shown] == []


def test_dashboard_is_provisioned():
    """The data source that panels name is the one that is made, and panels do not overlap."""
    source = yaml.safe_load((COMPOSE / "grafana" / "datasources.yaml").read_text())["datasources"][0]
    dashboard = json.loads((COMPOSE / "grafana" / "auscult.json").read_text())
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"]}
    cells = [
        (x, y)
        for at in (panel["gridPos"] for panel in dashboard["panels"])
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_every_file_that_is_mounted_is_there():
    compose = yaml.safe_load((CONTAINERS / "compose.yaml").read_text())
    mounts = [mount for service in compose["services"].values() for mount in service["volumes"]]
    files = [mount.partition(":")[0] for mount in mounts if mount.startswith("./")]
    assert len(files) >= 7
    for file in files:
        assert (CONTAINERS / file).is_file(), file
    for service in compose["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_settings_of_the_monitor_are_good(monkeypatch):
    from auscult.monitor.settings_file import read_settings

    monkeypatch.setenv("AUSCULT__MQTT__PASSWORD", "correct horse")
    settings = read_settings(COMPOSE / "auscult.yaml")
    assert settings.http.host == "0.0.0.0"
    assert settings.mqtt.password.get_secret_value() == "correct horse"


@pytest.fixture
def promtool():
    if shutil.which("promtool") is None:
        pytest.skip("no promtool here: apt-get install prometheus")

    def run(*arguments, **more):
        done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False, **more)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_promtool_takes_configuration_and_metrics(promtool, asked):
    promtool("check", "config", COMPOSE / "prometheus.yaml")
    promtool("check", "metrics", input=asked.get("/metrics").text)


def test_alerts_fire_when_they_should(promtool, tmp_path):
    (tmp_path / "test.yaml").write_text(ALERTS.format(alerts=COMPOSE / "alerts.yaml"))
    promtool("test", "rules", tmp_path / "test.yaml")
