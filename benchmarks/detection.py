"""How well `auscult.detect.NormalityModel` tells synthetic faults, beside MIMII's autoencoder and a level meter.

Per machine id and SNR, as MIMII's paper has it: fitted on 100 normal clips, tested on 50 others and 50 anomalous ones.
Nothing about the detector was chosen on the default seed; on seeds 101 and 102 its views and descriptors were.
Everything printed here is synthetic. Then how long it takes to learn 1,000 clips and to score one.

``python benchmarks/detection.py [--machine fan ...] [--seed S ...] [--speed-only]``
"""

import argparse
import time
from collections import defaultdict

import numpy as np
import torch
from autoencoder import Autoencoder
from separability import PUBLISHED, SNRS_DB, Heard, either_way, split, synthesise
from sklearn.covariance import LedoitWolf

from auscult.detect import NormalityModel, groups_of
from auscult.features import LogMel
from auscult.metrics import partial_roc_auc, roc_auc
from auscult.pipeline.machine import GROUPS

NORMALITY = "NormalityModel, all descriptors"

Figures = dict[str, dict[float, list[float]]]


def normality_aucs(clips: list[Heard]) -> dict[str, float]:
    """AUC of the detector on the clips of one machine at one SNR, and its partial AUC."""
    fit, test, is_anomalous = split(clips)
    groups = groups_of(LogMel.for_rate(16000, n_mels=64, groups=GROUPS).descriptor_groups)
    X, Y = (np.stack([clip.descriptors for clip in some]).astype(float) for some in (fit, test))
    scores = NormalityModel(groups).fit(X).anomaly_scores(Y)
    return {NORMALITY: roc_auc(is_anomalous, scores), "  its partial AUC (0.1)": partial_roc_auc(is_anomalous, scores)}


def other_aucs(clips: list[Heard]) -> dict[str, float]:
    """AUC of what it has to beat, and of itself on time-mean log-mel alone."""
    fit, test, is_anomalous = split(clips)
    means, test_means = (np.stack([clip.log_mel.mean(axis=1) for clip in some]).astype(float) for some in (fit, test))
    levels, test_levels = (np.array([clip.level_db for clip in some]) for some in (fit, test))
    autoencoder = Autoencoder().fit([clip.log_mel for clip in fit])
    errors = np.array([autoencoder.anomaly_score(clip.log_mel) for clip in test])
    return {
        "NormalityModel, mean log-mel": roc_auc(is_anomalous, NormalityModel().fit(means).anomaly_scores(test_means)),
        "Mahalanobis, mean log-mel": roc_auc(is_anomalous, LedoitWolf().fit(means).mahalanobis(test_means)),
        "autoencoder of MIMII": roc_auc(is_anomalous, errors),
        "level": either_way(is_anomalous, test_levels, levels),
    }


def table(clips: list[Heard]) -> Figures:
    """AUC of each detector, at each SNR, of every id."""
    figures: Figures = defaultdict(lambda: defaultdict(list))
    for snr_db in SNRS_DB:
        for machine_id in sorted({clip.truth.machine_id for clip in clips}):
            some = [clip for clip in clips if clip.truth.machine_id == machine_id and clip.truth.snr_db == snr_db]
            for name, auc in (normality_aucs(some) | other_aucs(some)).items():
                figures[name][snr_db].append(auc)
    return figures


def show(machine_type: str, figures: Figures) -> str:
    """The table as text."""
    lines = [
        f"{'synthetic ' + machine_type + ', mean AUC of 4 ids':<34}" + "".join(f"{snr:>18g} dB" for snr in SNRS_DB)
    ]
    for name, row in figures.items():
        cells = [f"{np.mean(row[snr]):.3f} ({min(row[snr]):.2f}-{max(row[snr]):.2f})" for snr in SNRS_DB]
        lines.append(f"  {name:<32}" + "".join(f"{cell:>21}" for cell in cells))
    published = " / ".join(f"{auc:.2f}" for auc in PUBLISHED[machine_type])
    lines.append(f"  (MIMII's autoencoder on real {machine_type}s at 6 / 0 / -6 dB: {published})")
    return "\n".join(lines)


def speed() -> str:
    """Time to learn 1,000 clips and to score one, of plain log-mel means and of all descriptors."""
    rng = np.random.default_rng(0)
    groups = groups_of(LogMel.for_rate(16000, n_mels=64, groups=GROUPS).descriptor_groups)
    n_all = max(own.stop for own in groups.values())
    NormalityModel().fit(rng.standard_normal((20, 4)))  # scikit-learn is imported
    lines = []
    for name, n, own in (("64 log-mel means", 64, None), (f"all {n_all} descriptors", n_all, groups)):
        X = rng.standard_normal((1000, n)) @ (rng.standard_normal((n, n)) / np.sqrt(n))
        fits, scores = [], []
        for _ in range(5):
            start = time.perf_counter()
            model = NormalityModel(own).fit(X)
            fits.append(time.perf_counter() - start)
        for clip in X[:300]:
            start = time.perf_counter()
            model.anomaly_scores(clip[None])
            scores.append(time.perf_counter() - start)
        fitted, scored = f"fit of 1,000 clips {np.median(fits):.2f} s", f"one score {1000 * np.median(scores):.2f} ms"
        lines.append(f"{name:<22} {fitted}, {scored} (medians of {len(fits)} and {len(scores)})")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--machine", nargs="+", default=list(PUBLISHED))
    parser.add_argument("--seed", type=int, nargs="+", default=[301])
    parser.add_argument("--speed-only", action="store_true")
    options = parser.parse_args()
    print(speed(), flush=True)
    if options.speed_only:
        return
    torch.set_num_threads(1)
    for machine_type in options.machine:
        for seed in options.seed:
            print(f"seed {seed}: {show(machine_type, table(synthesise(machine_type, seed=seed)))}", flush=True)


if __name__ == "__main__":
    main()
