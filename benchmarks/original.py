"""The original's recipe, as it was: librosa, resampy's kaiser_fast, Keras on TensorFlow, Flask.

``python benchmarks/original.py serve MODEL PORT`` serves it.
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import h5py
import keras
import librosa
import numpy as np

MESSAGES = ["Component OK", "Component is imbalanced", "Component is clogged", "Voltage change"]
LAYERS_WITH_WEIGHTS = ["conv2d_1", "conv2d_2", "conv2d_3", "dense_1"]


def build_network() -> keras.Sequential:
    """The original's network, untrained."""
    layers = [keras.Input((40, 433, 1))]
    for n_filters in (16, 32, 64):
        layers += [
            keras.layers.Conv2D(n_filters, 2, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Dropout(0.2),
        ]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4, activation="softmax")]
    return keras.Sequential(layers)


def load_network(path: Path) -> keras.Sequential:
    """The original's trained network; Keras 3 cannot load the file itself, so the weights are put in by hand."""
    network = build_network()
    with h5py.File(path) as file:
        groups = [file["model_weights"].get(name) for name in LAYERS_WITH_WEIGHTS]
        if all(groups):  # the stand-in for the real file has the right shapes already
            names = [f"{name}/{weights}:0" for name in LAYERS_WITH_WEIGHTS for weights in ("kernel", "bias")]
            network.set_weights([file["model_weights"][name.partition("/")[0]][name][()] for name in names])
    return network


def features(clip) -> np.ndarray:
    """40 x 433 MFCCs of a path or file object."""
    y, sr = librosa.load(clip, res_type="kaiser_fast")
    return np.pad(librosa.feature.mfcc(y=y, sr=sr, n_mfcc=40), ((0, 0), (0, 2)))[:, :433]


def verdict(network: keras.Sequential, clip) -> np.ndarray:
    """Probabilities of the four classes."""
    return network.predict(features(clip).reshape(1, 40, 433, 1), verbose=0)[0]


def serve(model: Path, port: int) -> None:
    """The original's service."""
    import logging

    from flask import Flask, jsonify, request

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    network = load_network(model)
    app = Flask(__name__)

    @app.get("/")
    def index():
        return "server is up"

    @app.post("/inference")
    def inference():
        probabilities = verdict(network, request.files["file"])
        winner = int(probabilities.argmax())
        details = {"Message": MESSAGES[winner], "Probabilities": [float(value) for value in probabilities]}
        return jsonify({"Anomaly": winner != 0, "Details": details})

    app.run(host="127.0.0.1", port=port)


if __name__ == "__main__":
    serve(Path(sys.argv[2]), int(sys.argv[3]))
