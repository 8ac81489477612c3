"""Scanning: clips a second on one thread and on all cores, headers only and with statistics and fingerprints.

Beside it what libsndfile takes to open each file, and to read it.
"""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from auscult.audio.scan import scan

N_CLIPS = 200
N_CHANNELS = 8
SR = 16000
DURATION_S = 10
ROUNDS = 5


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "6_dB_fan" / "fan" / "id_00" / "normal"
        root.mkdir(parents=True)
        first = root / "00000000.wav"
        y = 0.05 * np.random.default_rng(0).standard_normal((DURATION_S * SR, N_CHANNELS))
        soundfile.write(first, y, SR, format="WAVEX", subtype="PCM_16")
        clips = [first, *(root / f"{number:08d}.wav" for number in range(1, N_CLIPS))]
        for clip in clips[1:]:
            shutil.copy(first, clip)
        megabytes = first.stat().st_size / 1e6
        print(f"{N_CLIPS} clips of {DURATION_S} s, {N_CHANNELS} channels, {megabytes:.2f} MB, read before")
        report("headers", lambda: [soundfile.info(clip) for clip in clips], folder, with_audio=False)
        report(
            "with the sound", lambda: [soundfile.read(clip, dtype="float32") for clip in clips], folder, with_audio=True
        )


def report(title: str, theirs: Callable[[], object], folder: str, *, with_audio: bool) -> None:
    """Print clips a second: libsndfile alone, ours on one thread, ours on all cores, in rounds that measure each."""
    n_cores = os.cpu_count() or 1
    output = Path(folder) / "clips.csv"
    works = {
        "libsndfile alone": theirs,
        "scan --jobs 1": lambda: scan(folder, output=output, with_audio=with_audio, n_jobs=1),
        f"scan --jobs {n_cores}": lambda: scan(folder, output=output, with_audio=with_audio, n_jobs=n_cores),
    }
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            rates[name].append(N_CLIPS / (time.perf_counter() - start))
    for name, found in rates.items():
        print(f"  {title:<16}{name:<20}{statistics.median(found):8.0f} clips/s  ({min(found):.0f}-{max(found):.0f})")


if __name__ == "__main__":
    main()
