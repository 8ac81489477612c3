import json
from pathlib import Path

import pytest

from auscult.errors import DataError
from auscult.monitor.desired import SECTIONS, desired_path, in_force, keep, kept, with_desired

from .test_supervisor import folder, whats, write  # noqa: F401 - a fixture

AZURE = "azure:\n  changes_every_s: 60\n"


def test_it_stands_in_the_place_of_the_files_settings(settings_of):
    settings = settings_of(alarms={"off_delay_s": 7, "is_latched": True})
    found = with_desired(settings, {"alarms": {"off_delay_s": 8}, "health": {"mains_hz": 60}})
    assert (found.alarms.off_delay_s, found.alarms.is_latched, found.health.mains_hz) == (8, True, 60)
    assert settings.alarms.off_delay_s == 7
    assert with_desired(settings, {}) == settings


@pytest.mark.parametrize(
    ("desired", "problem"),
    [
        ({"alarms": {"off_delay": 1}}, r"alarms\.off_delay: there is no such setting, got 1"),
        ({"decisions": {"step_s": 0}}, r"decisions\.step_s: .*greater than 0, got 0"),
        ({"store": {"path": "/"}}, "store: a twin may not change it, only alarms, decisions, health"),
        ({"health": 5}, "health: expected settings by name, got 5"),
    ],
)
def test_what_is_wrong_is_said(settings_of, desired, problem):
    with pytest.raises(DataError, match=rf"^module twin: {problem}.*the last good ones hold"):
        with_desired(settings_of(), desired)


def test_everything_that_is_wrong_is_said_at_once(settings_of):
    with pytest.raises(DataError, match=r"alarms\.a: .*; alarms\.b: .*; log: "):
        with_desired(settings_of(), {"alarms": {"a": 1, "b": 2}, "log": {}})


def test_it_is_kept_for_when_the_cloud_is_away(settings_of):
    settings = settings_of(azure={})
    assert kept(settings) == {}
    keep(settings, {"alarms": {"off_delay_s": 8}})
    assert kept(settings) == {"alarms": {"off_delay_s": 8}}
    assert in_force(settings).alarms.off_delay_s == 8
    assert in_force(settings_of()).alarms.off_delay_s == 60  # Azure is not told any more


@pytest.mark.parametrize("content", [b"{", b"[]", json.dumps({"alarms": {"of_another_version": 1}}).encode()])
def test_what_cannot_be_used_is_left_out(settings_of, content):
    settings = settings_of(azure={})
    keep(settings, {})
    desired_path(settings).write_bytes(content)
    assert in_force(settings) == settings


def test_a_monitor_that_runs_takes_it(folder, monkeypatch):  # noqa: F811
    from auscult.monitor.supervisor import Supervisor

    monkeypatch.setenv("IOTEDGE_WORKLOADURI", "unix:///nonexistent.sock")  # broken Azure stops no monitor
    write(folder, more=AZURE)
    supervisor = Supervisor(folder / "auscult.yaml", {})
    try:
        supervisor.start()
        keep(supervisor.settings, {"alarms": {"on_delay_s": 7}})
        supervisor.look()
        assert supervisor.monitor.desk.settings.on_delay_s == 7
        assert whats(supervisor)[-1] == "settings taken"
        write(folder, more=AZURE + "alarms:\n  on_delay_s: 3\n  off_delay_s: 4\n")
        supervisor.look()
        settings = supervisor.monitor.desk.settings
        assert (settings.on_delay_s, settings.off_delay_s) == (7, 4)
        assert [status.output for status in supervisor.monitor.statuses] == ["azure"]
    finally:
        supervisor.stop()


def test_every_desired_property_is_documented(settings_of):
    page = (Path(__file__).parents[2] / "docs" / "azure.md").read_text()
    for section in SECTIONS:
        for name, field in type(getattr(settings_of(), section)).model_fields.items():
            assert f"| `{section}.{name}` | " in page
            assert field.description in page
