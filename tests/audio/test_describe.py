import numpy as np
import pytest
import soundfile

from auscult.audio.channels import Waveform
from auscult.audio.describe import describe_file
from auscult.audio.statistics import clip_statistics


@pytest.fixture
def clip(tmp_path, rng):
    path = tmp_path / "clip.wav"
    soundfile.write(path, 0.1 * rng.standard_normal((16_000, 2)), 16_000)
    return path


def test_whole_clip(clip):
    described = describe_file(str(clip))
    assert described.error is None
    assert described.n_bytes == clip.stat().st_size
    assert (described.header.n_channels, described.header.sr) == (2, 16_000)
    y: Waveform = soundfile.read(clip, dtype="float32")[0].T
    assert described.statistics == clip_statistics(np.ascontiguousarray(y), 16_000)
    assert described.fingerprint.content_hash


def test_header_only(clip):
    described = describe_file(str(clip), with_audio=False)
    assert described.header == describe_file(str(clip)).header
    assert described.statistics is None
    assert described.fingerprint is None


@pytest.mark.parametrize("with_audio", [True, False])
def test_every_file_is_opened_once(clip, with_audio, monkeypatch):
    import builtins

    opened, builtin = [], builtins.open
    monkeypatch.setattr(
        builtins, "open", lambda *given, **options: opened.append(given[0]) or builtin(*given, **options)
    )
    describe_file(str(clip), with_audio=with_audio)
    assert opened == [str(clip)]


@pytest.mark.parametrize("with_audio", [True, False])
@pytest.mark.parametrize(
    ("content", "problem", "has_header"),
    [
        (b"", "the file is empty", False),
        (b"no sound at all", "is not audio", False),
        ("cut", "truncated", False),
        ("no samples", "holds no samples", True),
        (None, "there is no such file", False),
    ],
)
def test_bad_files_are_errors_that_are_given_back(clip, with_audio, content, problem, has_header):
    if content == "cut":
        clip.write_bytes(clip.read_bytes()[:-100])
    elif content == "no samples":
        soundfile.write(clip, np.zeros((0, 1)), 16_000)
    elif content is None:
        clip.unlink()
    else:
        clip.write_bytes(content)
    described = describe_file(str(clip), with_audio=with_audio)
    assert problem in described.error.problem
    assert (described.header is not None) == has_header
    assert described.statistics is None


def test_clip_too_short_for_a_fingerprint(tmp_path, rng):
    soundfile.write(tmp_path / "short.wav", 0.1 * rng.standard_normal(100), 16_000)
    described = describe_file(str(tmp_path / "short.wav"))
    assert described.error is None
    assert described.statistics is not None
    assert described.fingerprint is None


def test_samples_that_are_no_numbers(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.full(100, np.nan), 16_000, subtype="FLOAT")
    assert "NaN" in describe_file(str(tmp_path / "nan.wav")).error.problem
    assert describe_file(str(tmp_path / "nan.wav"), with_audio=False).error is None
