"""How fast networks learn to name faults, how well, and how fast they answer: beside the original's network in Keras.

Synthetic clips of two fans with three faults, at three SNRs, on a seed that nothing was chosen on; so all scores are
synthetic. Three parts, each with the target that it is held to:

1. An epoch of the network `original` here and the same in Keras on TensorFlow, in turn, both on one thread; and what
   Keras makes of two.
2. On the same clips, a third of the takes held out: the best score of `original` in all its 150 epochs and when it had
   it; when `small` had that score, and its own best. Both are of the clips on which the best epoch was chosen.
3. The network `small` in ONNX Runtime on one core, one clip at a time; and how many numbers it has learnt.

``python benchmarks/diagnosis.py`` takes some ten minutes and needs the extra ``bench``; the parts 2 and 3 alone,
``python benchmarks/diagnosis.py --without-keras``, need the extra ``train``.
"""

import argparse
import csv
import math
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import onnxruntime
from timing import seconds

from auscult.audio import read_audio
from auscult.diagnose import Epoch, Examples, Fitted, Training, fit_network
from auscult.faults.changes import Changes
from auscult.pipeline.anomalous_clips import anomalous_clips
from auscult.synth import write_dataset

SEED = 401
FAULTS = ("clogging", "imbalance", "voltage-change")
SNRS_DB = (6, 0, -6)
N_IDS, N_NORMAL, N_ANOMALOUS, DURATION_S = 2, 40, 40, 8.0
BATCH_SIZE, N_BATCHES = 256, 2
N_EPOCHS = 7
"""Timed of each side; the first is not counted."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--without-keras", action="store_true")
    options = parser.parse_args()
    examples = synthetic_examples()
    n_takes, n_frames = len(set(examples.takes)), int(np.median(examples.n_frames))
    print(
        f"{len(examples)} synthetic clips of {n_takes} takes, {examples.n_bands} bands x {n_frames} frames, seed {SEED}"
    )
    if not options.without_keras:
        show_epochs(examples)
    show_learning(*split(examples))


def synthetic_examples() -> Examples:
    """Clips with a fault, compared with normal sound of their machine as the product compares them."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_dataset(
            root,
            n_ids=N_IDS,
            snr_db=SNRS_DB,
            n_normal=N_NORMAL,
            n_anomalous=N_ANOMALOUS,
            faults=FAULTS,
            n_channels=1,
            duration_s=DURATION_S,
            seed=SEED,
            n_jobs=os.cpu_count() or 1,
        )
        truth = {str(root / row["path"]): row["fault"] for row in csv.DictReader((root / "truth.csv").open())}
        found = anomalous_clips(root)
        changes = Changes(found.features)
        patches, values, labels, takes = [], [], [], []
        for described in found.clips:
            clip, machine = described.clip, found.machines[described.clip.machine]
            patch = found.features.patch(*read_audio(clip.path, channels=found.channels))
            patches.append(changes.patch(machine, described.descriptors, patch))
            values.append(changes.values(machine, described.descriptors[None])[0])
            labels.append(FAULTS.index(truth[str(clip.path)]))
            takes.append(f"{clip.machine} {clip.take}")
        return Examples(patches, np.stack(values), np.array(labels), tuple(takes))


def show_epochs(examples: Examples) -> None:
    """Print how long an epoch takes on both sides."""
    rows = np.arange(BATCH_SIZE * N_BATCHES) % len(examples)
    patches = np.stack([patch[:, : min(examples.n_frames)] for patch in examples.patches])[rows]
    print(f"\nan epoch of original: {rows.size} clips, batch {BATCH_SIZE}, medians of {N_EPOCHS - 1} in turn")
    for n_threads in (1, 2):  # TensorFlow takes its number of threads once in a process
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pairs = pool.submit(epoch_times, patches, examples.labels[rows], n_threads).result()
        ours_s, theirs_s = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(theirs / ours for ours, theirs in pairs)
        target = f"  target >= 1: {verdict(ratio >= 1)}" if n_threads == 1 else ""
        print(f"  PyTorch, 1 thread {ours_s:6.2f} s   Keras, {n_threads} {theirs_s:6.2f} s   {ratio:5.2f} x{target}")


def epoch_times(patches: np.ndarray, labels: np.ndarray, n_threads: int) -> list[tuple[float, float]]:
    """Seconds of epochs in Auscult, on one thread, and in Keras, one after the other."""
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(n_threads)
    tf.config.threading.set_inter_op_parallelism_threads(n_threads)
    layers = [keras.Input((*patches.shape[1:], 1))]
    for n_filters in (16, 32, 64):
        layers += [keras.layers.Conv2D(n_filters, 2, activation="relu"), keras.layers.MaxPooling2D(2)]
        layers += [keras.layers.Dropout(0.2)]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(len(FAULTS), activation="softmax")]
    theirs = keras.Sequential(layers)
    theirs.compile(optimizer="adam", loss="categorical_crossentropy")
    X, Y = patches[..., None], np.eye(len(FAULTS), dtype=np.float32)[labels]
    pairs: list[tuple[float, float]] = []
    start = time.perf_counter()

    def turn(_: Epoch) -> None:
        nonlocal start
        between = time.perf_counter()
        theirs.fit(X, Y, batch_size=BATCH_SIZE, epochs=1, verbose=0)
        end = time.perf_counter()
        pairs.append((between - start, end - between))
        start = time.perf_counter()

    learnt = Examples(list(patches), np.empty((len(patches), 0)), labels, tuple(map(str, range(len(patches)))))
    held_out = Examples(patches[:1], np.empty((1, 0)), labels[:1], ("held out",))  # a clip: hardly any time
    training = Training("original", n_epochs=N_EPOCHS, batch_size=BATCH_SIZE, patience=N_EPOCHS, device="cpu")
    fit_network(learnt, held_out, FAULTS, training, on_epoch=turn)
    return pairs[1:]


def split(examples: Examples) -> tuple[Examples, Examples]:
    """Clips to learn from and a third to hold out, all clips of a take on one side."""
    takes = np.unique(examples.takes, return_inverse=True)[1]
    is_held_out = np.random.default_rng(SEED).permutation(takes.max() + 1)[takes] % 3 == 0
    return examples.subset(~is_held_out), examples.subset(is_held_out)


def timed(learnt: Examples, held_out: Examples, network: str) -> tuple[Fitted, list[float]]:
    """A network, and when each of its epochs was over, in seconds."""
    times: list[float] = []
    training = Training(network, patience=150, device="cpu")
    start = time.perf_counter()
    fitted = fit_network(
        learnt, held_out, FAULTS, training, on_epoch=lambda _: times.append(time.perf_counter() - start)
    )
    return fitted, times


def best_of(fitted: Fitted) -> float:
    """Macro F1 of its best epoch."""
    return fitted.history[fitted.best_epoch - 1].macro_f1


def show_learning(learnt: Examples, held_out: Examples) -> None:
    """Print what both networks learn in which time, and how fast and large `small` is."""
    original, original_times = timed(learnt, held_out, "original")
    small, times = timed(learnt, held_out, "small")
    best, best_s = best_of(original), original_times[original.best_epoch - 1]
    reached_s = [end for epoch, end in zip(small.history, times, strict=True) if epoch.macro_f1 >= best]
    same_s, own, one_ms = min(reached_s, default=math.inf), best_of(small), 1000 * answer_seconds(small, held_out)
    print(f"\n{len(learnt)} clips learnt, {len(held_out)} of other takes held out; macro F1 is synthetic")
    print(f"  original: {best:.3f} after {best_s:.1f} s, in epoch {original.best_epoch} of {len(original_times)}")
    print(f"  small: {own:.3f} in epoch {small.best_epoch}; all {len(times)} epochs took {times[-1]:.1f} s")
    print(f"\n{'network small':<44}{'found':>10}   target")
    for name, found, target, is_met in (
        ("time to original's best score", f"{same_s:.1f} s", f"<= {best_s / 5:.1f} s (a fifth)", same_s <= best_s / 5),
        ("macro F1", f"{own:.3f}", f"> {best:.3f} (original)", own > best),
        ("a clip in ONNX Runtime, one core", f"{one_ms:.2f} ms", "< 2 ms", one_ms < 2),
        ("numbers learnt", f"{small.n_parameters:,}", "<= 300,000", small.n_parameters <= 300_000),
    ):
        print(f"  {name:<42}{found:>10}   {target}: {verdict(is_met)}")


def answer_seconds(fitted: Fitted, clips: Examples) -> float:
    """Median time of an answer about one clip."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(fitted.to_onnx(), options, providers=["CPUExecutionProvider"])
    one = {"patch": clips.patches[0][None, :, :, None], "changes": clips.changes[:1]}
    return seconds(lambda: session.run(None, one), 300)


def verdict(is_met: bool) -> str:
    return "met" if is_met else "missed"


if __name__ == "__main__":
    main()
