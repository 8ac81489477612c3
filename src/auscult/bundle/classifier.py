"""Patches -> probabilities, by an ONNX model in ONNX Runtime."""

import os
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auscult.errors import BundleError

# Auscult never phones home: wheels of ONNX Runtime from 1.29 on carry an uploader, which this turns off. The version
# that is required has none; whoever installs another is covered as well.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort

CLASSIFIER = "classifier.onnx"
EXTERNAL = re.compile(rb"(?:\x0a|\x8a\x80*\x00)(?:\x08|\x88\x80*\x00)location")
"""Weights in another file, as onnx.proto3 writes where they are (`TensorProto.external_data`), in any encoding that
protobuf reads: ONNX Runtime would take them from any file that this process may read."""
CHANGES = "changes"
"""Name of the input that takes changes of descriptors."""


class Classifier:
    """One ONNX model, shared by all threads; each call runs on the calling thread alone.

    Parameters
    ----------
    onnx_model : bytes
        One float32 input ``(batch, ...)`` of patches, with it perhaps another, ``changes``, ``(batch, n_changes)``; one
        output ``(batch, n_classes)``.

    Raises
    ------
    BundleError
        If ONNX Runtime cannot load it, it has other inputs and outputs, or weights in other files.
    """

    def __init__(self, onnx_model: bytes) -> None:
        if EXTERNAL.search(onnx_model):
            raise BundleError(CLASSIFIER, "has weights in another file", "Take another bundle: nobody should trust it.")
        options = ort.SessionOptions()
        options.add_session_config_entry("session.load_model_format", "ONNX")
        options.intra_op_num_threads = 1  # concurrent requests use the cores better than one small network does
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(onnx_model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - its errors share no narrower base
            remedy = "Make the bundle again, or upgrade with: pip install -U auscult"
            raise BundleError(CLASSIFIER, f"cannot be loaded ({error})", remedy) from None
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        patches = [one for one in inputs if one.name != CHANGES]
        if len(patches) != 1 or len(outputs) != 1 or any(one.type != "tensor(float)" for one in inputs):
            names = ", ".join(f"{one.name} ({one.type})" for one in inputs)
            problem = f"has the inputs {names} and {len(outputs)} outputs, expected one input of patches in float32, "
            raise BundleError(CLASSIFIER, f"{problem}changes perhaps, and one output", "Make the bundle again.")
        self._input_name = patches[0].name
        self.n_classes: int | str | None = outputs[0].shape[-1] if outputs[0].shape else None
        shapes = [one.shape for one in inputs if one.name == CHANGES]
        self.n_changes: int | str | None = (shapes[0][-1] if shapes[0] else None) if shapes else 0
        """Changes that it takes; 0 if it takes none."""

    def probabilities(
        self, patch: NDArray[np.float32], changes: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Probability of every class.

        Parameters
        ----------
        patch : ndarray, shape (n_bands, n_frames), float32
        changes : ndarray, shape (n_changes,), float32, optional
            Where the model takes any.

        Returns
        -------
        ndarray, shape (n_classes,), float32

        Raises
        ------
        BundleError
            If the model does not take patches or changes of this shape.
        """
        batch = patch[None, :, :, None]  # one clip, one channel, channels last as in Keras
        given: dict[str, Any] = {self._input_name: batch}
        if self.n_changes:
            given[CHANGES] = None if changes is None else changes[None]
        try:
            outputs = self._session.run(None, given)
        except Exception as error:  # noqa: BLE001 - its errors share no narrower base
            problem = f"does not take patches of shape {batch.shape} ({error})"
            raise BundleError(CLASSIFIER, problem, "Make the bundle again.") from None
        probabilities: NDArray[np.float32] = outputs[0][0]
        return probabilities
