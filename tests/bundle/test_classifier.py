import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from auscult.bundle.classifier import Classifier
from auscult.errors import BundleError


def model(n_inputs=1):
    """ONNX model whose probabilities are the means of the patch over its last axis but one."""
    inputs = [helper.make_tensor_value_info(f"x{i}", TensorProto.FLOAT, ["batch", 2, 3, 1]) for i in range(n_inputs)]
    output = helper.make_tensor_value_info("p", TensorProto.FLOAT, ["batch", 2])
    nodes = [helper.make_node("ReduceMean", ["x0", "axes"], ["p"], keepdims=0)]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    graph = helper.make_graph(nodes, "mean", inputs, [output], [axes])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def model_with_changes(shape=("batch", 3), kinds=(TensorProto.FLOAT, TensorProto.FLOAT)):
    """ONNX model whose probabilities are the mean of the patch and each of the changes together."""
    kind, kind_of_changes = kinds
    inputs = [
        helper.make_tensor_value_info("changes", kind_of_changes, shape),
        helper.make_tensor_value_info("patch", kind, ["batch", 2, 3, 1]),
    ]
    output = helper.make_tensor_value_info("p", TensorProto.FLOAT, ["batch", 3])
    nodes = [
        helper.make_node("ReduceMean", ["patch", "axes"], ["mean"], keepdims=0),
        helper.make_node("Cast", ["mean"], ["level"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["changes"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["level", "numbers"], ["p"]),
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])
    graph = helper.make_graph(nodes, "sum", inputs, [output], [axes])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


def model_with_weights_elsewhere(location):
    """ONNX model that adds to patches what another file has."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 2])
    weights.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "8")):
        weights.external_data.add(key=key, value=value)
    put = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])
    output = helper.make_tensor_value_info("p", TensorProto.FLOAT, ["batch", 2])
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["p"])], "sum", [put], [output], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


@pytest.mark.parametrize(
    "written", [b"\n\x08", b"\x8a\x00\x08", b"\n\x88\x80\x00"], ids=["usual", "long tag", "long length"]
)
def test_model_with_weights_in_another_file(written, tmp_path, monkeypatch):
    """Which ONNX Runtime would read: relative to the working directory, whatever the model's bytes came from."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(np.ones(2, np.float32).tobytes())
    content = model_with_weights_elsewhere("secret.bin")
    assert content.count(b"\n\x08location") == 1
    with pytest.raises(BundleError, match="has weights in another file"):
        Classifier(content.replace(b"\n\x08location", written + b"location"))


def test_probabilities_of_a_patch():
    patch = np.array([[1, 2, 3], [4, 5, 6]], np.float32)
    np.testing.assert_allclose(Classifier(model()).probabilities(patch), [2, 5])


def test_classes_are_counted():
    assert Classifier(model()).n_classes == 2


def test_patch_of_another_shape():
    with pytest.raises(BundleError, match="does not take patches of shape"):
        Classifier(model()).probabilities(np.zeros((5, 5), np.float32))


@pytest.mark.parametrize("content", [b"", b"no model", model()[:-20]])
def test_damaged_model(content):
    with pytest.raises(BundleError, match=r"classifier\.onnx: cannot be loaded"):
        Classifier(content)


def test_model_with_two_inputs_of_patches():
    onnx.load_from_string(model(2))
    problem = r"has the inputs x0 \(tensor\(float\)\), x1 .* and 1 outputs, expected one input of patches"
    with pytest.raises(BundleError, match=problem):
        Classifier(model(2))


@pytest.mark.parametrize("kinds", [(TensorProto.DOUBLE, TensorProto.FLOAT), (TensorProto.FLOAT, TensorProto.INT64)])
def test_model_of_other_numbers(kinds):
    with pytest.raises(BundleError, match="expected one input of patches in float32, changes perhaps"):
        Classifier(model_with_changes(kinds=kinds))


def test_probabilities_of_a_patch_and_changes():
    classifier = Classifier(model_with_changes())
    assert classifier.n_changes == 3
    changes = np.array([0.5, 7, 11], np.float32)
    np.testing.assert_allclose(classifier.probabilities(np.full((2, 3), 4, np.float32), changes), [4.5, 11, 15])


def test_model_that_takes_no_changes_leaves_them():
    classifier, patch = Classifier(model()), np.ones((2, 3), np.float32)
    assert classifier.n_changes == 0
    np.testing.assert_allclose(classifier.probabilities(patch, np.ones(9, np.float32)), [1, 1])


@pytest.mark.parametrize("changes", [None, np.zeros(2, np.float32), np.zeros((1, 3), np.float32), np.zeros(3)])
def test_changes_of_another_shape_or_none(changes):
    with pytest.raises(BundleError, match=r"(?s)classifier\.onnx: does not take .*Make the bundle again"):
        Classifier(model_with_changes()).probabilities(np.zeros((2, 3), np.float32), changes)


@pytest.mark.parametrize(("shape", "n_changes"), [([], None), (["batch", "n"], "n")])
def test_changes_that_are_not_counted(shape, n_changes):
    assert Classifier(model_with_changes(shape)).n_changes == n_changes
