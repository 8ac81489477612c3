"""What each view of normality can do: of the ensemble, one way to say how far a clip is from normal.

Groups of descriptors are looked at apart and computed together: an array Z of standardised descriptors has the shape
(n_groups, n_clips, width), the columns of narrower groups filled up with zeros, which change no distance.
"""

from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.float32]]


class View(Protocol):
    """One or several scores of each group of standardised descriptors, learnt from normal clips."""

    N_SCORES: ClassVar[int]
    KEEPS_CLIPS: ClassVar[bool]
    """Whether it learns from the clips that are kept only, to compare others with them."""

    def fit(self, Z: NDArray[np.float32], widths: list[int]) -> Self:
        """Learn from normal clips.

        Parameters
        ----------
        Z : ndarray, shape (n_groups, n_clips, width), float32
        widths : list of int, length n_groups
            Columns that a group really has.
        """

    def scores(self, Z: NDArray[np.float32]) -> NDArray[np.float64]:
        """Score clips, shape (N_SCORES, n_groups, n_clips), >= 0: larger is farther from normal."""

    def to_arrays(self) -> Arrays:
        """What was learnt, but for the normal clips themselves."""

    @classmethod
    def from_arrays(cls, arrays: Arrays, bank: NDArray[np.float32]) -> Self:
        """View with what `to_arrays` gave, of normal clips `bank`, which are kept once for all views."""


def embedded(matrices: list[NDArray[np.float64]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Arrays of several sizes in one, filled up with zeros.

    Parameters
    ----------
    matrices : list of ndarray
        One a group, all of `len(shape)` dimensions.
    shape : tuple of int
        That of each group in the result.
    """
    whole = np.zeros((len(matrices), *shape), np.float32)
    for place, matrix in zip(whole, matrices, strict=True):
        place[tuple(slice(0, n) for n in matrix.shape)] = matrix
    return whole
