"""How much was learnt from, in words: the same in a report and on the terminal."""

from auscult.bundle.figure_words import counted
from auscult.bundle.manifest import Manifest


def strange_takes(manifest: Manifest) -> list[str]:
    """Normal recordings that sound unlike all others of their machine, and were not learnt.

    Parameters
    ----------
    manifest : Manifest
        Of a bundle that was trained.
    """
    return [take for entry in manifest.thresholds.values() for take in entry.get("strange", [])]


def learnt_words(manifest: Manifest) -> str:
    """``160 normal clips of 2 machines learnt, 1 left out``, and how many were heard and yet not learnt.

    Parameters
    ----------
    manifest : Manifest
        Of a bundle that was trained.
    """
    data = manifest.training_data
    clips = counted(data["n_clips"], "normal synthetic clip" if data["is_synthetic"] else "normal clip")
    text = f"{clips} of {counted(len(manifest.thresholds), 'machine')} learnt"
    if n_strange := len(strange_takes(manifest)):
        text += f" but for {counted(n_strange, 'recording')} unlike all others"
    return f"{text}, {len(data['left_out']):,} left out"
