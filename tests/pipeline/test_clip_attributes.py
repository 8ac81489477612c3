from dataclasses import replace
from pathlib import Path

import pytest

from auscult.pipeline.clip_attributes import attributes_of, channel_of, day_of


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("hall/2026-03-14/a.wav", "2026-03-14"),
        ("hall/rec_20260314_120000.wav", "2026-03-14"),
        ("2025-01-01/2026.03.14.wav", "2026-03-14"),
        ("hall/2026-13-14.wav", None),
        ("hall/00000000.wav", None),
        ("hall/9202603141.wav", None),
    ],
)
def test_day_is_the_last_one_that_the_path_says(path, day):
    assert day_of(Path(path)) == day


@pytest.mark.parametrize(
    ("path", "channel"),
    [("a_ch3.wav", "3"), ("mic_2.wav", "2"), ("Channel-12_a.wav", "12"), ("batch3.wav", None), ("ch3/a.wav", None)],
)
def test_channel_is_what_the_name_and_not_the_folder_says(path, channel):
    assert channel_of(Path(path)) == channel


def test_attributes_of_every_clip_are_listed_and_unknown_ones_are_none(faulty_fans):
    clip = faulty_fans.found.clips[0]
    known = replace(clip, snr_db=6.0, channel="3", day="2026-03-14")
    attributes = attributes_of([known, replace(clip, snr_db=None)])
    assert attributes["SNR"] == ["6 dB", None]
    assert attributes["channel"] == ["3", None]
    assert attributes["day"] == ["2026-03-14", None]
    assert attributes["machine"] == ["fan/id_00"] * 2
    assert attributes["level"] == [clip.level_db] * 2
