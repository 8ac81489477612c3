from functools import partial

import numpy as np
import pytest

from auscult.monitor.decisions.known_sounds import KnownSounds
from auscult.monitor.health import sensor_health
from auscult.monitor.machine_watch import MachineWatch
from auscult.monitor.sources.blocks import Block
from auscult.monitor.sources.recordings import FileState

SR = 16000
WALL = 1000.0


@pytest.fixture
def watch_of(settings_of, live_bundle, live_machine, tmp_path):
    def watch_of(*, of_folder=False, **more):
        source = {"kind": "folder", "machine": live_machine, "path": str(tmp_path)}
        settings = settings_of(sources={"hall": source}) if of_folder else settings_of()
        return MachineWatch(live_bundle, settings.sources["hall"], settings, known=KnownSounds(), **more)

    return watch_of


def block(y, ended_at, sr=SR, **more):
    return Block("hall", np.atleast_2d(y).astype(np.float32), sr, ended_at, False, 1, **more)


def hear(watch, sound, *, started_at=WALL, sr=SR):
    heard = []
    for start in range(0, len(sound), sr):
        at = started_at + (start + sr) / sr
        heard.append(watch.hear(block(sound[start : start + sr], at, sr), at))
    return heard


def test_each_window_has_its_score_and_those_apart_are_decided(watch_of, sounds):
    heard = hear(watch_of(), sounds["normal"][: 10 * SR])
    windows = [window for one in heard for window in one.windows]
    decided = [decided for one in heard for decided in one.decided]
    assert len(windows) == 9
    assert len(decided) == 5
    assert [window.at for window, _, _ in windows if window.is_apart] == [one.detection.at for one in decided]
    scores = [score for window, score, _ in windows if window.is_apart]
    assert scores == pytest.approx([one.detection.score for one in decided])


def test_a_source_that_comes_back_at_another_rate_is_heard_on(watch_of, sounds):
    watch = watch_of()
    hear(watch, sounds["normal"][: 3 * SR])
    twice = np.repeat(sounds["normal"][: 5 * SR], 3)  # the resampler is some samples late
    heard = hear(watch, twice, started_at=WALL + 10, sr=3 * SR)
    assert sum(len(one.decided) for one in heard) == 2


def test_recordings_that_were_heard_to_their_end_are_remembered(watch_of, sounds):
    watch = watch_of(of_folder=True)
    assert watch.to_dict()["folder"] is None
    watch.folder.is_begun = True
    for name in "ab":
        watch.folder.states[name] = FileState(9, 7)
        watch.folder.under_way.add((name, FileState(9, 7)))
    assert not watch.has_news(WALL)
    watch.hear(block(sounds["normal"][:SR], WALL, on_heard=partial(watch.folder.has_ended, "a", FileState(9, 7))), WALL)
    assert watch.has_news(WALL)
    assert not watch.has_news(WALL + 1)
    again = watch_of(of_folder=True, remembered=watch.to_dict()).folder
    assert (again.is_begun, again.states) == (True, {"a": FileState(9, 7)})


def test_no_window_spans_two_recordings_and_their_clock_is_not_blamed(watch_of, sounds, live_bundle):
    watch, y = watch_of(shadow=live_bundle), sounds["normal"]
    heard = []
    for minute in range(10):
        for second in range(2):
            part = y[(2 * minute + second) * SR :][:SR]
            at = WALL + 60 * minute + second
            heard.append(watch.hear(block(part, at, is_new=second == 0), at))
    decided = [decided.detection for one in heard for decided in one.decided]
    assert [detection.at for detection in decided] == [WALL + 60 * minute + 1 for minute in range(10)]
    assert {detection.ignored for detection in decided} == {""}
    assert watch.shadow.n_detections == 10


def test_its_time_is_the_recordings(watch_of, sounds):
    watch = watch_of()
    watch.hear(block(sounds["normal"][:SR], 500.0), WALL)
    assert watch.now(WALL + 3) == 503.0


def test_what_the_microphone_was_like_is_remembered(watch_of, sounds, monkeypatch):
    monkeypatch.setattr(sensor_health, "LEARN_S", 5.0)
    monkeypatch.setattr(sensor_health.SensorHealth.__init__, "__kwdefaults__", {"learn_s": 5.0})
    watch = watch_of()
    assert watch.health is None
    hear(watch, sounds["normal"][: 30 * SR])
    assert watch.has_news(WALL)
    assert not watch.has_news(WALL)
    again = watch_of(remembered=watch.to_dict())
    hear(again, sounds["normal"][:SR])
    assert again.to_dict() == watch.to_dict()
    assert not again.has_news(WALL)


def test_a_microphone_that_is_commissioned_anew_is_learnt_anew(watch_of, sounds, monkeypatch):
    monkeypatch.setattr(sensor_health.SensorHealth.__init__, "__kwdefaults__", {"learn_s": 5.0})
    watch = watch_of()
    hear(watch, sounds["normal"][: 20 * SR])
    before = watch.to_dict()["baseline"]
    assert watch.has_news(WALL)
    hear(watch, 0.1 * sounds["normal"][: 20 * SR])
    assert watch.health.cause == "gain change"
    watch.commission_anew()
    assert watch.to_dict()["baseline"] is None
    hear(watch, 0.1 * sounds["normal"][: 20 * SR])
    assert watch.health.word == "ok"
    assert watch.has_news(WALL)
    assert np.array(watch.to_dict()["baseline"]["levels_db"]) == pytest.approx(
        np.array(before["levels_db"]) - 20, abs=2
    )


def test_alarms_are_recorded_to_the_end_that_there_is(watch_of, sounds):
    watch = watch_of()
    assert watch.finish() == []
    hear(watch, sounds["normal"][: 3 * SR])
    watch.record("a", WALL + 3)
    (recording,) = watch.finish()
    assert recording.alarm_id == "a"
    assert recording.y.shape[1] == 2 * SR
