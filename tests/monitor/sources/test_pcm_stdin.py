import json
import os
import pty
import subprocess
import sys

import numpy as np

HEAR = """
import json, sys
import numpy as np
from auscult.errors import DeviceError
from auscult.monitor.sources.pcm_stdin import PcmStdin
try:
    source = PcmStdin.open(sr=8000, n_channels=2, sample_format="s16le")
    parts = []
    for chunk in source.chunks():
        parts.append(chunk.y)
        print("heard" if chunk.y.size else "nothing", flush=True)
    y = np.concatenate(parts, axis=1)
    print(json.dumps([list(y.shape), (y * 32768).T.astype(int).ravel().tolist()]))
except DeviceError as error:
    print(error)
"""


def hearing(stdin):
    return subprocess.Popen([sys.executable, "-c", HEAR], stdin=stdin, stdout=subprocess.PIPE)


def test_a_pipe_is_heard_to_its_end(rng):
    sent = rng.integers(-30000, 30000, (20001, 2)).astype("<i2")
    listener = hearing(subprocess.PIPE)
    out, _ = listener.communicate(sent.tobytes() + b"\x01", timeout=30)  # half a sample at the end
    shape, values = json.loads(out.splitlines()[-1])
    assert shape == [2, 20001]
    np.testing.assert_array_equal(np.reshape(values, (-1, 2)), sent)


def test_a_silent_writer_is_waited_for_with_a_chance_to_stop():
    listener = hearing(subprocess.PIPE)
    assert listener.stdout.readline() == b"nothing\n"
    listener.stdin.write(bytes(4 * 800))
    listener.stdin.flush()
    lines = iter(listener.stdout.readline, b"")
    assert b"heard\n" in lines
    listener.communicate(timeout=30)


def test_a_terminal_or_nothing_is_refused():
    master, terminal = pty.openpty()
    with os.fdopen(master), os.fdopen(terminal) as stdin:
        out, _ = hearing(stdin).communicate(timeout=30)
    assert b"standard input: is a terminal, and gives no sound. Send raw sound into it" in out
    done = subprocess.run(["sh", "-c", '"$0" -c "$1" <&-', sys.executable, HEAR], capture_output=True, check=True)
    assert b"standard input: is closed" in done.stdout


def test_a_second_reader_goes_on_within_a_sample_as_after_a_change_of_the_settings():
    twice = """
import os
from auscult.monitor.sources.pcm_stdin import PcmStdin
for _ in range(2):
    chunks = PcmStdin.open(sr=8000, n_channels=1, sample_format="s24le").chunks()
    print("ready", flush=True)
    y = next(chunk.y for chunk in chunks if chunk.y.size)
    chunks.close()
    print(abs(y).max() < 0.2, y.shape[1], flush=True)
"""
    sent = b"".join(value.to_bytes(3, "little") for value in [1_000_000, 1_234_567] * 1000)
    listener = subprocess.Popen([sys.executable, "-c", twice], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    said = []
    for part in (sent[:3001], sent[3001:]):
        assert listener.stdout.readline() == b"ready\n"
        listener.stdin.write(part)
        listener.stdin.flush()
        said.append(listener.stdout.readline())
    listener.communicate(timeout=30)
    assert said == [b"True 1000\n", b"True 1000\n"]


def test_a_file_ends_now_however_fast_it_is_read(tmp_path):
    timed = """
import time
from auscult.monitor.sources.pcm_stdin import PcmStdin
began = time.time()
chunks = PcmStdin.open(sr=8000, n_channels=2, sample_format="s16le").chunks()
print([round(chunk.ended_at - chunk.y.shape[1] / 8000 - began) for chunk in chunks][0])
"""
    (tmp_path / "a.raw").write_bytes(bytes(4 * 8000 * 60))
    with (tmp_path / "a.raw").open("rb") as stdin:
        done = subprocess.run([sys.executable, "-c", timed], stdin=stdin, capture_output=True, check=True)
    assert done.stdout == b"-60\n"


def test_what_is_no_sound_is_said_with_its_setting_and_comes_to_its_end(tmp_path):
    """Whole numbers where floats are told: half a minute of them, through a file and through a pipe."""
    heard = """
import warnings
from auscult.errors import DeviceError
from auscult.monitor.sources.pcm_stdin import PcmStdin
warnings.simplefilter("error")
for _ in range(2):
    try:
        print(sum(chunk.y.shape[1] for chunk in PcmStdin.open(sr=8000, n_channels=1, sample_format="f32le").chunks()))
    except DeviceError as error:
        print(error)
"""
    rng = np.random.default_rng(1)
    content = rng.integers(-32768, 32768, 8000 * 30, dtype="<i2").tobytes()
    (tmp_path / "a.raw").write_bytes(content)
    command = [sys.executable, "-c", heard]
    with (tmp_path / "a.raw").open("rb") as stdin:
        of_file = subprocess.run(command, stdin=stdin, capture_output=True, check=True)
    of_pipe = subprocess.run(command, input=content, capture_output=True, check=True)
    for done in (of_file, of_pipe):
        said, n_samples = done.stdout.decode().splitlines()
        assert "standard input: " in said
        assert "of raw sound, sample_format and n_channels, too" in said
        assert (n_samples, done.stderr) == ("0", b"")
