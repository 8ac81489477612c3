import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.audio.microphone import Chunk
from auscult.errors import DeviceError
from auscult.monitor.sources.chunks import checked, nothing, pauses, played, whole_chunks

SR = 1000


def chunk(*values, is_broken=False):
    return Chunk(np.array([values], np.float32), is_broken)


@settings(deadline=None)
@given(st.lists(st.integers(0, 350), max_size=30))
def test_pieces_of_any_length_become_chunks_of_a_tenth_of_a_second_and_no_sample_is_lost(lengths):
    y = np.arange(2 * sum(lengths), dtype=np.float32).reshape(2, -1) / 1e4
    ends = np.cumsum(lengths)
    pieces = [Chunk(y[:, end - n : end]) for end, n in zip(ends, lengths, strict=True)]
    chunks = list(whole_chunks(pieces, sr=SR, where="test"))
    heard = [chunk for chunk in chunks if chunk.y.size]
    assert len(chunks) - len(heard) == lengths.count(0)
    assert all(chunk.y.shape[1] >= SR / 10 for chunk in heard[:-1])
    np.testing.assert_array_equal(np.concatenate([np.empty((2, 0)), *[chunk.y for chunk in heard]], axis=1), y)


def test_that_nothing_came_is_said_at_once():
    def pieces():
        yield chunk(*[0.1] * 50)
        yield nothing()
        raise AssertionError("asked for more before the empty chunk was given")

    assert next(whole_chunks(pieces(), sr=SR, where="test")).y.shape == (1, 0)


def test_a_gap_before_a_piece_is_one_before_its_chunk():
    pieces = [chunk(*[0] * 60), chunk(*[0] * 60, is_broken=True), chunk(*[0] * 120)]
    assert [chunk.is_broken for chunk in whole_chunks(pieces, sr=SR, where="test")] == [True, False]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([0, np.nan, 0], "mic: 1 of 3 samples are NaN or infinite. Check what sends it"),
        ([np.inf, 0, -np.inf], "mic: 2 of 3 samples are NaN or infinite"),
        ([0, -np.inf], "mic: 1 of 2 samples are NaN or infinite"),
        ([0, -32768], "mic: its samples reach 3.277e[+]04, where full scale is 1"),
    ],
)
def test_what_cannot_be_sound_does_not_pass(values, says):
    with pytest.raises(DeviceError, match=says):
        checked(chunk(*values), "mic")
    with pytest.raises(DeviceError, match=says):
        list(whole_chunks([chunk(*values)], sr=SR, where="mic"))


def test_sound_above_full_scale_passes():
    assert checked(chunk(1.5, -3), "mic").y[0, 1] == -3
    assert checked(nothing(2), "mic").y.shape == (2, 0)


def test_a_file_that_is_played_ends_now_however_fast_it_comes(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 5000.0)
    given = [chunk(*[0.1] * 500), nothing(), chunk(*[0.1] * 1500, is_broken=True)]
    found = list(played(given, sr=SR, duration_s=2.0))
    assert [one.ended_at for one in found] == [4998.5, 4998.5, 5000.0]
    assert [one.is_broken for one in found] == [False, False, True]


def test_a_long_wait_is_one_of_many_short_ones_with_a_chance_to_stop_after_each():
    waited = []
    empty = list(pauses(1.1, 3, waited.append))
    assert sum(waited) == pytest.approx(1.1)
    assert max(waited) <= 0.25
    assert [chunk.y.shape for chunk in empty] == [(3, 0)] * len(waited)
    assert len(list(pauses(0.01, 1, waited.append))) == 1
    assert list(pauses(-1, 1, waited.append)) == list(pauses(0, 1, waited.append)) == []
    assert sum(waited) == pytest.approx(1.11)
