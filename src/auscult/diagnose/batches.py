"""Clips of any length in batches: cut to one length to learn from, whole to be judged."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from auscult.diagnose.examples import Examples

N_WHOLE = 64
"""Most whole clips in a batch."""
MOST_FRAMES = 2**16
"""Most frames in a batch of whole clips, which bounds its memory: 64 clips of half a minute."""

Batch = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Places of clips in the examples, and their patches, shape (n_batch, n_bands, n_frames)."""


def n_learning_batches(n_clips: int, batch_size: int) -> int:
    """Batches in which `learning_batches` gives all clips once."""
    # Nothing can be standardised over a single clip: one that is left over is passed over, another one each time.
    return n_clips // batch_size + (n_clips % batch_size > 1)


def learning_batches(
    examples: Examples, *, n_frames: int, batch_size: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """All clips once, in random order, from a random frame on.

    Parameters
    ----------
    examples : Examples
    n_frames : int > 0
        To which longer clips are cut; shorter ones begin anew.
    batch_size : int > 1
        Clips; the last batch has fewer. A single clip that is left over is passed over.
    rng : numpy Generator
        Draws the order and the frames.

    Yields
    ------
    places : ndarray, shape (n_batch,)
    patches : ndarray, shape (n_batch, n_bands, n_frames)
    """
    order = rng.permutation(len(examples))
    spare = np.maximum(examples.n_frames[order] - n_frames, 0)
    starts = rng.integers(spare, endpoint=True)
    for number in range(n_learning_batches(len(examples), batch_size)):
        own = slice(number * batch_size, (number + 1) * batch_size)
        frames = zip(order[own], starts[own], strict=True)
        yield order[own], np.stack([_cut(examples.patches[place], start, n_frames) for place, start in frames])


def whole_batches(examples: Examples) -> Iterator[Batch]:
    """All clips once, whole, those of one length together.

    Yields
    ------
    places : ndarray, shape (n_batch,)
    patches : ndarray, shape (n_batch, n_bands, n_frames)
    """
    n_frames = examples.n_frames
    for length in np.unique(n_frames).tolist():
        alike = np.flatnonzero(n_frames == length)
        size = min(max(MOST_FRAMES // length, 1), N_WHOLE)
        for start in range(0, alike.size, size):
            places = alike[start : start + size]
            yield places, np.stack([examples.patches[place] for place in places])


def _cut(patch: NDArray[np.float32], start: int, n_frames: int) -> NDArray[np.float32]:
    if patch.shape[1] >= n_frames:
        return patch[:, start : start + n_frames]
    return patch[:, np.arange(n_frames) % patch.shape[1]]
