from dataclasses import replace

import numpy as np
import pytest

import auscult
from auscult.audio import index_clips
from auscult.errors import DataError
from auscult.pipeline.described_clips import describe
from auscult.pipeline.judged_clips import judge

NAME = "fan/id_02"


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


@pytest.fixture(scope="module")
def described(synthetic_data, bundle):
    root = synthetic_data / "6_dB_fan" / "fan" / "id_02"
    clips = [clip for clip in index_clips(root) if clip.take.endswith(("0", "5"))]
    return describe(clips, root, bundle.manifest.features, "mean", None)[0]


def test_clips_are_judged_as_one_by_one(bundle, described):
    judged = judge(NAME, bundle.detector.machines[NAME], described)
    assert len(judged) == len(described) > 4
    for verdict, clip in zip(judged, described, strict=True):
        expected = bundle.predict(clip.clip.path)
        assert verdict.score == pytest.approx(expected.score, rel=1e-5, abs=1e-5)
        assert verdict.is_alarm == expected.is_anomalous
        assert verdict.is_anomalous == (clip.clip.path.parent.name == "abnormal")
        assert (verdict.machine, verdict.snr_db, verdict.take) == (NAME, 6.0, clip.clip.take)
        assert verdict.level_db == clip.level_db
        assert isinstance(verdict.is_alarm, bool)
        assert isinstance(verdict.score, float)


def test_the_name_is_the_bundles_and_not_the_folders(bundle, described):
    judged = judge("fan/id_00", bundle.detector.machines["fan/id_00"], described)
    assert {clip.machine for clip in judged} == {"fan/id_00"}
    assert all(clip.is_alarm for clip in judged), "it is another machine"


def test_a_score_at_the_threshold_is_no_alarm(bundle, described):
    machine = bundle.detector.machines[NAME]
    scores = machine.model.anomaly_scores(np.stack([clip.descriptors for clip in described]))
    at_first = replace(machine, calibration=replace(machine.calibration, threshold=float(scores[0])))
    assert [clip.is_alarm for clip in judge(NAME, at_first, described)] == (scores > scores[0]).tolist()


def test_clips_of_other_features_are_refused(bundle, described):
    fewer = [replace(clip, descriptors=clip.descriptors[:-1]) for clip in described]
    with pytest.raises(DataError, match="descriptors a clip, expected"):
        judge(NAME, bundle.detector.machines[NAME], fewer)
