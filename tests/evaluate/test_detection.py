import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auscult.evaluate import JudgedClip, detection_figures
from auscult.evaluate.detection import summary


def judged(rng, machine, snr_db, n_normal, n_anomalous):
    return [
        JudgedClip(
            machine=machine,
            snr_db=snr_db,
            take=f"{machine}/{number}",
            is_anomalous=number >= n_normal,
            score=rng.normal(number >= n_normal),
            is_alarm=number % 3 == 0,
            level_db=rng.normal(),
        )
        for number in range(n_normal + n_anomalous)
    ]


def test_figures_are_for_each_machine_and_snr(rng):
    clips = judged(rng, "a", 6.0, 12, 9) + judged(rng, "a", -6.0, 12, 9) + judged(rng, "b", None, 6, 0)
    figures = detection_figures(clips)
    assert [(row["machine"], row["snr_db"]) for row in figures] == [("a", -6.0), ("a", 6.0), ("b", None)]
    loud = [clip for clip in clips if (clip.machine, clip.snr_db) == ("a", 6.0)]
    truth = np.array([clip.is_anomalous for clip in loud])
    row = figures[1]
    assert row["auc"] == round(roc_auc_score(truth, [clip.score for clip in loud]), 4)
    assert row["level_auc"] == round(roc_auc_score(truth, [clip.level_db for clip in loud]), 4)
    assert row["auc_95"][0] <= row["auc"] <= row["auc_95"][1]
    assert (row["n_normal"], row["n_anomalous"]) == (12, 9)
    assert row["false_alarm_rate"] == round(4 / 12, 4)
    assert row["detection_rate"] == round(3 / 9, 4)


def test_without_anomalous_clips_only_false_alarms_are_known(rng):
    (row,) = detection_figures(judged(rng, "b", None, 6, 0))
    assert "auc" not in row
    assert row["false_alarm_rate"] == round(2 / 6, 4)


def test_without_normal_clips_only_the_share_found_is_known(rng):
    (row,) = detection_figures(judged(rng, "b", None, 0, 6))
    assert "false_alarm_rate" not in row
    assert row["detection_rate"] == round(2 / 6, 4)


def figures_of(machine, snr_db, auc, *, n_normal=10, rate=0.1):
    counts = {"machine": machine, "snr_db": snr_db, "n_normal": n_normal, "n_anomalous": 5, "false_alarm_rate": rate}
    return counts | {"auc": auc, "pauc": auc - 0.1, "level_auc": 0.5, "detection_rate": auc - 0.2}


def test_summary_has_means_and_the_worst_machine_of_each_snr():
    rows = [
        figures_of("a", 6.0, 0.9),
        figures_of("b", 6.0, 0.7),
        figures_of("a", -6.0, 0.6),
        figures_of("b", -6.0, 0.8),
        figures_of("c", -6.0, 0.7),
    ]
    assert summary(rows)["by_snr"] == [
        {
            "snr_db": snr_db,
            "n_machines": n,
            "auc": auc,
            "pauc": round(auc - 0.1, 4),
            "level_auc": 0.5,
            "detection_rate": round(auc - 0.2, 4),
            "false_alarm_rate": 0.1,
            "worst_machine": worst,
            "worst_auc": worst_auc,
        }
        for snr_db, n, auc, worst, worst_auc in [(6.0, 2, 0.8, "b", 0.7), (-6.0, 3, 0.7, "a", 0.6)]
    ]


def test_false_alarms_are_counted_over_all_normal_clips(rng):
    rows = [figures_of("a", None, 0.9, n_normal=30, rate=0.1), figures_of("b", None, 0.9, n_normal=10, rate=0.5)]
    rows.append({"machine": "c", "snr_db": None, "n_normal": 60, "n_anomalous": 0, "false_alarm_rate": 0.0})
    assert summary(rows)["false_alarm_rate"] == 0.08
    assert summary(rows)["by_snr"][0]["n_machines"] == 2, "c has no anomalous clips"
    clips = judged(rng, "a", 6.0, 12, 9) + judged(rng, "b", None, 7, 0)
    normal = [clip for clip in clips if not clip.is_anomalous]
    expected = sum(clip.is_alarm for clip in normal) / len(normal)
    assert summary(detection_figures(clips))["false_alarm_rate"] == pytest.approx(expected, abs=1e-4)


def test_summary_of_an_unknown_snr_beside_known_ones(rng):
    clips = judged(rng, "a", 6.0, 12, 9) + judged(rng, "a", None, 12, 9) + judged(rng, "b", -6.0, 12, 9)
    said = summary(detection_figures(clips))
    assert [row["snr_db"] for row in said["by_snr"]] == [6.0, None, -6.0]
    assert json.loads(json.dumps(said, allow_nan=False)) == said


def test_nothing_to_sum_up(rng):
    assert summary([]) == {}
    assert summary(detection_figures(judged(rng, "a", None, 6, 0))) == {}
    assert summary(detection_figures(judged(rng, "a", None, 0, 6))) == {}
