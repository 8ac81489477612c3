import numpy as np
import pytest

from auscult.detect import NormalClips


def clips(n, *, name, interval_s=10.0):
    """Two sessions of one machine."""
    X = np.arange(3.0 * n).reshape(n, 3)
    takes = [f"{name}_{number}" for number in range(n)]
    return NormalClips(X, takes, np.repeat([0, 1], [n // 2, n - n // 2]), [f"{take}.wav" for take in takes], interval_s)


def test_later_clips_follow_in_sessions_of_their_own():
    first, later = clips(10, name="a"), clips(6, name="b", interval_s=5.0)
    both = first.followed_by(later)
    np.testing.assert_array_equal(both.X, np.concatenate([first.X, later.X]))
    assert both.takes == [*first.takes, *later.takes]
    assert both.contents == [*first.contents, *later.contents]
    assert both.sessions.tolist() == [0] * 5 + [1] * 5 + [2] * 3 + [3] * 3
    assert both.interval_s == 5
    assert both.followed_by(first).sessions.max() == 5


@pytest.mark.parametrize("n_earlier", [2, 3])
def test_takes_called_as_earlier_ones_are_others_all_the_same(n_earlier):
    both = clips(4, name="a")
    for _ in range(n_earlier - 1):
        both = both.followed_by(clips(4, name="a"))
    assert len(set(both.takes)) == 4 * n_earlier


def test_clips_after_none():
    none = NormalClips(np.empty((0, 3)), [], np.empty(0, np.intp), [], 10.0)
    later = clips(6, name="b")
    assert none.followed_by(later).sessions.tolist() == later.sessions.tolist()
