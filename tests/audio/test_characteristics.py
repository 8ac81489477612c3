from dataclasses import replace

import numpy as np
import pytest

from auscult.audio.characteristics import Characteristics
from auscult.audio.describe import Description
from auscult.audio.header import Header
from auscult.audio.layouts import Place
from auscult.audio.statistics import clip_statistics


def described(n_channels=1, sr=16_000, duration_s=10.0, subtype="PCM_16", level_db=None):
    statistics = clip_statistics(np.array([[0.5, -0.5] * 50], np.float32), sr)
    heard = None if level_db is None else replace(statistics, level_db=level_db)
    return Description(1000, Header(n_channels, sr, round(duration_s * sr), subtype), heard)


def test_shares_are_of_the_readable_clips_and_in_falling_order():
    counted = Characteristics()
    for header in ({"n_channels": 8}, {"n_channels": 8}, {"sr": 48_000, "subtype": "PCM_24"}, {"subtype": "VORBIS"}):
        counted.add(Place(machine_id="m", label="normal"), described(**header))
    counted.add(Place(machine_id="m"), Description())
    found = counted.to_dict()
    assert (found["n_clips"], found["n_readable"], found["n_bytes"]) == (5, 4, 4000)
    assert found["n_channels"] == [
        {"value": 1, "n_clips": 2, "share": 0.5},
        {"value": 8, "n_clips": 2, "share": 0.5},
    ]
    assert [row["value"] for row in found["sr"]] == [16_000, 48_000]
    assert [row["value"] for row in found["bit_depth"]] == ["16 bit", "24 bit", "compressed"]


def test_machines_durations_and_hours():
    counted = Characteristics()
    for machine, label, duration_s in (
        ("b", "normal", 3600),
        ("a", "normal", 1800),
        ("a", "anomalous", 900),
        ("a", "", 900),
    ):
        counted.add(Place(machine_id=machine, label=label), described(duration_s=duration_s))
    found = counted.to_dict()
    assert found["total_h"] == 2
    assert found["duration_s"] == {"min": 900, "median": 1350, "max": 3600}
    assert found["machines"] == [
        {"machine": "a", "n_normal": 1, "n_anomalous": 1, "n_unlabelled": 1, "total_h": 1},
        {"machine": "b", "n_normal": 1, "n_anomalous": 0, "n_unlabelled": 0, "total_h": 1},
    ]


def test_levels_are_by_label():
    counted = Characteristics()
    for level_db in (-30.0, -20.0, -10.0):
        counted.add(Place(label="normal"), described(level_db=level_db))
    counted.add(Place(label="anomalous"), described(level_db=-3.0))
    levels_db = counted.to_dict()["level_db"]
    assert levels_db["normal"] == pytest.approx({"p5": -29, "median": -20, "p95": -11})
    assert levels_db["anomalous"]["median"] == -3
    assert "unlabelled" not in levels_db


def test_nothing_readable():
    counted = Characteristics()
    counted.add(Place(), Description(0))
    found = counted.to_dict()
    assert (found["n_readable"], found["sr"], found["duration_s"], found["level_db"]) == (0, [], {}, {})
