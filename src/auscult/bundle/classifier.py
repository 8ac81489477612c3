"""Patches -> probabilities, by an ONNX model in ONNX Runtime."""

import os

import numpy as np
from numpy.typing import NDArray

from auscult.errors import BundleError

# Auscult never phones home: wheels of ONNX Runtime from 1.29 on carry an uploader, which this turns off. The version
# that is required has none; whoever installs another is covered as well.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort


class Classifier:
    """One ONNX model, shared by all threads; each call runs on the calling thread alone.

    Parameters
    ----------
    onnx_model : bytes
        One float32 input ``(batch, ...)``, one output ``(batch, n_classes)``.

    Raises
    ------
    BundleError
        If ONNX Runtime cannot load it, or it has other inputs and outputs.
    """

    def __init__(self, onnx_model: bytes) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # concurrent requests use the cores better than one small network does
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = ort.InferenceSession(onnx_model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - its errors share no narrower base
            remedy = "Make the bundle again, or upgrade with: pip install -U auscult"
            raise BundleError("classifier.onnx", f"cannot be loaded ({error})", remedy) from None
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)":
            problem = f"has {len(inputs)} inputs and {len(outputs)} outputs, expected one of each in float32"
            raise BundleError("classifier.onnx", problem, "Make the bundle again.")
        self._input_name = inputs[0].name
        self.n_classes: int | str | None = outputs[0].shape[-1] if outputs[0].shape else None

    def probabilities(self, patch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of every class.

        Parameters
        ----------
        patch : ndarray, shape (n_bands, n_frames), float32

        Returns
        -------
        ndarray, shape (n_classes,), float32

        Raises
        ------
        BundleError
            If the model does not take patches of this shape.
        """
        batch = patch[None, :, :, None]  # one clip, one channel, channels last as in Keras
        try:
            outputs = self._session.run(None, {self._input_name: batch})
        except Exception as error:  # noqa: BLE001 - its errors share no narrower base
            problem = f"does not take patches of shape {batch.shape} ({error})"
            raise BundleError("classifier.onnx", problem, "Make the bundle again.") from None
        probabilities: NDArray[np.float32] = outputs[0][0]
        return probabilities
