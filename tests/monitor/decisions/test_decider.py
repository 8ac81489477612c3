import numpy as np
import pytest

from auscult.detect.evidence import SequentialDecision
from auscult.features.recipe import Features
from auscult.monitor.decisions.decider import Decider


@pytest.fixture
def windows(live_bundle, sounds):
    features = live_bundle.manifest.features
    waveforms = [
        sounds[kind][start * 32000 : (start + 1) * 32000] for kind in ("normal", "strange") for start in range(8)
    ]
    return [features.features(y) for y in waveforms]


def decide(decider, windows, **more):
    told = {"level_db": -20.0, "state": "running"} | more
    return [decider.decide(heard, 10.0 * number, **told) for number, heard in enumerate(windows)]


def test_decisions_are_those_of_the_bundle_and_its_alarm_rule(live_bundle, live_machine, windows):
    found = decide(Decider(live_bundle, live_machine), windows)
    rule = SequentialDecision(live_bundle.detector.machines[live_machine].rule.threshold)
    for detection, heard in zip(found, windows, strict=True):
        verdict = live_bundle.judge(heard, live_machine)
        assert (detection.score, detection.p_value) == (verdict.score, verdict.p_value)
        assert detection.is_anomalous == verdict.is_anomalous
        assert detection.is_alarm == rule.update(verdict.p_value)
        assert detection.evidence == rule.evidence
    assert found[-1].is_alarm
    assert not found[0].is_alarm


def test_what_is_ignored_changes_no_evidence(live_bundle, live_machine, windows):
    decider = Decider(live_bundle, live_machine)
    before = decide(decider, windows)[-1].evidence
    found = decide(decider, windows, ignored="microphone: dead")
    assert {detection.evidence for detection in found} == {before}
    assert {detection.ignored for detection in found} == {"microphone: dead"}


def test_evidence_goes_on_from_the_last_detection(live_bundle, live_machine, windows):
    whole = decide(Decider(live_bundle, live_machine), windows)
    first = decide(Decider(live_bundle, live_machine), windows[:11])
    again = Decider(live_bundle, live_machine)
    again.go_on_from(first[-1])
    assert [one.evidence for one in decide(again, windows[11:])] == [one.evidence for one in whole[11:]]
    again = Decider(live_bundle, live_machine)
    again.go_on_from(None)
    assert again.evidence == 0


def test_evidence_of_another_rule_is_none(live_bundle, live_machine, windows):
    from dataclasses import replace

    decider = Decider(live_bundle, live_machine)
    decider.go_on_from(replace(decide(Decider(live_bundle, live_machine), windows)[-1], alarm_at=99.0))
    assert decider.evidence == 0


def test_only_what_is_anomalous_is_like_a_fault(network_bundle):
    machine = next(iter(network_bundle.detector.machines))
    detector = network_bundle.detector.machines[machine]
    normal = detector.model.bank_[0]
    n_frames = 100
    heard = Features(np.zeros((network_bundle.manifest.features.n_mels, n_frames), np.float32), normal)
    detection = Decider(network_bundle, machine).decide(heard, 0.0, level_db=-20.0, state="running")
    assert not detection.is_anomalous
    assert detection.fault is None
