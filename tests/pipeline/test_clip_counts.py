from pathlib import Path

import numpy as np

from auscult.audio.index import Clip
from auscult.faults import Fault
from auscult.pipeline.clip_counts import clip_counts, count_lines, fault_counts
from auscult.pipeline.described_clips import DescribedClip
from auscult.pipeline.fault_labels import FaultLabels


def clip(machine, label, number, snr_db=None):
    own = Clip(Path(f"{number}.wav"), machine, label, f"{machine}/{label}/{number}", snr_db)
    return DescribedClip(own, np.zeros(3, np.float32), -20.0, 1.5, f"{machine}{label}{number}{snr_db}")


NORMAL = [clip("press", "normal", n) for n in range(5)] + [clip("saw", "normal", 0)]
FAULTY = [clip("press", "anomalous", n, snr_db) for n in range(2) for snr_db in (0.0, 6.0)]
FAULTY += [clip("saw", "anomalous", n) for n in range(1200)]
FAULTS = tuple(Fault(name, name, f"It has {name}") for name in ("bearing", "loose belt"))
NAMED = FaultLabels("given", FAULTS, FAULTY, np.array([0, 0, 1, 0, *[1] * 1200]))
NOTHING = FaultLabels("given", (), [], np.empty(0, np.int64), "none were asked for")


def test_clips_of_each_machine_label_and_snr():
    rows = clip_counts([*NORMAL, *FAULTY])
    assert [(row["machine"], row["label"], row["snr_db"], row["n_clips"], row["n_takes"]) for row in rows] == [
        ("press", "anomalous", 0.0, 2, 2),
        ("press", "anomalous", 6.0, 2, 2),
        ("press", "normal", None, 5, 5),
        ("saw", "anomalous", None, 1200, 1200),
        ("saw", "normal", None, 1, 1),
    ]
    assert rows[2]["duration_s"] == 7.5


def test_clips_of_each_fault_and_machine():
    assert fault_counts(NAMED) == [{"machine": "press", "n_clips": [3, 1]}, {"machine": "saw", "n_clips": [0, 1200]}]
    assert fault_counts(NOTHING) == []


def test_a_line_for_each_machine():
    assert count_lines([*NORMAL, *FAULTY], NAMED) == [
        "press: 5 normal clips, 4 anomalous; of faults: bearing 3, loose belt 1",
        "saw: 1 normal clip, 1,200 anomalous; of faults: bearing 0, loose belt 1,200",
    ]
    assert count_lines(NORMAL, NOTHING) == ["press: 5 normal clips, 0 anomalous", "saw: 1 normal clip, 0 anomalous"]
