from dataclasses import replace

import numpy as np
import pytest

from auscult.features import LogMel
from auscult.monitor.decisions.decider import Decider
from auscult.monitor.decisions.known_sounds import KnownSound, KnownSounds
from auscult.monitor.decisions.listener import Listener
from auscult.monitor.past.would_be_alarms import Occurrence
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.shadow import Shadow
from auscult.monitor.sources.blocks import Block

SR = 16000
SETTINGS = AlarmSettings(off_delay_s=0)
T0 = 1_800_000_000.0


def with_machine(bundle, machine, **changes):
    changed = replace(bundle.detector.machines[machine], **changes)
    return replace(bundle, detector=replace(bundle.detector, machines=bundle.detector.machines | {machine: changed}))


@pytest.fixture(scope="session")
def later_bundle(live_bundle, live_machine):
    """It alarms later than the live one."""
    rule = live_bundle.detector.machines[live_machine].rule
    return with_machine(live_bundle, live_machine, rule=replace(rule, threshold=5.5))


@pytest.fixture(scope="session")
def other_bundle(live_bundle, live_machine):
    """It judges windows of another length."""
    rule = live_bundle.detector.machines[live_machine].rule
    return with_machine(live_bundle, live_machine, rule=replace(rule, interval_s=3.0))


class Live:
    """The live bundle, as a watch has it."""

    def __init__(self, bundle, machine):
        self.decider = Decider(bundle, machine)
        self.listener = Listener(bundle, machine, sr=SR, step_s=1.0)
        self.at, self.detections = T0, []

    def hear(self, shadow, sound, *, state="running", ignored=""):
        """Listen to sound in blocks of half a second, and give what the shadow decided."""
        decided = []
        for start in range(0, len(sound) - SR // 2 + 1, SR // 2):
            self.at += 0.5
            block = Block("hall", sound[None, start : start + SR // 2].astype(np.float32), SR, self.at, False, 1)
            windows = self.listener.push(block.y, block.ended_at)
            live = [
                self.decider.decide(one.heard, one.at, level_db=one.level_db, state=state, ignored=ignored)
                for one in windows
                if one.is_apart
            ]
            self.detections += live
            decided += shadow.hear(block, windows, live)
        return decided


@pytest.fixture
def live(live_bundle, live_machine):
    return Live(live_bundle, live_machine)


@pytest.fixture
def day(sounds):
    """Normal sound, strange sound, normal sound again: one alarm."""
    return np.concatenate(
        [sounds["normal"][: 8 * SR], sounds["strange"][: 16 * SR], sounds["normal"][8 * SR : 30 * SR]]
    )


def test_it_judges_the_windows_of_the_live_one(live, later_bundle, live_bundle, live_machine, day, monkeypatch):
    monkeypatch.setattr("auscult.monitor.shadow.Listener", None)  # what was described is not described again
    shadow = Shadow(later_bundle, live_bundle, live_machine, SETTINGS)
    found = live.hear(shadow, day)
    assert [one.at for one in found] == [one.at for one in live.detections]
    assert [one.p_value for one in found] == [one.p_value for one in live.detections]
    assert {one.alarm_at for one in found} == {5.5}
    assert shadow.n_detections == len(found) == 23
    assert shadow.n_anomalous == sum(one.is_anomalous for one in found) > 5
    assert shadow.since == found[0].at
    comparison = shadow.comparison()
    assert (len(comparison.before), len(comparison.after), len(comparison.pairs)) == (1, 1, 1)
    assert comparison.later_s[0] == next(one.at for one in found if one.is_alarm) - next(
        one.at for one in live.detections if one.is_alarm
    )


def test_with_other_windows_it_listens_itself(live, other_bundle, live_bundle, live_machine, day):
    shadow = Shadow(other_bundle, live_bundle, live_machine, SETTINGS)
    found = live.hear(shadow, day)
    alone = Decider(other_bundle, live_machine)
    windows = Listener(other_bundle, live_machine, sr=SR, step_s=3.0).push(day[None].astype(np.float32), live.at)
    expected = [alone.decide(one.heard, one.at, level_db=one.level_db, state="running") for one in windows]
    assert len(found) == len(expected) == 15
    for got, wanted in zip(found, expected, strict=True):
        assert got.at == pytest.approx(wanted.at)
        assert (got.score, got.evidence) == pytest.approx((wanted.score, wanted.evidence), rel=1e-4)
    assert len(shadow.comparison().after) == 1


@pytest.mark.parametrize("kind", ["later_bundle", "other_bundle"])
def test_state_and_microphone_are_as_the_live_one_has_them(live, kind, live_bundle, live_machine, day, request):
    shadow = Shadow(request.getfixturevalue(kind), live_bundle, live_machine, SETTINGS)
    found = live.hear(shadow, day, state="start-up", ignored="machine: start-up")
    assert {(one.state, one.ignored) for one in found} == {("start-up", "machine: start-up")}
    assert shadow.comparison().after == ()
    live.hear(shadow, day[: 8 * SR])
    assert live.hear(shadow, day[: 8 * SR])[-1].ignored == ""


def test_what_was_said_to_the_live_one_is_not_taken_over_but_its_own_is(
    live, later_bundle, live_bundle, live_machine, day
):
    model = live_bundle.detector.machines[live_machine].model
    shadow = Shadow(later_bundle, live_bundle, live_machine, SETTINGS)
    found = live.hear(shadow, day, ignored="like the false alarm of 2026-11-27 12:00 UTC (Anna)")
    assert {one.ignored for one in found} == {""}
    assert (len(shadow.comparison().gained), len(shadow.comparison().before)) == (1, 0)
    windows = live.listener.push(day[None, : 12 * SR].astype(np.float32), live.at + 12)
    marked = np.stack([window.heard.descriptors for window in windows[-4:]])
    shadow.know(KnownSounds([KnownSound("F", "false alarm", None, "Bert", T0, None, marked)], model))
    live.at += 12
    found = live.hear(shadow, day[8 * SR : 16 * SR])
    assert any("(Bert)" in one.ignored for one in found)


def test_it_never_disturbs_the_live_one(live, live_bundle, later_bundle, live_machine, day):
    features = live_bundle.manifest.features
    faster = LogMel.for_rate(2 * SR, n_mels=features.n_mels, groups=features.groups)
    broken = replace(live_bundle, manifest=replace(live_bundle.manifest, features=faster))
    shadow = Shadow(broken, live_bundle, live_machine, SETTINGS)
    assert live.hear(shadow, day) == []
    assert "16000 Hz" in shadow.problem
    assert len(live.detections) == 23
    stranger = Shadow(live_bundle, live_bundle, "pump/id_07", SETTINGS)
    assert stranger.problem.startswith("pump/id_07 is not in the shadow bundle")
    assert live.hear(stranger, day[: 4 * SR]) == []
    stranger.know(KnownSounds())
    assert stranger.to_dict() == {}
    assert stranger.comparison().before == ()


def test_a_restart_forgets_nothing(live, later_bundle, live_bundle, live_machine, day):
    shadow = Shadow(later_bundle, live_bundle, live_machine, SETTINGS)
    live.hear(shadow, day[: 24 * SR])
    before = shadow.comparison()
    assert before.after[0].cleared_at is None
    remembered = shadow.to_dict()
    again = Shadow(later_bundle, live_bundle, live_machine, SETTINGS, remembered=remembered)
    assert (again.since, again.n_detections, again.n_anomalous) == (
        shadow.since,
        shadow.n_detections,
        shadow.n_anomalous,
    )
    ended = live.detections[-1].at
    assert again.comparison().after == (replace(before.after[0], cleared_at=ended),)
    assert again.to_dict()["n_detections"] == shadow.n_detections
    live.hear(again, np.concatenate([day[8 * SR : 24 * SR]] * 2))
    assert len(again.comparison().after) == 2
    assert again.n_detections == shadow.n_detections + 16


def test_what_another_bundle_did_is_forgotten(live, later_bundle, other_bundle, live_bundle, live_machine, day):
    shadow = Shadow(later_bundle, live_bundle, live_machine, SETTINGS)
    live.hear(shadow, day)
    rule = live_bundle.detector.machines[live_machine].rule
    third = with_machine(live_bundle, live_machine, rule=replace(rule, threshold=9.0))
    for bundles in ((third, live_bundle), (later_bundle, third)):
        assert Shadow(*bundles, live_machine, SETTINGS, remembered=shadow.to_dict()).n_detections == 0
    assert Shadow(later_bundle, live_bundle, live_machine, SETTINGS, remembered={}).n_detections == 0


def test_confirmed_faults_count_from_when_it_listens(live, later_bundle, live_bundle, live_machine, day):
    shadow = Shadow(later_bundle, live_bundle, live_machine, SETTINGS)
    live.hear(shadow, day)
    fault = replace(shadow.comparison().before[0], fault="belt")
    older = Occurrence(live_machine, T0 - 1000, T0 - 900)
    assert shadow.comparison([older, fault]).confirmed == (fault,)
    assert shadow.comparison([older, fault]).confirmed_lost == ()
