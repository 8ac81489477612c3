"""Descriptors of normal clips -> anomaly score -> p-value and threshold, for each machine (`Detector`)."""

from auscult.detect.calibration import Calibration, calibrate, cross_fitted_scores
from auscult.detect.detector import Detector, MachineDetector
from auscult.detect.normality import NormalityModel

__all__ = ["Calibration", "Detector", "MachineDetector", "NormalityModel", "calibrate", "cross_fitted_scores"]
