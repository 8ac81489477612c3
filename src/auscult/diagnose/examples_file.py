"""Examples in a folder, which several processes map into memory instead of each having its own."""

from pathlib import Path

import numpy as np

from auscult.diagnose.examples import Examples

PATCHES = "patches.npy"
REST = "examples.npz"


def write_examples(folder: Path, examples: Examples) -> None:
    """Write examples.

    Parameters
    ----------
    folder : path
        It has to be there. What was written to it before is lost.
    examples : Examples
        At least one.
    """
    shape = (int(examples.n_frames.sum()), examples.n_bands)
    with (folder / PATCHES).open("wb") as file:  # a full disk refuses a write; a mapped file would end the process
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for patch in examples.patches:
            file.write(patch.T.astype("<f4").tobytes())
    np.savez(
        folder / REST,
        n_frames=examples.n_frames,
        changes=examples.changes,
        labels=examples.labels,
        takes=np.array(examples.takes),
    )


def read_examples(folder: Path) -> Examples:
    """Read what `write_examples` wrote; patches are mapped from the disk, so that processes share them.

    Parameters
    ----------
    folder : path

    Returns
    -------
    auscult.diagnose.Examples
    """
    frames = np.load(folder / PATCHES, mmap_mode="r", allow_pickle=False)
    with np.load(folder / REST, allow_pickle=False) as rest:
        ends = np.cumsum(rest["n_frames"]).tolist()
        patches = [frames[start:end].T for start, end in zip([0, *ends], ends, strict=False)]
        return Examples(patches, rest["changes"], rest["labels"], tuple(rest["takes"].tolist()))
