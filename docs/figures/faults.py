"""Pictures and sounds of every synthetic fault, for the pages in docs/faults.

``python docs/figures/faults.py`` writes docs/faults/images/<machine>-<fault>.png and, with players,
docs/faults/listen.html. What is shown is the first machine of seed 0 at 12 dB, the same recording without and with
the fault.
"""

import base64
import html
import io
import re
from pathlib import Path

import matplotlib
import numpy as np
import soundfile
from matplotlib import pyplot as plt
from PIL import Image

from auscult.synth import MACHINES, render_clip

matplotlib.use("Agg")

PAGES = Path(__file__).parents[1] / "faults"
SR = 16000
DURATION_S = 6.0
SNR_DB = 12.0
SEVERITY = 0.85
N_FFT = 1024
HOP_LENGTH = 256
RANGE_DB = 60.0
HIGHEST_MODULATION_HZ = 150
LEVEL_DB = -16.0  # of the sounds, re full scale: recordings themselves are quiet


def spectrogram_db(y: np.ndarray) -> np.ndarray:
    """Power of each bin and frame, (n_bins, n_frames), in dB re full scale."""
    frames = np.lib.stride_tricks.sliding_window_view(y, N_FFT)[::HOP_LENGTH] * np.hanning(N_FFT)
    return 20 * np.log10(np.abs(np.fft.rfft(frames, axis=1)).T / (N_FFT / 4) + 1e-7)


def modulation_percent(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How deep the envelope of the sound above 1 kHz is modulated, and at which frequencies in Hz."""
    spectrum = np.fft.rfft(y)
    spectrum[: int(1000 * DURATION_S)] = 0
    envelope = np.fft.irfft(spectrum, y.size) ** 2
    depth = 2 * np.abs(np.fft.rfft(envelope)) / np.sum(envelope) * 100
    at_hz = np.arange(1, int(HIGHEST_MODULATION_HZ * DURATION_S)) / DURATION_S
    return at_hz, depth[1 : at_hz.size + 1]


def draw(title: str, normal: np.ndarray, faulty: np.ndarray) -> Image.Image:
    """Spectrograms of both side by side, their long-term spectra, and the spectra of their envelopes."""
    spectrograms = [spectrogram_db(y) for y in (normal, faulty)]
    top = max(float(spectrogram.max()) for spectrogram in spectrograms)
    figure, axes = plt.subplots(1, 4, figsize=(13, 2.9), dpi=90, layout="constrained")
    for axis, spectrogram, name in zip(axes, spectrograms, ("normal", title), strict=False):
        placing = {"origin": "lower", "aspect": "auto", "extent": (0, DURATION_S, 0, SR / 2000)}
        axis.imshow(spectrogram, vmin=top - RANGE_DB, vmax=top, cmap="magma", **placing)
        axis.set(title=name, xlabel="time in s", ylabel="frequency in kHz")
    bins_khz = np.linspace(0, SR / 2000, N_FFT // 2 + 1)
    for spectrogram, name in zip(spectrograms, ("normal", title), strict=True):
        axes[2].plot(bins_khz[1:], 10 * np.log10(np.mean(10 ** (spectrogram[1:] / 10), axis=1)), label=name, lw=1)
    axes[2].set(xscale="log", xlabel="frequency in kHz", ylabel="level in dB", title="long-term spectrum")
    axes[2].set_xticks([0.05, 0.2, 0.5, 1, 2, 5], labels=["0.05", "0.2", "0.5", "1", "2", "5"])
    axes[2].minorticks_off()
    axes[2].legend()
    for y, name in ((normal, "normal"), (faulty, title)):
        axes[3].plot(*modulation_percent(y), label=name, lw=1)
    axes[3].set(xlim=(0, HIGHEST_MODULATION_HZ), ylim=0, xlabel="modulation in Hz", ylabel="depth in %")
    axes[3].set_title("envelope above 1 kHz")
    for axis in axes[2:]:
        axis.grid(alpha=0.3)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    plt.close(figure)
    return Image.open(png).convert("RGB").quantize(64)


def wav_uri(y: np.ndarray) -> str:
    """A sound as part of a page."""
    wav = io.BytesIO()
    y = y * 10 ** (LEVEL_DB / 20) / np.sqrt(np.mean(y**2))
    soundfile.write(wav, np.clip(y, -0.99, 0.99), SR, format="WAV", subtype="PCM_16")
    return f"data:audio/wav;base64,{base64.b64encode(wav.getvalue()).decode()}"


def section(machine_type: str, fault: str) -> str:
    """A fault's picture, written beside its page, and what the listening page says of it."""
    options = {"snr_db": SNR_DB, "duration_s": DURATION_S, "sr": SR, "n_channels": 1}
    normal = render_clip(machine_type, **options)[0]
    faulty = render_clip(machine_type, fault=fault, severity=SEVERITY, **options)[0]
    name = f"{machine_type}-{fault}"
    path = PAGES / "images" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    draw(fault.replace("-", " "), normal, faulty).save(path, optimize=True)
    page = (PAGES / f"{name}.md").read_text()
    heading, sentence = re.match(r"# (.+)\n\n((?:.+\n)+)", page).groups()
    picture = base64.b64encode(path.read_bytes()).decode()
    return f"""<section id="{name}"><h2>{html.escape(heading)}</h2>
<p>{html.escape(sentence)} <a href="{name}.md">More</a></p>
<img alt="Spectrograms of a normal {machine_type} and of one with {fault}" src="data:image/png;base64,{picture}">
<p><label>normal <audio controls src="{wav_uri(normal)}"></audio></label>
<label>{fault.replace("-", " ")} <audio controls src="{wav_uri(faulty)}"></audio></label></p></section>"""


def main() -> None:
    sections = [section(machine_type, fault) for machine_type, kind in MACHINES.items() for fault in kind.faults]
    style = (
        "body{font:16px/1.5 sans-serif;max-width:1000px;margin:auto;padding:1em}"
        "img{max-width:100%}label{margin-right:2em}"
    )
    note = f"Synthetic sounds: the same recording without and with a fault of severity {SEVERITY}, at {SNR_DB:g} dB."
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Auscult: faults to listen to</title><style>{style}</style><h1>Faults to listen to</h1><p>{note}</p>
{"".join(sections)}</html>
"""
    (PAGES / "listen.html").write_text(page)
    print(f"{len(sections)} faults: {PAGES / 'listen.html'}")


if __name__ == "__main__":
    main()
