import pytest

from auscult.errors import DataError
from auscult.monitor.settings_file import read_settings

GOOD = """\
bundle: m.auscult
sources:
  hall-1:
    machine: fan/id_00
    kind: microphone
    sr: 16000
mqtt:
  host: broker
http: null
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "auscult.yaml"
        path.write_text(text)
        return path

    return write


def problem(path, environ=None):
    with pytest.raises(DataError) as caught:
        read_settings(path, environ or {})
    assert str(path) in str(caught.value)
    return caught.value.problem


def test_paths_are_relative_to_the_file(write, tmp_path):
    found = read_settings(write(GOOD), {})
    assert found.bundle == tmp_path / "m.auscult"
    assert found.store.path == tmp_path / "events"
    assert found.http is None
    assert found.mqtt.port == 1883


def test_the_environment_overrides_lines_and_sections(write):
    environ = {
        "AUSCULT__SOURCES__HALL_1__SR": "48000",
        "AUSCULT__MQTT__PASSWORD": "secret",
        "AUSCULT__HTTP__PORT": "5001",
        "AUSCULT__SITE": "north",
        "PATH": "/bin",
    }
    found = read_settings(write(GOOD), environ)
    assert found.sources["hall-1"].sr == 48000
    assert found.mqtt.password.get_secret_value() == "secret"
    assert found.http.port == 5001
    assert found.site == "north"


def test_all_that_is_wrong_is_said_with_its_line(write):
    text = GOOD.replace("sr: 16000", "sr: fast").replace("  host: broker", "  hots: broker")
    said = problem(write(text))
    assert "line 6: sources.hall-1.sr" in said
    assert "'fast'" in said
    assert "line 7: mqtt.host: is missing" in said
    assert "line 8: mqtt.hots: there is no such setting" in said
    assert said.index("line 6") < said.index("line 7") < said.index("line 8")


def test_what_the_environment_got_wrong_is_said_with_its_variable(write):
    said = problem(write(GOOD), {"AUSCULT__MQTT__PORT": "many"})
    assert said.startswith("AUSCULT__MQTT__PORT: mqtt.port: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: bundle: is missing"),
        ("- a\n", "line 1: expected 'name: value' lines"),
        (GOOD.replace("kind: microphone", "kind: mic"), "line 5: sources.hall-1.kind: there is no such kind"),
        (GOOD.replace("    kind: microphone\n", ""), "kind is missing"),
        (GOOD.replace("http: null", "store:"), "line 9: store: expected lines below it"),
        (GOOD + "bundle: other\n", "line 10: has a second 'bundle'"),
        (GOOD + "\tx: 1\n", "line 10: is no YAML"),
        (GOOD + "webhooks:\n  - url\n", "line 10: webhooks: expected names of your own below it"),
        (GOOD + "alarm:\n", "line 10: alarm: there is no such setting (did you mean alarms?)"),
        (GOOD + "states: {topic: 'a/{m}'}\n", "line 10: states.topic: there is no {m}"),
        (GOOD.replace("hall-1", "a b/c"), "line 3: sources.a b/c: may only have A to Z"),
        (GOOD.replace("sr: 16000", "channels: left"), "line 6: sources.hall-1.channels: expected mean, or the number"),
        (GOOD.replace("sr: 16000", "channels: 1"), "line 6: sources.hall-1.channels: there is no channel 1"),
        (GOOD.replace("mqtt:\n  host: broker", "states:\n  topic: x"), "line 8: states.topic: needs a broker"),
        ("bundle fan.auscult\nsources: {}\n", "line 1: has no colon after a name"),
    ],
)
def test_files_that_were_edited_by_hand(write, text, said):
    whole = problem(write(text))
    assert said in whole


def test_what_only_the_environment_speaks_of_is_said_with_its_variable(write):
    said = problem(write(GOOD), {"AUSCULT__HTTPP__PORT": "1", "AUSCULT__SOURCES__HAL__SPEED": "2"})
    assert "AUSCULT__HTTPP__PORT: httpp: there is no such setting (did you mean http?)" in said
    assert "AUSCULT__SOURCES__HAL__SPEED: sources.hal: kind is missing" in said
    text = GOOD.replace("mqtt:\n  host: broker\n", "")
    assert "AUSCULT__MQTT__PORT: mqtt.host: is missing" in problem(write(text), {"AUSCULT__MQTT__PORT": "1"})


@pytest.mark.parametrize("said", ["[running, on]", '["running", "on"]'])
def test_lists_from_the_environment(write, said):
    environ = {"AUSCULT__STATES__RUNNING": said, "AUSCULT__MQTT__PASSWORD": "[sesame]"}
    found = read_settings(write(GOOD), environ)
    assert found.states.running == ("running", "on")
    assert found.mqtt.password.get_secret_value() == "[sesame]"
    said = problem(write(GOOD), {"AUSCULT__STATES__RUNNING": "running,on"})
    assert "AUSCULT__STATES__RUNNING: states.running: expected a list, as [running, on], got" in said


def test_a_bundle_is_no_settings(write, tmp_path):
    path = tmp_path / "fan.auscult"
    path.write_bytes(b"PK\x03\x04\xff")
    assert problem(path) == "is a bundle, where a monitor's settings are expected"


def test_a_file_that_is_not_there(tmp_path):
    assert "cannot be read" in problem(tmp_path / "none.yaml")


def test_a_secret_is_not_said_back(write):
    text = GOOD + "webhooks:\n  ops:\n    url: nowhere\n    secret: [open, sesame]\n"
    said = problem(write(text))
    assert "sesame" not in said
    assert "line 12: webhooks.ops.url" in said
