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

from auscult.audio.scan import Progress
from auscult.features import LogMel
from auscult.features.extract import Extraction, ExtractTask
from auscult.pipeline.features import build_store

N_CLIPS = 200
N_FIRST = 20
SR = 16000
ROUNDS = 5
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

    def bare(on_progress: Progress) -> None:
        for number, path in enumerate(sorted(data.iterdir()), start=1):
            extraction(ExtractTask(str(path)))
            on_progress("bare", number, N_CLIPS)

    works: dict[str, Callable[[Progress], object]] = {
        "bare computing, one process": bare,
        "store, --jobs 1": lambda report: build(data, report, n_jobs=1),
        f"store, --jobs {n_cores}": lambda report: build(data, report, n_jobs=n_cores),
        f"store, --cluster local:{n_cores}": lambda report: build(data, report, cluster=f"local:{n_cores}"),
        "store, run again": lambda report: build_store(data, folder / "kept", on_progress=report),
    }
    build_store(data, folder / "kept")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            found[name].append(clips_a_second(work))
    print(f"{N_CLIPS} clips of 10 s, 8 channels, all descriptors and patches; from the {N_FIRST}th clip on")
    for name, own in found.items():
        rates, starts_s = zip(*own, strict=True)
        print(
            f"  {name:<32} {statistics.median(rates):8.0f} clips/s  ({min(rates):.0f}-{max(rates):.0f}),"
            f" {statistics.median(starts_s):4.1f} s until then"
        )


def clips_a_second(work: Callable[[Progress], object]) -> tuple[float, float]:
    """Rate after the start, and how long that takes in seconds."""
    times: dict[int, float] = {}
    start = time.perf_counter()
    work(lambda _, n_done, __: times.setdefault(n_done, time.perf_counter()))
    first = min(number for number in times if number >= N_FIRST)
    return (N_CLIPS - first) / (max(times.values()) - times[first]), times[first] - start


def build(data: Path, on_progress: Progress, **options) -> None:
    store = data.parent / "store"
    shutil.rmtree(store, ignore_errors=True)
    build_store(data, store, on_progress=on_progress, **options)


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
