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
    ],
)
def test_files_that_were_edited_by_hand(write, text, said):
    whole = problem(write(text))
    assert said in whole


def test_a_file_that_is_not_there(tmp_path):
    assert "cannot be read" in problem(tmp_path / "none.yaml")


def test_a_secret_is_not_said_back(write):
    text = GOOD + "webhooks:\n  ops:\n    url: nowhere\n    secret: [open, sesame]\n"
    said = problem(write(text))
    assert "sesame" not in said
    assert "line 12: webhooks.ops.url" in said
