"""The clock on the wall is put an hour ahead or back while a monitor listens: what holds."""

import pytest

from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.monitor import Monitor
from auscult.monitor.store.event_store import EventStore

from .giving import SR, give
from .test_monitor import whats

HOUR_S = 3600.0
jumping = pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["ahead", "back"])


@jumping
def test_what_is_heard_is_judged_as_before_and_no_microphone_is_blamed(
    monitor, clock, sounds, store, jump_s, live_machine
):
    give(monitor, sounds["normal"][: 20 * SR])
    clock.at += jump_s
    give(monitor, sounds["normal"][20 * SR :])
    n_windows = int(len(sounds["normal"]) / SR / 2.0)
    assert n_windows - 1 <= len(store.detections(live_machine)) <= n_windows
    assert [event.what for event in store.events() if event.kind != "state"] == ["ok"]


@jumping
def test_an_alarm_is_raised_and_cleared_once_whatever_its_delays_see(
    settings_of, live_bundle, store, clock, sounds, jump_s, live_machine
):
    """Put ahead, a delay is over early; put back, it begins anew."""
    told = settings_of(alarms={"on_delay_s": 6, "off_delay_s": 6})
    monitor = Monitor(told, live_bundle, store, clock=clock)
    while not monitor.desk.board.of(live_machine).is_on:
        give(monitor, sounds["strange"][: 2 * SR])
    clock.at += jump_s  # within the on-delay
    give(monitor, sounds["strange"][: 10 * SR])
    assert whats(store) == ["raised"]
    while monitor.desk.board.of(live_machine).is_on:
        give(monitor, sounds["normal"][: 2 * SR])
    assert whats(store) == ["raised"]
    clock.at -= jump_s  # within the off-delay
    give(monitor, sounds["normal"][: 10 * SR])
    assert whats(store) == ["raised", "cleared"]


@jumping
def test_an_acknowledged_alarm_stays_what_it_is(monitor, clock, sounds, store, jump_s, live_machine):
    give(monitor, sounds["strange"][: 20 * SR])
    monitor.act(live_machine, alarm_inputs.acknowledge, who="Anna")
    clock.at += jump_s
    give(monitor, sounds["strange"][: 10 * SR])
    clock.at -= jump_s
    give(monitor, sounds["strange"][: 10 * SR])
    assert whats(store) == ["raised", "acknowledged"]
    assert monitor.desk.board.of(live_machine).state == "acknowledged"


def test_shelving_never_lasts_longer_than_was_said(monitor, clock, sounds, store, live_machine):
    more = {"who": "Anna", "settings": monitor.settings.alarms}
    monitor.act(live_machine, alarm_inputs.shelve, until=clock.at + 60, **more)
    clock.at -= HOUR_S
    give(monitor, sounds["normal"][: 10 * SR])
    assert whats(store) == ["shelved"]
    clock.at += 60
    monitor._tick()
    assert whats(store) == ["shelved", "unshelved"]
    monitor.act(live_machine, alarm_inputs.shelve, until=clock.at + 60, **more)
    clock.at += HOUR_S
    monitor._tick()
    assert whats(store)[2:] == ["shelved", "unshelved"]


def test_events_are_told_in_the_order_in_which_they_happened(monitor, clock, store, live_machine):
    for number, jump_s in enumerate([HOUR_S, -HOUR_S, -HOUR_S, HOUR_S]):
        monitor.act(
            live_machine, alarm_inputs.shelve, until=clock.at + 60, who=str(number), settings=monitor.settings.alarms
        )
        clock.at += jump_s
    told = [event for event in store.undelivered("mqtt") if event.what == "shelved"]
    assert [event.body["who"] for event in told] == ["0", "1", "2", "3"]
    assert [event.at for event in told] != sorted(event.at for event in told)
    rest = store.events(after=told[1].id)
    assert [event.id for event in rest if event.what == "shelved"] == [event.id for event in told[2:]]


def test_what_is_too_old_by_a_clock_that_is_ahead_is_forgotten_and_nothing_of_alarms(
    tmp_path, settings_of, live_bundle, clock, sounds, live_machine
):
    with EventStore.open(tmp_path / "half an hour", keep_days=0.5 / 24, clock=clock) as store:
        monitor = Monitor(settings_of(), live_bundle, store, clock=clock)
        give(monitor, sounds["strange"][: 20 * SR])
        n_detections = len(store.detections(live_machine))
        assert n_detections > 5
        clock.at -= HOUR_S
        give(monitor, sounds["strange"][: 4 * SR])
        assert len(store.detections(live_machine)) >= n_detections + 1
        clock.at += 2 * HOUR_S
        give(monitor, sounds["strange"][: 4 * SR])
        assert len(store.detections(live_machine)) <= 2
        (alarm,) = store.alarms()
        assert alarm.is_active
        assert len(store.audio(alarm.alarm_id)) == 1
        assert [change["what"] for change in store.alarm_changes()] == ["raised"]
