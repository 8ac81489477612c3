import csv
import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auscult.errors import DataError
from auscult.evaluate.dcase import ScoredFile, write_dcase


def scored(machine, path, score=0.5, is_alarm=False):
    return ScoredFile(machine=machine, path=path, score=score, is_alarm=is_alarm)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def column(path):
    """As every evaluator reads a file: no header, lines sorted, the second column, names forgotten."""
    with path.open() as file:
        return [row[1] for row in sorted(csv.reader(file))]


def evaluated(folder, ending, truth):
    """AUC, partial AUC and the confusion of decisions, paired with the truth by place, as the evaluators do it."""
    y_true = np.array([is_anomalous for _, is_anomalous in sorted(truth.items())])
    scores = [float(score) for score in column(folder / f"anomaly_score_{ending}.csv")]
    alarms = np.array([int(decision) for decision in column(folder / f"decision_result_{ending}.csv")])
    assert len(scores) == len(alarms) == len(y_true)
    assert set(alarms) <= {0, 1}
    confusion = [int(((y_true == t) & (alarms == a)).sum()) for t in (0, 1) for a in (0, 1)]
    return roc_auc_score(y_true, scores), roc_auc_score(y_true, scores, max_fpr=0.1), confusion


def test_a_section_is_two_files_sorted_by_name_without_header(tmp_path):
    folder = tmp_path / "teams" / "ours"
    files = [
        scored("fan/section_03", "dev/fan/test/section_03_0002.wav", 1 / 3, True),
        scored("fan/section_03", "dev/fan/test/section_03_0001.wav", -2e-300),
        scored("fan/section_03", "section_03_0010.wav", np.float32(0.5), np.True_),
    ]
    paths = write_dcase(files, folder)
    assert [path.name for path in paths] == [
        "anomaly_score_fan_section_03_test.csv",
        "decision_result_fan_section_03_test.csv",
    ]
    assert paths[0].read_bytes() == (
        b"section_03_0001.wav,-2e-300\nsection_03_0002.wav,0.3333333333333333\nsection_03_0010.wav,0.5\n"
    )
    assert paths[1].read_bytes() == b"section_03_0001.wav,0\nsection_03_0002.wav,1\nsection_03_0010.wav,1\n"
    assert names(folder) == [path.name for path in paths]


@pytest.mark.parametrize(
    ("machine", "ending"),
    [
        ("fan/section_00", "fan_section_00_test"),
        ("ToyCar/section_05", "ToyCar_section_05_test"),
        ("dev/fan/section_00", "dev_fan_section_00_test"),
        ("fan/id_02", "fan_id_02"),
        ("press_3", "press_3_section_00_test"),
        ("Halle 1/press", "Halle_1_press_section_00_test"),
        ("Säge-2", "Säge-2_section_00_test"),
        ("fan/section_x", "fan_section_x_section_00_test"),
        ("../../fan", "______fan_section_00_test"),
        ("../fan/section_01", "___fan_section_01_test"),
    ],
)
def test_files_are_named_for_the_machine(tmp_path, machine, ending):
    write_dcase([scored(machine, "a.wav")], tmp_path)
    assert names(tmp_path) == [f"anomaly_score_{ending}.csv", f"decision_result_{ending}.csv"]


@pytest.mark.parametrize(
    ("machine", "ending"),
    [("fan/section_00", "fan_section_00_test"), ("fan/id_02", "fan_id_02"), ("press", "press_section_00_test")],
)
def test_evaluators_find_the_same_figures(tmp_path, rng, machine, ending):
    truth = {f"{number:04d}.wav": int(rng.random() < 0.4) for number in rng.permutation(200)}
    files = [
        scored(machine, f"test/{name}", score := rng.normal(is_anomalous), score > 0.7)
        for name, is_anomalous in truth.items()
    ]
    others = [scored("pump/section_00", clip.path, -clip.score) for clip in files]
    write_dcase(files + others, tmp_path)
    y_true, scores = list(truth.values()), [clip.score for clip in files]
    pairs = [(t, clip.is_alarm) for t, clip in zip(y_true, files, strict=True)]
    assert evaluated(tmp_path, ending, truth) == (
        roc_auc_score(y_true, scores),
        roc_auc_score(y_true, scores, max_fpr=0.1),
        [pairs.count((t, a)) for t in (0, 1) for a in (False, True)],
    )
    written = [float(score) for score in column(tmp_path / f"anomaly_score_{ending}.csv")]
    assert written == [clip.score for clip in sorted(files, key=lambda clip: clip.path)]  # to the last bit


def test_the_same_file_name_may_be_in_two_sections(tmp_path):
    paths = write_dcase([scored("fan/id_02", "0.wav"), scored("fan/id_00", "0.wav"), scored("a", "0.wav")], tmp_path)
    assert [path.name for path in paths[::2]] == [
        "anomaly_score_a_section_00_test.csv",
        "anomaly_score_fan_id_00.csv",
        "anomaly_score_fan_id_02.csv",
    ]


def test_awkward_file_names_are_read_back(tmp_path):
    awkward = ["Lüfter 1.wav", 'a, "b".wav', "no\udcffutf.wav"]
    path, _ = write_dcase([scored("fan", name) for name in awkward], tmp_path)
    with path.open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in csv.reader(file)] == ["Lüfter 1.wav", 'a, "b".wav', "no\\udcffutf.wav"]


@pytest.mark.parametrize("machines", [("fan", "fan/section_00"), ("Halle 1/press", "Halle_1/press")])
def test_two_machines_in_one_file_are_refused(tmp_path, machines):
    files = [scored("a/section_00", "0.wav"), *(scored(name, f"{n}.wav") for n, name in enumerate(machines))]
    with pytest.raises(DataError, match=f"would hold two machines, {machines[0]} and {machines[1]}.*Rename"):
        write_dcase(files, tmp_path / "new")
    assert not names(tmp_path)


def test_two_clips_of_one_name_are_refused(tmp_path):
    files = [scored("a", "0.wav"), *(scored("fan/id_00", f"{snr}_dB_fan/fan/id_00/normal/0.wav") for snr in (6, -6))]
    with pytest.raises(DataError, match=r"fan/id_00: has two clips called 0\.wav, 6_dB_fan.* and -6_dB.*each SNR"):
        write_dcase(files, tmp_path / "new")
    assert not names(tmp_path)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_score_that_is_not_finite_is_refused(tmp_path, score):
    files = [scored("a", "0.wav"), scored("fan", "test/1.wav", score)]
    with pytest.raises(DataError, match=r"test/1\.wav: has the score (nan|inf|-inf)\. Leave the clip out"):
        write_dcase(files, tmp_path / "new")
    assert not names(tmp_path)


def test_what_the_disk_refuses_leaves_the_old_files_as_they_were(tmp_path):
    old = write_dcase([scored("fan", "old.wav")], tmp_path)
    before = [path.read_bytes() for path in old]
    with pytest.raises(DataError, match="cannot be written: File name too long"):
        write_dcase([scored("fan", "new.wav"), scored("x" * 300, "new.wav")], tmp_path)
    (tmp_path / "decision_result_pump_section_00_test.csv").mkdir()
    with pytest.raises(
        DataError, match=r"decision_result_pump_section_00_test\.csv: cannot be written: Is a directory"
    ):
        write_dcase([scored("fan", "new.wav"), scored("pump", "new.wav")], tmp_path)
    assert [path.read_bytes() for path in old] == before
    assert names(tmp_path) == sorted([*(path.name for path in old), "decision_result_pump_section_00_test.csv"])


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(DataError, match="taken: cannot be written: File exists"):
        write_dcase([scored("fan", "0.wav")], tmp_path / "taken")


def test_more_files_than_a_process_may_have_open(tmp_path):
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, limits[0]), limits[1]))
    try:
        paths = write_dcase([scored(f"fan_{number}", "0.wav") for number in range(150)], tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert names(tmp_path) == sorted(path.name for path in paths)
    assert len(paths) == 300
