import csv

import pytest


def read(path):
    with path.open(newline="") as file:
        return dict(csv.reader(file))


@pytest.mark.slow
def test_synthetic_machines_get_the_files_of_the_evaluators(run_example, tmp_path):
    done = run_example("dcase.py", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "all of them synthetic" in done.stdout
    assert done.stdout.count("of 10 normal and 10 anomalous") == 2, "of a fan and a pump, the clips for testing only"
    for machine in ("fan", "pump"):
        tested = {path.name for path in (tmp_path / "out" / "dev_data" / machine / "test").iterdir()}
        scores = read(tmp_path / "out" / "csv" / f"anomaly_score_{machine}_section_00_test.csv")
        decisions = read(tmp_path / "out" / "csv" / f"decision_result_{machine}_section_00_test.csv")
        assert set(scores) == set(decisions) == tested
        assert set(decisions.values()) <= {"0", "1"}
        is_anomalous = {name: "_anomaly_" in name for name in scores}
        mean = {
            truth: sum(float(scores[n]) for n in scores if is_anomalous[n] == truth) / 10 for truth in (True, False)
        }
        assert mean[True] > mean[False]


@pytest.mark.slow
def test_folder_without_recordings_is_refused(run_example, tmp_path):
    (tmp_path / "empty").mkdir()
    done = run_example("dcase.py", tmp_path / "empty", "--output", tmp_path / "out")
    assert done.returncode != 0
    assert "empty" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out" / "csv").exists()
