import queue
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import numpy as np
import pytest
import soundfile

from auscult.audio.microphone import Chunk
from auscult.errors import AudioError, DeviceError
from auscult.monitor.settings import ReplaySource, SocketSource
from auscult.monitor.sources.blocks import Blocks
from auscult.monitor.sources.chunks import refused
from auscult.monitor.sources.open_source import open_source
from auscult.monitor.sources.pcm_socket import HungUpError
from auscult.monitor.sources.reader import SourceReader, stop_readers

SR = 8000
PATIENCE_S = 20  # longer than anything here takes


@dataclass
class Source:
    """A source that gives some chunks, and then ends, fails or stays silent."""

    given: list = field(default_factory=list)
    then: object = None
    name: str = "test"
    sr: int = SR
    n_channels: int = 1
    can_wait: bool = False

    def chunks(self):
        yield from self.given
        if isinstance(self.then, BaseException):
            raise self.then
        if self.then is not None:
            self.then()


class Openings:
    """Opens one source after the other; an error instead of a source is raised."""

    def __init__(self, *sources):
        self.sources = iter(sources)
        self.n = 0

    def __call__(self):
        self.n += 1
        source = next(self.sources)
        if isinstance(source, BaseException):
            raise source
        return source


class Told:
    """What a reader tells of its source."""

    def __init__(self):
        self.queue = queue.SimpleQueue()
        self.states = []

    def __call__(self, status):
        self.queue.put(status)

    def until(self, *states):
        """The status that says one of these."""
        while True:
            status = self.queue.get(timeout=PATIENCE_S)
            self.states.append(status.state)
            if status.state in states:
                return status


def chunk(value=0.1, n=800, *, is_broken=False, ended_at=None):
    return Chunk(np.full((1, n), value, np.float32), is_broken, ended_at)


@pytest.fixture
def read():
    """Starts a reader, and ends it."""
    readers = []

    def start(opening, blocks, **options):
        told = Told()
        options = {"first_wait_s": 0.001, "longest_wait_s": 0.002} | options
        reader = SourceReader("press", opening, blocks, on_status=told, **options)
        reader.start()
        readers.append(reader)
        return reader, told

    yield start
    stop_readers(readers, PATIENCE_S)


def test_sound_comes_as_blocks_with_all_that_is_to_be_known_of_them(read):
    given = [chunk(0.1), chunk(n=0), chunk(0.2, is_broken=True), chunk(0.3, ended_at=77.5)]
    blocks = Blocks(30)
    reader, told = read(Openings(Source(given)), blocks, clock=lambda: 1234.5)
    status = told.until("finished")
    found = list(iter(lambda: blocks.take(0), None))
    assert [float(block.y[0, 0]) for block in found] == pytest.approx([0.1, 0.2, 0.3])
    assert [block.ended_at for block in found] == [1234.5, 1234.5, 77.5]
    assert [block.is_broken for block in found] == [False, True, False]
    assert {(block.source, block.sr, block.n_opened) for block in found} == {("press", SR, 1)}
    assert told.states == ["open", "hearing", "finished"]
    assert (status.source, status.since, status.heard_at, status.error) == ("press", 1234.5, 1234.5, "")
    assert (status.is_connected, status.n_reconnects) == (False, 0)
    assert reader.status == status


def test_of_a_recording_its_beginning_and_who_wants_to_know_of_its_end_are_passed_on(read):
    y, blocks = np.full((1, 800), 0.1, np.float32), Blocks(30)
    _, told = read(Openings(Source([Chunk(y, is_new=True), Chunk(y, on_heard=dict)])), blocks)
    told.until("finished")
    first, second = blocks.take(0), blocks.take(0)
    assert (first.is_new, first.is_after_gap, first.is_broken, first.on_heard) == (True, True, False, None)
    assert (second.is_new, second.is_after_gap, second.on_heard) == (False, False, dict)


def test_a_recording_that_is_refused_is_passed_on_and_is_no_sound(read):
    blocks, refusal = Blocks(30), AudioError("a.wav", "is not audio", "Put sound there.")
    reader, told = read(Openings(Source([refused(refusal)])), blocks)
    told.until("finished")
    assert blocks.take(0).refusal is refusal
    assert told.states == ["open", "finished"]
    assert reader.status.heard_at is None


def test_a_source_that_fails_says_why_and_is_opened_again(read):
    unplugged = DeviceError("mic", "does not deliver any more", "Plug it in again.")
    opening = Openings(
        unplugged, Source([chunk()], unplugged), ValueError("odd"), Source([chunk()] * 2), AssertionError
    )
    blocks = Blocks(30)
    _, told = read(opening, blocks)
    errors = [told.until("lost").error for _ in range(3)]
    status = told.until("finished")
    assert errors[:2] == [str(unplugged)] * 2
    assert errors[2] == "press: failed unexpectedly (ValueError: odd)"
    assert told.states == ["lost", "open", "hearing", "lost", "lost", "open", "hearing", "finished"]
    assert (status.n_opened, status.n_reconnects, status.error) == (2, 1, errors[2])
    found = list(iter(lambda: blocks.take(0), None))
    assert [(block.n_opened, block.is_broken) for block in found] == [(1, False), (2, True), (2, False)]
    assert opening.n == 4  # one that is finished is not opened again


def test_a_source_that_stays_away_is_told_once(read):
    unplugged = DeviceError("mic", "is not there", "Plug it in.")
    opening = Openings(*[unplugged] * 5, Source([chunk()]))
    _, told = read(opening, Blocks(30))
    told.until("finished")
    assert told.states == ["lost", "open", "hearing", "finished"]
    assert opening.n == 6


def test_waits_double_from_failure_to_failure_until_sound_comes(monkeypatch):
    error = DeviceError("mic", "is away", "Wait.")
    opening = Openings(*[error] * 6, Source([], error), Source([chunk()], error), error, Source())
    told, waits, shares = Told(), [], []
    monkeypatch.setattr("random.uniform", lambda low, high: shares.append((low, high)) or high)
    reader = SourceReader("press", opening, Blocks(30), on_status=told, first_wait_s=1.0, longest_wait_s=10.0)
    monkeypatch.setattr(reader._stopping, "wait", waits.append)
    reader.start()
    told.until("finished")
    assert waits == [1, 2, 4, 8, 10, 10, 10, 1, 2]
    assert set(shares) == {(0.5, 1.0)}  # of which chance takes off up to a half


def test_who_connects_and_hangs_up_makes_no_wait_longer(monkeypatch):
    scanned = HungUpError("0.0.0.0:9000", "its sender hung up", "Start it again.")
    opening = Openings(*[Source([], scanned)] * 5, Source())
    told, waits = Told(), []
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    reader = SourceReader("press", opening, Blocks(30), on_status=told, first_wait_s=1.0)
    monkeypatch.setattr(reader._stopping, "wait", waits.append)
    reader.start()
    told.until("finished")
    assert waits == [1] * 5


def test_a_monitor_that_is_too_slow_loses_the_oldest_sound_and_it_is_counted(read):
    blocks = Blocks(1.0)
    given = [chunk(number / 100) for number in range(40)]
    reader, told = read(Openings(Source(given)), blocks)
    told.until("finished")
    found = list(iter(lambda: blocks.take(0), None))
    assert found[0].is_broken
    assert found[-1].y[0, 0] == pytest.approx(0.39)
    assert reader.status.n_dropped == 40 - len(found) > 25
    assert reader.status.dropped_s == pytest.approx(0.1 * reader.status.n_dropped)


def test_recordings_wait_for_a_slow_monitor_and_lose_nothing(read, tmp_path):
    y = np.linspace(-0.5, 0.5, 20 * SR, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", y, SR, subtype="FLOAT")
    settings = ReplaySource(kind="replay", machine="m", path=tmp_path / "a.wav", speed=1e9)
    blocks = Blocks(1.0)
    reader, _ = read(lambda: open_source(settings, sr_wanted=SR), blocks)
    found = [blocks.take(PATIENCE_S).y for _ in range(20)]
    np.testing.assert_array_equal(np.concatenate(found, axis=1)[0], y)
    assert reader.status.n_dropped == 0


def test_a_sender_that_disconnects_and_comes_back_is_heard_again(read):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = SocketSource(kind="socket", machine="m", port=port, sr=SR, timeout_s=5)
    blocks = Blocks(30)
    reader, told = read(lambda: open_source(settings, sr_wanted=SR), blocks)
    for number in (1, 2, 3):
        told.until("open")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
            sender.sendall(np.full(SR // 10, number, "<i2").tobytes())
        block = blocks.take(PATIENCE_S)
        assert (block.y[0, 0] * 32768, block.n_opened, block.is_broken) == (number, number, number > 1)
        assert "its sender 127.0.0.1 hung up" in told.until("lost").error
    assert reader.status.n_reconnects >= 2


def test_a_source_that_blocks_or_fails_stops_no_other_and_no_end(read):
    blocks, released = Blocks(30), threading.Event()
    stuck, _ = read(Openings(Source([], released.wait)), blocks)
    broken, _ = read(lambda: 1 / 0, blocks, first_wait_s=60.0, longest_wait_s=60.0)
    silent, told = read(Openings(Source([chunk()], lambda: None), Source()), blocks)
    waiting, _ = read(Openings(Source([chunk()] * 1000, can_wait=True)), blocks)
    told.until("finished")
    start = time.monotonic()
    stop_readers([broken, waiting, silent], PATIENCE_S)
    assert time.monotonic() - start < 5
    assert {broken.status.state, waiting.status.state} == {"stopped"}
    stuck.stop(0.05)  # left behind
    assert stuck.status.state == "open"
    released.set()


def test_nothing_comes_after_the_end(read):
    blocks, released = Blocks(30), threading.Event()

    class Late(Source):
        def chunks(self):
            released.wait()
            yield chunk()

    reader, told = read(Openings(Late()), blocks)
    told.until("open")
    reader.stop(0.01)
    released.set()
    told.until("stopped")
    assert blocks.take(0) is None or blocks.take(0) is None  # the first may be what woke the others


def test_a_source_that_blocks_keeps_no_process():
    code = """
import threading
from auscult.monitor.sources.blocks import Blocks
from auscult.monitor.sources.chunks import refused
from auscult.monitor.sources.reader import SourceReader
opened = threading.Event()
def block():
    opened.set()
    threading.Event().wait()
SourceReader("stuck", block, Blocks(30)).start()
assert opened.wait(20)
"""
    done = subprocess.run([sys.executable, "-c", code], timeout=30, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
