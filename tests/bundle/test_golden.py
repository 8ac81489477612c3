import dataclasses
import json

import pytest

import auscult
from auscult.bundle.golden import CLIP, EXPECTED, self_check
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


def test_missing_samples_are_noticed(bundle):
    members = {name: content for name, content in bundle.members.items() if name != CLIP}
    with pytest.raises(BundleError, match="golden samples are incomplete"):
        self_check(dataclasses.replace(bundle, members=members), "m")


def test_clip_that_cannot_be_judged_is_noticed(bundle):
    members = bundle.members | {CLIP: b"no sound"}
    with pytest.raises(BundleError, match="golden clip cannot be judged"):
        self_check(dataclasses.replace(bundle, members=members), "m")
