import threading

import numpy as np
import pytest

from auscult.errors import AudioError, DataError, OptionError
from auscult.monitor.alarms import inputs as alarm_inputs
from auscult.monitor.monitor import Monitor
from auscult.monitor.sources.blocks import Block
from auscult.monitor.store.event_store import EventStore

from .giving import SR, give


def whats(store, kind="alarm"):
    return [event.what for event in store.events() if event.kind == kind]


def test_normal_sound_is_heard_and_raises_nothing(monitor, sounds, store, live_machine):
    give(monitor, sounds["normal"])
    n_windows = int(len(sounds["normal"]) / SR / 2.0)
    found = store.detections(live_machine)
    assert n_windows - 1 <= len(found) <= n_windows
    assert whats(store) == []
    (now,) = monitor.overview()
    assert now.state == "running"
    assert now.health.word == "ok"
    assert now.score == pytest.approx(found[-1].score, abs=5)
    assert monitor.live.columns(live_machine).levels.shape[0] > 100
    assert monitor.vitals.machines[live_machine].heard_s == pytest.approx(len(sounds["normal"]) / SR, abs=0.5)


def test_strange_sound_raises_an_alarm_with_its_recording(monitor, sounds, store, live_machine):
    give(monitor, sounds["normal"][: 4 * SR])
    give(monitor, sounds["strange"])
    assert whats(store)[:1] == ["raised"]
    (alarm,) = store.alarms()
    assert alarm.is_active
    (audio,) = store.audio(alarm.alarm_id)
    assert 3.5 <= audio.duration_s <= 4.6
    assert audio.at < alarm.raised_at < audio.at + audio.duration_s
    event = next(event for event in store.undelivered("mqtt") if event.kind == "alarm")
    assert event.body["alarm_id"] == alarm.alarm_id
    assert event.machine == live_machine


def test_it_clears_when_the_cause_has_been_gone(settings_of, live_bundle, store, clock, sounds):
    monitor = Monitor(settings_of(alarms={"off_delay_s": 4}), live_bundle, store, clock=clock)
    give(monitor, sounds["strange"])
    for _ in range(6):
        give(monitor, sounds["normal"])
    assert whats(store) == ["raised", "cleared"]


def test_a_person_acknowledges_and_it_is_kept(monitor, sounds, store, live_machine):
    give(monitor, sounds["strange"])
    monitor.act(live_machine, alarm_inputs.acknowledge, who="Anna", why="on my way")
    (alarm,) = store.alarms()
    assert alarm.acknowledged_at is not None
    assert whats(store) == ["raised", "acknowledged"]
    with pytest.raises(OptionError, match="Anna has acknowledged"):
        monitor.act(live_machine, alarm_inputs.acknowledge, who="Bert")


def test_a_shelved_alarm_is_not_raised(monitor, clock, sounds, store, live_machine):
    shelf = {"until": clock.at + 3600, "who": "Anna", "why": "known", "settings": monitor.settings.alarms}
    monitor.act(live_machine, alarm_inputs.shelve, **shelf)
    give(monitor, sounds["strange"])
    assert whats(store) == ["shelved"]


def test_a_dead_microphone_is_no_fault_of_the_machine(monitor, sounds, store):
    give(monitor, sounds["normal"][: 6 * SR])
    give(monitor, np.zeros(20 * SR))
    assert "raised" not in whats(store)
    assert "failure" in whats(store, "health")
    assert "suppressed" in whats(store)
    (now,) = monitor.overview()
    assert "microphone: dead" in now.ignored
    assert now.alarm.state == "suppressed by design"


def test_sound_that_the_bundle_cannot_judge_is_said_where_people_look(monitor, sounds, store):
    give(monitor, sounds["normal"][: 4 * SR], sr=SR // 2)
    (now,) = monitor.overview()
    assert "8000 Hz" in now.ignored
    (suppressed,) = [event for event in store.events(kind="alarm") if event.what == "suppressed"]
    assert "8000 Hz" in suppressed.body["why"]
    give(monitor, sounds["normal"][: 4 * SR])
    (now,) = monitor.overview()
    assert now.ignored == ""
    assert now.alarm.state == "normal"


def test_a_machine_that_a_topic_says_is_off_is_not_judged(monitor, sounds, store, live_machine):
    monitor._told(live_machine, "off")
    monitor.commands.run()
    give(monitor, sounds["strange"])
    assert "raised" not in whats(store)
    assert store.detections(live_machine)[-1].ignored == "machine: off"


def test_evidence_and_alarms_outlive_a_restart(settings_of, live_bundle, clock, sounds, tmp_path, live_machine):
    def start():
        return EventStore.open(tmp_path / "events", clock=clock)

    with start() as store:
        monitor = Monitor(settings_of(), live_bundle, store, clock=clock)
        give(monitor, sounds["strange"])
        before = monitor.desk.board.of(live_machine)
        evidence = monitor.watches[live_machine]._decider.evidence
        assert before.is_active
    with start() as store:
        again = Monitor(settings_of(), live_bundle, store, clock=clock)
        assert again.desk.board.of(live_machine).id == before.id
        assert again.watches[live_machine]._decider.evidence == pytest.approx(evidence)
        give(again, sounds["strange"][: 4 * SR])
        assert whats(store).count("raised") == 1


def test_sound_that_cannot_be_used_stops_nothing(monitor, clock, sounds, caplog, store):
    clock.at += 1
    monitor._hear(Block("hall", np.zeros((1, 4000), np.float32), 4000, clock.at, False, 1))
    assert "4000 Hz" in caplog.text
    give(monitor, sounds["normal"][: 6 * SR])
    assert store.detections(monitor.overview()[0].machine)


def test_a_store_that_refuses_stops_nothing(monitor, sounds, monkeypatch, caplog, live_machine):
    def refuse(*_, **__):
        raise DataError("events", "is full", "Free the disk.")

    monkeypatch.setattr(monitor.store, "add_detection", refuse)
    give(monitor, sounds["normal"])
    assert caplog.text.count("is full") == 1  # not once a decision
    assert monitor.vitals.machines[live_machine].heard_s > 30


def test_it_runs_and_stops(settings_of, live_bundle, store, sounds, tmp_path, live_machine):
    import soundfile

    soundfile.write(tmp_path / "played.wav", sounds["normal"], SR)
    source = {"kind": "replay", "machine": live_machine, "path": str(tmp_path / "played.wav"), "speed": 1000}
    monitor = Monitor(settings_of(sources={"hall": source}), live_bundle, store)
    monitor.start()
    for _ in range(2000):
        if monitor.is_finished:
            break
        threading.Event().wait(0.01)
    monitor.stop()
    assert monitor.is_finished
    n_windows = int(len(sounds["normal"]) / SR / 2.0)
    assert n_windows - 1 <= len(store.detections(live_machine)) <= n_windows
    assert whats(store, "monitor") == ["started", "stopped"]
    assert "finished" in whats(store, "source")


def test_a_monitor_needs_normal_sound(settings_of, original_bundle, store):
    import auscult

    with pytest.raises(OptionError, match="no model of normal sound"):
        Monitor(settings_of(), auscult.load(original_bundle), store)


def test_the_overview_says_how_sources_are(monitor):
    monitor.start()  # its recording is not there
    for _ in range(1000):
        (now,) = monitor.overview()
        if now.source_state == "lost":
            break
        threading.Event().wait(0.01)
    monitor.stop()
    assert "none.wav" in now.source_error


def test_alarms_of_machines_that_it_does_not_listen_to_clear_when_it_starts(monitor, store, said, clock):
    monitor.desk.observe(said.detection(clock.at, "old/1", evidence=9.0))
    alarm_id = monitor.desk.board.of("old/1").id
    clock.at += 10
    monitor.start()
    monitor.act("old/1", alarm_inputs.acknowledge, who="Ada")
    monitor.stop()
    stored = store.alarm(alarm_id)
    assert (stored.cleared_at, stored.acknowledged_at) == (clock.at, clock.at)
    assert whats(store, "alarm") == ["raised", "cleared", "acknowledged"]


def test_a_shadow_judges_beside_it_and_raises_nothing(settings_of, trained_bundle, live_bundle, store, clock, sounds):
    import auscult

    quiet = auscult.load(trained_bundle)  # its rule needs far more evidence
    monitor = Monitor(settings_of(), live_bundle, store, shadow=quiet, clock=clock)
    give(monitor, sounds["strange"])
    watch = next(iter(monitor.watches.values()))
    monitor._remember(watch)
    monitor.compare_shadows()
    event = next(event for event in store.events() if event.what == "shadow compared")
    assert "would have removed 1 of the last 1 alarm" in event.body["words"]
    assert whats(store).count("raised") == 1
    again = Monitor(settings_of(), live_bundle, store, shadow=quiet, clock=clock)
    assert next(iter(again.watches.values())).shadow.n_detections == watch.shadow.n_detections > 0


def test_an_alarm_that_could_not_be_kept_is_raised_later(monitor, sounds, store, live_machine, monkeypatch):
    def refuse(_):
        raise DataError("events", "is locked", "Wait.")

    with monkeypatch.context() as patch:
        patch.setattr(store._writer, "write", refuse)
        give(monitor, sounds["strange"])
        assert not monitor.desk.board.of(live_machine).is_active
    give(monitor, sounds["strange"][: 4 * SR])
    assert whats(store) == ["raised"]
    assert monitor.desk.board.of(live_machine).is_active


def test_what_nobody_foresaw_ends_nothing(settings_of, live_bundle, store, caplog, sounds, monkeypatch, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "played.wav", sounds["normal"][: 4 * SR], SR)
    source = {"kind": "replay", "machine": "fan/id_00", "path": str(tmp_path / "played.wav"), "speed": 1000}
    monitor = Monitor(settings_of(sources={"hall": source}), live_bundle, store)
    monkeypatch.setattr(monitor.watches["fan/id_00"], "hear", lambda *_: 1 / 0)
    monkeypatch.setattr(monitor.watches["fan/id_00"], "tick", lambda *_: 1 / 0)
    monitor.start()
    for _ in range(2000):
        if monitor.is_finished and "as time passes" in caplog.text:
            break
        threading.Event().wait(0.01)
    monitor.note("probe", {})
    assert not monitor.has_failed
    monitor.stop()
    assert caplog.text.count("sources.hall: Traceback") == 1
    assert whats(store, "monitor") == ["started", "probe", "stopped"]
    assert not monitor.has_failed  # it was stopped


def test_one_that_is_stopped_takes_no_orders(monitor, store, live_machine):
    monitor.start()
    monitor.stop()
    with pytest.raises(DataError, match="taking new settings"):
        monitor.act(live_machine, alarm_inputs.out_of_service, until=2e9, who="Anna")
    assert whats(store) == []


def test_one_that_was_not_started_can_be_stopped(monitor):
    monitor.stop()
    assert not monitor.has_failed


def test_a_machine_stays_suppressed_until_something_is_heard(
    monitor, settings_of, live_bundle, clock, sounds, store, live_machine
):
    monitor._told(live_machine, "off")
    monitor.commands.run()
    give(monitor, sounds["normal"][: 6 * SR])
    assert whats(store) == ["suppressed"]
    again = Monitor(settings_of(), live_bundle, store, clock=clock)
    again._tick()
    assert again.desk.board.of(live_machine).state == "suppressed by design"
    give(again, sounds["normal"][: 6 * SR])
    assert whats(store) == ["suppressed", "unsuppressed"]


def test_a_channel_that_is_not_there_is_said_where_people_look(settings_of, live_bundle, live_machine, store, clock):
    source = {"kind": "replay", "machine": live_machine, "path": "mono", "channels": 3}
    monitor = Monitor(settings_of(sources={"hall": source}), live_bundle, store, clock=clock)
    give(monitor, np.zeros(2 * SR))
    (now,) = monitor.overview()
    assert "sources.hall: channels: channel 3 is to be listened to, and the sound has 1 channel(s)" in now.ignored
    assert (now.health.word, now.health.cause) == ("out of specification", "unusable sound")
    assert now.alarm.state == "suppressed by design"
    (said,) = [event for event in store.events() if event.kind == "health"]
    assert "from 0 to 0, or mean" in said.body["detail"]


def test_a_recording_that_is_refused_is_said_where_people_look(monitor, sounds, store, clock):
    give(monitor, sounds["normal"][: 4 * SR])
    refusal = AudioError("in/a.wav", "is not audio", "Put sound there.")
    monitor._hear(Block("hall", np.empty((1, 0), np.float32), SR, clock.at, False, 1, refusal=refusal))
    monitor._tick()
    (now,) = monitor.overview()
    assert now.ignored == "sound: sources.hall: in/a.wav: is not audio. Put sound there."
    assert now.health.cause == "unusable sound"
    (said,) = [event for event in store.events() if event.what == "refused"]
    assert (said.kind, said.machine, said.body["source"]) == ("source", now.machine, "hall")
    assert "in/a.wav: is not audio" in said.body["error"]
    give(monitor, sounds["normal"][: 4 * SR])
    (now,) = monitor.overview()
    assert (now.ignored, now.health.word, now.alarm.state) == ("", "ok", "normal")
