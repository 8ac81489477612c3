"""Anomalous clips -> signatures: what changed against normal, in numbers that compare across machines.

A clip is compared with the nearest normal clips of its own machine, which removes machine, operating state and most of
the noise. What remains of those is known from the normal clips, compared in the same way with each other: directions in
which they wander are scaled down until all are alike (within-class covariance normalisation; A. Hatch, S. Kajarekar,
A. Stolcke, Interspeech 2006). Normal clips carry no fault, so nothing of a fault is projected out on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect import MachineDetector
from auscult.detect.comparison import MAD_TO_DEVIATION
from auscult.extras import require
from auscult.faults.aspects import Aspects
from auscult.faults.directions import unit
from auscult.features import LogMel

LEAST = 0.3
"""No deviation counts as smaller, in dB (of aspects: in deviations): a steady line would make a mountain of nothing."""
FARTHEST = 30.0
"""Deviations beyond which all is alike."""
FARTHEST_NORMAL = 5.0
"""The same of normal clips, whose few far ones would decide the covariance."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class _Usual:
    """How normal clips of a machine differ from the nearest ones: deviations of parts; centre and scale of aspects."""

    parts: Values
    centre: Values
    scale: Values


class SignatureSpace:
    """Signatures of clips of several machines.

    Parameters
    ----------
    features : LogMel
        The recipe of the descriptors.

    Attributes
    ----------
    whitening_ : ndarray, shape (n_aspects, n_aspects)
        Makes aspects of normal clips alike in all directions.
    """

    whitening_: Values

    def __init__(self, features: LogMel) -> None:
        self._aspects = Aspects(features)
        self._usual: dict[int, tuple[MachineDetector, _Usual]] = {}  # keeps the machine: its id stays its own

    @property
    def names(self) -> tuple[str, ...]:
        """Aspects that signatures are made of."""
        return self._aspects.names

    def fit(self, machines: Mapping[str, MachineDetector]) -> Self:
        """Learn from the normal clips of all machines how aspects wander.

        Parameters
        ----------
        machines : mapping of str -> MachineDetector

        Returns
        -------
        self
        """
        LedoitWolf = require("sklearn.covariance", extra="train").LedoitWolf
        normal = np.concatenate([self.normal_aspects(machine) for machine in machines.values()])
        covariance = LedoitWolf().fit(np.clip(normal, -FARTHEST_NORMAL, FARTHEST_NORMAL)).covariance_
        values, vectors = np.linalg.eigh(covariance)
        self.whitening_ = (vectors / np.sqrt(np.maximum(values, values.max() * 1e-6))) @ vectors.T
        return self

    def aspects(
        self, machine: MachineDetector, X: NDArray[np.floating], nearest: NDArray[np.intp] | None = None
    ) -> Values:
        """Aspects of clips of one machine, in deviations of its normal clips.

        Parameters
        ----------
        machine : MachineDetector
        X : ndarray, shape (n_clips, n_descriptors)
        nearest : ndarray of int, shape (n_clips, n_nearest), optional
            ``machine.surroundings.nearest_to(X)``, where it has been found already.

        Returns
        -------
        ndarray, shape (n_clips, n_aspects)
        """
        return self._standardised(machine, X, machine.surroundings.nearest_to(X) if nearest is None else nearest)

    def normal_aspects(self, machine: MachineDetector) -> Values:
        """The same of the machine's own normal clips, each compared with the others."""
        return self._standardised(machine, machine.surroundings.bank, machine.surroundings.nearest)

    def signatures(self, aspects: Values) -> Values:
        """Signatures of clips: their aspects, normal clips being alike in all directions.

        Parameters
        ----------
        aspects : ndarray, shape (n_clips, n_aspects)

        Returns
        -------
        ndarray, shape (n_clips, n_aspects)
            Its length says how clear the fault is, its direction (`directions`) which.
        """
        signatures: Values = aspects @ self.whitening_
        return signatures

    def _standardised(self, machine: MachineDetector, X: NDArray[np.floating], nearest: NDArray[np.intp]) -> Values:
        usual = self._usual_of(machine)
        aspects = self._aspects.of(_clipped(self._parts(machine, X, nearest) / usual.parts))
        return _clipped((aspects - usual.centre) / usual.scale)

    def _parts(self, machine: MachineDetector, X: NDArray[np.floating], nearest: NDArray[np.intp]) -> Values:
        """Parts of the changes of clips against the median of their nearest normal clips."""
        normal = self._aspects.levels(machine.surroundings.bank[nearest])
        return self._aspects.parts(self._aspects.levels(X) - np.median(normal, axis=1))

    def _usual_of(self, machine: MachineDetector) -> _Usual:
        """How the machine's normal clips differ from each other, found once."""
        known = self._usual.get(id(machine))
        if known is None or known[0] is not machine:  # ids of another process mean nothing
            parts = self._parts(machine, machine.surroundings.bank, machine.surroundings.nearest)
            deviations = _deviations(parts)
            aspects = self._aspects.of(_clipped(parts / deviations))
            centre = np.median(aspects, axis=0)
            known = machine, _Usual(deviations, centre, _deviations(aspects - centre))
            self._usual[id(machine)] = known
        return known[1]


def _clipped(values: Values) -> Values:
    clipped: Values = np.clip(values, -FARTHEST, FARTHEST)
    return clipped


def _deviations(differences: Values) -> Values:
    """Robust standard deviations about nothing, shape (n,)."""
    deviations: Values = np.maximum(MAD_TO_DEVIATION * np.median(np.abs(differences), axis=0), LEAST)
    return deviations


def directions(signatures: Values) -> Values:
    """What changed, and not how much: a fault gets worse, and is heard through more or less noise, and is the same.

    Large values count by their logarithm, so that one aspect does not hide all others.

    Parameters
    ----------
    signatures : ndarray, shape (n_clips, n_aspects)

    Returns
    -------
    ndarray, shape (n_clips, n_aspects)
        Of length 1, or 0 where nothing changed.
    """
    return unit(np.sign(signatures) * np.log1p(np.abs(signatures)))


def means_of_takes(vectors: Values, takes: NDArray[np.intp]) -> Values:
    """Mean over the clips of each take: remixes and copies of one recording have one fault.

    Parameters
    ----------
    vectors : ndarray, shape (n_clips, n)
    takes : ndarray of int, shape (n_clips,)
        Number of each clip's take, from 0.

    Returns
    -------
    ndarray, shape (n_takes, n)
    """
    sums = np.zeros((int(takes.max()) + 1, vectors.shape[1]))
    np.add.at(sums, takes, vectors)
    means: Values = sums / np.bincount(takes)[:, None]
    return means
