"""What is measured on: the original's model and clips where they are at hand, stand-ins of the same size elsewhere."""

import os
import tempfile
from pathlib import Path

REAL_DATA = Path(os.environ.get("AUSCULT_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))


def model_and_clip() -> tuple[Path, Path]:
    """Keras file of the original's network, and an 8-channel clip of 10 s at 16 kHz."""
    model, clip = REAL_DATA / "signalml" / "weightsMulti.hdf5", REAL_DATA / "signalml" / "pb1.wav"
    if model.exists() and clip.exists():
        return model, clip
    print(f"(no real data in {REAL_DATA}: random weights and noise of the same size instead)")
    return _stand_ins(Path(tempfile.mkdtemp(prefix="auscult-bench-")))


def _stand_ins(folder: Path) -> tuple[Path, Path]:
    import numpy as np
    import soundfile
    from original import build_network

    build_network().save(folder / "network.h5")
    noise = np.random.default_rng(0).normal(0, 0.05, (160_000, 8))
    soundfile.write(folder / "clip.wav", noise, 16_000, format="WAVEX", subtype="PCM_16")
    return folder / "network.h5", folder / "clip.wav"
