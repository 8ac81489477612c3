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
