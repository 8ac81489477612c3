import io
import os
import subprocess
import sys
import threading
import time

import av
import numpy as np
import pytest
import soundfile

from auscult.errors import AudioError, DeviceError
from auscult.monitor.sources.stream import Stream

from .conftest import encoded


def tones(sr, n_channels, duration_s=2.0):
    """A tone of its own in each channel: 400 Hz, 600 Hz, ..."""
    time_s = np.arange(round(sr * duration_s)) / sr
    return np.stack([0.25 * np.sin(2 * np.pi * (400 + 200 * n) * time_s) for n in range(n_channels)])


def tones_of(y, sr):
    """Loudest frequency of each channel in Hz, to 10 Hz, of a tenth of a second in its middle."""
    middle = y[:, y.shape[1] // 2 :][:, : sr // 10]
    return [10 * int(np.argmax(np.abs(np.fft.rfft(channel)))) for channel in middle]


def heard(source):
    """All that it gives until it ends or fails, and why it did."""
    chunks, error = [np.empty((source.n_channels, 0), np.float32)], ""
    try:
        for chunk in source.chunks():
            assert chunk.y.dtype == np.float32
            chunks.append(chunk.y)
    except DeviceError as refusal:
        error = str(refusal)
    return np.concatenate(chunks, axis=1), error


@pytest.mark.parametrize(
    ("form", "codec", "sr", "n_channels"),
    [
        ("wav", "pcm_s16le", 16000, 1),
        ("wav", "pcm_u8", 8000, 2),
        ("wav", "pcm_s24le", 48000, 8),
        ("wav", "pcm_f64le", 44100, 1),
        ("wav", "pcm_alaw", 8000, 1),
        ("flac", "flac", 96000, 2),
        ("flac", "flac", 16000, 8),
        ("ogg", "libopus", 48000, 8),
        ("mp3", "libmp3lame", 44100, 2),
        ("ogg", "libopus", 48000, 2),
        ("mp4", "aac", 32000, 1),
        ("mpegts", "aac", 48000, 2),
    ],
)
def test_a_file_of_any_codec_and_layout_is_heard_to_its_end(tmp_path, form, codec, sr, n_channels):
    (tmp_path / "a").write_bytes(encoded(tones(sr, n_channels), sr, form=form, codec=codec))
    source = Stream.open(str(tmp_path / "a"), timeout_s=5)
    y, error = heard(source)
    assert (source.name, source.sr, source.n_channels, source.can_wait) == (str(tmp_path / "a"), sr, n_channels, True)
    assert error == ""
    assert y.shape[1] / sr == pytest.approx(2.0, abs=0.1)  # codecs that lose something fill up their frames
    assert tones_of(y, sr) == [400 + 200 * n for n in range(n_channels)]
    assert np.abs(y[:, sr // 2 : -sr // 2]).max() == pytest.approx(0.25, abs=0.1)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "PCM_U8", "FLOAT"])
def test_what_loses_nothing_is_the_same_to_the_last_bit(tmp_path, rng, subtype):
    soundfile.write(tmp_path / "a.wav", rng.uniform(-1, 1, (5000, 3)), 8000, subtype=subtype)
    y, _ = heard(Stream.open(str(tmp_path / "a.wav"), timeout_s=5))
    np.testing.assert_array_equal(y.T, soundfile.read(tmp_path / "a.wav", dtype="float32")[0])


@pytest.mark.parametrize("scheme", ["", "file:"])
def test_a_file_ends_now_however_fast_it_is_decoded(tmp_path, scheme):
    soundfile.write(tmp_path / "a.wav", np.full(8000 * 60, 0.1), 8000)
    began = time.time()
    chunks = list(Stream.open(f"{scheme}{tmp_path}/a.wav", timeout_s=5).chunks())
    assert chunks[0].ended_at == pytest.approx(began - 59.9, abs=2)
    assert chunks[-1].ended_at == pytest.approx(began, abs=2)
    lengths_s = [chunk.y.shape[1] / 8000 for chunk in chunks]
    assert np.diff([chunk.ended_at for chunk in chunks]) == pytest.approx(lengths_s[1:])


def test_a_pipe_is_heard_as_it_comes(tmp_path):
    os.mkfifo(tmp_path / "live")
    content = encoded(tones(8000, 1), 8000, form="wav", codec="pcm_s16le")
    sender = threading.Thread(target=(tmp_path / "live").write_bytes, args=(content,))
    sender.start()
    chunks = list(Stream.open(str(tmp_path / "live"), timeout_s=5).chunks())
    sender.join()
    assert {chunk.ended_at for chunk in chunks} == {None}


def test_chunks_are_a_tenth_of_a_second_or_a_little_more(tmp_path):
    (tmp_path / "a.mp3").write_bytes(encoded(tones(44100, 1), 44100, form="mp3", codec="libmp3lame"))
    lengths_s = [chunk.y.shape[1] / 44100 for chunk in Stream.open(str(tmp_path / "a.mp3"), timeout_s=5).chunks()]
    assert 0.1 <= min(lengths_s[:-1]) <= max(lengths_s[:-1]) < 0.2


def test_a_server_that_ends_is_a_source_that_is_gone(http):
    url = http(encoded(tones(44100, 2), 44100, form="mp3", codec="libmp3lame"))
    source = Stream.open(url.replace("//", "//anna:geheim@") + "?token=geheim", timeout_s=5)
    y, error = heard(source)
    assert (source.name, source.sr, source.n_channels, source.can_wait) == (url, 44100, 2, False)
    assert tones_of(y, 44100) == [400, 600]
    assert error == f"{url}: was ended by its sender. Start what sends it again."


def test_a_server_that_stalls_in_the_middle_is_noticed(http):
    content = encoded(tones(44100, 2), 44100, form="mp3", codec="libmp3lame")
    start = time.monotonic()
    source = Stream.open(http(content[: len(content) // 2], is_stalling=True), timeout_s=0.6)
    y, error = heard(source)
    assert y.shape[1] / 44100 == pytest.approx(1, abs=0.2)
    assert "/live: nothing came for 0.6 s. Check the address, the network" in error
    assert 0.6 <= time.monotonic() - start < 5


def test_a_server_that_never_sends_anything_is_noticed(http):
    with pytest.raises(DeviceError, match=r"nothing came for 0\.4 s"):
        Stream.open(http(b"", is_stalling=True), timeout_s=0.4)


def test_a_camera_is_heard_over_rtsp_and_noticed_when_it_stalls(rtsp):
    sound = io.BytesIO()
    soundfile.write(sound, tones(8000, 1)[0], 8000, format="RAW", subtype="ULAW")
    url = rtsp(sound.getvalue())
    source = Stream.open(url.replace("//", "//anna:geheim@"), timeout_s=0.6)
    y, error = heard(source)
    assert (source.name, source.sr, source.n_channels) == (url, 8000, 1)
    assert y.shape == (1, 16000)
    np.testing.assert_allclose(y, tones(8000, 1), atol=0.01)
    assert error.startswith(f"{url}: nothing came for 0.6 s")


def test_a_picture_without_sound_is_no_sound(tmp_path):
    with av.open(str(tmp_path / "mute.mkv"), "w") as container:
        track = container.add_stream("mpeg4", rate=25, width=32, height=32, pix_fmt="yuv420p")
        container.mux(track.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(track.encode(None))
    with pytest.raises(AudioError, match=r"mute.mkv: holds no sound that can be decoded"):
        Stream.open(str(tmp_path / "mute.mkv"), timeout_s=5)


def test_a_camera_whose_sound_ends_before_its_picture_is_noticed(http):
    content = io.BytesIO()
    with av.open(content, "w", format="mpegts") as container:
        picture = container.add_stream("mpeg4", rate=25, width=32, height=32, pix_fmt="yuv420p")
        sound = container.add_stream("mp2", rate=48000, layout="mono")
        for number in range(40):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48000, 1152 * number
            container.mux(sound.encode(frame))
        for number in range(1000):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts = number
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
    half = len(content.getvalue()) // 2
    source = Stream.open(http(content.getvalue()[:half], content.getvalue()[half:]), timeout_s=0.5)
    y, error = heard(source)
    assert y.shape[1] / 48000 == pytest.approx(40 * 1152 / 48000, abs=0.2)
    assert "/live: has sent no sound for 0.5 s, only other data. Check that its microphone is on." in error


def test_a_file_waits_for_as_long_as_nobody_takes_it(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    chunks = Stream.open(str(tmp_path / "a.wav"), timeout_s=0.05).chunks()
    next(chunks)
    time.sleep(0.1)
    assert sum(chunk.y.shape[1] for chunk in chunks) > 6000


def test_damaged_packets_are_a_gap_and_not_the_end(tmp_path, rng):
    content = bytearray(encoded(tones(44100, 1), 44100, form="adts", codec="aac"))
    middle = len(content) // 2
    content[middle : middle + 300] = rng.bytes(300)
    (tmp_path / "a.aac").write_bytes(content)
    chunks = list(Stream.open(str(tmp_path / "a.aac"), timeout_s=5).chunks())
    assert 1.8 < sum(chunk.y.shape[1] for chunk in chunks) / 44100 < 2.1
    (gap,) = [number for number, chunk in enumerate(chunks) if chunk.is_broken]
    assert 0.3 < gap / len(chunks) < 0.7


def test_sound_that_changes_its_rate_has_to_be_opened_again(tmp_path):
    parts = [encoded(tones(sr, 1), sr, form="mp3", codec="libmp3lame") for sr in (44100, 22050)]
    (tmp_path / "a.mp3").write_bytes(b"".join(parts))
    y, error = heard(Stream.open(str(tmp_path / "a.mp3"), timeout_s=5))
    assert y.shape[1] / 44100 == pytest.approx(2, abs=0.2)
    assert "changed from 44100 Hz and 1 channel(s) to 22050 Hz and 1. It is opened again" in error


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("missing.wav", "missing.wav: cannot be opened .No such file"),
        ("http://anna:geheim@127.0.0.1:1/live?token=geheim", "http://127.0.0.1:1/live: cannot be opened .Connection"),
        ("rtsp://anna:geheim@127.0.0.1:1/live", "rtsp://127.0.0.1:1/live: cannot be opened .Connection refused"),
        ("gopher-plus://somewhere", "gopher-plus://somewhere: cannot be opened .Protocol not found"),
        (__file__, "test_stream.py: cannot be opened"),
    ],
)
def test_what_cannot_be_opened_is_said_without_passwords(url, says):
    with pytest.raises((DeviceError, AudioError), match=says) as caught:
        Stream.open(url, timeout_s=2)
    assert "geheim" not in str(caught.value)


def test_a_thread_that_waits_for_the_network_keeps_no_process(http):
    code = """
import sys, threading
from auscult.monitor.sources.stream import Stream
begun = threading.Event()
def hear():
    for chunk in Stream.open(sys.argv[1], timeout_s=60).chunks():
        begun.set()
threading.Thread(target=hear, daemon=True).start()
assert begun.wait(20)
"""
    url = http(encoded(tones(44100, 2), 44100, form="mp3", codec="libmp3lame"), is_stalling=True)
    done = subprocess.run([sys.executable, "-c", code, url], timeout=30, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
