from dataclasses import fields

import pytest

from auscult.audio import Clip
from auscult.pipeline.synthetic import is_synthetic
from auscult.synth.truth import Truth

COLUMNS = ",".join(field.name for field in fields(Truth)) + "\n"
CLIP = "6_dB_fan/fan/id_00/normal/00000000.wav"


def clips_in(root):
    (root / CLIP).parent.mkdir(parents=True, exist_ok=True)
    return [Clip(root / CLIP, "fan/id_00", "normal", "fan/id_00/normal/00000000", 6.0)]


@pytest.mark.parametrize(
    ("table", "root"),
    [
        (".", "."),
        (".", "6_dB_fan"),
        (".", "6_dB_fan/fan"),
        (".", "6_dB_fan/fan/id_00"),
        (".", "6_dB_fan/fan/id_00/normal"),
        ("6_dB_fan", "."),
        ("6_dB_fan/fan/id_00", "."),
    ],
)
def test_table_of_truth_above_and_below_the_folder(tmp_path, table, root):
    data = tmp_path / "elsewhere" / "data"
    clips = clips_in(data)
    assert not is_synthetic(data / root, clips)
    (data / table / "truth.csv").write_text(COLUMNS)
    assert is_synthetic(data / root, clips)


def test_table_of_truth_near_the_clips_that_a_table_names(tmp_path):
    clips = clips_in(tmp_path / "data")
    table = tmp_path / "tables" / "clips.csv"
    table.parent.mkdir()
    table.write_text("path,label\n")
    assert not is_synthetic(table, clips)
    (tmp_path / "data" / "truth.csv").write_text(COLUMNS)
    assert is_synthetic(table, clips)


def test_the_table_of_truth_itself(tmp_path):
    clips = clips_in(tmp_path)
    (tmp_path / "truth.csv").write_text(COLUMNS)
    assert is_synthetic(tmp_path / "truth.csv", clips)


def test_some_clips_of_a_table_are_enough(tmp_path):
    clips = [*clips_in(tmp_path / "real"), *clips_in(tmp_path / "synthetic")]
    (tmp_path / "synthetic" / "truth.csv").write_text(COLUMNS)
    assert is_synthetic(tmp_path / "clips.csv", clips)
    assert not is_synthetic(tmp_path / "clips.csv", clips[:1])


@pytest.mark.parametrize("content", ["", "clip,truth\n", COLUMNS[:30], "path," + COLUMNS])
def test_another_table_of_that_name_says_nothing(tmp_path, content):
    (tmp_path / "truth.csv").write_text(content)
    assert not is_synthetic(tmp_path, clips_in(tmp_path))


def test_a_folder_of_that_name_says_nothing(tmp_path):
    (tmp_path / "truth.csv").mkdir()
    assert not is_synthetic(tmp_path, clips_in(tmp_path))


def test_far_above_is_not_near(tmp_path):
    root = tmp_path / "a/b/c/d/e"
    clips = clips_in(root)
    (tmp_path / "truth.csv").write_text(COLUMNS)
    assert not is_synthetic(root, clips)
