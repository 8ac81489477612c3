from dataclasses import replace

import numpy as np
import pytest

from auscult.audio.write import wav_bytes
from auscult.faults.discovery import FoundClip
from auscult.features.bearing import Bearing
from auscult.features.nameplate import Nameplate
from auscult.pipeline.cluster_physics import cluster_physics

SR = 16000
ROTATION_HZ = 24.3
BEARING = Bearing(9, 0.2)
PLATE = Nameplate(rotation_hz=ROTATION_HZ, bearing=BEARING)


@pytest.fixture
def worn(tmp_path):
    """Clips of a shaft whose blade tone tells its speed, and whose outer race is struck."""
    clips = []
    for number in range(3):
        rng = np.random.default_rng(number)
        time_s = np.arange(5 * SR) / SR
        blows, ring_s = np.zeros(time_s.size), time_s[: SR // 50]
        rate_hz = BEARING.outer_race_order() * ROTATION_HZ
        blows[(np.arange(1 / rate_hz, 5, 1 / rate_hz) * SR).astype(int)] = 1
        y = np.convolve(blows, np.exp(-ring_s * 500) * np.sin(2 * np.pi * 3000 * ring_s))[: time_s.size]
        y = 0.1 * (y / y.std() + rng.standard_normal(y.size))
        for multiple in range(1, 9):
            y += 0.1 * np.sin(2 * np.pi * multiple * ROTATION_HZ * time_s)
        path = tmp_path / f"{number}.wav"
        path.write_bytes(wav_bytes((y / 4).astype(np.float32), SR))
        clips.append(FoundClip(str(path), f"{number:064}", "fan/id_00", str(number), None, -20.0, None, None, 0))
    return clips


def test_lines_of_a_bearing_are_heard_where_its_nameplate_is_known(worn):
    physics = cluster_physics({}, worn, {"fan/id_00": PLATE})
    assert physics.kind == "bearing-like"
    assert "line of the outer race at order 3.60" in physics.sentence


def test_without_a_bearing_only_aspects_count(worn):
    for nameplates in ({}, {"fan/id_02": PLATE}, {"fan/id_00": Nameplate(rotation_hz=ROTATION_HZ)}):
        physics = cluster_physics({}, worn, nameplates)
        assert physics.kind is None
        assert physics.sentence == "consistent with nothing that physics knows well"


def test_orders_of_two_bearings_are_not_said_to_be_one(worn):
    clips = [*worn[:2], replace(worn[2], machine="fan/id_02")]
    other = Nameplate(rotation_hz=ROTATION_HZ, bearing=Bearing(9, 0.201))
    sentence = cluster_physics({}, clips, {"fan/id_00": PLATE, "fan/id_02": other}).sentence
    assert "line of the outer race" in sentence
    assert "at order" not in sentence


def test_clips_that_are_gone_are_passed_over(worn, tmp_path):
    (tmp_path / "0.wav").unlink()
    assert cluster_physics({}, worn, {"fan/id_00": PLATE}).kind == "bearing-like"
