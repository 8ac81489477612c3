from pathlib import Path

import pytest

from auscult.bundle.doubts import length_doubt, machine_doubt


def test_clips_of_another_length():
    assert length_doubt(10, 10) is None
    assert length_doubt(6, 10) is None
    assert length_doubt(0.5, 10) == ("the clip lasts 0.5 s, those learnt from 10 s: their scores do not compare well")
    assert length_doubt(20, 10)


@pytest.mark.parametrize("path", ["lath/lathe_1/normal/x.wav", Path("lathe_1/abnormal/x.wav")])
def test_folders_of_another_machine(path):
    assert machine_doubt(path, "press") == "the folders say lathe_1, compared with press"


@pytest.mark.parametrize(
    "clip", ["x.wav", "/data/press/normal/x.wav", "/data/fan/id_00/x.wav", b"RIFF", "6_dB_fan/fan/press/normal/x.wav"]
)
def test_clip_from_anywhere_may_be_of_the_only_machine(clip):
    assert machine_doubt(clip, "press") is None
