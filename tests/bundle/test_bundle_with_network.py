"""Verdicts of a bundle whose detector has a network beside it."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

import auscult
from auscult.bundle import Bundle
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.golden import EXPECTED, self_check
from auscult.bundle.making import new_bundle
from auscult.errors import BundleError
from auscult.faults import UNKNOWN_FAULT
from auscult.synth import write_dataset

LABELS = ["normal", "imbalance", "bearing-wear", "unknown fault"]


def made(bundle, *, unknown_below=None, members=None, **changed):
    """The bundle with another limit, other members, or otherwise another manifest; golden samples as they were."""
    if unknown_below is not None:
        changed["network"] = bundle.manifest.network | {"unknown_below": unknown_below}
    manifest = replace(bundle.manifest, **changed)
    return Bundle.from_members(manifest, bundle.members | (members or {}), "m.auscult")


def with_weights(bundle, name, change):
    """The network's ONNX model with some of its weights changed."""
    model = onnx.load_from_string(bundle.members[CLASSIFIER])
    (tensor,) = [one for one in model.graph.initializer if one.name == name]
    tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), name))
    return model.SerializeToString()


@pytest.fixture(scope="module")
def paths(faulty_fans):
    """A few clips of each fault and machine, and normal ones."""
    return sorted(faulty_fans.root.glob("*/fan/*/*/0000000[0-5].wav"))


@pytest.fixture(scope="module")
def verdicts(network_bundle, paths):
    return {path: network_bundle.predict(path) for path in paths}


@pytest.fixture(scope="module")
def anomalous(verdicts):
    found = {path: verdict for path, verdict in verdicts.items() if verdict.is_anomalous}
    assert len(found) > 5
    return found


def test_faults_are_named(anomalous, true_faults):
    said = {path: verdict.fault for path, verdict in anomalous.items()}
    right = [path for path, fault in said.items() if true_faults[str(path)] == fault]
    assert {said[path] for path in right} == {"imbalance", "bearing-wear"}
    assert len(right) >= 0.7 * len(said)


def test_probabilities_are_in_the_order_of_the_manifests_faults(network_bundle, verdicts):
    assert [fault.name for fault in network_bundle.manifest.faults] == LABELS
    for verdict in verdicts.values():
        assert list(verdict.probabilities) == LABELS
        assert verdict.to_dict()["Details"]["Labels"] == LABELS
        assert all(0 <= value <= 1 for value in verdict.probabilities.values())
        assert sum(verdict.probabilities.values()) == pytest.approx(1, abs=1e-6)


def test_message_and_fault_are_those_of_the_most_probable_fault(network_bundle, verdicts):
    messages = {fault.name: fault.message for fault in network_bundle.manifest.faults}
    for verdict in verdicts.values():
        normal, *_ = LABELS
        probable = max(LABELS[1:], key=verdict.probabilities.__getitem__)
        assert verdict.fault == (probable if verdict.is_anomalous else None)
        assert verdict.message == messages[probable if verdict.is_anomalous else normal]
        assert verdict.to_dict()["Details"].get("Fault") == verdict.fault


def test_what_is_anomalous_is_decided_by_the_detector_alone(faulty_fans, network_bundle, verdicts):
    told = {"fault": None, "message": "", "probabilities": {}}
    opposite = with_weights(network_bundle, "output.weight", np.negative)
    others = [faulty_fans.bundle, made(network_bundle, members={CLASSIFIER: opposite})]
    for path, verdict in verdicts.items():
        for bundle in others:
            other = bundle.predict(path)
            assert replace(other, **told) == replace(verdict, **told)
            assert other.score.hex() == verdict.score.hex()
            assert other.probabilities["normal"] == verdict.probabilities["normal"]


def test_below_the_limit_all_that_is_not_normal_is_unknown(network_bundle, anomalous):
    unsure, sure = made(network_bundle, unknown_below=1.0), made(network_bundle, unknown_below=0.0)
    for path, verdict in anomalous.items():
        unknown = unsure.predict(path)
        assert (unknown.fault, unknown.message) == (UNKNOWN_FAULT.name, UNKNOWN_FAULT.message)
        normal = verdict.probabilities["normal"]
        assert list(unknown.probabilities.values()) == [normal, 0, 0, 1 - normal]
        named = sure.predict(path)
        assert named.fault in LABELS[1:3]
        assert named.probabilities[UNKNOWN_FAULT.name] == 0


def test_golden_samples_notice_another_network(network_bundle):
    self_check(network_bundle, "m")
    for name in ("output.weight", "changes.weight", "statistics.weight"):
        other = with_weights(network_bundle, name, lambda weights: weights[::-1].copy())
        with pytest.raises(BundleError, match="gives another verdict here"):
            self_check(made(network_bundle, members={CLASSIFIER: other}), "m")


def test_golden_samples_notice_another_network_that_knows_nothing(network_bundle):
    """Where all is unknown, the verdict would not say it."""
    network = network_bundle.manifest.network | {"unknown_below": 1.0}
    unsure = new_bundle(replace(network_bundle.manifest, network=network), network_bundle.members)
    self_check(unsure, "m")
    other = with_weights(unsure, "output.weight", lambda weights: weights[::-1].copy())
    with pytest.raises(BundleError, match="gives another verdict here"):
        self_check(made(unsure, members={CLASSIFIER: other}), "m")


def test_golden_samples_without_the_networks_answers_are_incomplete(network_bundle):
    expected = network_bundle.members[EXPECTED].replace(b'"faults"', b'"others"')
    with pytest.raises(BundleError, match="golden samples are incomplete"):
        self_check(made(network_bundle, members={EXPECTED: expected}), "m")


def test_faults_and_classes_that_differ_in_number(network_bundle):
    normal, imbalance, _, unknown = network_bundle.manifest.faults
    with pytest.raises(
        BundleError, match=r"gives 2 classes of \d+ changes, the manifest names 1 faults.*train it again"
    ):
        made(network_bundle, faults=(normal, imbalance, unknown))


@pytest.mark.parametrize("network", [{}, {"unknown_below": None}, {"unknown_below": "0.5"}] + [
    {"unknown_below": limit} for limit in (float("nan"), -0.1, 1.1)
])  # fmt: skip
def test_limit_that_is_none(network_bundle, network):
    with pytest.raises(BundleError, match=r"classifier\.onnx: .*does not say below which probability.*Train it again"):
        made(network_bundle, network=network)


def test_manifest_without_an_unknown_fault(network_bundle):
    faults = (*network_bundle.manifest.faults[:-1], replace(UNKNOWN_FAULT, id="other"))
    with pytest.raises(BundleError, match=r"names no unknown fault\. Train it again"):
        made(network_bundle, faults=faults)


@pytest.mark.parametrize("content", [b"", b"no network"])
def test_damaged_network(network_bundle, content):
    with pytest.raises(BundleError, match=r"classifier\.onnx: cannot be loaded"):
        made(network_bundle, members={CLASSIFIER: content})


def test_weights_that_are_no_numbers(network_bundle, paths):
    broken = with_weights(network_bundle, "output.weight", lambda weights: np.full_like(weights, np.nan))
    with pytest.raises(BundleError, match=r"classifier\.onnx: gave .* or NaN\. Make the bundle again"):
        made(network_bundle, members={CLASSIFIER: broken}).predict(paths[0])


def test_saved_bundle_gives_the_same_verdicts(network_bundle, verdicts, tmp_path):
    network_bundle.save(tmp_path / "m.auscult")
    loaded = auscult.load(tmp_path / "m.auscult")
    for path, verdict in verdicts.items():
        assert loaded.predict(path) == verdict


def test_the_message_of_a_changed_name_is_said(network_bundle, anomalous):
    faults = tuple(replace(fault, message=f"{fault.message}!") for fault in network_bundle.manifest.faults)
    renamed = made(network_bundle, faults=faults)
    for path, verdict in anomalous.items():
        assert renamed.predict(path).message == f"{verdict.message}!"


def test_a_fault_that_grew_keeps_its_name_and_what_is_no_sound_has_none(network_bundle, tmp_path):
    """As if faults of severity 0.5 had been learnt: those of severity 1 are no others."""
    options = {"machine_types": ["fan"], "n_ids": 2, "snr_db": [6], "n_normal": 1, "n_anomalous": 8, "seed": 11}
    options |= {"faults": ("imbalance", "bearing-wear"), "n_channels": 1, "duration_s": 3.0}
    names = [fault.name for fault in network_bundle.manifest.faults[1:-1]]

    def judged(bundle, severity):
        """Verdicts on faults of a severity, by the true ones."""
        root, verdicts = tmp_path / str(severity), {name: [] for name in names}
        for row in write_dataset(root, severity=severity, **options):
            if row.fault:
                verdicts[row.fault].append(bundle.predict(root / row.path))
        return verdicts

    mild = judged(network_bundle, 0.5)
    largest = [max(verdict.score for verdict in mild[name]) for name in names]
    limited = made(network_bundle, network=network_bundle.manifest.network | {"largest_scores": largest})
    grown, as_before = (judged(bundle, 1.0) for bundle in (limited, network_bundle))
    said = [[verdict.fault for verdict in verdicts["bearing-wear"]] for verdicts in (grown, as_before)]
    assert said[0] == said[1] == ["bearing-wear"] * len(said[0])
    assert [verdict.fault for verdict in grown["imbalance"]] == [verdict.fault for verdict in as_before["imbalance"]]
    for y in (np.zeros(48_000), 0.2 * np.sin(np.arange(48_000))):
        assert limited.predict(y, sr=16_000, machine_id="id_00").fault == UNKNOWN_FAULT.name
