import json
import subprocess
import sys
from itertools import islice

import numpy as np
import pytest

from auscult.audio.microphone import Microphone, PlayedFile, list_devices
from auscult.errors import AudioError, DeviceError


def python(code, environment):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_microphone_delivers_what_it_hears(microphone):
    code = """
import json
from itertools import islice
import numpy as np
from auscult.audio.microphone import Microphone
mic = Microphone.open("testm", sr=16000, n_channels=1)
y = np.concatenate([chunk.y for chunk in islice(mic.chunks(), 20)], axis=1)
tone_hz = int(np.argmax(np.abs(np.fft.rfft(y[0, -16000:]))))
print(json.dumps([mic.name, list(y.shape), str(y.dtype), float(np.abs(y).max()), tone_hz]))
"""
    name, shape, dtype, peak, tone_hz = python(code, microphone)
    assert (name, shape, dtype) == ("testmic", [1, 32000], "float32")
    assert peak == pytest.approx(0.25, abs=0.01)
    assert tone_hz == 440


@pytest.mark.parametrize(
    ("device", "says"),
    [
        ("'studio'", "studio: there is no such sound device. Choose among"),
        ("'99'", "99: there is no such sound device"),
    ],
)
def test_a_device_that_is_not_there_is_named_beside_those_that_are(microphone, device, says):
    code = f"""
import json
from auscult.audio.microphone import Microphone
from auscult.errors import DeviceError
try:
    Microphone.open({device}, sr=16000, n_channels=1)
except DeviceError as error:
    print(json.dumps(str(error)))
"""
    message = python(code, microphone)
    assert says in message
    assert "testmic" in message


def test_more_channels_than_there_are_is_refused(microphone):
    code = """
import json
from auscult.audio.microphone import Microphone
from auscult.errors import DeviceError
try:
    Microphone.open("testmic", sr=16000, n_channels=1000)
except DeviceError as error:
    print(json.dumps(str(error)))
"""
    assert "testmic: cannot record 1000 channel(s) at 16000 Hz" in python(code, microphone)


def test_a_computer_without_a_microphone_says_so(monkeypatch):
    import types

    silent = types.SimpleNamespace(query_devices=lambda: [{"max_input_channels": 0}], default=None)
    monkeypatch.setattr("auscult.audio.microphone._sounddevice", lambda: silent)
    assert list_devices() == []
    with pytest.raises(DeviceError, match=r"no sound device that records. Plug in a microphone, or give a recording"):
        Microphone.open(None, sr=16000, n_channels=1)


def test_a_missing_library_says_how_to_install_it(monkeypatch):
    def fail(package, *, extra):
        raise OSError("PortAudio library not found")

    monkeypatch.setattr("auscult.audio.microphone.require", fail)
    with pytest.raises(DeviceError, match=r"PortAudio: cannot be loaded .* apt install libportaudio2"):
        list_devices()


def test_a_recording_takes_a_microphones_place(tmp_path, rng):
    import soundfile

    y = rng.uniform(-0.5, 0.5, (2, 12345)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", y.T, 8000, subtype="FLOAT")
    source = PlayedFile.open(tmp_path / "a.wav")
    assert (source.sr, source.n_channels) == (8000, 2)
    chunks = list(source.chunks())
    assert {chunk.y.shape[1] for chunk in islice(chunks, len(chunks) - 1)} == {800}
    np.testing.assert_array_equal(np.concatenate([chunk.y for chunk in chunks], axis=1), y)
    with pytest.raises(AudioError, match="no such file"):
        PlayedFile.open(tmp_path / "missing.wav")
