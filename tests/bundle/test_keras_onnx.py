"""The oracle is Keras 3 itself: same model, same input, same output."""

import os

os.environ["KERAS_BACKEND"] = "torch"  # before Keras is imported

import dataclasses
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers as kl

from auscult.bundle import keras_onnx
from auscult.bundle.keras_file import LAYER_WEIGHTS, KerasLayer, KerasModel, read_keras_file
from auscult.bundle.keras_onnx import to_onnx
from auscult.errors import BundleError

# Keras's own call into torch, which torch has not followed numpy 2 in


def give_random_weights(model: keras.Model, rng: np.random.Generator) -> None:
    for weight in model.weights:
        if weight.path.endswith(("gamma", "moving_variance")):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        elif weight.path.endswith("seed_generator_state"):
            continue
        else:
            weight.assign(rng.normal(0, 0.4, weight.shape))


def run_onnx(blob: bytes, patches: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(blob, providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["patches"]
    assert [o.name for o in session.get_outputs()] == ["probabilities"]
    return session.run(None, {"patches": patches})[0]


def assert_same_as_keras(layers: list[Any], shape: tuple[int, ...], folder: Any, seed: int = 0, batch: int = 3) -> None:
    rng = np.random.default_rng(seed)
    model = keras.Sequential([keras.Input(shape), *layers])
    give_random_weights(model, rng)
    path = folder / "model.h5"
    model.save(path)
    patches = rng.normal(size=(batch, *shape)).astype(np.float32)
    expected = np.asarray(model.predict_on_batch(patches))
    actual = run_onnx(to_onnx(read_keras_file(path)), patches)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


CASES: dict[str, tuple[tuple[int, ...], Any]] = {
    "valid": ((9, 8, 3), lambda: [kl.Conv2D(4, (2, 3)), kl.Flatten()]),
    "same": ((9, 8, 3), lambda: [kl.Conv2D(4, (2, 4), padding="same"), kl.Flatten()]),
    "same strided": ((9, 8, 3), lambda: [kl.Conv2D(4, (3, 2), strides=(2, 3), padding="same"), kl.Flatten()]),
    "same dilated": ((9, 8, 3), lambda: [kl.Conv2D(4, (2, 3), dilation_rate=(2, 3), padding="same"), kl.Flatten()]),
    "valid dilated": ((9, 8, 3), lambda: [kl.Conv2D(4, 2, dilation_rate=3), kl.Flatten()]),
    "stride above kernel": ((9, 8, 3), lambda: [kl.Conv2D(4, 1, strides=3, padding="same"), kl.Flatten()]),
    "groups": ((7, 7, 4), lambda: [kl.Conv2D(6, 3, groups=2, activation="relu"), kl.Flatten()]),
    "no bias": ((7, 7, 2), lambda: [kl.Conv2D(3, 3, use_bias=False), kl.Flatten(), kl.Dense(3, use_bias=False)]),
    "softmax on an image": ((5, 6, 2), lambda: [kl.Conv2D(3, 2, activation="softmax"), kl.Flatten()]),
    "pool": ((9, 8, 3), lambda: [kl.MaxPooling2D((2, 3)), kl.Flatten()]),
    "pool same": ((9, 8, 3), lambda: [kl.MaxPooling2D((3, 2), strides=(2, 1), padding="same"), kl.Flatten()]),
    "pool stride above window": ((9, 8, 3), lambda: [kl.MaxPooling2D(2, strides=3), kl.Flatten()]),
    "average": ((6, 5, 4), lambda: [kl.GlobalAveragePooling2D()]),
    "average keepdims": ((6, 5, 4), lambda: [kl.GlobalAveragePooling2D(keepdims=True), kl.Conv2D(2, 1), kl.Flatten()]),
    "norm of an image": ((6, 5, 4), lambda: [kl.BatchNormalization(epsilon=0.1), kl.Flatten()]),
    "norm axis 3": ((6, 5, 4), lambda: [kl.BatchNormalization(axis=3, scale=False), kl.Flatten()]),
    "norm of a row": ((6,), lambda: [kl.Dense(5), kl.BatchNormalization(center=False), kl.Dense(2)]),
    "norm alone": ((6,), lambda: [kl.BatchNormalization(center=False, scale=False)]),
    "dense on an image": ((4, 3, 2), lambda: [kl.Dense(5, activation="softmax"), kl.Flatten(), kl.Dense(2)]),
    "flatten a row": ((6,), lambda: [kl.Flatten(), kl.Dropout(0.5), kl.Dense(2)]),
    "only an input": ((6,), lambda: [kl.Dropout(0.5)]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_layer_equals_keras(case, tmp_path):
    shape, make_layers = CASES[case]
    assert_same_as_keras(make_layers(), shape, tmp_path)


@pytest.mark.parametrize("activation", ["linear", *keras_onnx._ACTIVATIONS])
def test_every_activation_equals_keras(activation, tmp_path):
    layers = [kl.Conv2D(3, 2, activation=activation), kl.Activation(activation), kl.Flatten()]
    assert_same_as_keras([*layers, kl.Dense(4, activation=activation)], (5, 4, 2), tmp_path)


def test_a_classifier_shaped_like_the_original_equals_keras(tmp_path):
    layers: list[Any] = []
    for filters in (4, 8):
        layers += [
            kl.Conv2D(filters, 2, activation="relu"),
            kl.BatchNormalization(),
            kl.MaxPooling2D(),
            kl.Dropout(0.2),
        ]
    layers += [kl.GlobalAveragePooling2D(), kl.Dense(4, activation="softmax")]
    assert_same_as_keras(layers, (20, 31, 1), tmp_path, batch=5)


PAIR, PADDING = st.tuples(st.integers(1, 3), st.integers(1, 3)), st.sampled_from(["valid", "same"])
ACTIVATION = st.sampled_from(["relu", "tanh", "elu", "softmax", "linear"])
# Keras refuses strides together with a dilation.
STEPS = st.fixed_dictionaries({"strides": PAIR}) | st.fixed_dictionaries({"dilation_rate": st.integers(1, 2)})
CONV = st.fixed_dictionaries(
    {
        "filters": st.sampled_from([2, 4, 6]),
        "kernel_size": PAIR,
        "padding": PADDING,
        "groups": st.sampled_from([1, 2]),
        "use_bias": st.booleans(),
        "activation": ACTIVATION,
    }
)
NORM = st.fixed_dictionaries({"center": st.booleans(), "scale": st.booleans()})
POOL = st.fixed_dictionaries({"pool_size": PAIR, "strides": st.none() | PAIR, "padding": st.just("same")})


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    conv=CONV,
    steps=STEPS,
    norm=st.none() | NORM,
    pool=st.none() | POOL,
    flat=st.booleans(),
    last=ACTIVATION,
    sides=st.tuples(st.integers(5, 12), st.integers(5, 12)),
    seed=st.integers(0, 2**16),
)
def test_random_networks_equal_keras(tmp_path_factory, *, conv, steps, norm, pool, flat, last, sides, seed):
    layers: list[Any] = [kl.Conv2D(**conv, **steps)]
    layers += [kl.BatchNormalization(**norm)] if norm else []
    layers += [kl.MaxPooling2D(**pool)] if pool else []
    layers += [kl.Flatten() if flat else kl.GlobalAveragePooling2D(), kl.Dropout(0.3), kl.Dense(3, activation=last)]
    assert_same_as_keras(layers, (*sides, 2), tmp_path_factory.mktemp("random"), seed=seed)


# ---------------------------------------------------------------------------------------------------------------------
# The file itself


def dense(**changes: Any) -> KerasLayer:
    config = {"name": "final", "units": 2, "use_bias": True, "activation": "softmax"} | changes
    weights = {"kernel": np.ones((3, 2), np.float32), "bias": np.zeros(2, np.float32)}
    return KerasLayer("Dense", "final", config, weights)


def conv(**changes: Any) -> KerasLayer:
    config = {"name": "first", "filters": 4, "kernel_size": [2, 2], "strides": [1, 1], "padding": "valid"} | changes
    weights = {"kernel": np.ones((2, 2, 3, 4), np.float32), "bias": np.zeros(4, np.float32)}
    return KerasLayer("Conv2D", "first", config, weights)


def plain(class_name: str, **config: Any) -> KerasLayer:
    return KerasLayer(class_name, "third", {"name": "third"} | config, {})


def image_model(*layers: KerasLayer) -> KerasModel:
    return KerasModel((5, 5, 3), layers, "model.h5")


def row_model(*layers: KerasLayer) -> KerasModel:
    return KerasModel((3,), layers, "model.h5")


def test_the_bytes_are_deterministic_checked_and_within_what_onnxruntime_accepts():
    model = image_model(conv(), plain("GlobalAveragePooling2D"))
    blob = to_onnx(model)
    assert blob == to_onnx(model)
    read = onnx.load_from_string(blob)
    onnx.checker.check_model(read, full_check=True)
    assert (read.producer_name, read.ir_version, read.opset_import[0].version) == ("auscult", 8, 17)
    sides = [side.dim_param or side.dim_value for side in read.graph.input[0].type.tensor_type.shape.dim]
    assert sides == ["batch", 5, 5, 3]
    sides = [side.dim_param or side.dim_value for side in read.graph.output[0].type.tensor_type.shape.dim]
    assert sides == ["batch", 4]


def test_a_dense_layer_first_on_an_image_gives_distinct_names():
    blob = to_onnx(image_model(dense(), plain("Flatten")))
    assert run_onnx(blob, np.ones((2, 5, 5, 3), np.float32)).shape == (2, 50)


def test_every_layer_that_can_be_read_can_be_written():
    assert set(keras_onnx._LAYERS) == set(LAYER_WEIGHTS)


# ---------------------------------------------------------------------------------------------------------------------
# Refusals


def without(layer: KerasLayer, name: str) -> KerasLayer:
    return dataclasses.replace(layer, weights={k: v for k, v in layer.weights.items() if k != name})


REFUSED = {
    "unknown class": (row_model(plain("Lambda")), "'third' (Lambda)", "class that cannot be imported"),
    "channels first": (image_model(conv(data_format="channels_first")), "'first' (Conv2D)", "data_format"),
    "float16": (row_model(dense(dtype="float16")), "'final' (Dense)", "float16"),
    "policy": (row_model(dense(dtype={"config": {"name": "mixed_float16"}})), "'final' (Dense)", "mixed_float16"),
    "activation": (row_model(dense(activation="gelu")), "'final' (Dense)", "gelu"),
    "hard sigmoid": (row_model(dense(activation="hard_sigmoid")), "'final' (Dense)", "hard_sigmoid"),
    "a function": (row_model(dense(activation={"value": ["4wEA" * 99]})), "'final' (Dense)", "activation"),
    "no kernel": (row_model(without(dense(), "kernel")), "'final' (Dense)", "'kernel'"),
    "no bias": (image_model(without(conv(), "bias")), "'first' (Conv2D)", "'bias'"),
    "bias ruled out": (row_model(dense(use_bias=False)), "'final' (Dense)", "'bias'"),
    "wrong shape": (row_model(dense(units=7)), "'final' (Dense)", "(3, 2)"),
    "units missing": (row_model(dense(units=None)), "'final' (Dense)", "units"),
    "units true": (row_model(dense(units=True)), "'final' (Dense)", "units"),
    "use_bias a word": (row_model(dense(use_bias="yes")), "'final' (Dense)", "use_bias"),
    "kernel size": (image_model(conv(kernel_size="2")), "'first' (Conv2D)", "kernel_size"),
    "strides": (image_model(conv(strides=[0, 1])), "'first' (Conv2D)", "strides"),
    "huge dilation": (image_model(conv(dilation_rate=[10**30, 1])), "'first' (Conv2D)", "dilation_rate"),
    "groups": (image_model(conv(groups=2)), "'first' (Conv2D)", "groups"),
    "padding": (image_model(conv(padding="causal")), "'first' (Conv2D)", "padding"),
    "window": (image_model(plain("MaxPooling2D", pool_size=[9, 9])), "'third' (MaxPooling2D)", "window of 9"),
    "conv on a row": (row_model(conv()), "'first' (Conv2D)", "image"),
    "norm axis": (image_model(plain("BatchNormalization", axis=1)), "'third' (BatchNormalization)", "axis 1"),
    "norm axes": (image_model(plain("BatchNormalization", axis=[1, 2])), "'third' (BatchNormalization)", "axis"),
    "epsilon": (image_model(plain("BatchNormalization", epsilon="x")), "'third' (BatchNormalization)", "epsilon"),
    "no statistics": (image_model(plain("BatchNormalization")), "'third' (BatchNormalization)", "'moving_mean'"),
    "no end": (image_model(conv()), "'first' (Conv2D)", "one number for each class"),
    "a sequence": (KerasModel((4, 3), (dense(),), "model.h5"), "'final' (Dense)", "(4, 3)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_written_is_refused_by_file_and_layer(case):
    model, layer, problem = REFUSED[case]
    with pytest.raises(BundleError) as refusal:
        to_onnx(model)
    assert refusal.value.where == "model.h5"
    assert layer in refusal.value.problem
    assert problem in refusal.value.problem
    assert refusal.value.remedy.endswith(".")
    assert len(str(refusal.value)) < 500


ODD = [None, "", "\ud800", -1, 0, 2**70, 1.5, float("nan"), True, [], [None], [1, "2"], [[1], [1]], {}, {"config": {}}]
WHOLE = {
    conv(): {"data_format", "dtype", "strides", "dilation_rate", "groups"},
    plain("MaxPooling2D", pool_size=[2, 2]): {"strides", "padding"},
    plain("BatchNormalization"): {"axis", "epsilon", "scale", "center"},
    plain("GlobalAveragePooling2D"): {"keepdims"},
    plain("Activation"): {"activation"},
    dense(): {"dtype"},
}


@pytest.mark.parametrize("layer", WHOLE, ids=lambda layer: layer.class_name)
def test_odd_settings_are_refused_or_written_but_nothing_else(layer):
    for key in sorted((WHOLE[layer] | set(layer.config)) - {"name"}):
        for value in ODD:
            odd = dataclasses.replace(layer, config=layer.config | {key: value})
            try:
                to_onnx(image_model(odd, plain("Flatten")))
            except BundleError as error:
                assert f"'{layer.name}' ({layer.class_name})" in error.problem
