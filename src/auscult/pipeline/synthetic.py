"""Whether recordings are synthetic, so that it is said of every figure."""

from collections.abc import Sequence
from pathlib import Path

from auscult.audio import Clip
from auscult.synth.truth import is_truth_csv


def is_synthetic(root: Path, clips: Sequence[Clip]) -> bool:
    """Whether a folder near the clips holds the table of a synthetic data set.

    Parameters
    ----------
    root : Path
        Folder or table that names the clips.
    clips : sequence of Clip
    """
    if root.is_dir():
        near = [*(folder / "truth.csv" for folder in [root, *root.parents[:4]]), *root.rglob("truth.csv")]
    else:
        homes = {
            folder for clip in clips for folder in clip.path.parents[:5]
        }  # up to <snr> and above, in MIMII's layout
        near = [folder / "truth.csv" for folder in sorted(homes)]
    return any(is_truth_csv(table) for table in near)
