"""Naming clips after a few that were named: each fault is the mean direction of its exemplars' signatures.

One to five exemplars are too few to learn a boundary from, and enough for a mean (the nearest-centroid rule of
J. Snell, K. Swersky and R. Zemel, "Prototypical networks for few-shot learning", NIPS 2017, without their network). A
clip that is like none, or like two, is not named.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.errors import DataError, OptionError
from auscult.faults.directions import unit
from auscult.faults.names import UNKNOWN_FAULT

DEFAULT_LIMIT = 0.3
"""Least cosine to a fault of one or two exemplars, of whose likeness to each other little is known. In 100 dimensions
directions that have nothing in common have cosines of 0 +- 0.1: three deviations. Two clips of one fault have 0.5 if
what else differs about them is as strong as the fault."""
MARGIN = 0.05
"""By how much the best fault's cosine has to exceed the next one's: half the spread of cosines in 100 dimensions."""
ENOUGH = 3
"""Exemplars from which on their likeness to each other makes the limit."""
N_DEVIATIONS = 3.0
"""Standard deviations below the mean of the exemplars' cosines where the limit is."""
LEAST_DEVIATION = 0.05
"""Three cosines may agree by chance: their deviation counts as this much at least."""
LOWEST_LIMIT, HIGHEST_LIMIT = 0.3, 0.7
"""However unlike each other the exemplars are, a clip has to be more like them than chance; however alike, they may be
of one afternoon, and the next clip is not."""


class Prototypes:
    """Names clips by the fault whose exemplars they are most like, or not at all.

    Parameters
    ----------
    default_limit : float, 0 to 1
        Least cosine to a fault of one or two exemplars; of more it follows from how alike they are.
    margin : float, 0 to 1
        By how much the best fault's cosine has to exceed the next one's.

    Attributes
    ----------
    fault_ids_ : tuple of str, length n_faults
        Sorted.
    directions_ : ndarray, shape (n_faults, n)
        Of length 1.
    limits_ : ndarray, shape (n_faults,)
        Least cosine.

    Raises
    ------
    OptionError
        If an option is out of range.
    """

    fault_ids_: tuple[str, ...]
    directions_: NDArray[np.float64]
    limits_: NDArray[np.float64]

    def __init__(self, *, default_limit: float = DEFAULT_LIMIT, margin: float = MARGIN) -> None:
        for name, value in (("default_limit", default_limit), ("margin", margin)):
            if not 0 <= value <= 1:
                raise OptionError(name, f"expected 0 to 1, got {value}", "It is a cosine, or a difference of two.")
        self.default_limit = float(default_limit)
        self.margin = float(margin)

    def fit(self, signatures: NDArray[np.floating], fault_ids: Sequence[str]) -> Self:
        """Learn from clips that have names.

        Parameters
        ----------
        signatures : ndarray, shape (n_exemplars, n)
            Only their directions count; zeros are passed over.
        fault_ids : sequence of str, length n_exemplars

        Raises
        ------
        DataError
            If the exemplars of a fault have no direction in common.
        ValueError
            If there are none, the arguments differ in number, a signature is not finite, or one is called unknown.
        """
        units, ids = unit(signatures), np.array(fault_ids, dtype=np.str_)
        if not len(units) or ids.shape != (len(units),):
            raise ValueError(f"{len(units)} signatures and fault ids of shape {ids.shape} do not belong together")
        names = tuple(np.unique(ids).tolist())
        if UNKNOWN_FAULT.id in names or "" in names:
            raise ValueError("an exemplar of no fault")
        exemplars = [units[(ids == name) & units.any(axis=1)] for name in names]
        directions = np.stack([own.sum(axis=0) for own in exemplars])
        for name, direction in zip(names, directions, strict=True):
            if np.linalg.norm(direction) < 1e-6:
                problem = "its exemplars have no direction in common in which they differ from normal sound"
                raise DataError(name, problem, "Name other clips so.")
        self.fault_ids_ = names
        self.directions_ = unit(directions)
        self.limits_ = np.array([_limit(own, self.default_limit) for own in exemplars])
        return self

    def similarities(self, signatures: NDArray[np.floating]) -> NDArray[np.float64]:
        """Cosines of clips and faults, shape (n_clips, n_faults), -1 to 1; 0 where a signature is zero.

        Parameters
        ----------
        signatures : ndarray, shape (n_clips, n)

        Raises
        ------
        ValueError
            If they have another length than the exemplars', or are not finite.
        """
        units = unit(signatures)
        if units.shape[1] != self.directions_.shape[1]:
            problem = f"signatures of length {units.shape[1]}, exemplars of length {self.directions_.shape[1]}"
            raise ValueError(problem)
        return np.clip(units @ self.directions_.T, -1.0, 1.0)

    def predict(self, signatures: NDArray[np.floating]) -> list[str]:
        """Fault of each clip by its id; `UNKNOWN_FAULT`'s where none, or more than one, is like it.

        Parameters
        ----------
        signatures : ndarray, shape (n_clips, n)

        Raises
        ------
        ValueError
            As `similarities`.
        """
        cosines = self.similarities(signatures)
        best = cosines.argmax(axis=1)
        highest = cosines.max(axis=1)
        is_named = (highest >= self.limits_[best]) & np.any(signatures, axis=1)
        if len(self.fault_ids_) > 1:
            is_named &= highest - np.partition(cosines, -2, axis=1)[:, -2] >= self.margin
        return [
            self.fault_ids_[number] if named else UNKNOWN_FAULT.id
            for number, named in zip(best.tolist(), is_named.tolist(), strict=True)
        ]

    def by_fault(self) -> dict[str, "Prototypes"]:
        """The same for each fault alone, by its id."""
        alone = {}
        for place, name in enumerate(self.fault_ids_):
            one = Prototypes(default_limit=self.default_limit, margin=self.margin)
            one.fault_ids_ = (name,)
            one.directions_, one.limits_ = self.directions_[[place]], self.limits_[[place]]
            alone[name] = one
        return alone

    @classmethod
    def merged(cls, prototypes: Sequence["Prototypes"]) -> Self:
        """Prototypes of all these faults, with the options of the first.

        Parameters
        ----------
        prototypes : sequence of Prototypes
            At least one; of different faults.
        """
        merged = cls(default_limit=prototypes[0].default_limit, margin=prototypes[0].margin)
        ids = [name for one in prototypes for name in one.fault_ids_]
        order = sorted(range(len(ids)), key=ids.__getitem__)
        merged.fault_ids_ = tuple(ids[place] for place in order)
        merged.directions_ = np.concatenate([one.directions_ for one in prototypes])[order]
        merged.limits_ = np.concatenate([one.limits_ for one in prototypes])[order]
        return merged

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """All of it, by name."""
        return {
            "fault_ids": np.array(self.fault_ids_, dtype=np.str_),
            "directions": self.directions_,
            "limits": self.limits_,
            "options": np.array([self.default_limit, self.margin]),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Prototypes with what `to_arrays` gave.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or does not belong together.
        """
        ids = np.asarray(arrays["fault_ids"])
        directions, limits, options = (
            np.asarray(arrays[key], np.float64) for key in ("directions", "limits", "options")
        )
        if ids.dtype.kind != "U" or ids.ndim != 1 or not ids.size or np.unique(ids).size < ids.size:
            raise ValueError("its faults are none, or not told apart")
        if {"", UNKNOWN_FAULT.id} & set(ids.tolist()):
            raise ValueError("it has exemplars of no fault")
        if directions.ndim != 2 or not len(directions) == ids.size == limits.size or limits.ndim != 1:
            raise ValueError("its faults and their directions differ in number")
        if not np.allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-3):
            raise ValueError("its directions are none")
        if options.shape != (2,) or not ((options >= 0) & (options <= 1)).all() or not (np.abs(limits) <= 1).all():
            raise ValueError("its limits are no cosines")
        prototypes = cls(default_limit=options[0], margin=options[1])
        prototypes.fault_ids_, prototypes.directions_, prototypes.limits_ = tuple(ids.tolist()), directions, limits
        return prototypes


def _limit(units: NDArray[np.float64], default: float) -> float:
    """Least cosine to a fault, from how like the others each of its exemplars is."""
    if len(units) < ENOUGH:
        return default
    without_each = unit(units.sum(axis=0) - units)
    cosines = (without_each * units).sum(axis=1)
    limit = cosines.mean() - N_DEVIATIONS * max(cosines.std(ddof=1), LEAST_DEVIATION)
    return float(np.clip(limit, LOWEST_LIMIT, HIGHEST_LIMIT))
