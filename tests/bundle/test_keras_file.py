import json
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnxruntime
import pytest

from auscult.bundle import keras_file
from auscult.bundle.keras_file import read_keras_file
from auscult.bundle.keras_onnx import to_onnx
from auscult.errors import BundleError
from auscult.extras import MissingExtraError

# Keras's own call into torch, which torch has not followed numpy 2 in

# The layers of a model as Keras 2.3.1 wrote them, less what only training needs. It has no InputLayer, no 'groups'
# and no 'keepdims'.
WINDOW = {"padding": "valid", "data_format": "channels_last", "dtype": "float32", "trainable": True}
CONV = {"filters": 3, "kernel_size": [2, 2], "strides": [1, 1], "dilation_rate": [1, 1], "use_bias": True}
KERAS_2_3: list[dict[str, Any]] = [
    {
        "class_name": "Conv2D",
        "config": {"name": "conv2d_1", "batch_input_shape": [None, 10, 13, 1], "activation": "relu"} | CONV | WINDOW,
    },
    {"class_name": "MaxPooling2D", "config": {"name": "pool_1", "pool_size": [2, 2], "strides": [2, 2]} | WINDOW},
    {"class_name": "Dropout", "config": {"name": "dropout_1", "dtype": "float32", "rate": 0.2, "seed": None}},
    {"class_name": "GlobalAveragePooling2D", "config": {"name": "average_1", "data_format": "channels_last"}},
    {
        "class_name": "Dense",
        "config": {"name": "dense_1", "dtype": "float32", "units": 4, "activation": "softmax", "use_bias": True},
    },
]


def old_weights() -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(3)
    shapes = {"conv2d_1": {"kernel": (2, 2, 1, 3), "bias": (3,)}, "dense_1": {"kernel": (3, 4), "bias": (4,)}}
    return {
        layer: {name: rng.normal(size=shape).astype("<f4") for name, shape in named.items()}
        for layer, named in shapes.items()
    }


def sequential(layers: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "sequential_1", "layers": layers}}


def write_old(path: Path, model: Any = None, weights: Any = None, as_bytes: bool = False) -> Path:
    """Write what Keras 2.3 wrote: names as byte strings, weights under model_weights/<layer>/<layer>/<name>:0."""
    model = sequential(KERAS_2_3) if model is None else model
    weights = old_weights() if weights is None else weights
    with h5py.File(path, "w") as file:
        text = model if isinstance(model, str) else json.dumps(model)
        file.attrs["model_config"] = text.encode() if as_bytes else text
        file.attrs["keras_version"] = b"2.3.1"
        file.create_group("optimizer_weights")
        top = file.create_group("model_weights")
        for name in ["conv2d_1", "pool_1", "dropout_1", "average_1", "dense_1"]:
            group = top.create_group(name)
            names = [f"{name}/{weight}:0" for weight in weights.get(name, {})]
            group.attrs["weight_names"] = np.array(names, dtype="S") if names else np.array([])
            for weight, array in weights.get(name, {}).items():
                group[f"{name}/{weight}:0"] = array
    return path


def changed(position: int, **changes: Any) -> dict[str, Any]:
    layers = json.loads(json.dumps(KERAS_2_3))
    layers[position]["config"].update(changes)
    return sequential(layers)


@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize("model", [sequential(KERAS_2_3), {"class_name": "Sequential", "config": KERAS_2_3}])
def test_reads_what_keras_2_wrote(tmp_path, model, as_bytes):
    path = write_old(tmp_path / "old.hdf5", model=model, as_bytes=as_bytes)
    read = read_keras_file(str(path))
    assert read.source == str(path)
    assert read.input_shape == (10, 13, 1)
    assert [(layer.class_name, layer.name) for layer in read.layers] == [
        (layer["class_name"], layer["config"]["name"]) for layer in KERAS_2_3
    ]
    assert [layer.config for layer in read.layers] == [layer["config"] for layer in KERAS_2_3]
    for layer in read.layers:
        expected = old_weights().get(layer.name, {})
        assert list(layer.weights) == list(expected)
        for name, weight in layer.weights.items():
            assert weight.dtype == np.float32
            np.testing.assert_array_equal(weight, expected[name])


def test_what_keras_2_wrote_computes_what_keras_computes(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras

    kl = keras.layers
    front = [keras.Input((10, 13, 1)), kl.Conv2D(3, 2, activation="relu"), kl.MaxPooling2D(), kl.Dropout(0.2)]
    oracle = keras.Sequential([*front, kl.GlobalAveragePooling2D(), kl.Dense(4, activation="softmax")])
    weights = old_weights()
    oracle.set_weights([array for layer in weights.values() for array in layer.values()])
    patches = np.random.default_rng(5).normal(size=(6, 10, 13, 1)).astype(np.float32)
    session = onnxruntime.InferenceSession(to_onnx(read_keras_file(write_old(tmp_path / "old.hdf5"))))
    actual = session.run(None, {"patches": patches})[0]
    np.testing.assert_allclose(actual, np.asarray(oracle.predict_on_batch(patches)), rtol=1e-5, atol=1e-5)


def test_reads_what_keras_3_writes(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    import keras

    kl = keras.layers
    model = keras.Sequential([keras.Input((6,)), kl.Dense(3, name="one"), kl.BatchNormalization(name="two")])
    model.save(tmp_path / "new.h5")
    read = read_keras_file(tmp_path / "new.h5")
    assert read.input_shape == (6,)
    assert [layer.class_name for layer in read.layers] == ["InputLayer", "Dense", "BatchNormalization"]
    assert set(read.layers[2].weights) == {"gamma", "beta", "moving_mean", "moving_variance"}
    np.testing.assert_array_equal(read.layers[1].weights["kernel"], np.asarray(model.get_weights()[0]))

    model = keras.Sequential([kl.Dense(3)])  # without an input: the shape stands in the model, not in a layer
    model.build((None, 6))
    model.save(tmp_path / "new.h5")
    assert read_keras_file(tmp_path / "new.h5").input_shape == (6,)


def refusal(path: Path) -> BundleError:
    with pytest.raises(BundleError) as caught:
        read_keras_file(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy.endswith(".")
    return caught.value


def test_a_missing_file_a_folder_and_a_foreign_file_are_refused(tmp_path):
    assert "no such file" in refusal(tmp_path / "none.h5").problem
    assert "is not a file" in refusal(tmp_path).problem
    (tmp_path / "foreign.h5").write_bytes(b"RIFF" * 400)
    assert "not an HDF5 file" in refusal(tmp_path / "foreign.h5").problem
    (tmp_path / "empty.h5").write_bytes(b"")
    assert "not an HDF5 file" in refusal(tmp_path / "empty.h5").problem
    refusal(tmp_path / ("long" * 100))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9, 0.999])
def test_a_file_cut_short_is_refused(tmp_path, share):
    path = write_old(tmp_path / "cut.h5")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refusal(path)


def test_damaged_bytes_are_refused_or_read_but_never_crash(tmp_path):
    whole = write_old(tmp_path / "whole.h5").read_bytes()
    path = tmp_path / "damaged.h5"
    rng = np.random.default_rng(1)
    for _ in range(150):
        damaged = bytearray(whole)
        at = int(rng.integers(0, len(whole) - 16))
        damaged[at : at + 16] = rng.bytes(16)
        path.write_bytes(damaged)
        try:
            to_onnx(read_keras_file(path))
        except BundleError as error:
            assert error.where == str(path)


def test_weights_without_a_model_are_refused(tmp_path):
    path = write_old(tmp_path / "weights.h5")
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
    assert "save_weights" in refusal(path).remedy


HOSTILE = {
    "not JSON": "{",
    "deep": "[" * 100_000,
    "long number": '{"class_name": ' + "9" * 5000 + "}",
    "a list": [],
    "no class": {"config": {}},
    "no config": {"class_name": "Sequential"},
    "config a word": {"class_name": "Sequential", "config": "layers"},
    "no layers": sequential([]),
    "layer a word": sequential(["Dense"]),
    "layer without config": sequential([{"class_name": "Dense"}]),
    "layer without name": sequential([{"class_name": "Dense", "config": {}}]),
    "layer without class": sequential([{"config": {"name": "a"}}]),
    "class a list": sequential([{"class_name": ["Dense"], "config": {"name": "a"}}]),
    "name of surrogates": sequential([{"class_name": "Dense", "config": {"name": "\ud800"}}]),
    "functional": {"class_name": "Functional", "config": {"layers": []}},
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_description_is_refused(tmp_path, case):
    refusal(write_old(tmp_path / "hostile.h5", model=HOSTILE[case]))


def test_a_description_that_is_not_a_text_is_refused(tmp_path):
    path = write_old(tmp_path / "hostile.h5")
    for value in (3, np.arange(4), h5py.Empty("f"), b"\xff\xfe"):
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = value
        assert "model_config" in refusal(path).problem


def entry(class_name: str, **more: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": "odd"}} | more


REFUSED = {
    "lambda": (sequential([*KERAS_2_3, entry("Lambda")]), "'odd' (Lambda)", "class"),
    "nested": (sequential([*KERAS_2_3, entry("Sequential")]), "'odd' (Sequential)", "class"),
    "foreign": (sequential([*KERAS_2_3, entry("Dense", module="mine.layers")]), "'odd' (Dense)", "mine.layers"),
    "second input": (sequential([*KERAS_2_3, entry("InputLayer")]), "'odd' (InputLayer)", "middle"),
    "same name": (changed(4, name="conv2d_1"), "'conv2d_1' (Dense)", "name of an earlier layer"),
    "no weights": (changed(4, name="dense_2"), "'dense_2' (Dense)", "no 'model_weights/dense_2'"),
    "name with slashes": (changed(4, name="//"), "'//' (Dense)", "lacks its weights"),
    "no shape": (changed(0, batch_input_shape=None), "'conv2d_1' (Conv2D)", "shape"),
    "open shape": (changed(0, batch_input_shape=[None, 10, None, 1]), "'conv2d_1' (Conv2D)", "not fixed"),
    "odd shape": (changed(0, batch_input_shape=[None, True, -1, [1]]), "'conv2d_1' (Conv2D)", "not fixed"),
    "shape a word": (changed(0, batch_input_shape="10"), "'conv2d_1' (Conv2D)", "shape"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_layer_that_cannot_be_read_is_refused_by_name_and_class(tmp_path, case):
    model, layer, problem = REFUSED[case]
    error = refusal(write_old(tmp_path / "refused.h5", model=model))
    assert layer in error.problem
    assert problem in error.problem


def spoil(group: h5py.Group, **how: Any) -> None:
    if "list" in how:
        group.attrs["weight_names"] = how["list"]
        return
    del group["dense_1/kernel:0"]
    if "value" in how:
        group["dense_1/kernel:0"] = how["value"]
    elif how:
        group.create_dataset("dense_1/kernel:0", dtype="f4", **how)


SPOILED: dict[str, dict[str, Any]] = {
    "missing": {},
    "integers": {"value": np.ones((3, 4), np.int8)},
    "empty": {"value": h5py.Empty("f4")},
    "a type": {"value": np.dtype("f4")},
    "not finite": {"value": np.full((3, 4), np.nan, np.float32)},
    "too large for float32": {"value": np.full((3, 4), 1e300)},
    "soft link": {"value": h5py.SoftLink("/model_weights/conv2d_1/conv2d_1/kernel:0")},
    "external link": {"value": h5py.ExternalLink("other.h5", "/secret")},
    "external storage": {"shape": (3, 4), "external": [("other.bin", 0, 48)]},
    "claimed size": {"shape": (2**20, 2**20), "chunks": (1024, 1024)},
    "listed twice": {"list": [b"dense_1/kernel:0", b"dense_1/kernel:0"]},
    "unknown weight": {"list": [b"dense_1/lora_kernel_a:0"]},
    "a group": {"list": [b"dense_1/kernel:0/bias"]},
    "list a number": {"list": 3},
    "list empty": {"list": h5py.Empty("f4")},
}


@pytest.mark.parametrize("case", SPOILED)
def test_spoiled_weights_are_refused_by_name_and_class(tmp_path, case):
    path = write_old(tmp_path / "spoiled.h5")
    with h5py.File(path, "a") as file:
        spoil(file["model_weights/dense_1"], **SPOILED[case])
    assert "'dense_1' (Dense)" in refusal(path).problem


def test_a_weight_of_the_wrong_shape_is_refused_when_it_is_used(tmp_path):
    weights = old_weights()
    weights["dense_1"]["kernel"] = np.ones((4, 3), np.float32)
    path = write_old(tmp_path / "wrong.h5", weights=weights)
    with pytest.raises(BundleError, match=r"'dense_1' \(Dense\) .*\(3, 4\), but has \(4, 3\)") as caught:
        to_onnx(read_keras_file(path))
    assert caught.value.where == str(path)


def test_the_weights_together_may_not_pass_the_limit(tmp_path, monkeypatch):
    path = write_old(tmp_path / "large.h5")
    total = sum(array.nbytes for layer in old_weights().values() for array in layer.values())
    monkeypatch.setattr(keras_file, "LARGEST_WEIGHTS", total)
    read_keras_file(path)
    monkeypatch.setattr(keras_file, "LARGEST_WEIGHTS", total - 1)
    assert "'dense_1' (Dense)" in refusal(path).problem


def test_a_missing_package_is_named_with_its_remedy(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"h5py: is not installed.*pip install 'auscult\[train\]'"):
        read_keras_file(tmp_path / "any.h5")
