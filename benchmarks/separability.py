"""How hard synthetic machines are: what trivial detectors and MIMII's baseline autoencoder reach on a default data set.

A fault that a level meter finds teaches nobody anything. Per machine id, as MIMII's paper has it: fitted on normal
clips, tested on the anomalous ones and other normal ones. Everything printed here is synthetic.

``python benchmarks/separability.py [--machine fan ...] [--seed S]``
"""

import argparse
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from autoencoder import Autoencoder

from auscult.features import LogMel
from auscult.metrics import roc_auc
from auscult.pipeline.machine import GROUPS
from auscult.synth import write_dataset
from auscult.synth.truth import Truth

SNRS_DB = (6, 0, -6)
N_IDS = 4
N_FIT = 100  # normal clips that a detector may learn from
N_TEST = 50  # normal clips it is tested on, and as many anomalous ones
PUBLISHED = {  # mean AUC of MIMII's autoencoder at 6 / 0 / -6 dB (arXiv 1909.09347)
    "fan": (0.91, 0.81, 0.66),
    "pump": (0.81, 0.71, 0.67),
    "slider": (0.88, 0.78, 0.70),
    "valve": (0.67, 0.62, 0.56),
}

Table = dict[str, dict[float, list[float]]]
"""AUC of every id, by detector and SNR in dB."""


@dataclass
class Heard:
    """A clip as detectors see it."""

    truth: Truth
    log_mel: np.ndarray
    descriptors: np.ndarray
    level_db: float
    centroid_hz: float
    first_order_db: float
    blade_pass_hz: float

    @property
    def is_anomalous(self) -> bool:
        """Whether it has a fault."""
        return self.truth.label == "anomalous"


def hear(root: Path, truth: Truth) -> Heard:
    """Read a clip and measure what the trivial detectors look at; lines are sought where the nameplate says."""
    y, sr = soundfile.read(root / truth.path, dtype="float32", always_2d=True)
    y = np.ascontiguousarray(y[:, 0])  # MIMII's baseline listens to the first microphone
    power = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    bins_hz = np.fft.rfftfreq(y.size, 1 / sr)

    def peak(centre_hz: float, tolerance: float) -> tuple[float, float]:
        near = np.flatnonzero(np.abs(bins_hz - centre_hz) <= tolerance * centre_hz)
        best = near[np.argmax(power[near])]
        return float(bins_hz[best]), float(10 * np.log10(power[best] + 1e-12))

    rotation_hz = truth.rotation_hz or 1.0
    features = LogMel.for_rate(sr, n_mels=64, groups=GROUPS).features(y)
    return Heard(
        truth=truth,
        log_mel=features.patch,
        descriptors=features.descriptors,
        level_db=float(10 * np.log10(np.mean(y**2))),
        centroid_hz=float(np.sum(bins_hz * power) / np.sum(power)),
        first_order_db=peak(rotation_hz, 0.05)[1],
        blade_pass_hz=peak(rotation_hz * (truth.n_blades or 1), 0.1)[0],
    )


def synthesise(machine_type: str, *, seed: int, snrs_db: Sequence[float] = SNRS_DB) -> list[Heard]:
    """A default data set of four ids, heard by one microphone."""
    with tempfile.TemporaryDirectory() as folder:
        rows = write_dataset(
            folder,
            machine_types=[machine_type],
            n_ids=N_IDS,
            snr_db=snrs_db,
            n_normal=N_FIT + N_TEST,
            n_anomalous=N_TEST,
            n_channels=1,
            seed=seed,
            n_jobs=os.cpu_count() or 1,
        )
        return [hear(Path(folder), row) for row in rows]


def either_way(is_anomalous: np.ndarray, values: np.ndarray, normal: np.ndarray) -> float:
    """AUC of one number as a detector, whichever of up, down and away from normal serves it best."""
    away = np.abs(values - np.median(normal))
    return max(roc_auc(is_anomalous, scores) for scores in (values, -values, away))


def trivial_aucs(clips: list[Heard]) -> dict[str, float]:
    """AUC of single numbers as detectors, on the clips of one machine at one SNR."""
    fit, test, is_anomalous = split(clips)
    names = ["level_db", "centroid_hz"] + ["first_order_db", "blade_pass_hz"] * (clips[0].truth.rotation_hz is not None)
    figures = {}
    for name in names:
        values, normal = (np.array([getattr(clip, name) for clip in some]) for some in (test, fit))
        figures[name] = either_way(is_anomalous, values, normal)
    return figures


def autoencoder_aucs(clips: list[Heard]) -> dict[str, float]:
    """AUC of the baseline on the clips of one machine at one SNR, on all faults and on each."""
    fit, test, is_anomalous = split(clips)
    autoencoder = Autoencoder().fit([clip.log_mel for clip in fit])
    scores = np.array([autoencoder.anomaly_score(clip.log_mel) for clip in test])
    figures = {"autoencoder": roc_auc(is_anomalous, scores)}
    faults = np.array([clip.truth.fault for clip in test])
    for fault in sorted(set(faults) - {""}):
        chosen = (faults == "") | (faults == fault)
        figures[f"autoencoder, {fault}"] = roc_auc(is_anomalous[chosen], scores[chosen])
    return figures


def split(clips: list[Heard]) -> tuple[list[Heard], list[Heard], np.ndarray]:
    """Normal clips to fit on; clips to test on, and which of these are anomalous."""
    normal = [clip for clip in clips if not clip.is_anomalous]
    test = normal[N_FIT:] + [clip for clip in clips if clip.is_anomalous]
    return normal[:N_FIT], test, np.array([clip.is_anomalous for clip in test])


def nearest_id_accuracy(clips: list[Heard]) -> float:
    """Share of normal clips at the best SNR whose id is that of the nearest mean and loud spectrum, level aside."""
    spectra, best_db = defaultdict(list), max(clip.truth.snr_db for clip in clips)
    for clip in clips:
        if not clip.is_anomalous and clip.truth.snr_db == best_db:
            mean = clip.log_mel.mean(axis=1)
            loud = np.percentile(clip.log_mel, 95, axis=1)  # valves are silent most of the time
            spectra[clip.truth.machine_id].append(np.concatenate([mean - mean.mean(), loud - loud.mean()]))
    centres = {name: np.mean(rows[:N_FIT], axis=0) for name, rows in spectra.items()}
    hits = [
        min(centres, key=lambda other: float(np.linalg.norm(row - centres[other]))) == name
        for name, rows in spectra.items()
        for row in rows[N_FIT:]
    ]
    return float(np.mean(hits))


def table(clips: list[Heard], detectors: Sequence[Callable[[list[Heard]], dict[str, float]]]) -> Table:
    """AUC of each detector, at each SNR, of every id."""
    figures: Table = defaultdict(lambda: defaultdict(list))
    for snr_db in sorted({clip.truth.snr_db for clip in clips}, reverse=True):
        for machine_id in sorted({clip.truth.machine_id for clip in clips}):
            some = [clip for clip in clips if clip.truth.machine_id == machine_id and clip.truth.snr_db == snr_db]
            for detector in detectors:
                for name, auc in detector(some).items():
                    figures[name][snr_db].append(auc)
    return figures


def show(machine_type: str, figures: Table, accuracy: float) -> str:
    """The table as text."""
    snrs_db = list(next(iter(figures.values())))
    heading = f"synthetic {machine_type}, mean AUC of {N_IDS} ids"
    lines = [f"{heading:<32}" + "".join(f"{snr_db:>21g} dB" for snr_db in snrs_db)]
    for name, row in figures.items():
        cells = [f"{np.mean(row[snr]):.3f} ({min(row[snr]):.2f}-{max(row[snr]):.2f})" for snr in snrs_db]
        lines.append(f"  {name:<30}" + "".join(f"{cell:>24}" for cell in cells))
    published = " / ".join(f"{auc:.2f}" for auc in PUBLISHED[machine_type])
    lines.append(f"  MIMII's autoencoder on real {machine_type}s at 6 / 0 / -6 dB: {published}")
    lines.append(f"  normal clips whose nearest mean and loud spectrum is their own id's: {accuracy:.0%}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--machine", nargs="+", default=list(PUBLISHED))
    parser.add_argument("--seed", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    torch.set_num_threads(1)
    for machine_type in options.machine:
        for seed in options.seed:
            clips = synthesise(machine_type, seed=seed)
            print(
                f"seed {seed}: "
                + show(machine_type, table(clips, (trivial_aucs, autoencoder_aucs)), nearest_id_accuracy(clips)),
                flush=True,
            )


if __name__ == "__main__":
    main()
