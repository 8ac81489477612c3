import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import pytest

from auscult.bundle.import_keras import import_keras
from auscult.errors import BundleError
from auscult.faults import ORIGINAL_FAULTS, Fault


def save_network(path, *, input_shape=(40, 433, 1), n_classes=4):
    layers = keras.layers
    network = [
        keras.Input(input_shape),
        layers.Conv2D(2, 5, strides=4, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(n_classes, activation="softmax"),
    ]
    keras.Sequential(network).save(path)
    return path


def test_network_becomes_a_bundle_that_judges(tmp_path, synthetic_data):
    bundle = import_keras(save_network(tmp_path / "net.h5"))
    verdict = bundle.predict(next(synthetic_data.rglob("*.wav")))
    assert list(verdict.probabilities) == [fault.name for fault in ORIGINAL_FAULTS]
    assert sum(verdict.probabilities.values()) == pytest.approx(1)
    assert verdict.score is None


def test_own_names(tmp_path, synthetic_data):
    faults = [Fault("ok", "ok", "All is well"), Fault("leak", "leak", "A seal leaks")]
    bundle = import_keras(save_network(tmp_path / "net.h5", n_classes=2), faults=faults)
    assert list(bundle.predict(next(synthetic_data.rglob("*.wav"))).probabilities) == ["ok", "leak"]


def test_other_number_of_classes(tmp_path):
    with pytest.raises(BundleError, match="tells 3 classes apart, but 4 are named"):
        import_keras(save_network(tmp_path / "net.h5", n_classes=3))


def test_other_features(tmp_path):
    with pytest.raises(BundleError, match=r"takes patches of shape \(64, 64, 1\)"):
        import_keras(save_network(tmp_path / "net.h5", input_shape=(64, 64, 1)))


def test_equal_files_give_equal_bundles(tmp_path):
    path = save_network(tmp_path / "net.h5")
    for name in ("a", "b"):
        import_keras(path).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
