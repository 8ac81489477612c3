import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.store.alarm_recording import RecentSound

SR = 1000
STEP = 1 / 32767


def ramp(start_s, stop_s):
    """Sound whose samples say when they were heard, one channel."""
    return (np.arange(round(start_s * SR), round(stop_s * SR), dtype=np.float32) / 100_000)[None]


def said(recordings, wanted):
    return [recording for recording in recordings if recording.alarm_id == wanted]


@given(st.lists(st.floats(0.01, 0.7), min_size=30, max_size=60))
def test_what_is_kept_is_from_before_and_after_whatever_the_chunks(lengths_s):
    recent = RecentSound(SR, before_s=2.0, after_s=1.0)
    now, asked, found = 0.0, None, []
    for length_s in lengths_s:
        end = round((now + length_s) * SR) / SR
        found += recent.hear(ramp(now, end), end)
        now = end
        if asked is None and now > 3.0:
            asked = now
            recent.record("a", now)
    found += recent.finish()
    if asked is None:
        assert not found
        return
    (recording,) = found
    at = recording.y[0] * 100_000 / SR  # when each sample was heard
    assert np.allclose(np.diff(at), 1 / SR, atol=200 * STEP)  # nothing missing, nothing twice
    assert abs(at[0] - recording.started_at) < 0.01
    assert asked - 2.0 - 0.72 < recording.started_at <= asked - 2.0 + 0.01
    assert abs(recording.started_at + recording.raised_after_s - asked) < 0.01
    end = recording.started_at + recording.y.shape[1] / SR
    assert end <= asked + 1.0 + 0.72
    assert end >= min(now, asked + 1.0) - 0.01


def test_two_alarms_at_once_have_their_own_sound():
    recent = RecentSound(SR, before_s=1.0, after_s=1.0)
    recent.hear(ramp(0, 5), 5.0)
    recent.record("a", 5.0)
    recent.hear(ramp(5, 5.5), 5.5)
    recent.record("b", 5.5)
    found = recent.hear(ramp(5.5, 6.0), 6.0)
    assert [recording.alarm_id for recording in found] == ["a"]
    found = recent.hear(ramp(6.0, 6.5), 6.5)
    assert [recording.alarm_id for recording in found] == ["b"]
    assert not recent.finish()


def test_memory_is_bounded():
    recent = RecentSound(SR, before_s=1.0, after_s=1.0)
    for second in range(100):
        recent.hear(ramp(second, second + 1), second + 1.0)
    assert sum(y.size for _, y in recent._held) <= 2 * SR


def test_an_alarm_before_any_sound_has_none():
    recent = RecentSound(SR, before_s=1.0, after_s=1.0)
    recent.record("a", 0.0)
    assert recent.finish() == []


def test_louder_than_full_scale_is_clipped_not_wrapped():
    recent = RecentSound(SR, before_s=1.0, after_s=0.0)
    recent.hear(np.full((1, SR), 1.5, np.float32), 1.0)
    recent.record("a", 1.0)
    (recording,) = recent.hear(np.zeros((1, 10), np.float32), 1.01)
    assert recording.y.max() == 1.0
    assert recording.y.min() >= 0


def test_a_clock_that_is_put_back_loses_no_sound_and_takes_no_memory():
    recent = RecentSound(SR, before_s=2.0, after_s=2.0)
    for second in range(5):
        recent.hear(ramp(second, second + 1), 5000.0 + second + 1)
    recent.record("a", 5005.0)
    found = []
    for second in range(5, 100):
        found += recent.hear(ramp(second, second + 1), second + 1.0)
    (recording,) = found
    assert (recording.started_at, recording.raised_after_s) == (3.0, 2.0)
    np.testing.assert_allclose(recording.y, ramp(3, 7), atol=STEP)
    assert sum(y.size for _, y in recent._held) <= 3 * SR


def test_who_wants_nothing_kept_keeps_nothing():
    recent = RecentSound(SR, before_s=0.0, after_s=0.0)
    recent.hear(ramp(0, 1), 1.0)
    recent.record("a", 1.0)
    assert recent.hear(ramp(1, 2), 2.0) == []
    assert recent.finish() == []
