"""Long-term spectra of synthetic fans beside those of real MIMII fans, for docs/synthetic.md.

``python docs/figures/mimii_spectrum.py FOLDER ...`` takes folders with 8-channel clips of MIMII's fans, writes
docs/images/mimii-fans.png and prints levels by octave, microphone correlations and crest factors of both.
"""

import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt

from auscult.audio import read_audio
from auscult.synth import render_clip

matplotlib.use("Agg")

OCTAVES_HZ = 62.5 * 2.0 ** np.arange(8)
N_FANS = 12
IMAGE = Path(__file__).parents[1] / "images" / "mimii-fans.png"


def spectrum_db(y: np.ndarray, sr: int) -> np.ndarray:
    """Long-term power spectrum of the first channel in bins of 1 Hz, in dB re its total."""
    segments = y[0, : y.shape[1] // sr * sr].reshape(-1, sr) * np.hanning(sr)
    power = np.mean(np.abs(np.fft.rfft(segments)) ** 2, axis=0)
    return 10 * np.log10(power / power.sum() + 1e-12)


def figures(clips: list[np.ndarray], sr: int) -> tuple[np.ndarray, str]:
    """Spectra of some clips, and their figures as a line."""
    spectra = np.array([spectrum_db(y, sr) for y in clips])
    octaves = [
        10 * np.log10(np.sum(10 ** (spectra[:, int(hz / 2**0.5) : int(hz * 2**0.5)] / 10), axis=1).mean())
        for hz in OCTAVES_HZ
    ]
    matrices = [np.corrcoef(y) for y in clips]
    neighbour = np.mean([[matrix[i, (i + 1) % 8] for i in range(8)] for matrix in matrices])
    opposite = np.mean([[matrix[i, (i + 4) % 8] for i in range(8)] for matrix in matrices])
    levels_db = [10 * np.log10(np.mean(y**2)) for y in clips]
    crests_db = [20 * np.log10(np.max(np.abs(y[0])) / np.sqrt(np.mean(y[0] ** 2))) for y in clips]
    line = " ".join(f"{level:6.1f}" for level in octaves)
    line += f" | {neighbour:.3f} {opposite:.3f} | {np.mean(levels_db):6.1f} | {np.mean(crests_db):5.1f}"
    return spectra, line


def main() -> None:
    paths = sorted(path for folder in sys.argv[1:] for path in Path(folder).rglob("*.wav"))
    real, sr = [], 16000
    for path in paths:
        y, sr = read_audio(path, channels="all")
        real.append(y)
    synthetic = [render_clip("fan", machine_number=i, snr_db=0, sr=sr, scene_number=i % 4) for i in range(N_FANS)]
    print("levels by octave, dB re total: " + " ".join(f"{hz:6.0f}" for hz in OCTAVES_HZ), end="")
    print(" | neighbour, opposite microphone | level dBFS | crest dB")
    figure, axis = plt.subplots(figsize=(9, 4), dpi=90, layout="constrained")
    for name, clips, colour in (("real, MIMII", real, "C1"), ("synthetic, 0 dB", synthetic, "C0")):
        spectra, line = figures(clips, sr)
        print(f"{f'{len(clips)} {name}':<30} {line}")
        smooth = [np.convolve(spectrum, np.ones(9) / 9, mode="same") for spectrum in spectra]
        for spectrum in smooth:
            axis.plot(spectrum[1:], color=colour, lw=0.5, alpha=0.35)
        axis.plot(np.median(smooth, axis=0)[1:], color=colour, lw=2, label=f"{name}: median of {len(clips)}")
    axis.set(xscale="log", xlim=(20, sr / 2), ylim=(-85, -5), xlabel="frequency in Hz", ylabel="dB per Hz re total")
    axis.grid(alpha=0.3)
    axis.legend()
    IMAGE.parent.mkdir(exist_ok=True)
    figure.savefig(IMAGE)


if __name__ == "__main__":
    main()
