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


def test_model_with_two_inputs():
    onnx.load_from_string(model(2))
    with pytest.raises(BundleError, match="has 2 inputs"):
        Classifier(model(2))
