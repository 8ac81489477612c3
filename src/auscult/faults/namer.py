"""A clip of a known machine -> the named fault it is like, or that it is like none; numpy alone.

What `auscult.faults.prototypes` knows of named clips, and the space that their signatures were measured in.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect import MachineDetector
from auscult.faults.prototypes import Prototypes
from auscult.faults.signatures import SignatureSpace, directions
from auscult.features import LogMel

Arrays = dict[str, NDArray[np.generic]]


class FaultNamer:
    """Names clips after those that were named.

    Parameters
    ----------
    space : SignatureSpace
        Fitted.
    prototypes : Prototypes
        Fitted on directions in that space.
    """

    def __init__(self, space: SignatureSpace, prototypes: Prototypes) -> None:
        self.space = space
        self.prototypes = prototypes

    def name(self, machine: MachineDetector, descriptors: NDArray[np.floating]) -> str:
        """Identifier of the fault that a clip is like, that of the unknown fault if it is like none.

        Parameters
        ----------
        machine : MachineDetector
            The machine that the clip is of.
        descriptors : ndarray, shape (n_descriptors,)
        """
        aspects = self.space.aspects(machine, np.asarray(descriptors)[None])
        return self.prototypes.predict(directions(self.space.signatures(aspects)))[0]

    def to_arrays(self) -> Arrays:
        """All of it, as arrays that need no pickle."""
        arrays: Arrays = {"whitening": self.space.whitening_}
        return arrays | {f"prototypes/{name}": value for name, value in self.prototypes.to_arrays().items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]], features: LogMel) -> Self:
        """Namer with what `to_arrays` gave, of these features.

        Raises
        ------
        KeyError, ValueError
            If something is missing, or does not belong together.
        """
        space = SignatureSpace(features)
        space.whitening_ = np.asarray(arrays["whitening"], np.float64)
        n = len(space.names)
        if space.whitening_.shape != (n, n) or not np.isfinite(space.whitening_).all():
            raise ValueError("its whitening is not one of these features")
        start = "prototypes/"
        own = {name.removeprefix(start): value for name, value in arrays.items() if name.startswith(start)}
        prototypes = Prototypes.from_arrays(own)
        if prototypes.directions_.shape[1] != n:
            raise ValueError("its faults were described by other aspects")
        return cls(space, prototypes)
