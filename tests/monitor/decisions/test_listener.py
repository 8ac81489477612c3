import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import auscult
from auscult.errors import AudioError, MachineError, OptionError
from auscult.monitor.decisions.listener import Listener

SR = 16000


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


@pytest.fixture(scope="module")
def machine(bundle):
    return next(iter(bundle.detector.machines))


@pytest.fixture(scope="module")
def sound():
    return np.random.default_rng(5).normal(0, 0.05, (1, 9 * SR)).astype(np.float32)


def windows_of(listener, sound, lengths, started_at=100.0):
    found, start = [], 0
    for length in [*lengths, sound.shape[1]]:
        chunk = sound[:, start : start + length]
        start += chunk.shape[1]
        found += listener.push(chunk, started_at + start / listener.sr)
        if start == sound.shape[1]:
            break
    return found


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 40_000), max_size=12))
def test_windows_do_not_depend_on_chunks(bundle, machine, sound, lengths):
    one = windows_of(Listener(bundle, machine, sr=SR, step_s=0.5), sound, [])
    other = windows_of(Listener(bundle, machine, sr=SR, step_s=0.5), sound, lengths)
    assert len(one) == len(other) > 10
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.heard.descriptors, b.heard.descriptors)
        assert abs(a.at - b.at) < 1e-6
        assert a.is_apart == b.is_apart


def test_a_window_is_what_predict_hears(bundle, machine, sound):
    listener = Listener(bundle, machine, sr=SR, step_s=0.5)
    n = round(listener.window_s * SR)
    window = listener.push(sound[:, :n], 50.0)[0]
    verdict = bundle.predict(sound[0, :n], sr=SR, machine_id=machine)
    assert bundle.judge(window.heard, machine).score == pytest.approx(verdict.score, rel=1e-6)


def test_windows_that_are_decided_on_share_no_sound(bundle, machine, sound):
    found = windows_of(Listener(bundle, machine, sr=SR, step_s=0.5), sound, [])
    apart = [window.at for window in found if window.is_apart]
    length_s = bundle.detector.machines[machine].rule.interval_s
    assert len(apart) == int(9 / length_s)
    np.testing.assert_allclose(np.diff(apart), length_s, atol=0.05)
    assert apart[0] == pytest.approx(100.0 + length_s, abs=0.05)


def test_no_window_spans_a_gap(bundle, machine, sound):
    listener = Listener(bundle, machine, sr=SR, step_s=0.5)
    n = round(listener.window_s * SR)
    assert not listener.push(sound[:, : n - 10], 1.0)
    assert not listener.push(sound[:, n - 10 : n + 10], 90.0, is_after_gap=True)
    found = listener.push(sound[:, n + 10 : 2 * n], 91.0)
    assert found
    np.testing.assert_array_equal(
        found[0].heard.descriptors,
        Listener(bundle, machine, sr=SR, step_s=0.5).push(sound[:, n - 10 : 2 * n - 10], 0.0)[0].heard.descriptors,
    )


def test_level_is_that_of_the_window(bundle, machine, sound):
    for window in windows_of(Listener(bundle, machine, sr=SR, step_s=0.5), sound, [4000] * 40):
        assert window.level_db == pytest.approx(20 * np.log10(0.05), abs=0.3)


def test_the_channel_that_is_said_is_listened_to(bundle, machine, sound):
    two = np.concatenate([np.zeros_like(sound), sound])
    second = windows_of(Listener(bundle, machine, sr=SR, n_channels=2, step_s=1, channels=1), two, [])
    alone = windows_of(Listener(bundle, machine, sr=SR, step_s=1), sound, [])
    np.testing.assert_array_equal(second[0].heard.descriptors, alone[0].heard.descriptors)


def test_what_cannot_be_listened_to(bundle, machine, original_bundle):
    with pytest.raises(MachineError, match="not in the bundle"):
        Listener(bundle, "pump/id_99", sr=SR, step_s=1)
    with pytest.raises(OptionError, match="no model of normal sound"):
        Listener(auscult.load(original_bundle), "fan", sr=SR, step_s=1)
    with pytest.raises(AudioError):
        Listener(bundle, machine, sr=4000, step_s=1)
    with pytest.raises(AudioError, match="channel"):
        Listener(bundle, machine, sr=SR, step_s=1, channels=3).push(np.zeros((1, 100), np.float32), 0.0)
