import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.bundle.manifest import Manifest
from auscult.errors import BundleError
from auscult.faults import NORMAL, ORIGINAL_FAULTS, UNKNOWN_FAULT, Fault
from auscult.features import LogMel, OriginalMfcc

MANIFEST = Manifest(features=OriginalMfcc(), channels="mean", faults=ORIGINAL_FAULTS, metrics={"split": "none"})


@pytest.mark.parametrize("features", [OriginalMfcc(), LogMel()])
@pytest.mark.parametrize("channels", ["mean", "all", 3])
def test_manifest_goes_through_json(features, channels):
    manifest = Manifest(
        features=features, channels=channels, faults=ORIGINAL_FAULTS, thresholds={"a": {"threshold": 1.0}}
    )
    assert Manifest.from_dict(json.loads(json.dumps(manifest.to_dict())), "m") == manifest


@pytest.mark.parametrize("version", [None, 0, 5, "1"])
def test_other_schema_version(version):
    with pytest.raises(BundleError, match=r"schema version .*, this Auscult reads 4 and older. Upgrade"):
        Manifest.from_dict(MANIFEST.to_dict() | {"schema_version": version}, "m.auscult")


@pytest.mark.parametrize("version", [1, 2])
def test_older_detectors_are_refused_with_the_remedy(version):
    content = Manifest(features=LogMel(), channels="mean", faults=ORIGINAL_FAULTS).to_dict()
    with pytest.raises(BundleError, match=f"detector of schema version {version}.* Train it again .*auscult train"):
        Manifest.from_dict(content | {"schema_version": version}, "m.auscult")


@pytest.mark.parametrize("version", [1, 2])
def test_older_classifiers_are_read_as_before(version):
    assert Manifest.from_dict(MANIFEST.to_dict() | {"schema_version": version}, "m.auscult") == MANIFEST


@pytest.mark.parametrize("features", [OriginalMfcc(), LogMel()])
def test_manifests_of_version_3_say_nothing_of_a_network(features):
    manifest = Manifest(features=features, channels="mean", faults=ORIGINAL_FAULTS)
    content = manifest.to_dict() | {"schema_version": 3}
    del content["network"]
    assert Manifest.from_dict(content, "m.auscult") == manifest


def test_what_is_said_of_a_network_goes_through_json():
    network = {"name": "small", "unknown_below": 0.61, "n_parameters": 5120, "options": {"is_augmented": True}}
    manifest = Manifest(features=LogMel(), channels="mean", faults=ORIGINAL_FAULTS, network=network)
    assert Manifest.from_dict(json.loads(json.dumps(manifest.to_dict())), "m").network == network


@pytest.mark.parametrize("network", [None, 3, "small", [1]])
def test_nonsense_about_a_network(network):
    with pytest.raises(BundleError, match="not valid"):
        Manifest.from_dict(MANIFEST.to_dict() | {"network": network}, "m.auscult")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([key for key in MANIFEST.to_dict() if key != "schema_version"]), json_values)
def test_nonsense_in_any_entry_is_a_bundle_error_or_valid(key, value):
    try:
        Manifest.from_dict(MANIFEST.to_dict() | {key: value}, "m.auscult")
    except BundleError as error:
        assert "m.auscult" in str(error)


@pytest.mark.parametrize("key", sorted(MANIFEST.to_dict().keys() - {"schema_version", "network", "learnt_faults"}))
def test_missing_entry(key):
    content = MANIFEST.to_dict()
    del content[key]
    with pytest.raises(BundleError, match=key):
        Manifest.from_dict(content, "m.auscult")


def test_exemplars_and_notes_of_faults_go_through_json():
    leak = Fault("leak", "leak", "Component leaks", ("0a" * 32, "1b" * 32), "heard at the March inspection")
    manifest = Manifest(features=LogMel(), channels="mean", faults=(NORMAL, leak))
    assert Manifest.from_dict(json.loads(json.dumps(manifest.to_dict())), "m") == manifest


def test_faults_of_older_bundles_have_no_note():
    content = MANIFEST.to_dict()
    for fault in content["faults"]:
        del fault["note"]
    assert Manifest.from_dict(content, "m.auscult") == MANIFEST


def test_faults_as_a_network_learnt_them_go_through_json():
    learnt, leak = Fault("fault-1", "fault 1", "Fault 1", ("0a" * 32,)), Fault("leak", "leak", "It leaks")
    manifest = Manifest(LogMel(), "mean", (NORMAL, leak, UNKNOWN_FAULT), learnt_faults=(learnt,))
    assert Manifest.from_dict(json.loads(json.dumps(manifest.to_dict())), "m") == manifest


def test_older_bundles_say_nothing_of_faults_as_they_were_learnt():
    content = MANIFEST.to_dict()
    del content["learnt_faults"]
    assert Manifest.from_dict(content, "m.auscult") == MANIFEST


@pytest.mark.parametrize("n", [1, 3])
def test_faults_as_they_were_learnt_that_are_too_few_or_too_many(n):
    with pytest.raises(BundleError, match=r"not valid.*learnt are not as many as it names"):
        Manifest.from_dict(MANIFEST.to_dict() | {"learnt_faults": [LEAK] * n}, "m.auscult")


LEAK = {"id": "leak", "name": "leak", "message": "Component leaks", "exemplars": []}


@pytest.mark.parametrize("fault", [{"id": "a"}, LEAK | {"id": 1}, LEAK | {"note": 1}, LEAK | {"note": None}, "leak"])
def test_nonsense_in_a_fault(fault):
    with pytest.raises(BundleError, match="not valid"):
        Manifest.from_dict(MANIFEST.to_dict() | {"faults": [fault]}, "m.auscult")
