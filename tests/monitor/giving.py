"""Sound for a monitor that is not started: it hears what a test gives it, as if it came now."""

import numpy as np

from auscult.monitor.sources.blocks import Block

SR = 16000
BLOCK_S = 0.5


def give(monitor, sound, *, source="hall", sr=SR, is_broken=False):
    """Let it hear a waveform, half a second after the other; of its clock that time passes."""
    n_block = round(BLOCK_S * sr)
    for start in range(0, len(sound) - n_block + 1, n_block):
        monitor.clock.at += BLOCK_S
        y = sound[start : start + n_block].astype(np.float32)[None]
        monitor._hear(Block(source, y, sr, monitor.clock.at, is_broken and start == 0, 1))
        monitor._tick()
