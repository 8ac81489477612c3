"""The feature store: clips a second, beside the bare computing, and memory against the number of clips."""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

from auscult.features import LogMel
from auscult.features.extract import Extraction, ExtractTask
from auscult.pipeline.features import build_store

N_CLIPS = 400
SR = 16000
ROUNDS = 2
N_TINY = (1_000, 100_000)

MEASURE = """
import re, sys, time
from auscult.pipeline.features import build_store
start = time.perf_counter()
built = build_store(sys.argv[1], sys.argv[2], n_mels=16, groups=("mean",))
assert built.n_added == int(sys.argv[3])
print(time.perf_counter() - start, re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rates(Path(folder))
        memory(Path(folder))


def rates(folder: Path) -> None:
    """Clips of 10 s and 8 channels, read before."""
    rng = np.random.default_rng(0)
    y = (3000 * rng.standard_normal((10 * SR, 8))).astype(np.int16)
    data = folder / "data"
    data.mkdir()
    for number in range(N_CLIPS):
        y[0, 0] = number  # each has a content of its own
        soundfile.write(data / f"{number:08d}.wav", y, SR, format="WAVEX")
    extraction = Extraction(LogMel(), "mean", 0)
    n_cores = os.cpu_count() or 1
    works: dict[str, Callable[[], object]] = {
        "bare computing, one process": lambda: [extraction(ExtractTask(str(path))) for path in data.iterdir()],
        "store, --jobs 1": lambda: build(data, n_jobs=1),
        f"store, --jobs {n_cores}": lambda: build(data, n_jobs=n_cores),
        f"store, --cluster local:{n_cores}": lambda: build(data, cluster=f"local:{n_cores}"),
        "store, run again": lambda: build_store(data, folder / "kept"),
    }
    build_store(data, folder / "kept")
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            found[name].append(N_CLIPS / (time.perf_counter() - start))
    print(f"{N_CLIPS} clips of 10 s, 8 channels, all descriptors and patches; starting processes included")
    for name, own in found.items():
        print(f"  {name:<32} {statistics.median(own):8.0f} clips/s  ({min(own):.0f}-{max(own):.0f})")


def build(data: Path, **options) -> None:
    store = data.parent / "store"
    shutil.rmtree(store, ignore_errors=True)
    build_store(data, store, **options)


def memory(folder: Path) -> None:
    """Peak memory of the process that writes, for clips of 0.1 s."""
    print("peak memory of the writing process, clips of 0.1 s")
    for n in N_TINY:
        data = folder / f"tiny {n}"
        for number in range(n):
            place = data / f"{number // 1000:03d}"
            place.mkdir(parents=True, exist_ok=True)
            header, sound = _tiny(number)
            (place / f"{number:08d}.wav").write_bytes(header + sound)
        command = [sys.executable, "-c", MEASURE, data, folder / f"store {n}", str(n)]
        elapsed, peak = re.split(r"\s+", subprocess.run(command, check=True, capture_output=True, text=True).stdout)[:2]
        print(f"  {n:>7} clips {int(peak) / 1024:8.1f} MB {n / float(elapsed):10.0f} clips/s")


def _tiny(number: int) -> tuple[bytes, bytes]:
    """A WAV file of 1600 samples."""
    sound = np.random.default_rng(number).integers(-3000, 3000, 1600).astype("<i2").tobytes()
    fmt = b"fmt \x10\x00\x00\x00\x01\x00\x01\x00" + (SR).to_bytes(4, "little") + (2 * SR).to_bytes(4, "little")
    header = b"RIFF" + (36 + len(sound)).to_bytes(4, "little") + b"WAVE" + fmt + b"\x02\x00\x10\x00"
    return header + b"data" + len(sound).to_bytes(4, "little"), sound


if __name__ == "__main__":
    main()
