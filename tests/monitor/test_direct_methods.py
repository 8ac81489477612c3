import shutil

import pytest

from auscult import __version__
from auscult.monitor.direct_methods import DirectMethods
from auscult.monitor.event import new_id


@pytest.fixture
def alarming(monitor, said, clock):
    """A monitor whose machine has an alarm."""
    machine = next(iter(monitor.watches))
    monitor.desk.observe(said.detection(clock.at, machine, evidence=9.0, alarm_at=3.0, is_alarm=True))
    assert monitor.desk.board.of(machine).is_active
    return monitor


@pytest.fixture
def call(alarming):
    return DirectMethods(alarming.settings, alarming.store, alarming.act).call


def test_an_alarm_is_acknowledged_by_its_machine(alarming, call):
    machine = next(iter(alarming.watches))
    status, answer = call("acknowledge", {"machine": machine, "who": "Ada", "why": "bearing ordered"})
    alarm = alarming.desk.board.of(machine)
    assert status == 200
    assert answer == {"machine": machine, "alarm": alarm.id, "state": "acknowledged"}
    assert (alarm.acknowledged_by, alarm.acknowledged_why) == ("Ada", "bearing ordered")
    status, answer = call("acknowledge", {"machine": machine, "who": "Bob"})
    assert status == 409
    assert "Ada has acknowledged already" in answer["problem"]


def test_an_alarm_is_acknowledged_by_its_id(alarming, call):
    machine = next(iter(alarming.watches))
    alarm = alarming.desk.board.of(machine)
    assert call("acknowledge", {"alarm": alarm.id, "who": "Ada"})[0] == 200
    assert alarming.desk.board.of(machine).acknowledged_by == "Ada"


def test_an_alarm_of_a_machine_that_is_not_listened_to_any_more_is_acknowledged_by_its_id(alarming, call, said, clock):
    alarming.desk.observe(said.detection(clock.at, "old/1", evidence=9.0))
    alarm = alarming.desk.board.of("old/1")
    assert call("acknowledge", {"alarm": alarm.id, "who": "Ada"})[0] == 200
    assert alarming.desk.board.of("old/1").acknowledged_by == "Ada"


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (None, "who: is missing"),
        ("fan/id_00", "the payload has to be a JSON object"),
        ({"machine": "fan/id_00"}, "who: is missing"),
        ({"who": "Ada"}, "say either machine, its full name, or alarm, its id"),
        ({"machine": "fan/id_00", "alarm": "01J", "who": "Ada"}, "say either machine"),
        ({"machine": "fan/id_99", "who": "Ada"}, "fan/id_99: is not listened to. Name one of fan/id_00"),
        ({"alarm": "01J", "who": "Ada"}, "01J: there is no such alarm"),
        ({"machine": "fan/id_00", "who": "Ada", "when": "now"}, "when: there is no such setting"),
    ],
)
def test_a_wrong_payload_is_answered_with_what_to_do(call, payload, problem):
    status, answer = call("acknowledge", payload)
    assert status == 400
    assert problem in answer["problem"]


def test_an_alarm_that_is_over_is_not_acknowledged(alarming, call, said):
    machine = next(iter(alarming.watches))
    old = new_id(1.0)
    alarm = {"machine": machine, "raised_at": 1.0, "cleared_at": 2.0, "acknowledged_at": None}
    alarming.store.save_alarm(machine, old, alarm, [], [])
    status, answer = call("acknowledge", {"alarm": old, "who": "Ada"})
    assert status == 409
    assert f"Its id is {alarming.desk.board.of(machine).id}" in answer["problem"]


def test_the_bundle_before_is_taken_back(monitor, tmp_path, trained_bundle):
    live = tmp_path / "live.auscult"
    shutil.copy(trained_bundle, live)
    settings = monitor.settings.model_copy(update={"bundle": live})
    call = DirectMethods(settings, monitor.store, monitor.act).call
    status, answer = call("rollback", {})
    assert status == 409
    assert "there is no bundle that was live before" in answer["problem"]
    shutil.copy(trained_bundle, tmp_path / "live.auscult.previous")
    live.write_bytes(b"one that went wrong")
    assert call("rollback", None)[0] == 200
    assert live.read_bytes() == trained_bundle.read_bytes()
    assert call("rollback", {"to": "the one of June"})[0] == 400


def test_ping(call):
    status, answer = call("ping", None)
    assert status == 200
    assert answer["version"] == __version__


def test_a_method_that_there_is_not(call):
    status, answer = call("reboot", None)
    assert status == 404
    assert answer["problem"] == "reboot: there is no such method. Call acknowledge, rollback, ping."
