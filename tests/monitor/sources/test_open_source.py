import os
import socket
from itertools import islice

import numpy as np
import pytest
import soundfile
from pydantic import TypeAdapter

from auscult.errors import AuscultError, DataError
from auscult.extras import MissingExtraError
from auscult.monitor.settings import Source
from auscult.monitor.sources.folder import HeardRecordings
from auscult.monitor.sources.open_source import open_source


def opened(*, sr_wanted=8000, heard=None, **told):
    settings = TypeAdapter(Source).validate_python({"machine": "fan/id_00", **told})
    return open_source(settings, sr_wanted=sr_wanted, heard=heard)


def write(path, value=0.1, sr=16000, n_channels=2):
    soundfile.write(path, np.full((sr, n_channels), value), sr)


def test_a_replay_is_brought_to_the_wanted_rate_and_ends(tmp_path):
    write(tmp_path / "a.wav")
    source = opened(kind="replay", path=tmp_path, speed=1e9)
    assert (source.sr, source.n_channels, source.can_wait) == (8000, 2, True)
    assert sum(chunk.y.shape[1] for chunk in source.chunks()) == 8000
    again = opened(kind="replay", path=tmp_path, speed=1e9, is_repeated=True).chunks()
    assert sum(next(again).y.shape[1] for _ in range(3)) == 3 * 8000


def test_a_folder_is_brought_to_the_wanted_rate_and_not_heard_twice(tmp_path):
    told = {"kind": "folder", "path": tmp_path, "every_s": 0.01, "is_old_heard": True}
    heard = HeardRecordings()
    write(tmp_path / "a.wav")
    source = opened(**told, heard=heard)
    first = [chunk for chunk in islice(source.chunks(), 40) if chunk.y.size]
    assert (source.sr, source.n_channels, source.can_wait) == (8000, 2, True)
    assert sum(chunk.y.shape[1] for chunk in first) == 8000
    write(tmp_path / "b.wav", 0.2)
    again = [chunk for chunk in islice(opened(**told, heard=heard).chunks(), 40) if chunk.y.size]
    assert np.median(np.concatenate([chunk.y for chunk in again], axis=1)) == pytest.approx(0.2, abs=0.01)
    assert sum(chunk.y.shape[1] for chunk in again) == 8000


def test_a_stream_keeps_its_rate(tmp_path):
    write(tmp_path / "a.wav")
    source = opened(kind="stream", url=str(tmp_path / "a.wav"))
    assert (source.sr, source.n_channels, source.can_wait) == (16000, 2, True)
    assert sum(chunk.y.shape[1] for chunk in source.chunks()) == 16000


def test_a_socket_listens_as_it_is_told():
    source = opened(kind="socket", port=0, sr=44100, n_channels=3, sample_format="s24le", timeout_s=0.01)
    assert (source.sr, source.n_channels, source.can_wait) == (44100, 3, False)
    host, _, port = source.name.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5) as sender:
        sender.sendall(bytes(9 * 4410))
        assert next(chunk for chunk in source.chunks() if chunk.y.size).y.shape == (3, 4410)


def test_a_microphone_that_is_not_there_is_an_error_that_can_be_told():
    with pytest.raises(AuscultError) as caught:
        opened(kind="microphone", device="no such device")
    assert not isinstance(caught.value, MissingExtraError)


def test_the_standard_input_is_opened_as_it_is_told(tmp_path):
    (tmp_path / "raw").write_bytes(bytes(4 * 2 * 1600))
    kept = os.dup(0)
    try:
        with (tmp_path / "raw").open("rb") as file:
            os.dup2(file.fileno(), 0)
            source = opened(kind="stdin", sr=16000, n_channels=2, sample_format="f32le")
            assert (source.sr, source.n_channels, source.can_wait) == (16000, 2, True)
            assert sum(chunk.y.shape[1] for chunk in source.chunks()) == 1600
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        opened(kind="folder", path=tmp_path / "nowhere")
