import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from auscult.errors import DataError
from auscult.monitor.sources.folder import FORGET_AFTER_S, HeardRecordings, WatchedFolder
from auscult.monitor.sources.recordings import FileState

SR = 8000
NOW = 2e9  # later than what the tests write, as a clock has to be


def write(path, value, *, n_channels=1, sr=SR, duration_s=0.25):
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.full((round(duration_s * sr), n_channels), value), sr)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def listen(root, *between, **options):
    """What is heard (middle value and length of each recording) while things happen between one look and the next.

    Of what was refused, the name comes with what is wrong with it.
    """
    heard = listen_to(WatchedFolder(root, sr=SR, every_s=0.1, **options), *between)
    lengths = {}
    for chunk in heard:
        if chunk.refusal:
            lengths[Path(chunk.refusal.where).name] = chunk.refusal.problem
            continue
        value = round(float(np.median(chunk.y)), 2)
        lengths[value] = lengths.get(value, 0) + chunk.y.shape[1]
    return lengths


class EnoughError(Exception):
    """No more is to be heard."""


def listen_to(folder, *between):
    """Chunks that say something while things happen between one look and the next, and in one look after the last."""
    steps = iter(between)

    def wait(seconds):
        step = next(steps, None)
        if step is None:
            raise EnoughError
        step()

    folder._wait = wait
    heard = []
    with suppress(EnoughError):
        heard.extend(chunk for chunk in folder.chunks() if chunk.y.size or chunk.refusal)
    return heard


def nothing():
    pass


def test_a_new_recording_is_heard_once_and_old_ones_are_not(root):
    write(root / "old.wav", 0.9)
    assert listen(root, lambda: write(root / "new.wav", 0.1), nothing, nothing, nothing) == {0.1: 2000}


def test_old_ones_are_heard_when_asked_for(root):
    write(root / "old.wav", 0.9)
    assert listen(root, nothing, nothing, is_old_heard=True) == {0.9: 2000}


def test_recordings_in_new_folders_are_heard(root):
    assert listen(root, lambda: write(root / "2026-01-01" / "a.wav", 0.1), nothing) == {0.1: 2000}


def test_a_recording_that_is_being_written_is_heard_when_it_is_complete(root, tmp_path, caplog):
    write(tmp_path / "whole.wav", 0.1, duration_s=3)
    content = (tmp_path / "whole.wav").read_bytes()
    file = (root / "a.wav").open("wb")

    def more():
        file.write(content[file.tell() : file.tell() + 6000])
        file.flush()

    with file:
        assert listen(root, *[more] * 9, nothing) == {0.1: 24000}
    assert not caplog.text


def test_one_whose_writer_rests_is_heard_whole_all_the_same(root, tmp_path):
    write(tmp_path / "whole.wav", 0.1, duration_s=3)
    content = (tmp_path / "whole.wav").read_bytes()
    file = (root / "a.wav").open("wb", buffering=0)
    steps = (lambda: file.write(content[:30000]), nothing, nothing, lambda: file.write(content[30000:]), nothing)
    with file:
        heard = listen(root, *steps)
    assert heard[0.1] == 24000
    assert "truncated" in heard["a.wav"]


def test_one_that_was_renamed_into_its_place_is_heard_at_once(root):
    def put():
        under_way = root.parent / "under_way.wav"
        write(under_way, 0.1)
        while under_way.stat().st_ctime_ns <= under_way.stat().st_mtime_ns:  # the time of files goes in steps
            under_way.chmod(0o600)
        under_way.rename(root / "a.wav")

    assert listen(root, put) == {0.1: 2000}


def test_bad_files_are_told_and_stop_nothing(root):
    def put():
        (root / "a.wav").write_bytes(b"no sound")
        (root / "b.wav").write_bytes(b"")
        (root / "c.wav").mkdir()
        write(root / "d.wav", 0.1)
        write(root / "e.wav", 0.2, sr=4000)
        (root / "f.txt").write_bytes(b"no sound")
        (root / "g.wav").symlink_to(root / "nowhere.wav")

    heard = listen(root, put, *[nothing] * 4)
    assert heard.keys() == {0.1, "a.wav", "b.wav", "e.wav"}
    assert heard[0.1] == 2000
    assert "is not audio" in heard["a.wav"]
    assert "the file is empty" in heard["b.wav"]
    assert "recorded at 4000 Hz" in heard["e.wav"]


def test_each_recording_stands_for_itself(root):
    """A stray one says nothing of what comes after it."""

    def put():
        write(root / "a.wav", 0.1, n_channels=2, sr=44100)
        write(root / "b.wav", 0.2)
        os.utime(root / "a.wav", (0, 0))  # the first

    assert listen(root, put, nothing, nothing) == {0.1: 2000, 0.2: 2000}


def test_a_recording_of_a_higher_rate_is_brought_down(root):
    assert listen(root, lambda: write(root / "a.wav", 0.1, sr=48000, duration_s=0.5), nothing) == {0.1: 4000}


def test_a_name_that_is_used_again_is_a_new_recording(root):
    steps = (lambda: write(root / "a.wav", 0.1), nothing, lambda: write(root / "a.wav", 0.2, duration_s=0.5), nothing)
    assert listen(root, *steps) == {0.1: 2000, 0.2: 4000}


def test_what_was_recorded_first_is_heard_first_and_ended_when_it_was_written(root):
    def put():
        for name, written_at in [("b.wav", 1000.0), ("a.wav", 2000.0), ("c.wav", 2000.1), ("d.wav", NOW + 3600)]:
            write(root / name, 0.1)
            os.utime(root / name, (written_at, written_at))

    heard = listen_to(WatchedFolder(root, sr=SR, every_s=0.1, clock=lambda: NOW), put, nothing)
    ended_at = [chunk.ended_at for chunk in heard]
    expected = [999.85, 999.95, 1000, 1999.85, 1999.95, 2000, 2000, 2000.05, 2000.1]  # c.wav overlaps, time goes on
    assert ended_at[:-3] == pytest.approx(expected)
    assert ended_at[-3:] == pytest.approx([NOW - 0.15, NOW - 0.05, NOW])  # the writer's clock is an hour fast


def test_what_was_heard_is_remembered_when_it_is_opened_again(root):
    heard = HeardRecordings()
    write(root / "old.wav", 0.9)
    assert listen(root, lambda: write(root / "a.wav", 0.1), nothing, heard=heard) == {0.1: 2000}
    write(root / "b.wav", 0.2)
    assert listen(root, nothing, heard=heard) == {0.2: 2000}
    assert listen(root, nothing, nothing, heard=heard) == {}


def test_a_share_that_was_gone_for_a_while_is_not_heard_anew(root):
    write(root / "old.wav", 0.9)
    heard = HeardRecordings()
    with pytest.raises(DataError, match=r"in: there is no such folder. Create it, or mount it again"):
        listen(root, lambda: root.rename(root.parent / "away"), heard=heard)
    with pytest.raises(DataError, match="no such folder"):
        WatchedFolder(root, sr=SR, heard=heard)
    root.mkdir()
    assert listen(root, nothing, heard=heard) == {}  # nothing is mounted there
    root.rmdir()
    root.parent.joinpath("away").rename(root)
    assert listen(root, lambda: write(root / "new.wav", 0.1), nothing, heard=heard) == {0.1: 2000}


def test_what_was_removed_is_forgotten_after_a_week(root):
    heard, now = HeardRecordings(), NOW
    write(root / "stays.wav", 0.1)
    write(root / "goes.wav", 0.1)
    for days in (0, 1, 6, 12):
        now = NOW + days * 86400
        listen(root, heard=heard, clock=lambda now=now: now)
        (root / "goes.wav").unlink(missing_ok=True)
        assert len(heard.states) == (2 if days * 86400 <= FORGET_AFTER_S else 1)


def test_while_nothing_comes_it_can_be_stopped(root):
    waited = []
    chunks = WatchedFolder(root, sr=SR, every_s=1.0, wait=waited.append).chunks()
    assert next(chunks).y.shape == (1, 0)
    assert waited == [0.25]


def test_a_recording_that_does_not_follow_the_one_before_is_new(root):
    def put():
        for name, written_at in [("a.wav", 1000.0), ("b.wav", 1000.6), ("c.wav", 4600.0), ("d.wav", 4600.1)]:
            write(root / name, 0.1, duration_s=0.2 if name == "b.wav" else 1.0)
            os.utime(root / name, (written_at, written_at))

    chunks = listen_to(WatchedFolder(root, sr=SR, every_s=0.1), put, nothing)
    assert [n for n, chunk in enumerate(chunks) if chunk.is_new] == [0, 12, 22]  # b.wav 0.4 s later, d.wav overlaps
    assert not any(chunk.is_broken for chunk in chunks)


def to_its_end(folder, *between):
    """Chunks that come, each of which is heard."""
    chunks = listen_to(folder, *between)
    for chunk in chunks:
        if chunk.on_heard is not None:
            chunk.on_heard()
    return chunks


def after_a_restart(heard, folder):
    return HeardRecordings.of(folder, json.loads(json.dumps(heard.to_dict())))


@pytest.mark.parametrize("is_old_heard", [False, True])
def test_over_a_restart_each_is_heard_once_whenever_it_was_written(root, is_old_heard):
    write(root / "old.wav", 0.9)
    heard = HeardRecordings.of("in", None)
    folder = WatchedFolder(root, sr=SR, every_s=0.1, heard=heard)
    assert len(to_its_end(folder, lambda: write(root / "a.wav", 0.1), nothing)) == 3
    at = (root / "a.wav").stat().st_mtime
    for name, written_at in [("before.wav", at - 9999), ("same.wav", at), ("after.wav", at + 0.1)]:
        write(root / name, 0.2)
        os.utime(root / name, (written_at, written_at))
    heard = after_a_restart(heard, "in")
    again = WatchedFolder(root, sr=SR, every_s=0.1, is_old_heard=is_old_heard, heard=heard)
    assert len(to_its_end(again, nothing, nothing)) == 9
    assert listen(root, nothing, nothing, is_old_heard=is_old_heard, heard=after_a_restart(heard, "in")) == {}
    assert not after_a_restart(heard, "another").is_begun


def test_one_that_was_not_heard_to_its_end_is_heard_again_after_a_restart(root):
    heard = HeardRecordings.of("in", None)
    write(root / "a.wav", 0.1)
    write(root / "bad.wav", 0.1, sr=4000)
    heard_chunks = listen_to(WatchedFolder(root, sr=SR, every_s=0.1, is_old_heard=True, heard=heard), nothing)
    chunks = [chunk for chunk in heard_chunks if chunk.y.size]
    assert [chunk.on_heard is None for chunk in chunks] == [True, True, False]
    assert listen(root, nothing, heard=heard) == {}  # it waits to be judged
    assert listen(root, nothing, nothing, heard=after_a_restart(heard, "in")) == {0.1: 2000}
    chunks[-1].on_heard()
    assert listen(root, nothing, nothing, heard=after_a_restart(heard, "in")) == {}


def test_what_was_heard_is_kept_seldom_where_it_is_much():
    heard = HeardRecordings(states=dict.fromkeys(map(str, range(1000)), FileState(1, 1)))
    assert not heard.is_due(NOW)
    heard.has_ended("1", FileState(1, 1))
    assert heard.is_due(NOW)
    heard.has_ended("2", FileState(1, 1))
    assert [heard.is_due(NOW + second) for second in (0, 9, 10, 11)] == [False, False, True, False]
