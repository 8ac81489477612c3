from pathlib import Path

import numpy as np
import pytest

from auscult.audio.index import Clip
from auscult.pipeline.contradictions import contradictions, some
from auscult.pipeline.described_clips import DescribedClip


@pytest.fixture
def table(tmp_path):
    """Place of a table beside folders of a press: normal sound, and two faults."""
    for folder in ("normal", "bearing", "loose belt"):
        (tmp_path / "press" / folder).mkdir(parents=True)
    return tmp_path / "clips.csv"


def listed(table, path, label, fault=""):
    clip = Clip(table.parent / path, "press", label, path, fault=fault)
    return DescribedClip(clip, np.zeros(3, np.float32), -20.0, 1.0, path)


def test_faults_of_a_table_against_folders_of_faults(table):
    wrong = [listed(table, f"press/bearing/{n}.wav", "anomalous", "loose belt") for n in range(3)]
    right = [
        listed(table, "press/bearing/7.wav", "anomalous", "Bearing"),
        listed(table, "press/x.wav", "anomalous", "a"),
    ]
    (said,) = contradictions([*wrong, *right], [listed(table, "press/normal/0.wav", "normal")], table)
    assert said == (
        "clips.csv: 3 clips in bearing/ are labelled loose belt (press/bearing/0.wav, press/bearing/1.wav, "
        "press/bearing/2.wav): the table is believed"
    )


def test_normal_clips_in_a_folder_of_a_fault(table):
    (said,) = contradictions([], [listed(table, "press/bearing/0.wav", "normal")], table)
    assert said == "clips.csv: 1 clip in bearing/ is labelled normal (press/bearing/0.wav): the table is believed"


def test_normal_clips_with_a_fault_are_named_as_the_table_names_them(table):
    (said,) = contradictions([], [listed(table, "press/normal/0.wav", "normal", "wear")], table)[-1:]
    assert said == "1 clip is labelled normal and has a fault (press/normal/0.wav): learnt as normal"


def test_folders_alone_do_not_contradict_themselves(table):
    clips = [listed(table, "press/bearing/0.wav", "anomalous", "loose belt")]
    assert contradictions(clips, [], Path(table.parent)) == ()


def test_some_of_many_are_named():
    assert some(["a", "b", "c"]) == "a, b, c"
    assert some(["a", "b", "c", "d"]) == "a, b, c, ..."
