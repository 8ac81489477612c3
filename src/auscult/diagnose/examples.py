"""What a network learns from: patches and changes of descriptors of clips, their faults and their takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auscult.errors import DataError

_AGAIN = "Compute the features of these clips again, and leave out those that cannot be read."


@dataclass(frozen=True, eq=False)
class Examples:
    """Clips that a network learns from, or is to tell apart.

    Raises
    ------
    DataError
        If something is not finite, has another shape than stated, or its number differs from that of the patches.
    """

    patches: Sequence[NDArray[np.float32]]
    """One a clip, shape (n_bands, n_frames): change of level against normal sound in dB. All have the same bands."""
    changes: NDArray[np.float32]
    """Changes of descriptors in deviations of normal sound, shape (n_clips, n_changes); n_changes may be 0."""
    labels: NDArray[np.int64]
    """Places of the clips' faults in a list of names, shape (n_clips,)."""
    takes: tuple[str, ...]
    """What the clips were made of, length n_clips."""

    def __post_init__(self) -> None:
        patches = tuple(_numbers(patch, f"patch {place}", 2) for place, patch in enumerate(self.patches))
        changes, labels, takes = _numbers(self.changes, "changes", 2), np.asarray(self.labels), tuple(self.takes)
        for name, number in (("changes", len(changes)), ("labels", labels.size), ("takes", len(takes))):
            if number != len(patches):
                raise DataError(name, f"there are {number} for {len(patches)} patches", "Give one for each clip.")
        for place, patch in enumerate(patches):
            if not patch.size:
                raise DataError(f"patch {place}", f"is empty, of shape {patch.shape}", _AGAIN)
            if len(patch) != len(patches[0]):
                problem = f"has {len(patch)} bands, the first has {len(patches[0])}"
                raise DataError(f"patch {place}", problem, "Compute all features with one recipe.")
        if labels.ndim != 1 or (labels.size and (labels.dtype.kind not in "iu" or labels.min() < 0)):
            problem = f"are of kind {labels.dtype} and shape {labels.shape}, or negative"
            raise DataError("labels", problem, "Give the place of each clip's fault in the list of names.")
        values = {"patches": patches, "changes": changes, "labels": labels.astype(np.int64), "takes": takes}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.patches)

    @property
    def n_bands(self) -> int:
        """Bands of each patch; 0 if there are no clips."""
        return len(self.patches[0]) if self.patches else 0

    @property
    def n_changes(self) -> int:
        """Changes of descriptors of each clip."""
        return int(self.changes.shape[1])

    @property
    def n_frames(self) -> NDArray[np.int64]:
        """Frames of each patch, shape (n_clips,)."""
        return np.array([patch.shape[1] for patch in self.patches], dtype=np.int64)

    def subset(self, places: ArrayLike) -> Self:
        """Some of the clips, in this order.

        Parameters
        ----------
        places : array-like
            Places of clips from 0, or one truth value for each clip.
        """
        chosen = np.arange(len(self))[np.asarray(places, dtype=None if np.size(places) else np.int64)]
        return type(self)(
            [self.patches[place] for place in chosen],
            self.changes[chosen],
            self.labels[chosen],
            tuple(self.takes[place] for place in chosen),
        )


def compressed(changes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of changes that keep their sign: a fault moves some descriptors by 2 deviations, others by 2,000.

    Parameters
    ----------
    changes : ndarray, any shape

    Returns
    -------
    ndarray, the same shape
    """
    logarithms: NDArray[np.float32] = np.sign(changes) * np.log1p(np.abs(changes))
    return logarithms


def _numbers(values: ArrayLike, name: str, n_axes: int) -> NDArray[np.float32]:
    """Array of finite numbers; one too large for float32 is not finite either."""
    try:
        with np.errstate(over="ignore"):
            array = np.asarray(values, dtype=np.float32)
    except (TypeError, ValueError):
        raise DataError(name, "are not an array of numbers", _AGAIN) from None
    if array.ndim != n_axes:
        raise DataError(name, f"of shape {array.shape}, expected {n_axes} axes", _AGAIN)
    if not np.isfinite(array).all():
        raise DataError(name, "not all of it is finite", _AGAIN)
    return array
