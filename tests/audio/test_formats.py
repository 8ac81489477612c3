import numpy as np
import soundfile

from auscult.audio.formats import most_common_format


def write(path, sr, n_channels):
    soundfile.write(path, np.zeros((100, n_channels)), sr)
    return str(path)


def test_the_most_common_rate_wins_and_then_the_channels(tmp_path):
    formats = [(16000, 8), (16000, 1), (16000, 1), (48000, 2), (48000, 2)]
    locations = [write(tmp_path / f"{number}.wav", *own) for number, own in enumerate(formats)]
    assert most_common_format(locations) == (16000, 1)
    assert most_common_format(locations[:1] + locations[3:4]) == (48000, 2)


def test_unreadable_files_do_not_count(tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    missing = str(tmp_path / "missing.wav")
    assert most_common_format([missing, str(tmp_path / "bad.wav")]) is None
    assert most_common_format([missing, write(tmp_path / "good.wav", 8000, 2)]) == (8000, 2)
