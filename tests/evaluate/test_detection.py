import numpy as np
from sklearn.metrics import roc_auc_score

from auscult.evaluate import JudgedClip, detection_figures


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
