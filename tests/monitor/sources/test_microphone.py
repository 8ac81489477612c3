import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = """
import json
from itertools import islice
from pathlib import Path
import numpy as np
from auscult.errors import DeviceError
from auscult.monitor.sources.microphone import LiveMicrophone
config = Path.home() / ".asoundrc"
"""


def python(code, environment, *, ends_with=(0,)):
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False, env=environment, timeout=30
    )
    assert done.returncode in ends_with, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_microphone_is_heard(microphone):
    code = """
mic = LiveMicrophone.open("testm", sr=16000, n_channels=1)
y = np.concatenate([chunk.y for chunk in islice(mic.chunks(), 20)], axis=1)
tone_hz = int(np.argmax(np.abs(np.fft.rfft(y[0, -16000:]))))
print(json.dumps([mic.name, mic.sr, mic.n_channels, mic.can_wait, list(y.shape), tone_hz]))
"""
    assert python(code, microphone) == ["testmic", 16000, 1, False, [1, 32000], 440]


def test_one_that_is_plugged_in_later_is_found_but_ends_no_other_that_records(microphone):
    code = """
plugged_in = config.read_text()
def second():
    try:
        return LiveMicrophone.open("second", sr=16000, n_channels=1)
    except DeviceError as error:
        return str(error)
first = LiveMicrophone.open("testmic", sr=16000, n_channels=1).chunks()
next(first)
config.write_text(plugged_in + plugged_in.replace("testmic", "second"))
while_recording = second()
n_heard = sum(chunk.y.shape[1] for chunk in islice(first, 5))
first.close()
found = second()
n_found = sum(chunk.y.shape[1] for chunk in islice(found.chunks(), 5))
config.write_text(plugged_in)
print(json.dumps([while_recording, n_heard, n_found, second()]))
"""
    while_recording, n_heard, n_found, unplugged = python(code, microphone)
    assert "second: there is no such sound device. Choose among" in while_recording
    assert (n_heard, n_found) == (8000, 8000)
    assert "second: there is no such sound device" in unplugged


@pytest.mark.parametrize(
    ("sample", "says"), [("nan", "NaN or infinite"), ("1000", "reach 1000, where full scale is 1")]
)
def test_a_driver_that_gives_no_sound_is_refused(microphone, sample, says):
    import numpy as np

    np.full(16000, np.float32(sample), "<f4").tofile(Path(microphone["HOME"]) / "heard.raw")
    code = """
try:
    next(LiveMicrophone.open("testmic", sr=16000, n_channels=1).chunks())
except DeviceError as error:
    print(json.dumps(str(error)))
"""
    assert f"testmic: {'its samples ' if sample != 'nan' else '1600 of 1600 samples are '}{says}" in python(
        code, microphone
    )


def test_a_thread_that_records_keeps_no_process(microphone):
    """The monitor ends its threads; where nobody does, PortAudio may crash while the interpreter ends, but it ends."""
    code = """
import threading
begun = threading.Event()
def hear():
    for chunk in LiveMicrophone.open("testmic", sr=16000, n_channels=1).chunks():
        begun.set()
threading.Thread(target=hear, daemon=True).start()
assert begun.wait(20)
print("true")
"""
    assert python(code, microphone, ends_with=(0, -signal.SIGSEGV)) is True
