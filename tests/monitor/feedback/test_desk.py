import pytest

from auscult.errors import OptionError
from auscult.monitor.feedback import desk as feedback_desk
from auscult.monitor.monitor import Monitor

from ..giving import SR, give


@pytest.fixture
def alarm_id(monitor, sounds, live_machine):
    give(monitor, sounds["normal"][: 6 * SR])
    give(monitor, sounds["strange"][: 16 * SR])
    return monitor.desk.board.of(live_machine).id


def test_trying_out_keeps_nothing(monitor, store, alarm_id):
    feedback, effect = feedback_desk.try_out(monitor, alarm_id, "false alarm", fault=None, who="Ada")
    assert len(feedback.descriptors) > 0
    assert (len(effect.before), len(effect.lost)) == (1, 1)
    assert store.feedback() == []


def test_what_was_said_acts_at_once_and_until_it_is_taken_back(monitor, sounds, store, alarm_id, live_machine):
    feedback, effect = feedback_desk.try_out(monitor, alarm_id, "false alarm", fault=None, who="Ada", why="the grinder")
    with monitor.live.listen() as news:
        feedback_desk.give(monitor, feedback, effect)
        event = news.get_nowait()["event"]
    assert (event["kind"], event["what"], event["body"]["who"]) == ("feedback", "given", "Ada")
    assert "would have removed 1 of the last 1 alarm" in event["body"]["effect"]
    give(monitor, sounds["strange"][: 6 * SR])
    assert "like the false alarm of" in store.last_detection(live_machine).ignored
    assert feedback_desk.undo(monitor, feedback.id, "Bert") == alarm_id
    give(monitor, sounds["strange"][: 6 * SR])
    assert store.last_detection(live_machine).ignored == ""
    assert [event.what for event in store.events(kind="feedback")] == ["given", "taken back"]
    with pytest.raises(OptionError, match="was taken back by Bert"):
        feedback_desk.undo(monitor, feedback.id, "Bert")
    with pytest.raises(OptionError, match="is nothing that was said"):
        feedback_desk.undo(monitor, "nothing", "Bert")


def test_a_false_alarm_that_is_on_is_acknowledged_and_clears(monitor, sounds, store, alarm_id, live_machine):
    feedback, effect = feedback_desk.try_out(monitor, alarm_id, "false alarm", fault=None, who="Ada", why="the grinder")
    feedback_desk.give(monitor, feedback, effect)
    alarm = monitor.desk.board.of(live_machine)
    assert (alarm.state, alarm.acknowledged_by, alarm.acknowledged_why) == ("acknowledged", "Ada", "the grinder")
    for _ in range(5):
        give(monitor, sounds["strange"][: 16 * SR])  # its sound lasts
    assert monitor.desk.board.of(live_machine).state == "normal"
    changes = [change["what"] for change in store.alarm_changes(machine=live_machine)]
    assert changes == ["raised", "acknowledged", "cleared"]


def test_a_fault_that_is_on_goes_on(monitor, sounds, alarm_id, live_machine):
    feedback_desk.give(monitor, *feedback_desk.try_out(monitor, alarm_id, "fault", fault="loose belt", who="Ada"))
    for _ in range(5):
        give(monitor, sounds["strange"][: 16 * SR])
    assert monitor.desk.board.of(live_machine).state == "unacknowledged"


def test_a_new_monitor_recalls_it(monitor, clock, sounds, store, settings_of, live_bundle, live_machine, alarm_id):
    feedback_desk.give(monitor, *feedback_desk.try_out(monitor, alarm_id, "fault", fault="loose belt", who="Ada"))
    another = Monitor(settings_of(), live_bundle, store, clock=clock)
    feedback_desk.recall(another)
    give(another, sounds["strange"][: 6 * SR])
    assert store.last_detection(live_machine).fault == "loose belt"


def test_an_alarm_that_is_not_there(monitor):
    with pytest.raises(OptionError, match="is no alarm that is kept"):
        feedback_desk.try_out(monitor, "nothing", "false alarm", fault=None, who="Ada")


def test_what_expires_is_told_once(monitor, clock, store, alarm_id):
    feedback_desk.expire(monitor)
    feedback, effect = feedback_desk.try_out(monitor, alarm_id, "false alarm", fault=None, who="Ada", keep_days=1)
    feedback_desk.give(monitor, feedback, effect)
    feedback_desk.expire(monitor)
    clock.at += 2 * 86400
    feedback_desk.expire(monitor)
    feedback_desk.expire(monitor)
    assert [event.what for event in store.events(kind="feedback")] == ["given", "expired"]


def test_a_shadow_hears_of_it_too(clock, sounds, store, settings_of, live_bundle, live_machine, alarm_id):
    monitor = Monitor(settings_of(), live_bundle, store, shadow=live_bundle, clock=clock)
    feedback_desk.recall(monitor)
    feedback_desk.give(monitor, *feedback_desk.try_out(monitor, alarm_id, "false alarm", fault=None, who="Ada"))
    give(monitor, sounds["strange"][: 20 * SR])
    assert monitor.watches[live_machine].shadow.comparison().after == ()
