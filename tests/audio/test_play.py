import sys
from types import ModuleType

import numpy as np
import pytest

from auscult.audio import read_audio
from auscult.audio.play import play_clip
from auscult.audio.write import wav_bytes
from auscult.errors import AudioError, DeviceError
from auscult.extras import MissingExtraError


class PortAudioError(Exception):
    """As sounddevice calls its own."""


@pytest.fixture
def played(monkeypatch):
    """What a loudspeaker that is not there was given."""
    heard = []
    fake = ModuleType("sounddevice")
    fake.play = lambda y, sr, *, blocking: heard.append((y, sr, blocking))
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return heard


@pytest.fixture
def clip(tmp_path, rng):
    path = tmp_path / "clip.wav"
    path.write_bytes(wav_bytes(rng.uniform(-0.1, 0.1, (2, 800)).astype(np.float32), 8000))
    return path


def test_a_recording_is_played_to_its_end_as_loud_as_it_goes(played, clip):
    play_clip(clip)
    [(y, sr, blocking)] = played
    assert (sr, blocking) == (8000, True)
    mean = np.mean(read_audio(clip, channels="all")[0], axis=0)
    np.testing.assert_allclose(y, mean / np.abs(mean).max(), atol=1e-5)


def test_silence_stays_silent(played, tmp_path):
    path = tmp_path / "silence.wav"
    path.write_bytes(wav_bytes(np.zeros(800, np.float32), 8000))
    play_clip(path)
    assert not played[0][0].any()


@pytest.mark.parametrize("error", [PortAudioError("Error querying device -1"), OSError("PortAudio library not found")])
def test_without_a_loudspeaker(played, clip, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(sys.modules["sounddevice"], "play", fail)
    with pytest.raises(
        DeviceError, match=rf"^loudspeaker: .*{error}.* Connect one, or write the recordings to a folder"
    ):
        play_clip(clip)


def test_other_errors_are_not_blamed_on_the_loudspeaker(played, clip, monkeypatch):
    monkeypatch.setattr(sys.modules["sounddevice"], "play", lambda: None)
    with pytest.raises(TypeError):
        play_clip(clip)


def test_without_the_library_that_plays(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match="monitor"):
        play_clip(clip)


def test_what_is_no_recording_is_not_played(played, tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"no sound")
    with pytest.raises(AudioError):
        play_clip(path)
    assert not played
