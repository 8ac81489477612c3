"""What normal clips have in common, learnt from their descriptors; how far a clip is from that.

No single score is best for all machines, and which one is cannot be known from normal sound. So several views of
density are taken, of each group of descriptors; each is brought to the mean 0 and the deviation 1 that it has on normal
clips which it did not learn from, and they count alike. Selecting a view by pretended anomalies fails, the plain mean
does not (reference figures in docs/detection.md). Nothing is tuned on anomalous clips.
"""

import os
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auscult.audio.splits import contiguous_blocks
from auscult.detect.mahalanobis import Mahalanobis
from auscult.detect.mixture import Mixture
from auscult.detect.neighbours import Neighbours, WhitenedNeighbours
from auscult.detect.normal_spread import are_strange, deviations_of, positive, validated
from auscult.detect.view import View
from auscult.errors import BundleError, DataError
from auscult.extras import require
from auscult.one_thread import one_thread

MIN_CLIPS = 5
"""Fewest normal clips to learn from: each in turn is scored by a model of the others."""
N_BLOCKS = 5
"""Contiguous blocks of takes that are left out in turn: neighbours in time are near-duplicates."""
MAX_BANK = 1000
"""Normal clips that neighbours are sought among; of more, a draw of so many."""
VIEWS: tuple[type[View], ...] = (Mahalanobis, Mixture, Neighbours, WhitenedNeighbours)
FARTHEST = 1e6
"""Standard deviations beyond which all is alike: squares stay far from what single precision holds."""
N_SCORES = sum(view.N_SCORES for view in VIEWS)


class NormalityModel:
    """Normal-only model of one machine's descriptors.

    Parameters
    ----------
    groups : mapping of str -> slice, optional
        Columns that are looked at together (`LogMel.descriptor_groups`); all of them if left out. Groups count alike,
        whatever the number of their columns.

    Attributes
    ----------
    mean_, scale_ : ndarray, shape (n_descriptors,)
        Mean and standard deviation of the normal clips' descriptors; where one is constant, the median of the others.
    bank_ : ndarray, shape (n_bank, n_descriptors), float32
        Normal clips, that others are compared with.
    bank_places_ : ndarray of int, shape (n_bank,)
        Which of the clips learnt from these are. Only after `fit`.
    cross_fitted_scores_ : ndarray, shape (n_clips,)
        Anomaly score of every clip learnt from, by a model of the other blocks of takes: what thresholds are made of.
        Only after `fit`.
    is_strange_ : ndarray of bool, shape (n_clips,)
        Clips unlike all others, perhaps anomalous ones among the normal: not learnt, though their scores count for
        thresholds. Only after `fit`.
    """

    mean_: NDArray[np.float64]
    scale_: NDArray[np.float64]
    bank_: NDArray[np.float32]
    bank_places_: NDArray[np.intp]
    cross_fitted_scores_: NDArray[np.float64]
    is_strange_: NDArray[np.bool_]

    def __init__(self, groups: Mapping[str, slice] | None = None) -> None:
        self.groups = groups

    def fit(self, X: ArrayLike, takes: Sequence[str] | None = None) -> Self:
        """Learn from normal clips.

        Parameters
        ----------
        X : array, shape (n_clips, n_descriptors), finite
        takes : sequence of str, length n_clips, optional
            The underlying recording of every clip; their sorted order is the order of recording. If left out, every
            row is a take of its own and the rows are in the order of recording.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If there are fewer than 5 takes, or a descriptor is NaN or infinite.
        """
        X = validated(X)
        takes = [str(take) for take in (range(len(X)) if takes is None else takes)]
        if len(takes) != len(X):
            problem = f"{len(takes)} takes and {len(X)} clips do not belong together"
            raise DataError("normality", problem, "Give one take for every clip.")
        if (n_takes := len(set(takes))) < MIN_CLIPS:
            problem = f"{n_takes} normal recording{'s are' if n_takes != 1 else ' is'} too few to learn from, expected"
            raise DataError("normality", f"{problem} at least {MIN_CLIPS}", "Record more normal sound.")
        ConvergenceWarning = require("sklearn.exceptions", extra="train").ConvergenceWarning
        with one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # mixtures are stopped on purpose
            self._fit(X, contiguous_blocks(takes, N_BLOCKS))
        return self

    def _fit(self, X: NDArray[np.float64], blocks: list[NDArray[np.intp]]) -> None:
        n_clips = len(X) - max(len(block) for block in blocks)  # all models are alike, the last as those of the blocks
        crossed = self._crossed(X, blocks, np.ones(len(X), bool), n_clips)
        self._standardise(crossed, np.ones(len(X), bool))
        self.is_strange_ = are_strange(self._fused(crossed))
        if self.is_strange_.any():
            crossed = self._crossed(X, blocks, ~self.is_strange_, n_clips)
            self._standardise(crossed, ~self.is_strange_)
        self.cross_fitted_scores_ = self._fused(crossed)
        kept = np.flatnonzero(~self.is_strange_)
        self._learn(X[kept], n_clips)
        self.bank_places_ = kept[self.bank_places_]

    def _crossed(
        self, X: NDArray[np.float64], blocks: list[NDArray[np.intp]], is_learnt: NDArray[np.bool_], n_clips: int
    ) -> NDArray[np.float64]:
        """Scores of all clips, each by views that learnt those of the other blocks that are to be learnt."""

        def scores_of(block: NDArray[np.intp]) -> NDArray[np.float64]:
            is_rest = is_learnt.copy()
            is_rest[block] = False
            rest = NormalityModel(self.groups)
            rest._learn(X[is_rest], n_clips)
            return rest._view_scores(X[block])

        crossed = np.empty((len(X), N_SCORES * len(self._columns(X.shape[1]))))
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for block, scores in zip(blocks, pool.map(scores_of, blocks), strict=True):
                crossed[block] = scores
        return crossed

    def _standardise(self, scores: NDArray[np.float64], is_counted: NDArray[np.bool_]) -> None:
        """Take the mean and deviation of each view's scores, and the deviation of their mean, from these clips."""
        self._centre, self._spread = scores[is_counted].mean(axis=0), positive(scores[is_counted].std(axis=0))
        self._deviation = 1.0
        self._deviation = float(positive(self._fused(scores[is_counted]).std(keepdims=True))[0])

    def _fused(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Anomaly scores from the scores of all views, shape (n_clips, N_SCORES * n_groups)."""
        fused: NDArray[np.float64] = ((scores - self._centre) / self._spread).mean(axis=1) / self._deviation
        return fused

    def _learn(self, X: NDArray[np.float64], n_clips: int) -> None:
        """Learn everything but what the views' scores of normal clips are like."""
        self.mean_, self.scale_ = X.mean(axis=0), deviations_of(X)
        # a draw, not every third: that might be all the clips of one SNR
        drawn = np.random.default_rng(0).permutation(len(X))[:MAX_BANK]
        self.bank_places_ = np.sort(drawn)
        self.bank_ = X[self.bank_places_].astype(np.float32)
        Z, bank = self._standardised(X), self._standardised(self.bank_)
        widths = [columns.stop - columns.start for columns in self._columns()]
        views: list[View] = [Mahalanobis(), Mixture(n_clips), Neighbours(), WhitenedNeighbours(n_clips)]
        self._views = [view.fit(bank if view.KEEPS_CLIPS else Z, widths) for view in views]

    def anomaly_scores(self, X: ArrayLike) -> NDArray[np.float64]:
        """How far clips are from normal.

        Parameters
        ----------
        X : array, shape (n_clips, n_descriptors), finite

        Returns
        -------
        ndarray, shape (n_clips,)
            In standard deviations of the scores of normal clips, whose mean is 0; larger is more anomalous.

        Raises
        ------
        DataError
            If the number of descriptors is not the one learnt from, or one is NaN or infinite.
        """
        X = self._of_known_width(X)
        if not len(X):
            return np.empty(0)
        return self._fused(self._view_scores(X))

    def group_scores(self, X: ArrayLike) -> dict[str, NDArray[np.float64]]:
        """How far each group of descriptors is from normal; their mean is the anomaly score.

        Parameters
        ----------
        X : array, shape (n_clips, n_descriptors), finite

        Returns
        -------
        dict of str -> ndarray, shape (n_clips,)
            In the same unit as the anomaly score.
        """
        X = self._of_known_width(X)
        standard = (self._view_scores(X) - self._centre) / self._spread
        scores = standard.reshape(len(X), N_SCORES, -1).mean(axis=1) / self._deviation
        return {name: scores[:, number] for number, name in enumerate(self.groups or ["all"])}

    def coordinates(self, X: NDArray[np.float64]) -> NDArray[np.float32]:
        """Standardised descriptors in which all groups count alike, shape (n_clips, n_coordinates).

        Their Euclidean distance says how alike two clips are.

        Parameters
        ----------
        X : ndarray, shape (n_clips, n_descriptors)
        """
        widths = np.array([columns.stop - columns.start for columns in self._columns()])
        Z = self._standardised(X) / np.sqrt(widths)[:, None, None]
        coordinates: NDArray[np.float32] = Z.transpose(1, 0, 2).reshape(len(X), -1).astype(np.float32)
        return coordinates

    def _view_scores(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        Z = self._standardised(X)
        scores = np.concatenate([view.scores(Z) for view in self._views])  # (N_SCORES, n_groups, n_clips)
        return scores.reshape(-1, len(X)).T

    def _standardised(self, X: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Descriptors as views take them, shape (n_groups, n_clips, width)."""
        Z = np.clip((X - self.mean_) / self.scale_, -FARTHEST, FARTHEST).astype(np.float32)
        columns = self._columns()
        whole = np.zeros((len(columns), len(Z), max(own.stop - own.start for own in columns)), np.float32)
        for place, own in zip(whole, columns, strict=True):
            place[:, : own.stop - own.start] = Z[:, own]
        return whole

    def _columns(self, n_descriptors: int | None = None) -> list[slice]:
        return list(self.groups.values()) if self.groups else [slice(0, n_descriptors or self.mean_.size)]

    def _of_known_width(self, X: ArrayLike) -> NDArray[np.float64]:
        X = validated(X)
        if X.shape[1] != self.mean_.size:
            problem = f"{X.shape[1]} descriptors a clip, expected {self.mean_.size}"
            raise DataError("normality", problem, "Compute them as for the clips learnt from.")
        return X

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """What was learnt, by name, as a bundle stores it."""
        arrays: dict[str, NDArray[np.generic]] = {
            "mean": self.mean_,
            "scale": self.scale_,
            "bank": self.bank_,
            "centre": self._centre,
            "spread": self._spread,
            "deviation": np.array(self._deviation),
        }
        for view in self._views:
            arrays |= {f"{type(view).__name__}/{name}": value for name, value in view.to_arrays().items()}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], groups: Mapping[str, slice] | None = None) -> Self:
        """Model with what `to_arrays` gave, of these groups.

        Raises
        ------
        BundleError
            If an array is missing, or their shapes do not belong together.
        """
        model = cls(groups)
        try:
            model.mean_, model.scale_, model._centre, model._spread = (
                np.asarray(arrays[name], np.float64) for name in ("mean", "scale", "centre", "spread")
            )
            model._deviation = float(arrays["deviation"])
            model.bank_ = np.asarray(arrays["bank"], np.float32)
            model._check_arrays()
            bank = model._standardised(model.bank_)
            model._views = []
            for kind in VIEWS:
                prefix = f"{kind.__name__}/"
                own = {
                    name.removeprefix(prefix): np.asarray(value, np.float32)
                    for name, value in arrays.items()
                    if name.startswith(prefix)
                }
                if any(np.isnan(value).any() or np.isposinf(value).any() for value in own.values()):
                    raise ValueError(f"NaN or infinity in {kind.__name__}")
                model._views.append(kind.from_arrays(own, bank))
            if not model._centre.shape == model._spread.shape == (N_SCORES * len(bank),):
                raise ValueError("views and their scales differ in number")
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise BundleError("detector.npz", f"unexpected arrays ({error})", "Train the bundle again.") from None
        return model

    def _check_arrays(self) -> None:
        """Raise ValueError unless arrays from a file belong together."""
        n_descriptors = max(own.stop for own in self._columns(self.bank_.shape[-1]))
        if not self.mean_.shape == self.scale_.shape == self.bank_.shape[1:] == (n_descriptors,):
            raise ValueError(f"{self.mean_.shape}, {self.scale_.shape} and {self.bank_.shape} do not belong together")
        numbers = (self.mean_, self.scale_, self.bank_, self._centre, self._spread, self._deviation)
        if not all(np.isfinite(values).all() for values in numbers):
            raise ValueError("NaN or infinity")
        if not (self.scale_.min() > 0 and self._spread.min() > 0 and self._deviation > 0):
            raise ValueError("a deviation that is not positive")
