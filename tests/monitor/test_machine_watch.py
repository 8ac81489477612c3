import numpy as np
import pytest

from auscult.monitor.decisions.known_sounds import KnownSounds
from auscult.monitor.health import sensor_health
from auscult.monitor.machine_watch import MachineWatch
from auscult.monitor.sources.blocks import Block

SR = 16000
WALL = 1000.0


@pytest.fixture
def watch_of(settings_of, live_bundle):
    def watch_of(**more):
        settings = settings_of()
        return MachineWatch(live_bundle, settings.sources["hall"], settings, known=KnownSounds(), **more)

    return watch_of


def block(y, ended_at, sr=SR):
    return Block("hall", np.atleast_2d(y).astype(np.float32), sr, ended_at, False, 1)


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


def test_it_knows_up_to_when_an_earlier_run_has_heard(watch_of, sounds):
    assert watch_of().heard_until is None
    (*_, last) = (decided.detection for one in hear(watch_of(), sounds["normal"][: 6 * SR]) for decided in one.decided)
    assert watch_of(last=last).heard_until == last.at + 2.0  # a window


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
    assert watch.has_learnt()
    assert not watch.has_learnt()
    again = watch_of(remembered=watch.to_dict())
    hear(again, sounds["normal"][:SR])
    assert again.to_dict() == watch.to_dict()
    assert not again.has_learnt()


def test_a_microphone_that_is_commissioned_anew_is_learnt_anew(watch_of, sounds, monkeypatch):
    monkeypatch.setattr(sensor_health.SensorHealth.__init__, "__kwdefaults__", {"learn_s": 5.0})
    watch = watch_of()
    hear(watch, sounds["normal"][: 20 * SR])
    before = watch.to_dict()["baseline"]
    assert watch.has_learnt()
    hear(watch, 0.1 * sounds["normal"][: 20 * SR])
    assert watch.health.cause == "gain change"
    watch.commission_anew()
    assert watch.to_dict()["baseline"] is None
    hear(watch, 0.1 * sounds["normal"][: 20 * SR])
    assert watch.health.word == "ok"
    assert watch.has_learnt()
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


def test_another_bundle_judges_from_now_on(watch_of, sounds, live_bundle):
    watch = watch_of()
    hear(watch, sounds["strange"][: 6 * SR])
    watch.use(live_bundle, KnownSounds())
    assert watch.evidence == 0
    assert hear(watch, sounds["normal"][: 2 * SR], started_at=WALL + 6)[-1].decided
