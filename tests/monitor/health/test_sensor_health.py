from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import AudioError
from auscult.monitor.decisions.operating_state import State
from auscult.monitor.health.baseline import HealthBaseline
from auscult.monitor.health.sensor_faults import CAUSES
from auscult.monitor.health.sensor_health import SensorHealth
from auscult.monitor.settings import HealthSettings
from auscult.synth import MACHINES, render_clip

SR = 8000
AFTER_S = HealthSettings().after_s
SOON_S = AFTER_S + 5
"""In which a cause has to be named: it has to last, and the middle of five seconds has to have it."""
KINDS = ("fan", "valve")


def sound_of(machine_type, take_number, **options):
    options = {"snr_db": 6, "n_channels": 1, "duration_s": 5, "sr": SR, "seed": 703} | options
    return render_clip(machine_type, take_number=take_number, **options)[0]


@pytest.fixture(scope="module")
def machines():
    """Half a minute of normal sound of two machines, in all their states."""
    return {
        kind: np.concatenate([sound_of(kind, n, state=MACHINES[kind].states[n % 3]) for n in range(6)])
        for kind in KINDS
    }


@pytest.fixture(scope="module")
def baselines(machines):
    found = {kind: commissioned(y) for kind, y in machines.items()}
    assert all(found.values())
    return found


def commissioned(y, **others):
    health = SensorHealth(SR, HealthSettings(**others), learn_s=y.size // SR - 8)
    hear(health, y)
    return health.baseline


def hear(health, y, *, start=0.0, block=SR // 10, **options):
    """Each change of what is said, with when it was said."""
    said = []
    for n in range(0, y.shape[-1], block):
        piece = y[..., n : n + block]
        now = health.hear(piece, start + (n + piece.shape[-1]) / SR, **options)
        if not said or (now.word, now.cause) != (said[-1][1].word, said[-1][1].cause):
            said.append((start + (n + piece.shape[-1]) / SR, now))
    return said


def cover(y):
    """As a cloth: the higher, the weaker."""
    spectrum, frequency_hz = np.fft.rfft(y), np.fft.rfftfreq(y.size, 1 / SR)
    return np.fft.irfft(spectrum / (1 + (frequency_hz / 700) ** 3), y.size).astype(np.float32)


def with_hum(y):
    time_s = np.arange(y.size) / SR
    return y + y.std() * (np.sin(2 * np.pi * 50 * time_s) + np.sin(2 * np.pi * 150 * time_s)).astype(np.float32)


def white(y, amplitude):
    return (amplitude * np.random.default_rng(1).standard_normal(y.size)).astype(np.float32)


FAULTS = {
    "dead": [lambda y: 0 * y, lambda y: white(y, 2e-5), lambda y: np.full_like(y, 0.3), lambda y: y * np.nan],
    "clipped": [lambda y: np.clip(40 * y, -1, 1), lambda y: np.clip(y, -1.5 * y.std(), 1.5 * y.std())],
    "DC offset": [lambda y: y + y.std(), lambda y: y - 0.2],
    "hum": [with_hum],
    "covered": [cover],
    "gain change": [lambda y: 6 * y, lambda y: y / 6, lambda y: y / 20],
}


INJECTED = [("fan", cause, n) for cause, ways in FAULTS.items() for n in range(len(ways))]
INJECTED += [("valve", cause, 0) for cause in FAULTS]


@pytest.mark.parametrize(("kind", "cause", "number"), INJECTED)
def test_each_fault_is_named_soon_and_unsaid_after_it(kind, cause, number, machines, baselines):
    y = machines[kind]
    health = SensorHealth(SR, HealthSettings(), baselines[kind])
    hear(health, y[: 10 * SR], block=SR)
    said = hear(health, FAULTS[cause][number](y[: 20 * SR]).astype(np.float32), start=10.0, block=SR // 2)
    assert [one.cause for _, one in said if one.cause] == [cause]
    at, one = said[-1]
    assert at - 10 <= SOON_S
    assert at - one.since >= AFTER_S, "it began before it was said"
    assert one.since >= 10
    assert (one.word, one.remedy) == (CAUSES[cause].word, CAUSES[cause].remedy)
    assert not one.is_well
    assert one.detail
    back = hear(health, y, start=30.0, block=SR)
    assert [one.cause for _, one in back] == [cause, ""]
    assert AFTER_S < back[1][0] - 30 <= 4 * AFTER_S + 6


@pytest.mark.parametrize(("kind", "n_clips"), [("fan", 720), ("valve", 120)])
def test_nothing_is_said_in_an_hour_of_normal_sound_whose_level_varies(kind, n_clips, machines, baselines, rng):
    """The level wanders by some 2.5 dB, and the clips come in any order, with a bang or a pause now and then."""
    clips = machines[kind].reshape(-1, 5 * SR)
    health = SensorHealth(SR, HealthSettings(), baselines[kind])
    causes, level_db = set(), 0.0
    for n in range(n_clips):
        level_db = 0.95 * level_db + rng.normal(0, 0.8)
        y = clips[rng.integers(len(clips))] * np.float32(10 ** (level_db / 20))
        if n % 20 == 0:
            y[: SR // 2] = rng.normal(0, 0.2, SR // 2)
        if n % 31 == 0:
            y[SR : 3 * SR] *= np.float32(0.01)
        causes |= {one.cause for _, one in hear(health, y, start=5.0 * n, block=SR)}
    assert causes == {""}


@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_the_machine_are_not_blamed_on_the_microphone(kind, baselines):
    for n, fault in enumerate(MACHINES[kind].faults):
        health = SensorHealth(SR, HealthSettings(), baselines[kind])
        y = np.concatenate([sound_of(kind, 50 + n, fault=fault, severity=severity) for severity in (0.5, 1)])
        assert {one.cause for _, one in hear(health, np.tile(y, 2))} == {""}


def test_a_machine_that_hums_itself_is_not_blamed(machines):
    """A transformer's 100 Hz beside a fan, and even 50 Hz, if it was there at commissioning."""
    y = machines["fan"]
    time_s = np.arange(y.size) / SR
    transformer = y + 2 * y.std() * np.sin(2 * np.pi * 100 * time_s).astype(np.float32)
    assert {one.cause for _, one in hear(SensorHealth(SR, HealthSettings(), commissioned(y)), transformer)} == {""}
    humming = with_hum(y)
    assert {one.cause for _, one in hear(SensorHealth(SR, HealthSettings(), commissioned(humming)), humming)} == {""}


@given(gain_db=st.floats(-30, 10))
@settings(max_examples=3, deadline=None)
def test_how_loud_it_was_commissioned_changes_nothing(gain_db, machines):
    """But for what is absolute: full scale and silence."""
    gain = np.float32(10 ** (gain_db / 20))
    y = machines["fan"]
    baseline = commissioned(gain * y)
    for cause in ("hum", "covered", "gain change"):
        faulty = FAULTS[cause][-1](y)
        plain = hear(SensorHealth(SR, HealthSettings(), commissioned(y)), faulty)
        turned = hear(SensorHealth(SR, HealthSettings(), baseline), gain * faulty)
        assert [(at, one.cause) for at, one in turned] == [(at, one.cause) for at, one in plain]


@given(cuts=st.lists(st.integers(1, 3 * SR), min_size=1, max_size=30))
@settings(max_examples=6, deadline=None)
def test_it_does_not_depend_on_how_sound_is_cut_into_blocks(cuts, machines, baselines):
    y = np.concatenate([machines["fan"], FAULTS["covered"][0](machines["fan"])])
    plain, cut = (SensorHealth(SR, HealthSettings(), baselines["fan"]) for _ in range(2))
    expected = hear(plain, y)[-1][1]
    ends = [end for end in np.cumsum(cuts) if end < y.size]
    for low, high in pairwise([0, *ends, y.size]):
        cut.hear(y[low:high], high / SR)
    assert replace(cut.health, since=0) == replace(expected, since=0)
    assert cut.health.since == pytest.approx(expected.since)


def test_learns_what_is_normal_first_and_keeps_it(machines):
    y = machines["fan"]
    health = SensorHealth(SR, HealthSettings(), learn_s=20)
    assert health.health is None
    assert health.tick(5.0) is None
    first, *others = hear(health, y[: 15 * SR])
    assert (first[1].word, [one.word for _, one in others]) == ("function check", ["ok"])
    assert others[0][1].detail.startswith("learning what is normal here, 1 more minute of the machine running; hum")
    assert health.baseline is None
    hear(health, y[15 * SR :], start=15.0)
    assert health.health.detail == ""
    assert health.health.since == others[0][1].since, "learning is no other state"
    again = HealthBaseline.from_dict(health.baseline.to_dict())
    said = hear(SensorHealth(SR, HealthSettings(), again), y / 6)
    assert said[-1][1].cause == "gain change"


def test_a_bad_microphone_is_not_learnt_as_a_good_one(machines):
    y = machines["fan"]
    for bad in (0 * y, np.clip(y, -y.std(), y.std()), y * np.nan):
        health = SensorHealth(SR, HealthSettings(), learn_s=10)
        hear(health, bad.astype(np.float32))
        assert health.baseline is None
        assert not health.health.is_well


def test_is_commissioned_while_the_machine_runs(machines):
    for word, is_learnt in (("off", False), ("start-up", False), ("running", True), ("unknown", True)):
        health = SensorHealth(SR, HealthSettings(), learn_s=10)
        hear(health, machines["fan"], state=State(word, 0.0))
        assert (health.baseline is not None) == is_learnt


def test_is_not_compared_while_a_topic_says_that_the_machine_stands_still(machines, baselines):
    """Where only its sound says so, a bad microphone may have said it."""
    y = machines["fan"]
    for state, cause in (
        (State("off", 0.0, is_told=True), ""),
        (State("unknown", 0.0, is_told=True), ""),
        (State("off", 0.0), "gain change"),
        (State("running", 0.0, is_told=True), "gain change"),
    ):
        health = SensorHealth(SR, HealthSettings(), baselines["fan"])
        assert hear(health, y / 10, state=state)[-1][1].cause == cause
    silent = SensorHealth(SR, HealthSettings(), baselines["fan"])
    assert hear(silent, 0 * y, state=State("off", 0.0, is_told=True))[-1][1].cause == "dead"


def test_a_baseline_of_another_rate_or_number_of_channels_is_not_used(machines, baselines):
    assert SensorHealth(2 * SR, HealthSettings(), baselines["fan"]).baseline is None
    two = SensorHealth(SR, HealthSettings(), baselines["fan"])
    two.hear(np.stack([machines["fan"]] * 2), 30.0)
    assert two.baseline is None
    with pytest.raises(AudioError, match="2"):
        two.hear(machines["fan"], 60.0)


def test_one_dead_channel_of_several_is_named(machines):
    y = machines["fan"]
    health = SensorHealth(SR, HealthSettings())
    said = hear(health, np.stack([y, 0 * y]))[-1][1]
    assert (said.cause, said.detail) == ("dead", "channel 1: digital silence")


def test_a_source_that_stops_is_named_by_time_alone(machines, baselines):
    health = SensorHealth(SR, HealthSettings(), baselines["fan"])
    hear(health, machines["fan"])
    assert health.tick(30 + AFTER_S - 0.1).word == "ok"
    stalled = health.tick(30 + AFTER_S + 0.5)
    assert (stalled.word, stalled.cause, stalled.since) == ("failure", "stalled source", 30.0)
    assert health.tick(200.0) == stalled
    back = hear(health, machines["fan"], start=200.0)
    assert [one.cause for _, one in back] == ["stalled source", ""]


def test_a_clock_that_is_wrong_is_named(machines, baselines):
    for rate in (0.8, 1.2):
        health = SensorHealth(SR, HealthSettings(), baselines["fan"])
        for n in range(300):
            said = health.hear(machines["fan"][n * 800 : (n + 1) * 800], (n + 1) * 0.1 / rate)
            if said.cause:
                break
        assert said.cause == "stalled clock"
        assert (n + 1) * 0.1 / rate <= SOON_S + 2
        assert ("slowly" if rate < 1 else "fast") in said.detail


def test_a_block_that_comes_again_and_again_is_named(machines, baselines):
    health = SensorHealth(SR, HealthSettings(), baselines["fan"])
    hear(health, machines["fan"][: 10 * SR])
    said = hear(health, np.tile(machines["fan"][:800], 150), start=10.0)
    assert said[-1][1].cause == "repeated blocks"
    assert said[-1][0] - 10 <= SOON_S


def test_many_gaps_are_named_and_few_are_not(machines, baselines):
    for every, cause in ((10, "dropped blocks"), (100, "")):
        health = SensorHealth(SR, HealthSettings(), baselines["fan"])
        for n in range(300):
            y = machines["fan"][n * 800 : (n + 1) * 800]
            said = health.hear(y, n * 0.1, is_broken=n % every == 0)
        assert said.cause == cause


def test_a_cause_at_its_limit_does_not_flap(machines, baselines):
    """A loose contact: the level falls by 18 dB every few seconds for five minutes."""
    y = np.tile(machines["fan"], 10).reshape(-1, SR)
    factor = np.where(np.random.default_rng(0).random(len(y)) < 0.6, 1 / 8, 1)
    health = SensorHealth(SR, HealthSettings(), baselines["fan"])
    said = hear(health, (y * factor[:, None].astype(np.float32)).ravel())
    assert len(said) <= 4


def test_nonsense_is_survived(machines, baselines):
    health = SensorHealth(SR, HealthSettings(), baselines["fan"])
    y = machines["fan"].copy()
    y[3 * SR], y[7 * SR], y[9 * SR] = np.nan, np.inf, 1e30
    health.hear(np.empty(0, np.float32), 0.0)
    assert {one.cause for _, one in hear(health, y)} == {""}
    assert np.isfinite(health.health.since)


def test_settings_count(machines, baselines):
    slow = SensorHealth(SR, HealthSettings(after_s=12), baselines["fan"])
    said = hear(slow, FAULTS["covered"][0](machines["fan"]))
    assert 12 <= said[-1][0] <= 12 + 5
    assert said[-1][1].cause == "covered"
