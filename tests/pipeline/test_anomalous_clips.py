import shutil

import pytest

from auscult.errors import DataError
from auscult.pipeline.anomalous_clips import anomalous_clips


def copied(root, label, folder, as_label):
    shutil.copytree(root / "6_dB_fan" / "fan" / "id_00" / label, folder / "fan" / "id_00" / as_label)
    return folder


def test_only_labelled_clips_are_taken(faulty_fans):
    there = anomalous_clips(faulty_fans.root, bundle=faulty_fans.bundle)
    assert len(there.clips) == 32
    assert {clip.clip.label for clip in there.clips} == {"anomalous"}
    assert {clip.clip.machine for clip in there.clips} == set(there.machines) == {"fan/id_00", "fan/id_02"}


def test_no_anomalous_recordings_are_an_error(faulty_fans, tmp_path):
    root = copied(faulty_fans.root, "normal", tmp_path, "normal")
    with pytest.raises(DataError, match="24 normal recordings and no anomalous ones"):
        anomalous_clips(root, bundle=faulty_fans.bundle)


def test_without_normal_recordings_or_a_bundle_there_is_nothing_to_compare_with(faulty_fans, tmp_path):
    root = copied(faulty_fans.root, "abnormal", tmp_path, "abnormal")
    with pytest.raises(DataError, match="too little normal sound"):
        anomalous_clips(root)
    assert len(anomalous_clips(root, bundle=faulty_fans.bundle).clips) == 16


def test_detector_finds_clips_that_nobody_labelled_anomalous(faulty_fans, tmp_path):
    root = copied(faulty_fans.root, "abnormal", tmp_path, "normal")
    there = anomalous_clips(root, bundle=faulty_fans.bundle, by_detector=True)
    assert len(there.clips) >= 14


def test_detector_judges_no_clip_that_it_learnt_and_calls_few_normal_ones(faulty_fans):
    there = anomalous_clips(faulty_fans.root, bundle=faulty_fans.bundle, by_detector=True)
    assert not any(there.machines[clip.clip.machine].has_learnt(clip.content_hash) for clip in there.clips)
    assert sum(clip.clip.label == "normal" for clip in there.clips) <= 3
