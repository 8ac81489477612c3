from dataclasses import replace

import numpy as np
import pytest

from auscult.errors import DataError
from auscult.monitor.decisions.decider import Decider
from auscult.monitor.decisions.known_sounds import KnownSound, KnownSounds
from auscult.monitor.past.looking_back import Past, Replay, look_back
from auscult.monitor.settings import AlarmSettings
from auscult.monitor.store.descriptors import recipe_id

SETTINGS = AlarmSettings(off_delay_s=0)
WINDOW_S = 2.0
T0 = 1_800_000_000.0


@pytest.fixture(scope="session")
def heard(live_bundle, sounds):
    """Normal sound, strange sound and normal sound again, in windows."""
    features = live_bundle.manifest.features
    order = [("normal", n) for n in range(6)] + [("strange", n) for n in range(10)] + [("normal", n) for n in range(16)]
    return [features.features(sounds[kind][n * 32000 : (n + 1) * 32000]) for kind, n in order]


def decided(bundle, machine, heard, known=None, reasons=None):
    decider = Decider(bundle, machine, known)
    return [
        decider.decide(window, T0 + WINDOW_S * n, level_db=-20.0, state="running", ignored=(reasons or {}).get(n, ""))
        for n, window in enumerate(heard)
    ]


@pytest.fixture
def past(live_bundle, live_machine, heard):
    detections = decided(live_bundle, live_machine, heard, reasons={8: "microphone: dead"})
    X = np.stack([window.descriptors for window in heard])
    return Past(live_machine, detections, X, recipe_id(live_bundle.manifest.features), WINDOW_S)


@pytest.fixture
def marked(live_bundle, live_machine, past):
    """A false alarm: what was anomalous."""
    is_anomalous = [detection.is_anomalous for detection in past.detections]
    sound = KnownSound("F1", "false alarm", None, "Anna", T0, None, past.descriptors[is_anomalous])
    return KnownSounds([sound], live_bundle.detector.machines[live_machine].model)


def redecide(past, bundle, known=None):
    return Replay(bundle, past.machine, SETTINGS, known).take(past)


def alarms(past, bundle, known=None):
    return look_back([past], bundle, past.machine, SETTINGS, known)


@pytest.fixture(scope="session")
def other_bundle(live_bundle, live_machine):
    """It expects louder sound, takes more scores for normal and alarms later."""
    machine = live_bundle.detector.machines[live_machine]
    calibration = replace(machine.calibration, threshold=3.0, scores=np.sort([*machine.calibration.scores, 50.0]))
    machine = replace(machine, calibration=calibration, rule=replace(machine.rule, threshold=6.0))
    return replace(live_bundle, detector=replace(live_bundle.detector, machines={live_machine: machine}))


def test_the_same_bundle_decides_as_it_did(past, live_bundle):
    assert redecide(past, live_bundle) == list(past.detections)


def test_what_the_same_bundle_has_scored_is_not_scored_again(past, live_bundle):
    nothing = replace(past, descriptors=np.full_like(past.descriptors, np.nan))
    assert redecide(nothing, live_bundle) == list(past.detections)


def test_another_bundle_decides_as_it_would_have(past, heard, other_bundle, live_machine):
    expected = decided(other_bundle, live_machine, heard, reasons={8: "microphone: dead"})
    found = redecide(past, other_bundle)
    assert [one.evidence for one in found] == pytest.approx([one.evidence for one in expected], rel=1e-5)
    for got, wanted in zip(found, expected, strict=True):
        assert got.score == pytest.approx(wanted.score, rel=1e-4)
        same = {"score": 0, "evidence": 0, "fault": None}
        assert replace(got, **same) == replace(wanted, **same)


def test_what_was_said_acts_as_if_it_had_been_known(past, heard, live_bundle, live_machine, marked):
    expected = decided(live_bundle, live_machine, heard, marked, {8: "microphone: dead"})
    found = redecide(past, live_bundle, marked)
    assert found == expected
    assert found[8].ignored == "microphone: dead"
    assert found[9].ignored == "like the false alarm of 2027-01-15 08:00 UTC (Anna)"


def test_what_was_said_then_does_not_count_but_state_and_microphone_do(past, heard, live_bundle, live_machine, marked):
    with_it = replace(past, detections=decided(live_bundle, live_machine, heard, marked, {8: "machine: start-up"}))
    found = redecide(with_it, live_bundle)
    assert {detection.ignored for detection in found} == {"", "machine: start-up"}
    assert found == decided(live_bundle, live_machine, heard, reasons={8: "machine: start-up"})


def test_a_fault_that_was_named_gives_its_name(past, live_bundle, marked):
    sounds = [replace(sound, what="fault", fault="loose belt") for sound in marked.sounds]
    found = redecide(past, live_bundle, KnownSounds(sounds, marked._model))
    assert {detection.fault for detection in found if detection.is_anomalous} == {"loose belt"}
    assert {detection.fault for detection in found if not detection.is_anomalous} == {None}
    assert [detection.evidence for detection in found] == [detection.evidence for detection in past.detections]


def test_alarms_that_there_would_have_been(past, live_bundle, other_bundle, marked):
    (before,) = alarms(past, live_bundle)
    raised = next(one for one in past.detections if one.is_alarm)
    assert before.raised_at == raised.at
    assert T0 + 16 * WINDOW_S <= before.cleared_at <= T0 + 31 * WINDOW_S
    (later,) = alarms(past, other_bundle)
    assert later.raised_at > before.raised_at
    assert alarms(past, live_bundle, marked) == []


def test_nothing_was_heard(past, live_bundle, marked):
    nothing = replace(past, detections=[], descriptors=past.descriptors[:0])
    assert alarms(nothing, live_bundle, marked) == []
    store_gives = replace(nothing, descriptors=np.empty((0, 0), np.float32))
    assert alarms(store_gives, live_bundle, marked) == []


def test_half_precision_as_it_is_stored_gives_the_same_alarms(past, other_bundle):
    stored = replace(past, descriptors=past.descriptors.astype(np.float16).astype(np.float32))
    assert [one.raised_at for one in alarms(stored, other_bundle)] == [
        one.raised_at for one in alarms(past, other_bundle)
    ]


def test_what_cannot_be_judged_again_says_what_to_do(past, live_bundle):
    beside = "Let it listen beside the live one for some weeks, as shadow"
    with pytest.raises(DataError, match=f"are other features than the bundle judges. {beside}"):
        alarms(replace(past, recipe="0123456789abcdef"), live_bundle)
    with pytest.raises(DataError, match=f"are windows of 10 s, the bundle judges 2 s. {beside}"):
        alarms(replace(past, window_s=10.0), live_bundle)
    with pytest.raises(
        DataError, match=r"pump/id_07: this machine is not in the bundle\. It knows fan/id_00, fan/id_02"
    ):
        alarms(replace(past, machine="pump/id_07"), live_bundle)


def test_days_one_after_the_other_are_as_one(past, live_bundle):
    """The alarm begins in the second part with the evidence of the first, and ends in the third."""
    parts = [
        replace(past, detections=past.detections[some], descriptors=past.descriptors[some])
        for some in (slice(0, 9), slice(9, 14), slice(14, None))
    ]
    assert look_back(parts, live_bundle, past.machine, SETTINGS) == alarms(past, live_bundle)
