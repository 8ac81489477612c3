from types import SimpleNamespace

import pytest

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.live_view import MachineNow
from auscult.monitor.machine_watch import Decided, Heard
from auscult.monitor.present import Present
from auscult.monitor.sources.reader import SourceStatus

NAME = "fan/id_00"


@pytest.fixture
def told():
    return SimpleNamespace(shown=[], heard=[])


@pytest.fixture
def present(told):
    live = SimpleNamespace(hear=lambda machine, window, now: told.heard.append((machine, window.at, now.score)))
    present = Present(live, told.shown.append)
    present.machines[NAME] = MachineNow(NAME, "hall", Alarm(NAME))
    return present


def watch(why=""):
    return SimpleNamespace(machine=NAME, health=None, why_ignored=lambda: why)


def test_only_what_is_new_is_shown(present, told):
    before, now = present.show(watch(), Alarm(NAME), Heard())
    assert before == now
    assert told.shown == []
    before, now = present.show(watch("machine: off"), Alarm(NAME), Heard())
    assert (before.ignored, now.ignored) == ("", "machine: off")
    assert told.shown == [now] == [present.machines[NAME]]


def test_every_window_is_shown_to_pages_and_the_last_to_outputs(present, told, said):
    windows = [(SimpleNamespace(at=at, level_db=-30.0), at / 10, "running") for at in (1.0, 2.0)]
    assert not present.has_heard(NAME)
    _, now = present.show(watch(), Alarm(NAME), Heard(windows, [Decided(said.detection(fault="imbalance"), None)]))
    assert told.heard == [(NAME, 1.0, 0.1), (NAME, 2.0, 0.2)]
    assert told.shown == [now]
    assert (now.at, now.score, now.state, now.evidence, now.fault) == (2.0, 0.2, "running", 0.5, "imbalance")
    assert present.has_heard(NAME)


def test_a_source_that_changes_its_state_is_shown(present, told):
    present.show_source(NAME, SourceStatus("hall", "lost", 5.0, error="away"))
    (now,) = told.shown
    assert (now.source_state, now.source_error) == ("lost", "away")
    _, later = present.show(watch("machine: off"), Alarm(NAME), Heard())
    assert later.source_state == "lost"
