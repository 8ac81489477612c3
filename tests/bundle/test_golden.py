import dataclasses
import json

import numpy as np
import pytest

import auscult
from auscult.bundle.golden import CLIP, EXPECTED, self_check
from auscult.detect import Detector
from auscult.errors import BundleError


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


def with_expected(bundle, change):
    expected = json.loads(bundle.members[EXPECTED])
    change(expected)
    return dataclasses.replace(bundle, members=bundle.members | {EXPECTED: json.dumps(expected).encode()})


def test_a_whole_bundle_passes(bundle):
    self_check(bundle, "m")


@pytest.mark.parametrize(
    "change",
    [
        lambda expected: expected[0].update(score=expected[0]["score"] * 1.01),
        lambda expected: expected[1].update(probabilities=[0.5, 0.5]),
        lambda expected: expected[1].update(score=float("nan")),
    ],
)
def test_other_figures_are_noticed(bundle, change):
    with pytest.raises(BundleError, match="gives another verdict here"):
        self_check(with_expected(bundle, change), "m")


@pytest.mark.parametrize(
    "change",
    [
        lambda expected: expected.pop(),
        lambda expected: expected[0].pop("score"),
        lambda expected: expected[0].update(score=None),
        lambda expected: expected[0].update(probabilities=[1.0]),
    ],
)
def test_incomplete_samples_are_noticed(bundle, change):
    with pytest.raises(BundleError, match="golden samples are incomplete"):
        self_check(with_expected(bundle, change), "m")


def test_broken_resampling_is_noticed(bundle, monkeypatch):
    class Silence:
        def resample_chunk(self, y, *, last):
            return np.zeros_like(y)

    monkeypatch.setattr("auscult.features.log_mel.resampler", lambda *_: Silence())
    with pytest.raises(BundleError, match="gives another verdict here"):
        self_check(bundle, "m")


def test_swapped_classes_are_noticed(bundle):
    normal, anomalous = bundle.manifest.faults
    manifest = dataclasses.replace(bundle.manifest, faults=(anomalous, normal))
    with pytest.raises(BundleError, match="gives another verdict here"):
        self_check(dataclasses.replace(bundle, manifest=manifest), "m")


def test_another_channel_is_noticed(bundle):
    manifest = dataclasses.replace(bundle.manifest, channels=1)
    with pytest.raises(BundleError, match="gives another verdict here"):
        self_check(dataclasses.replace(bundle, manifest=manifest), "m")


def test_another_threshold_is_noticed(bundle):
    machine = bundle.detector.machines["fan/id_00"]
    calibration = dataclasses.replace(machine.calibration, threshold=5 * machine.calibration.threshold)
    machines = bundle.detector.machines | {"fan/id_00": dataclasses.replace(machine, calibration=calibration)}
    with pytest.raises(BundleError, match="gives another verdict here"):
        self_check(dataclasses.replace(bundle, detector=Detector(machines)), "m")


@pytest.mark.real
def test_broken_resampling_of_the_original_is_noticed(original_bundle, monkeypatch):
    def silence(y, **_):
        return np.zeros_like(y)

    monkeypatch.setattr("auscult.features.original_mfcc.resample_kaiser_fast", silence)
    with pytest.raises(BundleError, match="gives another verdict here"):
        self_check(auscult.load(original_bundle), "m")


def test_missing_samples_are_noticed(bundle):
    members = {name: content for name, content in bundle.members.items() if name != CLIP}
    with pytest.raises(BundleError, match="golden samples are incomplete"):
        self_check(dataclasses.replace(bundle, members=members), "m")


def test_clip_that_cannot_be_judged_is_noticed(bundle):
    members = bundle.members | {CLIP: b"no sound"}
    with pytest.raises(BundleError, match="golden clip cannot be judged"):
        self_check(dataclasses.replace(bundle, members=members), "m")
