import time

import numpy as np
import pytest
import soundfile

from auscult.errors import AudioError, DataError
from auscult.monitor.sources.replay import Replay

SR = 8000


class Time:
    """A clock that goes on only when it is waited for."""

    def __init__(self):
        self.now = 5e6
        self.longest_wait = 0.0

    def clock(self):
        return self.now

    def wait(self, seconds):
        self.longest_wait = max(self.longest_wait, seconds)
        self.now += seconds


def replay(path, **options):
    own = Time()
    return Replay.open(path, sr=SR, started_at=1000.0, clock=own.clock, wait=own.wait, **options), own


def write(path, values, sr=SR):
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.asarray(values, np.float32), sr, subtype="FLOAT")


@pytest.mark.parametrize(
    ("speed", "ends"), [(0.1, [*np.arange(1, 13) / 10, 1.25]), (1, [*np.arange(1, 13) / 10, 1.25]), (20, [1, 1.25])]
)
def test_a_recording_takes_its_time_over_the_speed_and_its_end_is_said_in_its_own_time(tmp_path, rng, speed, ends):
    y = rng.uniform(-0.5, 0.5, (int(1.25 * SR), 2))
    write(tmp_path / "a.wav", y)
    source, own = replay(tmp_path / "a.wav", speed=speed)
    heard = []
    for chunk in source.chunks():
        if chunk.y.size:
            heard.append(chunk)
            assert (own.now - 5e6) * speed == pytest.approx(chunk.ended_at - 1000, abs=1e-6)
    np.testing.assert_array_equal(np.concatenate([chunk.y for chunk in heard], axis=1), y.T.astype(np.float32))
    assert [chunk.ended_at - 1000 for chunk in heard] == pytest.approx(ends)
    assert (source.sr, source.n_channels, source.name) == (SR, 2, str(tmp_path / "a.wav"))
    assert own.longest_wait <= 0.25  # slow as it may be, it can be stopped


def test_at_a_huge_speed_nothing_is_waited_for(tmp_path):
    write(tmp_path / "a.wav", np.zeros(60 * SR))
    source, own = replay(tmp_path / "a.wav", speed=1e9)
    assert sum(chunk.y.shape[1] for chunk in source.chunks()) == 60 * SR
    assert own.now - 5e6 < 1e-6


def test_a_folder_is_played_in_the_order_of_its_names_and_bad_files_are_told_once(tmp_path):
    for name, value in [("2.wav", 0.2), ("10.wav", 0.1), ("day/1.wav", 0.3)]:
        write(tmp_path / name, np.full(400, value))
    (tmp_path / "0.wav").write_bytes(b"no sound")
    write(tmp_path / "3.wav", np.full((400, 2), 0.4))  # another number of channels
    write(tmp_path / "4.wav", np.zeros(400), sr=4000)
    source, _ = replay(tmp_path, is_repeated=True)
    said, chunks, all_chunks = [], [], source.chunks()
    while len(chunks) < 8:
        chunk = next(all_chunks)
        said += [str(chunk.refusal)] if chunk.refusal else []
        chunks += [chunk] if chunk.y.size else []
    assert [chunk.y[0, 0] for chunk in chunks] == pytest.approx([0.1, 0.2, 0.4, 0.3] * 2)
    assert [len(chunk.y) for chunk in chunks] == [1, 1, 2, 1] * 2
    assert [chunk.ended_at for chunk in chunks[:4]] == pytest.approx([1000.05, 1000.1, 1000.15, 1000.2])
    assert not any(chunk.is_broken for chunk in chunks)
    assert len(said) == 2
    assert "0.wav: is not audio" in said[0]
    assert "4.wav: recorded at 4000 Hz" in said[1]


def test_it_is_repeated_for_as_long_as_it_is_there(tmp_path):
    write(tmp_path / "a.wav", np.zeros(800))
    source, _ = replay(tmp_path / "a.wav", is_repeated=True)
    chunks = source.chunks()
    heard = (chunk for chunk in chunks if chunk.y.size)
    assert [next(heard).ended_at for _ in range(25)] == pytest.approx(1000 + np.arange(1, 26) / 10)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(DataError, match="can no longer be read"):
        list(heard)


@pytest.mark.parametrize("options", [{"speed": 1}, {"speed": 10, "is_repeated": True}])
def test_without_a_start_it_begins_now(tmp_path, options):
    write(tmp_path / "a.wav", np.zeros(800))
    before = time.time()
    chunks = Replay.open(tmp_path / "a.wav", sr=SR, **options).chunks()
    assert before + 0.1 <= next(chunk for chunk in chunks if chunk.y.size).ended_at <= time.time() + 0.1


def test_what_is_played_faster_than_it_was_recorded_ends_now(tmp_path):
    """Whoever looks back from now finds all of it: nothing was heard in the future."""
    write(tmp_path / "a.wav", np.zeros(60 * SR))
    write(tmp_path / "b.wav", np.zeros(120 * 2 * SR), sr=2 * SR)
    (tmp_path / "c.wav").write_bytes(b"no sound")
    before = time.time()
    *_, last = Replay.open(tmp_path, sr=SR, speed=1e9).chunks()
    assert before <= last.ended_at <= time.time()


def test_what_cannot_be_played_is_said(tmp_path):
    with pytest.raises(AudioError, match="no such file"):
        replay(tmp_path / "missing.wav")
    with pytest.raises(DataError, match="holds no recording that can be played"):
        replay(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"no sound")
    with pytest.raises(AudioError, match="is not audio"):
        replay(tmp_path / "a.wav")
    with pytest.raises(DataError, match="holds no recording that can be played"):
        replay(tmp_path)
