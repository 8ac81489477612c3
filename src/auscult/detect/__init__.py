"""Descriptors of normal clips -> anomaly score -> p-value, threshold, and alarms within a budget."""

from auscult.detect.alarm_budget import AlarmBudget
from auscult.detect.alarm_rule import AlarmRule, fit_alarm_rule
from auscult.detect.calibration import Calibration, calibrate
from auscult.detect.detector import Detector, MachineDetector, groups_of
from auscult.detect.evidence import SequentialDecision
from auscult.detect.normal_clips import NormalClips
from auscult.detect.normality import NormalityModel

__all__ = [
    "AlarmBudget",
    "AlarmRule",
    "Calibration",
    "Detector",
    "MachineDetector",
    "NormalClips",
    "NormalityModel",
    "SequentialDecision",
    "calibrate",
    "fit_alarm_rule",
    "groups_of",
]
