"""Features on one core: from a file, of a waveform, and live; the original's recipe and other libraries beside ours.

The process is bound to one core, so that nobody's threads help.
"""

import os
import statistics
import time
from collections.abc import Callable

import librosa
import numpy as np
import original
import scipy.fft
import torch
from subject import model_and_clip
from timing import seconds, side_by_side

import auscult
from auscult.features import LogMel, OriginalMfcc, feature_stream, fft, modulation, orders, spectrum
from auscult.features.augment import ORIGINAL_AUGMENTATIONS
from auscult.features.extract import Extraction, ExtractTask

POOLED = tuple(name for name in LogMel().groups if name not in ("modulation", "orders"))
SR = 16000
N_STREAMS = 50
LIVE_S = 5


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    _, clip = model_and_clip()
    from_file(clip)
    from_waveform(auscult.read_audio(clip)[0])
    live()


def from_file(clip) -> None:
    """File to features, the original's recipe beside each of ours."""
    mfcc, pooled, everything = OriginalMfcc(), LogMel(groups=POOLED), LogMel()
    print(f"{'one 8-channel clip of 10 s, file to features':<46} {'original':>12} {'Auscult':>12}   ratio (range)")
    for title, theirs, ours in (
        ("40 x 433 MFCC", original.features, lambda path: mfcc.patch(*auscult.read_audio(path))),
        ("log-mel descriptors (level and 8 poolings)", original.features, lambda path: described(pooled, path)),
        ("the same with modulation and orders", original.features, lambda path: described(everything, path)),
        ("MFCC with the original's three copies, hashed", four_of_the_original, four_of_ours),
    ):
        side_by_side(title, lambda their=theirs: their(clip), lambda our=ours: our(clip), n=(3, 15))


def described(recipe: LogMel, path):
    return recipe.descriptors(*auscult.read_audio(path))


def four_of_the_original(clip):
    y, sr = librosa.load(clip, res_type="kaiser_fast")
    copies = y, y + 0.005 * np.random.randn(len(y)), np.roll(y, 1600), librosa.effects.time_stretch(y, rate=1)  # noqa: NPY002 - as it was
    return [librosa.feature.mfcc(y=copy, sr=sr, n_mfcc=40) for copy in copies]


def four_of_ours(clip):
    extraction = Extraction(OriginalMfcc(), "mean", 0)
    return extraction(ExtractTask(str(clip), augmentations=("", *ORIGINAL_AUGMENTATIONS)))


def from_waveform(y: np.ndarray) -> None:
    """Log-mel 1024/512/128 of the same 10 s by several libraries, and the bare FFTs below which none can be."""
    window = np.hanning(1025)[:-1].astype(np.float32)
    filters = librosa.filters.mel(sr=SR, n_fft=1024, n_mels=128)
    frames = np.ascontiguousarray(np.lib.stride_tricks.sliding_window_view(y, 1024)[::512] * window)
    recipe = LogMel()
    torch_y, torch_window, torch_filters = torch.from_numpy(y), torch.from_numpy(window), torch.from_numpy(filters)

    def with_librosa():
        return librosa.power_to_db(
            librosa.feature.melspectrogram(y=y, sr=SR, n_fft=1024, hop_length=512, n_mels=128, center=False),
            top_db=None,
        )

    def with_torch():
        parts = torch.stft(torch_y, 1024, 512, window=torch_window, center=False, return_complex=True)
        return 10 * torch.log10(torch.clamp(torch_filters @ parts.abs().square(), min=1e-10))

    def with_scipy():
        spectra = scipy.fft.rfft(np.lib.stride_tricks.sliding_window_view(y, 1024)[::512] * window)
        return 10 * np.log10(np.maximum((np.abs(spectra) ** 2) @ filters.T, 1e-10))

    works: dict[str, Callable[[], object]] = {
        "bare FFTs (scipy.fft), the floor": lambda: scipy.fft.rfft(frames),
        "Auscult": lambda: recipe.patch(y, SR),
        "SciPy and numpy": with_scipy,
        "PyTorch": with_torch,
        "librosa": with_librosa,
        "bare FFTs (numpy.fft)": lambda: np.fft.rfft(frames),
        "Auscult with numpy's FFT, as in the core install": lambda: with_numpy(lambda: recipe.patch(y, SR)),
    }
    print("\nlog-mel of 10 s at 16 kHz, 1024/512/128")
    for work in works.values():
        work(), work()
    rounds = [{name: seconds(work, 15) for name, work in works.items()} for _ in range(9)]
    for name in works:
        ratios = sorted(times[name] / times["Auscult"] for times in rounds)
        median_ms = 1000 * statistics.median(times[name] for times in rounds)
        print(f"  {name:<50} {median_ms:7.2f} ms {statistics.median(ratios):7.2f} of Auscult's "
              f"({ratios[0]:.2f}-{ratios[-1]:.2f})")  # fmt: skip
    floors = sorted(times["Auscult"] / times["bare FFTs (scipy.fft), the floor"] for times in rounds)
    print(f"  Auscult is at {statistics.median(floors):.2f} times the floor ({floors[0]:.2f}-{floors[-1]:.2f})")


def with_numpy(work: Callable[[], object]) -> object:
    modules = spectrum, orders, modulation
    for module in modules:
        module.rfft = np.fft.rfft
    try:
        return work()
    finally:
        for module in modules:
            module.rfft = fft.rfft


def live() -> None:
    """Streams of 16 kHz, one channel, pushed in chunks of 100 ms, that one core keeps up with."""
    print(
        f"\nlive: streams of one channel at {SR // 1000} kHz that one core keeps up with, features every second of 10 s"
    )
    for title, recipe in (("log-mel, level and 8 poolings", LogMel(groups=POOLED)), ("all descriptors", LogMel())):
        print(f"  {title:<50} {streams_per_core(recipe):7.0f}")
        with_other = f"{title}, numpy's FFT"
        print(f"  {with_other:<50} {with_numpy(lambda own=recipe: streams_per_core(own)):7.0f}")


def streams_per_core(recipe: LogMel) -> float:
    rng = np.random.default_rng(0)
    sounds = [(0.1 * rng.standard_normal(SR)).astype(np.float32) for _ in range(4)]
    streams = [feature_stream(recipe, SR) for _ in range(N_STREAMS)]
    for stream in streams:
        for _ in range(10):
            stream.push(sounds[0])
    start = time.perf_counter()
    n_found = 0
    for second in range(LIVE_S):
        for number, stream in enumerate(streams):
            for chunk in np.split(sounds[(second + number) % 4], 10):
                n_found += len(stream.push(chunk))
    assert n_found >= (LIVE_S - 1) * N_STREAMS
    return N_STREAMS * LIVE_S / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
