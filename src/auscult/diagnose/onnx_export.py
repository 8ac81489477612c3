"""Write a fitted network as an ONNX model, which needs no PyTorch to run.

Node by node what `auscult.diagnose.networks` computes when it does not learn. All of it is inside, from decibels to
probabilities, so that the two cannot be taken apart.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.diagnose.networks import EPSILON, LARGEST_CHANGE_DB, LEAST_VARIANCE, NETWORKS, UNIT_DB, Small
from auscult.extras import require

__all__ = ["to_onnx"]

OPSET, IR_VERSION = 17, 8  # old enough for every onnxruntime that Auscult accepts
NORM_EPSILON = 1e-5  # of PyTorch's BatchNorm2d
Weights = Mapping[str, NDArray[np.generic]]


def to_onnx(network: str, weights: Weights, *, n_bands: int, n_changes: int, temperature: float) -> bytes:
    """Write a network as an ONNX model.

    Parameters
    ----------
    network : str
        ``original`` or ``small``.
    weights : mapping of str to ndarray
        By PyTorch's names.
    n_bands : int
    n_changes : int
        Without any, the model has no input for them.
    temperature : float > 0

    Returns
    -------
    bytes
        A checked ONNX model, always the same for the same arguments. Inputs 'patch' (batch, n_bands, n_frames, 1) in dB
        and 'changes' (batch, n_changes) in deviations, output 'probabilities' (batch, n_classes), all float32. A batch
        may have any number of clips, and they any number of frames.

    Raises
    ------
    MissingExtraError
        Without the package onnx.
    """
    graph = _Graph(weights)
    _frames(graph, NETWORKS[network].LEAST)
    logits = _original(graph) if network == "original" else _small(graph, n_bands, n_changes)
    graph.add("Div", logits, graph.constant("temperature", np.float32(temperature)), name="scaled")
    graph.add("Softmax", "scaled", name="probabilities", axis=1)
    return _serialised(graph, n_bands, n_changes, len(graph.weights["output.bias"]))


class _Graph:
    """The nodes so far, by the names of their results."""

    def __init__(self, weights: Weights) -> None:
        self.onnx = require("onnx", extra="train")
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: object) -> str:
        self.constants[name] = self.onnx.numpy_helper.from_array(np.asarray(value), name)
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, np.ascontiguousarray(self.weights[name], dtype=np.float32))

    def add(self, operation: str, *inputs: str, name: str, **attributes: Any) -> str:
        """Apply an operation, and return its result's name."""
        self.nodes.append(self.onnx.helper.make_node(operation, inputs, [name], name=name, **attributes))
        return name

    def linear(self, value: str, layer: str) -> str:
        weights = (self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias"))
        return self.add("Gemm", value, *weights, name=f"{layer}/logits", transB=1)

    def norm(self, value: str, layer: str, epsilon: float) -> str:
        """Standardise by running means and variances; with scale and offset where there are any."""
        n = self.weights[f"{layer}.running_mean"].shape
        if f"{layer}.weight" in self.weights:
            factors = (self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias"))
        else:
            ones, zeros = np.ones(n, np.float32), np.zeros(n, np.float32)
            factors = (self.constant(f"{layer}/ones", ones), self.constant(f"{layer}/zeros", zeros))
        moments = (self.weight(f"{layer}.running_mean"), self.weight(f"{layer}.running_var"))
        return self.add("BatchNormalization", value, *factors, *moments, name=f"{layer}/norm", epsilon=epsilon)

    def pooled(self, value: str, name: str) -> str:
        """Mean and standard deviation over the last axis, flattened side by side."""
        mean = self.add("ReduceMean", value, name=f"{name}/mean", axes=[-1], keepdims=1)
        apart = self.add("Sub", value, mean, name=f"{name}/apart")
        squares = self.add("Mul", apart, apart, name=f"{name}/squares")
        variance = self.add("ReduceMean", squares, name=f"{name}/variance", axes=[-1], keepdims=1)
        epsilon = self.constant("epsilon", np.float32(EPSILON))
        raised = self.add("Add", variance, epsilon, name=f"{name}/raised")
        deviation = self.add("Sqrt", raised, name=f"{name}/deviation")
        sides = [self.add("Flatten", side, name=f"{side}/flat", axis=1) for side in (mean, deviation)]
        return self.add("Concat", *sides, name=f"{name}/pooled", axis=1)


def _frames(graph: _Graph, least: int) -> None:
    """Turn the patch to 'frames' (batch, 1, n_bands, n_frames), whose frames begin anew until there are enough."""
    graph.add("Transpose", "patch", name="channel", perm=(0, 3, 1, 2))
    graph.add("Shape", "channel", name="n_frames", start=3)
    graph.add("Max", "n_frames", graph.constant("least", np.array([least], np.int64)), name="n_wanted")
    graph.add("Squeeze", "n_wanted", name="end")
    zero, one = graph.constant("zero", np.int64(0)), graph.constant("one", np.int64(1))
    graph.add("Range", zero, "end", one, name="places")
    graph.add("Mod", "places", "n_frames", name="wrapped")
    graph.add("Gather", "channel", "wrapped", name="frames", axis=3)


def _original(graph: _Graph) -> str:
    value = "frames"
    for block in range(3):
        layer = f"convolutions.{block}"
        weights = (graph.weight(f"{layer}.weight"), graph.weight(f"{layer}.bias"))
        value = graph.add("Conv", value, *weights, name=f"{layer}/maps")
        value = graph.add("MaxPool", value, name=f"{layer}/pooled", kernel_shape=(2, 2), strides=(2, 2))
        value = graph.add("Relu", value, name=f"{layer}/rectified")
    value = graph.add("GlobalAveragePool", value, name="averages")
    return graph.linear(graph.add("Flatten", value, name="averages/flat", axis=1), "output")


def _small(graph: _Graph, n_bands: int, n_changes: int) -> str:
    limits = (
        graph.constant("lowest", np.float32(-LARGEST_CHANGE_DB)),
        graph.constant("highest", np.float32(LARGEST_CHANGE_DB)),
    )
    clipped = graph.add("Clip", "frames", *limits, name="clipped")
    value = units = graph.add("Div", clipped, graph.constant("unit", np.float32(UNIT_DB)), name="units")
    for block, (*_, side, strides) in enumerate(Small.SHAPES):
        layer, pad = f"convolutions.{block}", side // 2
        kernel = graph.weight(f"{layer}.weight")
        value = graph.add("Conv", value, kernel, name=f"{layer}/maps", strides=strides, pads=[pad] * 4)
        value = graph.add("Relu", graph.norm(value, f"norms.{block}", NORM_EPSILON), name=f"{layer}/rectified")
    logits = graph.linear(graph.pooled(value, "maps"), "output")
    statistics = graph.norm(graph.pooled(units, "bands"), "statistics_norm", LEAST_VARIANCE)
    logits = graph.add("Add", logits, graph.linear(statistics, "statistics"), name="logits")
    if n_changes:
        changes = graph.norm(_compressed(graph), "changes_norm", LEAST_VARIANCE)
        logits = graph.add("Add", logits, graph.linear(changes, "changes"), name="logits/all")
    return logits


def _compressed(graph: _Graph) -> str:
    """As `auscult.diagnose.examples.compressed`."""
    graph.add("Abs", "changes", name="changes/sizes")
    graph.add("Add", "changes/sizes", graph.constant("unity", np.float32(1)), name="changes/raised")
    graph.add("Log", "changes/raised", name="changes/logarithms")
    graph.add("Sign", "changes", name="changes/signs")
    return graph.add("Mul", "changes/signs", "changes/logarithms", name="changes/compressed")


def _serialised(graph: _Graph, n_bands: int, n_changes: int, n_classes: int) -> bytes:
    onnx = graph.onnx
    shapes: dict[str, list[str | int]] = {"patch": ["batch", n_bands, "n_frames", 1]}
    if n_changes:
        shapes["changes"] = ["batch", n_changes]
    number, describe = onnx.TensorProto.FLOAT, onnx.helper.make_tensor_value_info
    inputs = [describe(name, number, shape) for name, shape in shapes.items()]
    outputs = [describe("probabilities", number, ["batch", n_classes])]
    body = onnx.helper.make_graph(graph.nodes, "faults", inputs, outputs, initializer=list(graph.constants.values()))
    opset = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(body, producer_name="auscult", ir_version=IR_VERSION, opset_imports=opset)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
