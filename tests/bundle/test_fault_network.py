import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from auscult.bundle.classifier import Classifier
from auscult.bundle.fault_network import FaultNetwork
from auscult.detect import AlarmBudget, MachineDetector, NormalClips, groups_of
from auscult.errors import BundleError
from auscult.faults import UNKNOWN_FAULT, Fault
from auscult.faults.changes import Changes
from auscult.features import Features, LogMel

FEATURES = LogMel.for_rate(16000, n_mels=32, groups=("level", "mean", "std"))
FAULTS = tuple(Fault(name, name, f"It has {name}") for name in ("wear", "leak", "imbalance"))
SCORE = 5.0
N_CHANGES = Changes(FEATURES).n_changes


@pytest.fixture(scope="module")
def machine():
    X = np.random.default_rng(3).standard_normal((20, FEATURES.n_descriptors))
    return MachineDetector.fit(
        NormalClips(X, [str(k) for k in range(20)], np.zeros(20, np.intp), [""] * 20, 10.0),
        groups_of(FEATURES.descriptor_groups),
        false_alarm_rate=0.05,
        budget=AlarmBudget.parse("1/week"),
    )


@pytest.fixture
def heard(rng):
    patch, descriptors = rng.standard_normal((32, 9)), rng.standard_normal(FEATURES.n_descriptors)
    return Features(patch.astype(np.float32), descriptors.astype(np.float32))


def weights(n_inputs=N_CHANGES, n_classes=3):
    return (0.3 * np.random.default_rng(6).standard_normal((n_inputs, n_classes))).astype(np.float32)


def model(W, *, reads="changes", shape=("batch", 3)):
    """ONNX model of the softmax of weighted changes, or of the weighted bands of the patch's frames together."""
    inputs = [helper.make_tensor_value_info("patch", TensorProto.FLOAT, ["batch", 32, "n_frames", 1])]
    if reads == "changes":
        inputs.append(helper.make_tensor_value_info("changes", TensorProto.FLOAT, ["batch", len(W)]))
    nodes = [
        helper.make_node("ReduceSum", ["patch", "axes"], ["bands"], keepdims=0),
        helper.make_node("MatMul", [reads, "W"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("Reshape", ["probabilities", "shape"], ["out"]),
    ]
    lengths = [-1 if isinstance(one, str) else one for one in shape]
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3]),
        helper.make_tensor("shape", TensorProto.INT64, [len(shape)], lengths),
        numpy_helper.from_array(W, "W"),
    ]
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, "softmax", inputs, [output], constants)
    opset = [helper.make_opsetid("", 18)]
    return Classifier(helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString())


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum()


def test_shares_are_what_the_network_says_of_the_changes(machine, heard):
    W = weights()
    shares = FaultNetwork(model(W), FEATURES, FAULTS, 0.0).shares(machine, heard, SCORE)
    assert list(shares) == ["wear", "leak", "imbalance"]
    expected = softmax(Changes(FEATURES).values(machine, heard.descriptors[None])[0] @ W)
    np.testing.assert_allclose(list(shares.values()), expected, atol=1e-5)
    assert np.ptp(expected) > 0.1
    assert sum(shares.values()) == pytest.approx(1)


def test_a_network_may_read_the_patch_alone(machine, heard):
    W = weights(32)
    shares = FaultNetwork(model(W, reads="bands"), FEATURES, FAULTS, 0.0).shares(machine, heard, SCORE)
    change = Changes(FEATURES).patch(machine, heard.descriptors, heard.patch)
    np.testing.assert_allclose(list(shares.values()), softmax(change.sum(axis=1) @ W), atol=1e-5)


def test_a_fault_is_unknown_below_the_limit_and_not_at_it(machine, heard):
    classifier = model(weights())
    probabilities = FaultNetwork(classifier, FEATURES, FAULTS, 0.0).probabilities(machine, heard)
    highest = float(probabilities.max())
    at = FaultNetwork(classifier, FEATURES, FAULTS, highest)
    assert list(at.shares(machine, heard, SCORE).values()) == probabilities.tolist()
    above = FaultNetwork(classifier, FEATURES, FAULTS, np.nextafter(np.float32(highest), np.float32(2)).item())
    assert above.shares(machine, heard, SCORE) == {UNKNOWN_FAULT.name: 1.0}
    np.testing.assert_array_equal(above.probabilities(machine, heard), probabilities)


@pytest.mark.parametrize(
    ("n_changes", "n_classes", "match"),
    [(N_CHANGES, 2, "gives 2 classes of .* names 3 faults"), (N_CHANGES - 1, 3, f"features have {N_CHANGES} changes")],
)
def test_what_does_not_belong_together(n_changes, n_classes, match):
    classifier = model(weights(n_changes, n_classes), shape=("batch", n_classes))
    with pytest.raises(BundleError, match=rf"classifier\.onnx: .*{match}.*train it again"):
        FaultNetwork(classifier, FEATURES, FAULTS, 0.5)


def test_features_of_which_no_changes_are_known():
    bare = LogMel.for_rate(16000, n_mels=32, groups=("std",))
    with pytest.raises(BundleError, match=r"classifier\.onnx: features lack the group 'mean'.*Train it again"):
        FaultNetwork(model(weights()), bare, FAULTS, 0.5)


def test_weights_that_are_no_numbers(machine, heard):
    network = FaultNetwork(model(np.full_like(weights(), np.nan)), FEATURES, FAULTS, 0.5)
    with pytest.raises(BundleError, match=r"gave \(3,\) probabilities for 3 faults, or NaN\. Make the bundle again"):
        network.shares(machine, heard, SCORE)


def test_answers_of_another_shape(machine, heard):
    network = FaultNetwork(model(weights(), shape=("batch", 1, 3)), FEATURES, FAULTS, 0.5)
    with pytest.raises(BundleError, match=r"gave \(1, 3\) probabilities for 3 faults"):
        network.shares(machine, heard, SCORE)


@pytest.mark.parametrize(("score", "is_unknown"), [(34.9, False), (35.1, True)])
def test_what_is_far_stranger_than_a_learnt_fault_is_unknown(machine, heard, score, is_unknown):
    classifier = model(weights())
    best = int(FaultNetwork(classifier, FEATURES, FAULTS, 0.0).probabilities(machine, heard).argmax())
    largest = [1000.0, 1000.0, 1000.0]
    largest[best] = 10.0  # of other faults much stranger clips may have been learnt
    shares = FaultNetwork(classifier, FEATURES, FAULTS, 0.0, largest).shares(machine, heard, score)
    assert (shares == {UNKNOWN_FAULT.name: 1.0}) == is_unknown


def test_a_fault_that_was_hardly_heard_has_room_to_grow(machine, heard):
    threshold = machine.calibration.threshold
    assert threshold > 0
    hardly = FaultNetwork(model(weights()), FEATURES, FAULTS, 0.0, [-2.0, -2.0, -2.0])
    assert UNKNOWN_FAULT.name not in hardly.shares(machine, heard, 3.4 * threshold)
    assert UNKNOWN_FAULT.name in hardly.shares(machine, heard, 3.6 * threshold)
