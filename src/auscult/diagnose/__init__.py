"""Patches, changes of descriptors and fault names -> a small network -> the probability of each fault."""

from auscult.diagnose.calibration import Calibration, calibrate, calibration_bins, calibration_error, softmax
from auscult.diagnose.device import choose_device
from auscult.diagnose.examples import Examples
from auscult.diagnose.fitted import Epoch, Fitted
from auscult.diagnose.training import RECIPES, Training, fit_network

__all__ = [
    "RECIPES",
    "Calibration",
    "Epoch",
    "Examples",
    "Fitted",
    "Training",
    "calibrate",
    "calibration_bins",
    "calibration_error",
    "choose_device",
    "fit_network",
    "softmax",
]
