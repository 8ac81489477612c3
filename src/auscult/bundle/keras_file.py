"""Read a Sequential model out of a Keras HDF5 file, without Keras.

Keras 3 cannot load what Keras 2.3 wrote, and loading a model with Keras can run code that the file brings along.
This reader takes numbers and settings out of the file and nothing else::

    model = read_keras_file("weightsMulti.hdf5")
    model.input_shape                    # (40, 433, 1)
    model.layers[0].weights["kernel"]    # (2, 2, 1, 16)
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.errors import BundleError
from auscult.extras import require

__all__ = ["LAYER_WEIGHTS", "KerasLayer", "KerasModel", "layer_error", "read_keras_file"]

# The layers that can be imported, and the weights each may carry. What a layer without weights keeps in the file
# (the state of Dropout's random numbers, say) matters only to training and is left there.
LAYER_WEIGHTS: dict[str, tuple[str, ...]] = {
    "InputLayer": (),
    "Conv2D": ("kernel", "bias"),
    "MaxPooling2D": (),
    "Dropout": (),
    "Flatten": (),
    "GlobalAveragePooling2D": (),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "Dense": ("kernel", "bias"),
    "Activation": (),
}
# Far above any classifier of sound patches, and below the 2 GiB that an ONNX file can hold. A damaged or hostile
# file can claim a size that has no bytes behind it, so this is checked before memory is asked for.
LARGEST_WEIGHTS = 2**30
LARGEST_SIDE = 2**20

_H5_FAULTS = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError)  # of a file damaged inside
_RESAVE = "Save the whole model again from Keras with model.save('model.h5')."
_COPY_AGAIN = "The file is damaged or cut short: copy it again from where it came."
_SEQUENTIAL_ONLY = "Only a Sequential model of these layers can be imported: " + ", ".join(LAYER_WEIGHTS) + "."


@dataclass(frozen=True, eq=False)
class KerasLayer:
    """One layer as the file describes it.

    Parameters
    ----------
    class_name : str
        One of the keys of `LAYER_WEIGHTS`.
    name : str
        The layer's own name, unique within the model.
    config : dict
        The layer's settings, as Keras wrote them.
    weights : dict of str to numpy.ndarray
        float32 arrays in Keras's layout, by 'kernel', 'bias', 'gamma', 'beta', 'moving_mean', 'moving_variance'.
    """

    class_name: str
    name: str
    config: dict[str, Any]
    weights: dict[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class KerasModel:
    """A Sequential model as the file describes it.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one input, without the batch: (rows, columns, channels) or (features,).
    layers : tuple of KerasLayer
        In the order in which they are applied.
    source : str
        The file it was read from, as the user named it; errors begin with it.
    """

    input_shape: tuple[int, ...]
    layers: tuple[KerasLayer, ...]
    source: str


def layer_error(source: str, layer: KerasLayer, problem: str, remedy: str) -> BundleError:
    """Make the error that names a file and one of its layers.

    Parameters
    ----------
    source, problem, remedy : str
        As for `BundleError`, but `problem` is a clause that has the layer as its subject.
    layer : KerasLayer
        The layer at fault.

    Returns
    -------
    BundleError
        To be raised by the caller.
    """
    return BundleError(source, f"the layer '{layer.name}' ({layer.class_name}) {problem}", remedy)


def read_keras_file(path: str | os.PathLike[str]) -> KerasModel:
    """Read a Sequential model from an HDF5 file that Keras wrote.

    Nothing in the file is executed, and links to other files are not followed. Whether the weights fit the layers is
    for the one who uses them to check: `auscult.bundle.keras_onnx.to_onnx` does.

    Parameters
    ----------
    path : path-like
        The file, as ``model.save("x.h5")`` of Keras 2 or 3 wrote it.

    Returns
    -------
    KerasModel
        The layers with their weights.

    Raises
    ------
    BundleError
        If the file is not such a model, is damaged, or holds a layer that cannot be imported.
    """
    source = os.fspath(path)
    with _opened(source) as file:
        entries, shape = _architecture(file, source)
        layers = [_layer(entry, position, source) for position, entry in enumerate(entries)]
        _check_order(layers, source)
        input_shape = _input_shape(layers[0], shape, source)
        room = LARGEST_WEIGHTS
        for layer in layers:
            if LAYER_WEIGHTS[layer.class_name]:
                layer.weights.update(_weights(file, layer, source, room))
                room -= sum(weight.nbytes for weight in layer.weights.values())
    return KerasModel(input_shape=input_shape, layers=tuple(layers), source=source)


@contextmanager
def _opened(source: str) -> Iterator[Any]:
    h5py = require("h5py", extra="train")
    with _reading(source, "it"):
        if not Path(source).is_file():
            problem = "is not a file" if Path(source).exists() else "there is no such file"
            raise BundleError(source, problem, "Give the path of the model's .h5 or .hdf5 file.")
        if not h5py.is_hdf5(source):
            raise BundleError(source, "is not an HDF5 file, or may not be read", _RESAVE)
        file = h5py.File(source, "r")
    with file:
        yield file


@contextmanager
def _reading(source: str, what: str) -> Iterator[None]:
    """Turn what h5py raises for damaged bytes into an error that says which part of the file it was."""
    try:
        yield
    except _H5_FAULTS as error:
        raise BundleError(source, f"{what} cannot be read ({error})", _COPY_AGAIN) from error


def _architecture(file: Any, source: str) -> tuple[list[Any], Any]:
    """Return the descriptions of the layers, and the input shape where the model itself states one."""
    with _reading(source, "the attribute 'model_config'"):
        text = file.attrs.get("model_config")
    if text is None:
        problem = "holds weights without the model they belong to, or no Keras model at all (no 'model_config')"
        raise BundleError(source, problem, "Save the whole model with model.save(), not model.save_weights().")
    if not isinstance(text, str | bytes):
        raise BundleError(source, "its 'model_config' is not a text", _RESAVE)
    try:
        model = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BundleError(source, f"its 'model_config' is not JSON ({error})", _RESAVE) from error
    if not isinstance(model, dict) or not isinstance(model.get("class_name"), str):
        raise BundleError(source, "its 'model_config' does not say what kind of model it is", _RESAVE)
    if model["class_name"] != "Sequential":
        raise BundleError(source, f"is a {model['class_name']} model, not a Sequential one", _SEQUENTIAL_ONLY)
    config = model.get("config")
    if isinstance(config, list):  # Keras before 2.2.3
        config = {"layers": config}
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list) or not config["layers"]:
        raise BundleError(source, "its 'model_config' lists no layers", _RESAVE)
    return config["layers"], config.get("build_input_shape")


def _layer(entry: Any, position: int, source: str) -> KerasLayer:
    """Read the description of one layer; its weights are still to come."""
    where = f"layer {position} of its 'model_config'"
    if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
        raise BundleError(source, f"{where} is not the description of a layer", _RESAVE)
    class_name, name = entry.get("class_name"), entry["config"].get("name")
    if not all(isinstance(value, str) and value and value.isprintable() for value in (class_name, name)):
        raise BundleError(source, f"{where} has no class_name or no name", _RESAVE)
    layer = KerasLayer(class_name=str(class_name), name=str(name), config=entry["config"], weights={})
    module = entry.get("module")
    if module is not None and str(module).split(".")[0] not in ("keras", "tf_keras", "tensorflow"):
        raise layer_error(source, layer, f"comes from the module {module}, not from Keras", _SEQUENTIAL_ONLY)
    if layer.class_name not in LAYER_WEIGHTS:
        raise layer_error(source, layer, "is of a class that cannot be imported", _SEQUENTIAL_ONLY)
    return layer


def _check_order(layers: list[KerasLayer], source: str) -> None:
    names = set()
    for position, layer in enumerate(layers):
        if position > 0 and layer.class_name == "InputLayer":
            raise layer_error(source, layer, "is an input in the middle of the model", _SEQUENTIAL_ONLY)
        if layer.name in names:
            raise layer_error(source, layer, "has the name of an earlier layer", _RESAVE)
        names.add(layer.name)


def _input_shape(first: KerasLayer, stated: Any, source: str) -> tuple[int, ...]:
    """Take the input shape from the first layer, or from the model, and drop the batch."""
    shape = first.config.get("batch_shape", first.config.get("batch_input_shape", stated))
    remedy = "Build the model with a fixed input shape, for instance with keras.Input((40, 433, 1)), and save it again."
    if not isinstance(shape, list) or len(shape) < 2:
        raise layer_error(source, first, "does not say what shape of input the model takes", remedy)
    sides = tuple(side for side in shape[1:] if type(side) is int and 0 < side <= LARGEST_SIDE)
    if len(sides) != len(shape) - 1:
        raise layer_error(source, first, f"takes inputs of the shape {shape[1:]}, which is not fixed", remedy)
    return sides


def _weights(file: Any, layer: KerasLayer, source: str, room: int) -> dict[str, NDArray[np.float32]]:
    """Read a layer's weights, at most `room` bytes of them."""
    group = _inside(file, f"model_weights/{layer.name}", layer, source)
    with _reading(source, f"the list of weights of the layer '{layer.name}' ({layer.class_name})"):
        listed = group.attrs["weight_names"]
        paths = [text.decode() if isinstance(text, bytes) else str(text) for text in listed]
    weights: dict[str, NDArray[np.float32]] = {}
    for path in paths:
        # 'conv2d_1/kernel:0' in Keras 2, 'sequential/conv2d/kernel' in Keras 3
        name = path.rpartition("/")[2].partition(":")[0]
        if name not in LAYER_WEIGHTS[layer.class_name] or name in weights:
            raise layer_error(source, layer, f"has an unexpected weight '{path}'", _RESAVE)
        weights[name] = _array(_inside(group, path, layer, source), path, layer, source, room)
        room -= weights[name].nbytes
    return weights


def _inside(group: Any, path: str, layer: KerasLayer, source: str) -> Any:
    """Walk down `path`, one part at a time, refusing links that lead elsewhere."""
    h5py = require("h5py", extra="train")
    for part in path.split("/"):
        with _reading(source, f"'{path}' of the layer '{layer.name}' ({layer.class_name})"):
            link = group.get(part, getlink=True) if isinstance(group, h5py.Group) and part else None
        if link is None:
            raise layer_error(source, layer, f"lacks its weights: there is no '{path}' in the file", _RESAVE)
        if not isinstance(link, h5py.HardLink):
            raise layer_error(source, layer, f"keeps its weights elsewhere: '{path}' is a link", _RESAVE)
        with _reading(source, f"'{path}' of the layer '{layer.name}' ({layer.class_name})"):
            group = group[part]
    return group


def _array(dataset: Any, path: str, layer: KerasLayer, source: str, room: int) -> NDArray[np.float32]:
    if not isinstance(dataset, require("h5py", extra="train").Dataset) or dataset.shape is None:
        raise layer_error(source, layer, f"has a weight '{path}' that is not an array", _RESAVE)
    if dataset.dtype.kind != "f":
        raise layer_error(source, layer, f"has a weight '{path}' of type {dataset.dtype}, not floating point", _RESAVE)
    if dataset.external or dataset.is_virtual:
        raise layer_error(source, layer, f"keeps its weight '{path}' in another file", _RESAVE)
    if dataset.size * 4 > room:
        problem = f"brings the model's weights to more than {LARGEST_WEIGHTS >> 30} GiB with '{path}'"
        raise layer_error(source, layer, problem, "Use a smaller model.")
    with _reading(source, f"'{path}' of the layer '{layer.name}' ({layer.class_name})"), np.errstate(over="ignore"):
        array: NDArray[np.float32] = np.asarray(dataset[()], dtype=np.float32)
    if not np.isfinite(array).all():
        remedy = "The model's training failed: train it again."
        raise layer_error(source, layer, f"has a weight '{path}' with values that are not finite", remedy)
    return array
