"""Fingerprints: which copies of a recording are found, and how often different recordings pass for one.

Synthetic clips of all four types of machine, seeds that nothing was chosen on; every copy is looked for among the
originals and copies of all.
"""

import time

import numpy as np
import soxr

from auscult.audio.fingerprint import Fingerprint, find_duplicates, fingerprint
from auscult.synth import MACHINES, render_clip

SR = 16000
SEEDS = range(210, 216)
N_TAKES = 300  # of one machine, for false matches


def clip(machine_type: str, seed: int, **options) -> np.ndarray:
    """One 8-channel clip at 6 dB unless the options say otherwise."""
    return render_clip(machine_type, seed=seed, **({"snr_db": 6, "scene_number": seed % 4} | options))


def copies(machine_type: str, seed: int) -> dict[str, tuple[np.ndarray, int]]:
    """What may become of a clip: waveform of one channel, and its sampling rate."""
    y, rng = clip(machine_type, seed), np.random.default_rng([seed, len(machine_type), ord(machine_type[0])])
    first = y[0]
    white = np.sqrt(np.mean(first**2) / 100) * rng.standard_normal(first.size)
    return {
        "another gain": (0.1 * first, SR),
        "8 bits": (np.round(first * 127 / np.abs(first).max()) / 127, SR),
        "another channel": (y[4], SR),
        "mean of the channels": (y.mean(axis=0), SR),
        "white noise at 20 dB": (first + white, SR),
        "rolled by 3.3 s": (np.roll(first, int(3.3 * SR)), SR),
        "crop of 5 s": (first[int(2.7 * SR) : int(7.7 * SR)], SR),
        "at 22.05 kHz": (soxr.resample(first, SR, 22050), 22050),
        "remix at 0 dB": (clip(machine_type, seed, snr_db=0, scene_number=(seed + 1) % 4)[0], SR),
        "remix at -6 dB": (clip(machine_type, seed, snr_db=-6, scene_number=(seed + 1) % 4)[0], SR),
    }


def heard(y: np.ndarray, sr: int) -> Fingerprint:
    """Fingerprint of a waveform."""
    return fingerprint(np.ascontiguousarray(y, dtype=np.float32), sr)


def main() -> None:
    originals, changed = {}, {}
    for machine_type in MACHINES:
        for seed in SEEDS:
            originals[machine_type, seed] = heard(clip(machine_type, seed)[0], SR)
            for kind, (y, sr) in copies(machine_type, seed).items():
                changed[machine_type, seed, kind] = heard(y, sr)
    kinds = list(dict.fromkeys(kind for *_, kind in changed))
    print(f"synthetic clips of 10 s at 6 dB, {len(SEEDS)} machines of each type: copies found of those made")
    print(f"{'':<24}" + "".join(f"{machine_type:>9}" for machine_type in MACHINES))
    for kind in kinds:
        some = {name: print_ for name, print_ in changed.items() if name[2] == kind}
        names = {str(name): print_ for name, print_ in {**originals, **some}.items()}
        pairs = {frozenset((pair.first, pair.second)) for pair in find_duplicates(names)}
        right = {name for name in some if frozenset((str(name[:2]), str(name))) in pairs}
        cells = [f"{sum(name[0] == machine_type for name in right)}/{len(SEEDS)}" for machine_type in MACHINES]
        n_wrong = len(pairs) - len(right)
        print(f"{kind:<24}" + "".join(f"{cell:>9}" for cell in cells) + (f"   {n_wrong} false" if n_wrong else ""))
    for machine_type in ("fan", "valve"):
        takes = {}
        start = time.process_time()
        for number in range(N_TAKES):
            y = render_clip(machine_type, seed=216, take_number=number, n_channels=1, snr_db=6, scene_number=number % 4)
            takes[str(number)] = heard(y[0], SR)
        found = find_duplicates(takes)
        took = time.process_time() - start
        n_pairs = N_TAKES * (N_TAKES - 1) // 2
        print(f"different takes of one {machine_type}: {len(found)} of {n_pairs} pairs pass for one ({took:.0f} s)")


if __name__ == "__main__":
    main()
