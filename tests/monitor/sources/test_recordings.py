import os

import numpy as np
import pytest
import soundfile

from auscult.errors import AudioError
from auscult.monitor.sources.recordings import cut, find_files, read_recording


def refuse(kind, location):
    raise AssertionError(f"{kind}: {location}")


def test_recordings_are_found_in_all_folders_in_the_order_of_their_names(tmp_path):
    for name in ("b.wav", "a.flac", "notes.txt", ".hidden.wav", "day/c.WAV", ".old/d.wav", "e.wav.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    found = find_files(str(tmp_path), refuse)
    assert [os.path.relpath(file.path, tmp_path) for file in found] == ["a.flac", "b.wav", "day/c.WAV"]
    assert {file.state.n_bytes for file in found} == {5}
    assert found[0].state.changed_ns == (tmp_path / "a.flac").stat().st_mtime_ns


def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    told = []
    assert find_files(str(tmp_path / "in"), lambda *trouble: told.append(trouble)) == []
    assert told == [("linked folder", str(tmp_path / "in" / "link"))]


def test_a_file_that_was_written_and_then_renamed_is_in_its_place(tmp_path):
    (tmp_path / "written.wav").write_bytes(b"12345")
    (tmp_path / "moved.part").write_bytes(b"12345")
    os.utime(tmp_path / "moved.part", ns=(0, (tmp_path / "moved.part").stat().st_mtime_ns - 50_000_000))
    (tmp_path / "moved.part").rename(tmp_path / "moved.wav")
    assert [file.is_placed for file in find_files(str(tmp_path), refuse)] == [True, False]


def test_a_recording_of_a_higher_rate_is_brought_down(tmp_path):
    time_s = np.arange(48000) / 48000
    y = np.stack([np.sin(2 * np.pi * 440 * time_s), np.sin(2 * np.pi * 20000 * time_s)], axis=1)
    soundfile.write(tmp_path / "a.wav", 0.5 * y, 48000)
    low = read_recording(str(tmp_path / "a.wav"), 16000)
    assert (low.shape, low.dtype) == ((2, 16000), np.float32)
    assert np.argmax(np.abs(np.fft.rfft(low[0]))) == 440
    assert np.abs(low[0, 1000:-1000]).max() == pytest.approx(0.5, abs=0.01)
    assert np.abs(low[1, 1000:-1000]).max() < 0.001
    same = read_recording(str(tmp_path / "a.wav"), 48000)
    np.testing.assert_allclose(same, 0.5 * y.T, atol=1e-4)


def test_what_would_sound_like_a_change_of_the_machine_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((800, 2)), 8000)
    with pytest.raises(AudioError, match=r"a.wav: recorded at 8000 Hz, where 16000 Hz are needed. Record at the rate"):
        read_recording(str(tmp_path / "a.wav"), 16000)


def test_pieces_are_a_tenth_of_a_second():
    y = np.arange(2500, dtype=np.float32).reshape(1, -1)
    pieces = list(cut(y, 10000))
    assert [piece.shape for piece in pieces] == [(1, 1000), (1, 1000), (1, 500)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), y)
