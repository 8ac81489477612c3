import json
import sqlite3
import time
from contextlib import closing

import pytest
from typer.testing import CliRunner

from auscult.cli import app
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.alarms.desk import AlarmDesk
from auscult.monitor.detection import Detection
from auscult.monitor.event import Event
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.store.event_store import EventStore

runner = CliRunner()


@pytest.fixture
def settings(tmp_path):
    """Settings of a monitor that has raised three alarms in an hour, of which one was acknowledged after a minute."""
    now = time.time()
    with EventStore.open(tmp_path / "events") as store:
        desk = AlarmDesk(store, AlarmSettings(off_delay_s=0))
        for number in range(3):
            at = now - 3600 + 1000 * number
            for shift, evidence in ((0, 5.0), (100, 0.0)):
                desk.observe(
                    Detection("fan/id_00", at + shift, 9, 2, 0.1, evidence, 4.0, True, True, None, "running", -20)
                )
            if number == 0:
                known_at = at + 160
                desk.take("fan/id_00", lambda alarm, at=known_at: alarm_inputs.acknowledge(alarm, "Ada", at=at), at=at)
    path = tmp_path / "auscult.yaml"
    path.write_text("bundle: x.auscult\nsources:\n  hall:\n    machine: fan/id_00\n    kind: stdin\nhttp: null\n")
    return path


def run(*arguments):
    return runner.invoke(app, ["alarms", *map(str, arguments)])


def test_what_there_was(settings):
    done = run(settings, "--since", "1d")
    assert done.exit_code == 0, done.output
    assert "the last 1d, of which 60 minutes are known: 3 alarms, at most 1 in ten minutes" in done.output
    assert "fan/id_00: 3" in done.output
    assert "acknowledged: 1, mostly within" in done.output
    figures = json.loads(run(settings, "--since", "1d", "--json").output)
    assert (figures["n_alarms"], figures["n_acknowledged"], figures["acknowledged_after_s"]) == (3, 1, 160.0)


def test_only_the_time_that_is_asked_for(settings):
    assert json.loads(run(settings, "--since", "0.5h", "--json").output)["n_alarms"] == 1


def test_a_rate_is_that_of_the_time_that_is_known(settings):
    with EventStore.open(settings.parent / "events") as store:
        store.add_event(Event("1", time.time() - 2 * 86400, "", "monitor", "started", {}))
    connection = sqlite3.connect(settings.parent / "events" / "monitor.sqlite")
    with closing(connection), connection:
        connection.execute("DELETE FROM events WHERE id != '1'")  # then it is the first
    assert "the last 30d, of which 2 days are known: 3 alarms, 1.5 a day" in run(settings, "--since", "30d").output
    assert "the last 1d: 3 alarms, 3 a day" in run(settings, "--since", "1d").output
    assert "the last 0.5h: 1 alarm, at most" in run(settings, "--since", "0.5h").output


def test_without_a_store_it_says_so(settings, tmp_path):
    (tmp_path / "events").rename(tmp_path / "elsewhere")
    done = run(settings)
    assert done.exit_code != 0
    assert "events" in str(done.exception)


def test_times_that_are_none(settings):
    assert "12h, 30d or 4w" in str(run(settings, "--since", "soon").exception)
