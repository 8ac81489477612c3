"""One classifier, one data set, three splits: what the original's figure would have been worth.

Writes a small synthetic data set (fans, some clogged, worn or out of balance; every take mixed with noise at two SNRs),
describes each clip as log-mel means and deviations, adds copies with white noise as signalML did, and scores the same
nearest-neighbour classifier by

1. the original's random draw of rows, after augmentation;
2. takes in blocks of time, each on one side with all its remixes and copies;
3. one machine left out at a time.

    python examples/three_splits.py
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from auscult.audio import contiguous_blocks, read_audio
from auscult.audio.fingerprint import Fingerprint, fingerprint
from auscult.audio.leaks import Leak, SplitClip, find_leaks
from auscult.audio.splits import leave_one_machine_out, random_split
from auscult.features.log_mel import LogMel
from auscult.synth import write_dataset

FAULTS = ("imbalance", "clogging", "bearing-wear")
N_FANS, N_NORMAL, N_ANOMALOUS, SNRS_DB, DURATION_S, SR = 4, 36, 36, (0.0, 6.0), 4.0, 16000
TEST_SHARE = 0.25
NOISES = (0.0, 0.005, 0.01)  # amplitude of white noise over the clip's peak; the first row is the clip itself
N_RESAMPLES = 2000


@dataclass(frozen=True)
class Rows:
    """One row a clip or copy: descriptors, what is to be told from them, and where they come from."""

    X: NDArray[np.float32]
    label: NDArray[np.str_]
    take: NDArray[np.str_]
    machine: NDArray[np.str_]
    name: NDArray[np.str_]
    fingerprints: list[Fingerprint]


def make_rows(root: Path) -> Rows:
    """Write the data set, read it and describe each clip and its noisy copies."""
    truth = write_dataset(
        root, machine_types=("fan",), n_ids=N_FANS, snr_db=SNRS_DB, n_normal=N_NORMAL, n_anomalous=N_ANOMALOUS,
        faults=FAULTS, n_channels=1, duration_s=DURATION_S, sr=SR, seed=3,
    )  # fmt: skip
    recipe, rng = LogMel.for_rate(SR, groups=("mean", "std")), np.random.default_rng(0)
    X, label, take, machine, name, fingerprints = [], [], [], [], [], []
    for row in truth:
        y, sr = read_audio(root / row.path)
        for amplitude in NOISES:
            noise = rng.standard_normal(y.size, dtype=np.float32)
            noisy = y + np.float32(amplitude * np.abs(y).max()) * noise
            X.append(recipe.descriptors(noisy, sr))
            label.append(row.fault or "normal")
            take.append(f"{row.machine_id}/{row.label}/{row.take}")
            machine.append(row.machine_id)
            name.append(f"{row.path} + noise {amplitude:g}")
            fingerprints.append(fingerprint(noisy, sr))
    return Rows(np.array(X), *(np.array(column) for column in (label, take, machine, name)), fingerprints)


def answer(rows: Rows, is_test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the test rows the classifier gets right, learning from all others."""
    classifier = make_pipeline(StandardScaler(), KNeighborsClassifier(1))
    classifier.fit(rows.X[~is_test], rows.label[~is_test])
    return np.asarray(classifier.predict(rows.X[is_test]) == rows.label[is_test])


def balanced_accuracy(is_right: NDArray[np.bool_], label: NDArray[np.str_]) -> float:
    """Mean over the classes of the share that is right."""
    return float(np.mean([is_right[label == name].mean() for name in np.unique(label)]))


def score(is_right: NDArray[np.bool_], label: NDArray[np.str_], take: NDArray[np.str_]) -> tuple[float, float, float]:
    """Balanced accuracy and its 95 % interval from resampling whole takes, class by class."""
    rng = np.random.default_rng(0)
    classes = []
    for name in np.unique(label):
        _, number = np.unique(take[label == name], return_inverse=True)
        right = is_right[label == name]
        classes.append((np.bincount(number, right), np.bincount(number)))
    draws = np.zeros(N_RESAMPLES)
    for n_right, n in classes:
        drawn = rng.integers(n.size, size=(N_RESAMPLES, n.size))
        draws += n_right[drawn].sum(axis=1) / n[drawn].sum(axis=1) / len(classes)
    low, high = np.percentile(draws, [2.5, 97.5])
    return balanced_accuracy(is_right, label), float(low), float(high)


def by_time(rows: Rows) -> NDArray[np.bool_]:
    """Hold out the last takes of each machine and class, so that every fault can be learnt and asked for."""
    is_test = np.zeros(rows.label.size, dtype=bool)
    for machine in np.unique(rows.machine):
        for label in np.unique(rows.label):
            members = np.flatnonzero((rows.machine == machine) & (rows.label == label))
            if members.size:
                is_test[members[contiguous_blocks(rows.take[members].tolist(), round(1 / TEST_SHARE))[-1]]] = True
    return is_test


def leaks_of(rows: Rows, is_test: NDArray[np.bool_], *, by_ear: bool) -> list[Leak]:
    """Recordings on both sides, told by the take's name or by the fingerprints alone."""
    clips = zip(rows.name, is_test, rows.take, rows.fingerprints, strict=True)
    return find_leaks(
        SplitClip(str(name), "test" if out else "train", "" if by_ear else str(take), heard if by_ear else None)
        for name, out, take, heard in clips
    )


def share_leaked(rows: Rows, is_test: NDArray[np.bool_], leaks: Sequence[Leak]) -> float:
    """Share of the test rows of whose recording something was learnt."""
    leaked = {clip for leak in leaks for clip in leak.clips}
    return float(np.mean([name in leaked for name in rows.name[is_test]]))


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        rows = make_rows(Path(folder))
    n_takes, n_rows = len(set(rows.take.tolist())), rows.label.size
    print(
        f"{N_FANS} synthetic fans, {n_takes} takes, {n_rows} rows (SNRs x noisy copies); 1-nearest-neighbour, 4 classes"
    )
    splits = {
        "random rows (the original's)": [random_split(n_rows, TEST_SHARE, seed=0)],
        "takes, in blocks of time": [by_time(rows)],
        "a machine left out": [is_test for _, is_test in leave_one_machine_out(rows.machine.tolist())],
    }
    print("| split | balanced accuracy | 95 % over takes | test rows leaked, by name | by ear |\n|---|---|---|---|---|")
    for name, folds in splits.items():
        tested = np.concatenate([np.flatnonzero(is_test) for is_test in folds])
        right = np.concatenate([answer(rows, is_test) for is_test in folds])
        value, low, high = score(right, rows.label[tested], rows.take[tested])
        by_name, by_ear = (
            np.mean([share_leaked(rows, is_test, leaks_of(rows, is_test, by_ear=ear)) for is_test in folds])
            for ear in (False, True)
        )
        print(f"| {name} | {value:.2f} | {low:.2f} to {high:.2f} | {by_name:.0%} | {by_ear:.0%} |")
    is_test = splits["random rows (the original's)"][0]
    leak = leaks_of(rows, is_test, by_ear=True)[0]
    print(f"\nOne of the leaks, heard: {leak.duplicates[0].kind}, {' and '.join(leak.splits)}:")
    print(f"  {leak.duplicates[0].first}\n  {leak.duplicates[0].second}")


if __name__ == "__main__":
    main()
