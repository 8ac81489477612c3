"""Seed -> machine sound with a known fault: one clip as an array, or a data set in MIMII's folder layout.

Everything here is synthetic; results obtained on it must say so.

render_clip     machine, fault, severity, SNR, seed -> waveform (n_channels, n_samples)
write_dataset   seed -> folder of clips mixed with factory noise, and truth.csv
MACHINES        the types of machine and their faults, by name
"""

from auscult.synth.clip import render_clip
from auscult.synth.dataset import write_dataset
from auscult.synth.machines import MACHINES

__all__ = ["MACHINES", "render_clip", "write_dataset"]
