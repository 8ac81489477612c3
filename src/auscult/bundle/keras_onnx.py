"""Write a model that Keras made as an ONNX model, which needs no Keras to run.

Nothing is fused or folded, so that the graph can be compared with the model layer by layer. Keras keeps the channels
last and ONNX keeps them first: images are turned once at the input, and back where the order shows.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.bundle.keras_file import LARGEST_SIDE, KerasModel, layer_error
from auscult.errors import BundleError
from auscult.extras import require

__all__ = ["to_onnx"]

OPSET, IR_VERSION = 17, 8  # old enough for every onnxruntime that Auscult accepts
_CHANNELS_FIRST, _CHANNELS_LAST = (0, 3, 1, 2), (0, 2, 3, 1)  # for Transpose
_Pair = tuple[int, int]
_RESAVE = "Save the model again from Keras with model.save('model.h5')."

# Keras's name, and the ONNX operation that is exactly equal to it. The channels are always ONNX's axis 1.
# 'hard_sigmoid' is left out on purpose: Keras 2 and Keras 3 compute different functions under that name.
_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("Relu", {}),
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "softmax": ("Softmax", {"axis": 1}),
    "elu": ("Elu", {"alpha": 1.0}),
    "selu": ("Selu", {}),
    "softplus": ("Softplus", {}),
    "softsign": ("Softsign", {}),
    "exponential": ("Exp", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.2}),
}


class _Graph:
    """The graph so far, and the layer being written.

    `shape` is the current value's shape as Keras sees it, without the batch and with the channels last; the value
    itself is (batch, channels, rows, columns) where it is an image, or (batch, features).
    """

    def __init__(self, model: KerasModel) -> None:
        self.onnx = require("onnx", extra="train")
        self.source = model.source
        self.shape = model.input_shape
        self.value = "patches"
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.layer = model.layers[0]

    def refuse(self, problem: str, remedy: str) -> BundleError:
        return layer_error(self.source, self.layer, problem, remedy)

    def constant(self, suffix: str, array: NDArray[Any]) -> str:
        name = f"{self.layer.name}/{suffix}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, operation: str, *constants: str, suffix: str = "", **attributes: Any) -> None:
        """Apply an operation to the current value; its result becomes the current value."""
        name = f"{self.layer.name}/{suffix or operation}"
        node = self.onnx.helper.make_node(operation, [self.value, *constants], [name], name=name, **attributes)
        self.nodes.append(node)
        self.value = name

    def setting(self, key: str, default: Any, accepted: Callable[[Any], bool], wanted: str) -> Any:
        """Return a setting of the layer if it is of the wanted kind; refuse the layer otherwise."""
        value = self.layer.config.get(key, default)
        if not accepted(value):
            remedy = f"Build the layer with {key} as {wanted}, and save the model again."
            raise self.refuse(f"has {key} = {value!r:.60}, which is not {wanted}", remedy)
        return value


def to_onnx(model: KerasModel) -> bytes:
    """Write a Keras model as an ONNX model.

    Parameters
    ----------
    model : KerasModel
        As `auscult.bundle.keras_file.read_keras_file` returns it.

    Returns
    -------
    bytes
        A checked ONNX model, always the same for the same `model`. Input 'patches' (batch, *input_shape), output
        'probabilities' (batch, classes), both float32.

    Raises
    ------
    BundleError
        If a layer has a setting that is not supported, or weights that do not fit it.
    """
    graph = _Graph(model)
    if len(model.input_shape) == 3:
        graph.add("Transpose", suffix="Input", perm=_CHANNELS_FIRST)
    elif len(model.input_shape) != 1:
        remedy = "Only images (rows, columns, channels) and rows of features can be imported."
        raise graph.refuse(f"takes inputs of the shape {model.input_shape}", remedy)
    for layer in model.layers:
        graph.layer = layer
        if layer.class_name not in _LAYERS:
            raise graph.refuse("is of a class that cannot be imported", f"Use only: {', '.join(_LAYERS)}.")
        _check_common(graph)
        _LAYERS[layer.class_name](graph)
    if len(graph.shape) != 1:
        remedy = "End the model with a Dense layer that has one unit for each class."
        raise graph.refuse(f"ends the model with the shape {graph.shape}, not with one number for each class", remedy)
    # No layer's name can clash with this one: their values all have a slash in their names.
    graph.nodes.append(graph.onnx.helper.make_node("Identity", [graph.value], ["probabilities"], name="probabilities"))
    return _serialised(graph, model.input_shape)


def _serialised(graph: _Graph, input_shape: tuple[int, ...]) -> bytes:
    onnx, number = graph.onnx, graph.onnx.TensorProto.FLOAT
    inputs = onnx.helper.make_tensor_value_info("patches", number, ["batch", *input_shape])
    outputs = onnx.helper.make_tensor_value_info("probabilities", number, ["batch", *graph.shape])
    body = onnx.helper.make_graph(graph.nodes, "keras", [inputs], [outputs], initializer=graph.constants)
    opset = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(body, producer_name="auscult", ir_version=IR_VERSION, opset_imports=opset)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _nothing(graph: _Graph) -> None:
    """Write nothing: the layer passes on what it gets, once training is over."""


def _conv2d(graph: _Graph) -> None:
    channels, filters, groups = _image(graph)[2], _count(graph, "filters"), _count(graph, "groups", 1)
    if channels % groups or filters % groups:
        raise graph.refuse(f"cannot split {channels} channels and {filters} filters into {groups} groups", _RESAVE)
    kernel_size, strides = _pair(graph, "kernel_size"), _pair(graph, "strides", (1, 1))
    dilation = _pair(graph, "dilation_rate", (1, 1))
    shapes = {"kernel": (*kernel_size, channels // groups, filters), **_bias(graph, filters)}
    kernel, *bias = _weights(graph, shapes).values()
    constants = [graph.constant("kernel", kernel.transpose(3, 2, 0, 1)), *(graph.constant("bias", b) for b in bias)]
    pads, sides = _window(graph, kernel_size, strides, dilation)
    graph.add("Conv", *constants, strides=strides, dilations=dilation, group=groups, pads=pads)
    graph.shape = (*sides, filters)
    _activation(graph)


def _max_pooling2d(graph: _Graph) -> None:
    channels = _image(graph)[2]
    pool_size = _pair(graph, "pool_size")
    strides = pool_size if graph.layer.config.get("strides") is None else _pair(graph, "strides")
    pads, sides = _window(graph, pool_size, strides)
    graph.add("MaxPool", kernel_shape=pool_size, strides=strides, pads=pads)
    graph.shape = (*sides, channels)


def _global_average_pooling2d(graph: _Graph) -> None:
    channels = _image(graph)[2]
    graph.add("GlobalAveragePool")
    graph.shape = (1, 1, channels)
    if not _flag(graph, "keepdims", default=False):
        graph.add("Flatten", axis=1)
        graph.shape = (channels,)


def _flatten(graph: _Graph) -> None:
    if len(graph.shape) == 3:
        graph.add("Transpose", suffix="ChannelsLast", perm=_CHANNELS_LAST)
        graph.add("Flatten", axis=1)
        graph.shape = (math.prod(graph.shape),)


def _batch_normalization(graph: _Graph) -> None:
    channels = graph.shape[-1]
    axis = graph.layer.config.get("axis", -1)
    if isinstance(axis, list) and len(axis) == 1:  # as TensorFlow 2's own Keras writes it
        axis = axis[0]
    if type(axis) is not int or axis not in (-1, len(graph.shape)):
        raise graph.refuse(f"normalizes over the axis {axis!r:.60}", "Only the last axis, -1, can be imported.")
    epsilon = graph.setting("epsilon", 1e-3, lambda e: type(e) in (int, float) and 0 <= e <= 1, "a number from 0 to 1")
    kept = {"gamma": _flag(graph, "scale"), "beta": _flag(graph, "center")}
    names = ["moving_mean", "moving_variance", *(name for name, present in kept.items() if present)]
    left_out = {"gamma": np.ones(channels, np.float32), "beta": np.zeros(channels, np.float32)}
    weights = left_out | _weights(graph, dict.fromkeys(names, (channels,)))
    order = ("gamma", "beta", "moving_mean", "moving_variance")
    graph.add("BatchNormalization", *(graph.constant(name, weights[name]) for name in order), epsilon=float(epsilon))


def _dense(graph: _Graph) -> None:
    units = _count(graph, "units")
    weights = _weights(graph, {"kernel": (graph.shape[-1], units), **_bias(graph, units)})
    image = len(graph.shape) == 3
    if image:  # the same for every pixel
        graph.add("Transpose", suffix="ChannelsLast", perm=_CHANNELS_LAST)
    graph.add("MatMul", graph.constant("kernel", weights["kernel"]))
    if "bias" in weights:
        graph.add("Add", graph.constant("bias", weights["bias"]))
    if image:
        graph.add("Transpose", suffix="ChannelsFirst", perm=_CHANNELS_FIRST)
    graph.shape = (*graph.shape[:-1], units)
    _activation(graph)


def _activation(graph: _Graph) -> None:
    name = graph.layer.config.get("activation")
    if name in (None, "linear"):
        return
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        remedy = f"Use one of these, given by its name: linear, {', '.join(_ACTIVATIONS)}."
        raise graph.refuse(f"has the activation {name!r:.60}, which cannot be imported", remedy)
    graph.add(_ACTIVATIONS[name][0], **_ACTIVATIONS[name][1])


_LAYERS: dict[str, Callable[[_Graph], None]] = {
    "InputLayer": _nothing,
    "Conv2D": _conv2d,
    "MaxPooling2D": _max_pooling2d,
    "Dropout": _nothing,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_average_pooling2d,
    "BatchNormalization": _batch_normalization,
    "Dense": _dense,
    "Activation": _activation,
}


def _check_common(graph: _Graph) -> None:
    """Refuse a layer that counts in another precision, or that has the channels first."""
    dtype = graph.layer.config.get("dtype", "float32")
    if isinstance(dtype, dict) and isinstance(dtype.get("config"), dict):
        dtype = dtype["config"].get("name", dtype.get("class_name"))
    if dtype not in (None, "float32"):
        remedy = "Build the model with the dtype 'float32', set its weights, and save it again."
        raise graph.refuse(f"computes in {dtype!r:.60}, not in float32", remedy)
    graph.setting("data_format", None, lambda value: value in (None, "channels_last"), "'channels_last'")


def _image(graph: _Graph) -> tuple[int, int, int]:
    if len(graph.shape) != 3:
        remedy = "Put it before the layers that flatten or pool the image away."
        raise graph.refuse(f"needs an image (rows, columns, channels) but gets the shape {graph.shape}", remedy)
    return graph.shape[0], graph.shape[1], graph.shape[2]


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_SIDE  # bool is an int too, and is none here


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_count, value))


def _count(graph: _Graph, key: str, default: int | None = None) -> int:
    return int(graph.setting(key, default, _is_count, "a whole number above 0"))


def _pair(graph: _Graph, key: str, default: _Pair | None = None) -> _Pair:
    rows, columns = graph.setting(key, default, _is_pair, "a pair of whole numbers above 0")
    return rows, columns


def _flag(graph: _Graph, key: str, *, default: bool = True) -> bool:
    return bool(graph.setting(key, default, lambda value: isinstance(value, bool), "true or false"))


def _window(graph: _Graph, size: _Pair, strides: _Pair, dilation: _Pair = (1, 1)) -> tuple[list[int], _Pair]:
    """Lay a sliding window over the image: return its pads (top, left, bottom, right) and the result's two sides.

    The padding is written out because onnxruntime refuses its own automatic padding together with a dilation.
    """
    padding = graph.setting("padding", "valid", lambda value: value in ("valid", "same"), "'valid' or 'same'")
    before, after, sides = [], [], []
    for side, window, step, spread in zip(graph.shape, size, strides, dilation, strict=False):
        reach = (window - 1) * spread + 1
        result = (side - reach) // step + 1 if padding == "valid" else -(-side // step)
        total = 0 if padding == "valid" else max((result - 1) * step + reach - side, 0)
        if result < 1:
            remedy = "Build it with a smaller window, or give the model a larger image."
            raise graph.refuse(f"has a window of {reach} on an image side of {side}", remedy)
        before.append(total // 2)
        after.append(total - total // 2)  # the odd one goes to the end, as in TensorFlow
        sides.append(result)
    return [*before, *after], (sides[0], sides[1])


def _bias(graph: _Graph, units: int) -> dict[str, tuple[int, ...]]:
    return {"bias": (units,)} if _flag(graph, "use_bias") else {}


def _weights(graph: _Graph, shapes: dict[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Return the layer's weights, in the order of `shapes`, if they are exactly those that `shapes` asks for."""
    weights = graph.layer.weights
    for name in {**shapes, **weights}:
        found = weights[name].shape if name in weights else "none"
        if found != (wanted := shapes.get(name, "none")):
            raise graph.refuse(f"should have a weight '{name}' of the shape {wanted}, but has {found}", _RESAVE)
    return {name: weights[name] for name in shapes}
