import csv
import json
import re

import pytest
from sklearn.metrics import roc_auc_score


@pytest.fixture(scope="module")
def other_data(tmp_path_factory):
    """The fans of the fixtures' data set, at other times and two SNRs."""
    from auscult.synth import write_dataset

    root = tmp_path_factory.mktemp("other")
    options = {"n_channels": 1, "duration_s": 2.0, "seed": 1}
    write_dataset(root, n_ids=2, n_normal=26, n_anomalous=9, snr_db=(0, 6), **options)
    return root


def test_what_was_learnt_is_left_out(auscult_cli, trained_bundle, synthetic_data):
    done = auscult_cli("evaluate", trained_bundle, synthetic_data)
    assert done.returncode == 0, done.stderr
    assert "on 24 synthetic clips" in done.stdout  # 4 of 20 normal takes and 8 anomalous ones, of two fans
    assert "left out 32 clips that it has learnt from" in done.stdout
    (mean,) = re.findall("mean of 2 machines at 6 dB: AUC (.*)", done.stdout)
    assert re.search(r"level alone [\d.]+, found \d+%, false alarms \d+%; worst: fan/id_", mean)
    assert "fan/id_00: alarmed 0 times in 8 seconds of normal sound; nothing was promised: " in done.stdout
    assert "support no promise at all; for 1 per week record" in done.stdout, "as train says it"


@pytest.mark.slow
def test_everything_at_once(auscult_cli, trained_bundle, other_data, tmp_path):
    options = ("--leave-one-out", "--transfer", "--dcase", tmp_path / "dcase")
    done = auscult_cli("evaluate", trained_bundle, other_data, *options, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["is_synthetic"]
    assert {row["n_takes"] for row in answer["leave_one_out"]} == {0, 10, 18}
    assert {(row["learnt_db"], row["tested_db"]) for row in answer["snr_transfer"]} == {
        (one, other) for one in (0, 6) for other in (0, 6)
    }
    (figure,) = [row for row in answer["figures"] if (row["machine"], row["snr_db"]) == ("fan/id_02", 6)]
    with (tmp_path / "dcase" / "6_dB" / "anomaly_score_fan_id_02.csv").open(newline="") as file:
        scores = {name: float(score) for name, score in csv.reader(file)}
    truth = [name.startswith("anomaly_") for name in scores]
    assert figure["auc"] == pytest.approx(roc_auc_score(truth, list(scores.values())), abs=1e-4)


@pytest.mark.slow
def test_everything_at_once_in_words(auscult_cli, trained_bundle, other_data, tmp_path):
    options = ("--leave-one-out", "--transfer", "--dcase", tmp_path / "dcase")
    text = auscult_cli("evaluate", trained_bundle, other_data, *options).stdout
    for words in ("enrolled with so many normal takes", "Learnt at one SNR, tested at another", "wrote scores"):
        assert words in text


def test_unknown_machine_is_not_guessed(auscult_cli, trained_bundle, tmp_path, synthetic_data):
    (tmp_path / "press").symlink_to(synthetic_data / "6_dB_fan" / "fan" / "id_00")
    done = auscult_cli("evaluate", trained_bundle, tmp_path / "press")
    assert done.returncode == 3
    assert "none of its 28 labelled recordings can be measured on (press: 28 clips, this machine is not" in done.stderr
    named = auscult_cli("evaluate", trained_bundle, tmp_path / "press", "--machine-id", "fan/id_00")
    assert named.returncode == 0, named.stderr
    wrong = auscult_cli("evaluate", trained_bundle, tmp_path / "press", "--machine-id", "fan/id_77")
    assert wrong.returncode == 3
    assert "fan/id_77: this machine is not in the bundle" in wrong.stderr
