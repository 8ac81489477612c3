"""Fixtures that the training report's tests share."""

import pytest

from auscult.bundle.manifest import Manifest
from auscult.faults import ANOMALOUS, NORMAL
from auscult.features import LogMel

FAULTS = ["clogging", "<b>imbalance</b>"]


def detection_row(machine, snr_db, auc, low, level_auc):
    return {
        "machine": machine,
        "snr_db": snr_db,
        "n_normal": 20,
        "n_anomalous": 10,
        "false_alarm_rate": 0.05,
        "detection_rate": 0.8,
        "auc": auc,
        "auc_95": [low, 1.0],
        "pauc": 0.9,
        "level_auc": level_auc,
    }


def named_row(score, low, **more):
    return {"n_clips": 80, "macro_f1": score, "macro_f1_95": [low, 0.97], "level_macro_f1": 0.31, **more}


def split_figures(split, score, low):
    return {
        "split": split,
        "n_folds": 3,
        "n_takes": 40,
        "unknown_share": 0.05,
        **named_row(score, low),
        "by_snr": [named_row(score + 0.02, low, snr_db=6.0), named_row(score - 0.02, low, snr_db=0.0)],
        "by_machine": [named_row(score, low, machine=name) for name in ("fan/id_00", "fan/id_02")],
        "confusion": [[30, 7, 3], [0, 39, 1]],
        "calibration": [
            {"low": 0.5, "high": 0.6, "n_clips": 20, "confidence": 0.55, "right": 0.4},
            {"low": 0.9, "high": 1.0, "n_clips": 60, "confidence": 0.97, "right": 0.93},
        ],
        "calibration_error": 0.07,
    }


@pytest.fixture
def diagnosis():
    """Figures of naming faults, as `auscult.evaluate.diagnosis` gives them."""
    return {
        "class_names": FAULTS,
        "labels": "given",
        "splits": [
            split_figures("naive", 0.95, 0.9),
            split_figures("grouped", 0.81, 0.7),
            split_figures("machine", 0.35, 0.2),
        ],
        "worst": [{"clip": 3, "fault": "clogging", "named": "<b>imbalance</b>", "probability": 0.98}],
        "not_measured": [],
    }


@pytest.fixture
def manifest(diagnosis):
    """Of a bundle of two machines that names two faults."""
    alarms = {
        "interval_s": 10.0,
        "threshold": 12.0,
        "asked_s": 604800.0,
        "supported_s": 86400.0,
        "heard_s": 36000.0,
        "memory_s": 10.0,
        "promised_s": 86400.0,
        "missing_s": 36000.0,
        "delays_s": {"0.7": None, "0.9": 120.0},
    }
    threshold = {"threshold": 3.0, "false_alarm_rate": 0.05, "n_takes": 80, "strange": [], "alarms": alarms}
    return Manifest(
        features=LogMel.for_rate(16000, n_mels=32),
        channels="mean",
        faults=(NORMAL, ANOMALOUS),
        thresholds=dict.fromkeys(("fan/id_00", "fan/id_02"), threshold),
        network={
            "name": "small",
            "n_parameters": 123456,
            "best_epoch": 2,
            "options": {"is_augmented": True, "learning_rate": 0.003},
        },
        training_data={
            "n_clips": 160,
            "is_synthetic": False,
            "left_out": ["a/<i>b</i>.wav: is empty. Record it again."],
            "clips": [
                {
                    "machine": "fan/id_00",
                    "label": "normal",
                    "snr_db": 6.0,
                    "n_clips": 123,
                    "n_takes": 100,
                    "duration_s": 1230.0,
                }
            ],
            "warnings": ["7 anomalous clips have no fault said of them"],
        },
        metrics={
            "split": "the last 20% were held out",
            "figures": [
                detection_row("fan/id_00", 6.0, 0.97, 0.92, 0.6),
                detection_row("fan/id_02", 6.0, 0.91, 0.55, 0.6),
            ],
            "diagnosis": diagnosis,
        },
        versions={"auscult": "9.8.7"},
    )
