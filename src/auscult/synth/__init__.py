"""Seed -> machine sound with a known fault, in MIMII's folder layout.

Everything here is synthetic; results obtained on it must say so.

draw_fan        random generator -> `Fan`, one individual machine
render_fan      `Fan` (and the severity of its imbalance) -> waveform
write_dataset   seed -> folder of clips mixed with factory noise, and truth.csv
"""

from auscult.synth.dataset import write_dataset
from auscult.synth.fan import Fan, draw_fan, render_fan

__all__ = ["Fan", "draw_fan", "render_fan", "write_dataset"]
