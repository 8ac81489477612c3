"""How well normal and anomalous clips are told apart, for each machine and SNR, beside a level meter's figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auscult.metrics import interval, partial_roc_auc, roc_auc

MEANS = ("auc", "pauc", "level_auc", "detection_rate", "false_alarm_rate")


@dataclass(frozen=True)
class JudgedClip:
    """A held-out clip with its truth and what was said of it."""

    machine: str
    snr_db: float | None
    take: str
    is_anomalous: bool
    """The truth."""
    score: float
    is_alarm: bool
    """Whether the score is above the machine's threshold."""
    level_db: float
    """RMS level, dB re full scale: what a level meter would go by."""


def detection_figures(clips: Sequence[JudgedClip]) -> list[dict[str, Any]]:
    """Figures of every machine and SNR that held-out clips are of.

    Parameters
    ----------
    clips : sequence of JudgedClip
        Clips that nothing was learnt, calibrated or chosen from.

    Returns
    -------
    list of dict
        One for each machine and SNR: the counts of clips, the false-alarm rate on normal clips; and where there are
        anomalous ones, the share of them found, AUC with its 95 % interval over takes, pAUC up to 10 % false alarms,
        and the AUC of the level alone (louder is worse).
    """
    groups = sorted({(clip.machine, clip.snr_db) for clip in clips}, key=lambda group: (group[0], group[1] or 0.0))
    return [
        {"machine": machine, "snr_db": snr_db}
        | _figures([clip for clip in clips if (clip.machine, clip.snr_db) == (machine, snr_db)])
        for machine, snr_db in groups
    ]


def summary(figures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means of the figures, where there are several machines, and the worst one.

    Parameters
    ----------
    figures : sequence of dict
        From `detection_figures`.

    Returns
    -------
    dict
        ``by_snr``: for each SNR the number of machines, means of AUC, pAUC, the level's AUC and the shares called
        anomalous, and the machine of the lowest AUC; ``false_alarm_rate``: over all normal clips. Empty where no
        machine has clips of both kinds.
    """
    complete = [row for row in figures if "auc" in row]
    by_snr = []
    for snr_db in sorted({row["snr_db"] for row in complete}, key=lambda snr_db: -(snr_db or 0.0)):
        rows = [row for row in complete if row["snr_db"] == snr_db]
        worst = min(rows, key=lambda row: row["auc"])
        means = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in MEANS}
        worst_of = {"worst_machine": worst["machine"], "worst_auc": worst["auc"]}
        by_snr.append({"snr_db": snr_db, "n_machines": len(rows), **means, **worst_of})
    normal = [row for row in figures if "false_alarm_rate" in row]
    if not complete or not normal:
        return {}
    n_alarms = sum(row["false_alarm_rate"] * row["n_normal"] for row in normal)
    return {"by_snr": by_snr, "false_alarm_rate": round(n_alarms / sum(row["n_normal"] for row in normal), 4)}


def _figures(clips: list[JudgedClip]) -> dict[str, Any]:
    truth = np.array([clip.is_anomalous for clip in clips])
    alarms = np.array([clip.is_alarm for clip in clips])
    figures: dict[str, Any] = {"n_normal": int((~truth).sum()), "n_anomalous": int(truth.sum())}
    if not truth.all():
        figures["false_alarm_rate"] = round(float(alarms[~truth].mean()), 4)
    if truth.any():
        figures["detection_rate"] = round(float(alarms[truth].mean()), 4)
    if truth.any() and not truth.all():
        scores = np.array([clip.score for clip in clips])
        low, high = interval(roc_auc, truth, scores, [clip.take for clip in clips])
        figures |= {
            "auc": round(roc_auc(truth, scores), 4),
            "auc_95": [round(low, 4), round(high, 4)],
            "pauc": round(partial_roc_auc(truth, scores), 4),
            "level_auc": round(roc_auc(truth, np.array([clip.level_db for clip in clips])), 4),
        }
    return figures
