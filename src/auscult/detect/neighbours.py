"""How far a clip is from the normal clips most like it, against how far those are from theirs.

A clip of a rare operating state, or of a noisy day, is far from all others and yet normal: its neighbours are far from
each other as well. Distance with local-density normalisation (K. Wilkinghoff, H. Yang, J. Ebbers, F. G. Germain, G.
Wichern and J. Le Roux, "Keeping the balance: anomaly score calculation for domain generalization", ICASSP 2025).

Load, speed and noise change smoothly, so normal clips lie on curved surfaces, and between two of them lies a normal
clip that is like neither. So a clip is also put together from its neighbours as well as it can be (the weights of
locally linear embedding: S. T. Roweis and L. K. Saul, Science 290, 2000), and what is left over is compared likewise.
"""

from typing import ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from auscult.detect.view import Arrays, embedded

Scalar = TypeVar("Scalar", bound=np.generic)

N_NEAREST = 5
"""Neighbours of a clip, of which the one counts to which it is least strange."""
N_AROUND = 16
"""Neighbours of a neighbour, whose mean distance is its radius; and those that a clip is put together from."""
REGULARISATION = 0.1
"""Share of the mean variance of the neighbours by which far extrapolation is held back."""
N_WHITENED = 32
"""Principal components that are kept and brought to equal variance."""
CLIPS_AT_A_TIME = 128
"""Clips whose distances to all others are in memory."""


class Neighbours:
    """Distance to a normal clip over that clip's radius, least of the nearest ones; and what they leave over of it."""

    N_SCORES: ClassVar[int] = 2
    KEEPS_CLIPS: ClassVar[bool] = True

    def fit(self, Z: NDArray[np.float32], widths: list[int]) -> Self:
        """Learn from normal clips, standardised (`auscult.detect.view.View`)."""
        del widths
        self._remember(Z)
        distances, places = nearest(Z, Z, self._squares, N_AROUND + 1)
        self._radii = positive(distances[:, :, 1:].mean(axis=2))  # the nearest of all is the clip itself
        self._rests = positive(left_over(Z, Z, places[:, :, 1:]))
        return self

    def scores(self, Z: NDArray[np.float32]) -> NDArray[np.float64]:
        """Score clips, shape (2, n_groups, n_clips), >= 0."""
        distances, places = nearest(Z, self._bank, self._squares, N_AROUND)
        rests = left_over(Z, self._bank, places) / _taken(self._rests, places).mean(axis=2)
        return np.stack([_strangeness(distances, places, self._radii), rests])

    def _remember(self, bank: NDArray[np.float32]) -> None:
        self._bank, self._squares = bank, squares(bank)

    def to_arrays(self) -> Arrays:
        """What was learnt, but for the normal clips themselves."""
        return {"radii": self._radii.astype(np.float32), "rests": self._rests.astype(np.float32)}

    @classmethod
    def from_arrays(cls, arrays: Arrays, bank: NDArray[np.float32]) -> Self:
        """View with what `to_arrays` gave, of normal clips `bank`."""
        view = cls()
        view._remember(bank)
        view._radii, view._rests = (arrays[name].astype(float).reshape(bank.shape[:2]) for name in ("radii", "rests"))
        return view


class WhitenedNeighbours:
    """Distances among principal components of equal variance, where a small change of a steady band counts as well.

    Parameters
    ----------
    n_clips : int > 0
        Clips that it is to learn from, or fewer: of few, only a third as many components are kept.
    """

    N_SCORES: ClassVar[int] = 1
    KEEPS_CLIPS: ClassVar[bool] = True

    def __init__(self, n_clips: int = 3 * N_WHITENED) -> None:
        self._n_components = min(N_WHITENED, max(1, n_clips // 3))

    def fit(self, Z: NDArray[np.float32], widths: list[int]) -> Self:
        """Learn from normal clips, standardised (`auscult.detect.view.View`)."""
        n_most = self._n_components
        matrices = [_whitening(group[:, :width], n_most) for group, width in zip(Z, widths, strict=True)]
        self._whitening = embedded(matrices, (Z.shape[2], max(matrix.shape[1] for matrix in matrices)))
        self._remember(Z @ self._whitening)
        distances, _ = nearest(self._bank, self._bank, self._squares, N_AROUND + 1)
        self._radii = positive(distances[:, :, 1:].mean(axis=2))
        return self

    def scores(self, Z: NDArray[np.float32]) -> NDArray[np.float64]:
        """Score clips, shape (1, n_groups, n_clips), >= 0."""
        distances, places = nearest(Z @ self._whitening, self._bank, self._squares, N_NEAREST)
        return _strangeness(distances, places, self._radii)[None]

    def _remember(self, bank: NDArray[np.float32]) -> None:
        self._bank, self._squares = bank, squares(bank)

    def to_arrays(self) -> Arrays:
        """What was learnt, but for the normal clips themselves."""
        return {"radii": self._radii.astype(np.float32), "whitening": self._whitening}

    @classmethod
    def from_arrays(cls, arrays: Arrays, bank: NDArray[np.float32]) -> Self:
        """View with what `to_arrays` gave, of normal clips `bank`."""
        view, (n_groups, _, width) = cls(), bank.shape
        view._whitening = arrays["whitening"].reshape(n_groups, width, -1)
        if not view._whitening.size:
            raise ValueError("there is no whitening")
        view._remember(bank @ view._whitening)
        view._radii = arrays["radii"].astype(np.float64).reshape(bank.shape[:2])
        return view


def squares(bank: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared lengths of clips, shape (n_groups, n_bank), of which `nearest` makes distances."""
    lengths: NDArray[np.float32] = np.einsum("gij,gij->gi", bank, bank)
    return lengths


def nearest(
    Z: NDArray[np.float32], bank: NDArray[np.float32], bank_squares: NDArray[np.float32], n: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances to the nearest clips of a bank, and which those are.

    Parameters
    ----------
    Z : ndarray, shape (n_groups, n_clips, width), float32
    bank : ndarray, shape (n_groups, n_bank, width), float32
    bank_squares : ndarray, shape (n_groups, n_bank), float32
        From `squares`, taken once: for a single clip they would cost as much as the rest.
    n : int > 0

    Returns
    -------
    distances, places : ndarray, shape (n_groups, n_clips, min(n, n_bank))
        Nearest first.
    """
    n = min(n, bank.shape[1])
    parts = []
    for start in range(0, Z.shape[1], CLIPS_AT_A_TIME):
        some = Z[:, start : start + CLIPS_AT_A_TIME]
        if some.shape[1] == 1:  # not through BLAS, which would wake other threads for it
            products = np.einsum("gij,gj->gi", bank, some[:, 0])[:, None]
        else:
            products = some @ bank.transpose(0, 2, 1)
        chosen = np.argpartition(bank_squares[:, None] - 2 * products, n - 1, axis=2)[:, :, :n]
        differences = _taken(bank, chosen) - some[:, :, None]  # exact where a clip is very near
        exact = np.sqrt(np.einsum("gijk,gijk->gij", differences, differences, dtype=np.float64))
        order = np.argsort(exact, axis=2, kind="stable")
        parts.append((np.take_along_axis(exact, order, axis=2), np.take_along_axis(chosen, order, axis=2)))
    distances, places = zip(*parts, strict=True)
    return np.concatenate(distances, axis=1), np.concatenate(places, axis=1)


def left_over(Z: NDArray[np.float32], bank: NDArray[np.float32], places: NDArray[np.intp]) -> NDArray[np.float64]:
    """Length of what is left over of each clip when it is put together from others.

    Parameters
    ----------
    Z : ndarray, shape (n_groups, n_clips, width), float32
    bank : ndarray, shape (n_groups, n_bank, width), float32
    places : ndarray of int, shape (n_groups, n_clips, n_around)
        Those of the bank that a clip is put together from.

    Returns
    -------
    ndarray, shape (n_groups, n_clips)
    """
    lengths = np.empty(Z.shape[:2])
    for start in range(0, Z.shape[1], CLIPS_AT_A_TIME):
        clips = slice(start, start + CLIPS_AT_A_TIME)
        around = _taken(bank, places[:, clips])
        centres = around.mean(axis=2)
        around = around - centres[:, :, None]
        rests = Z[:, clips] - centres
        products = (around @ around.transpose(0, 1, 3, 2)).astype(np.float64)
        diagonals = np.einsum("gijj->gij", products)
        diagonals += np.maximum(REGULARISATION * diagonals.mean(axis=2), 1e-12)[:, :, None]
        weights = np.linalg.solve(products, around @ rests[:, :, :, None])
        left = rests - (weights.transpose(0, 1, 3, 2) @ around)[:, :, 0]
        lengths[:, clips] = np.sqrt(np.einsum("gij,gij->gi", left, left))
    return lengths


def positive(radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """Radii that can be divided by: a clip that is there several times over must not make all others infinitely far.

    Parameters
    ----------
    radii : ndarray, shape (n_groups, n_bank)
    """
    typical = np.median(radii, axis=1, keepdims=True)
    return np.maximum(radii, np.where(typical > 0, 0.1 * typical, 1.0))


def _strangeness(
    distances: NDArray[np.float64], places: NDArray[np.intp], radii: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distance over the neighbour's radius, least of the nearest ones, shape (n_groups, n_clips)."""
    ratios = distances[:, :, :N_NEAREST] / _taken(radii, places[:, :, :N_NEAREST])
    least: NDArray[np.float64] = ratios.min(axis=2)
    return least


def _taken(values: NDArray[Scalar], places: NDArray[np.intp]) -> NDArray[Scalar]:
    """Values of each group at its own places."""
    groups = np.arange(len(values)).reshape(-1, *[1] * (places.ndim - 1))
    taken: NDArray[Scalar] = values[groups, places]
    return taken


def _whitening(Z: NDArray[np.float32], n: int) -> NDArray[np.float64]:
    """Principal components over their standard deviations, shape (width, n_components)."""
    _, lengths, components = np.linalg.svd(Z.astype(np.float64), full_matrices=False)
    is_used = lengths[:n] > 1e-6 * max(float(lengths[0]), 1e-12)
    if not is_used.any():  # clips that are all alike
        return np.asarray(components[:1].T, np.float64)
    scales: NDArray[np.float64] = components[:n][is_used].T / (lengths[:n][is_used] / np.sqrt(len(Z)))
    return scales
