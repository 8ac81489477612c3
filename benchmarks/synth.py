"""Synthetic clips: seconds of 8-channel sound that one core renders in a second.

There is nothing to stand beside: the floor is the time of the clip's own Fourier transforms, one for each part of the
machine, source of noise and microphone.
"""

import os
import statistics
import tempfile
import time

import numpy as np

from auscult.synth import MACHINES, render_clip, write_dataset

DURATION_S = 10.0
SR = 16000
N_CLIPS = 15
N_TRANSFORMS = 3 + 6 + 3 * 8  # parts; noise sources; machine, rumble and sources at the microphones


def processor_seconds(work, n: int) -> float:
    """Median of the processor seconds that a piece of work takes, over n times after a first."""
    times = []
    for number in range(n + 1):
        start = time.process_time()
        work(number)
        times.append(time.process_time() - start)
    return statistics.median(times[1:])


def main() -> None:
    y = np.random.default_rng(0).standard_normal(round(DURATION_S * SR)).astype(np.float32)
    floor = processor_seconds(lambda _: [np.fft.irfft(np.fft.rfft(y)) for _ in range(N_TRANSFORMS // 2)], N_CLIPS)
    print(f"synthetic clips of {DURATION_S:g} s, 8 channels, one core; floor: Fourier transforms {1000 * floor:.0f} ms")
    for machine_type, kind in MACHINES.items():
        fault = next(iter(kind.faults))

        def render(number, machine_type=machine_type, fault=fault):
            render_clip(machine_type, fault=fault, snr_db=0, take_number=number, scene_number=number % 4)

        one = processor_seconds(render, N_CLIPS)
        print(f"  {machine_type:<8}{1000 * one:6.0f} ms a clip {DURATION_S / one:6.0f} x real time")
    for n_jobs in sorted({1, os.cpu_count() or 1}):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            rows = write_dataset(folder, n_ids=2, snr_db=(-6, 0, 6), n_normal=20, n_anomalous=10, n_jobs=n_jobs)
            took = time.perf_counter() - start
        factor = len(rows) * DURATION_S / took
        print(f"  {len(rows)} clips of fans to the disk, {n_jobs} job(s): {took:.1f} s, {factor:.0f} x real time")


if __name__ == "__main__":
    main()
