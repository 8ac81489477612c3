"""What changed of a clip against the nearest normal clips of its machine: what a network names faults by; numpy alone.

A patch shows the machine before it shows the fault. Less the bands of the nearest normal clips, it shows what is
louder and what is softer than it should be, on every machine alike. Descriptors say what a patch shows badly: swing,
orders of the rotation, the quietest and the loudest moments.
"""

import numpy as np
from numpy.typing import NDArray

from auscult.detect import MachineDetector
from auscult.detect.comparison import MAD_TO_DEVIATION
from auscult.errors import OptionError
from auscult.faults.aspects import LOUDNESS, Aspects
from auscult.faults.signatures import SignatureSpace
from auscult.features import Features, LogMel

LEAST = 0.1
"""No deviation of a descriptor counts as smaller: a steady one would make a mountain of nothing."""

Values = NDArray[np.float64]


class Changes:
    """Changes of clips described by one recipe.

    Parameters
    ----------
    features : LogMel
        With the group ``mean``.

    Raises
    ------
    OptionError
        If the recipe lacks it.
    """

    def __init__(self, features: LogMel) -> None:
        if LOUDNESS not in features.descriptor_groups:
            problem = f"lack the group {LOUDNESS!r}, which says how loud each band is"
            raise OptionError("features", problem, "Add it to the groups.")
        self._aspects, self._space = Aspects(features), SignatureSpace(features)
        self._bands = features.descriptor_groups[LOUDNESS]
        self._n_descriptors = features.n_descriptors
        self._deviations: dict[int, tuple[MachineDetector, Values]] = {}  # keeps the machine: its id stays its own

    @property
    def n_changes(self) -> int:
        """Numbers that `values` gives of a clip."""
        return self._n_descriptors + len(self._space.names)

    def values(self, machine: MachineDetector, X: NDArray[np.floating]) -> NDArray[np.float32]:
        """Changes of the descriptors, and their aspects (`auscult.faults.aspects`), in deviations of normal clips.

        Parameters
        ----------
        machine : MachineDetector
            The machine that the clips are of.
        X : ndarray, shape (n_clips, n_descriptors)

        Returns
        -------
        ndarray, shape (n_clips, n_changes), float32
        """
        return self._values(machine, X, machine.surroundings.nearest_to(X))

    def patch(
        self, machine: MachineDetector, descriptors: NDArray[np.floating], patch: NDArray[np.floating]
    ) -> NDArray[np.float32]:
        """Patch of one clip less the median band levels of its nearest normal clips.

        Parameters
        ----------
        machine : MachineDetector
        descriptors : ndarray, shape (n_descriptors,)
            Say which normal clips are the nearest.
        patch : ndarray, shape (n_bands, n_frames)
            In dB.

        Returns
        -------
        ndarray, shape (n_bands, n_frames), float32
            In dB.
        """
        return self._patch(machine, patch, machine.surroundings.nearest_to(np.asarray(descriptors)[None])[0])

    def of(self, machine: MachineDetector, heard: Features) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Patch and values of one clip, whose nearest normal clips are found once.

        Parameters
        ----------
        machine : MachineDetector
        heard : Features
            Of the clip.

        Returns
        -------
        patch : ndarray, shape (n_bands, n_frames), float32
            As `patch` gives it.
        values : ndarray, shape (n_changes,), float32
            As `values` gives them.
        """
        X = heard.descriptors[None]
        nearest = machine.surroundings.nearest_to(X)
        return self._patch(machine, heard.patch, nearest[0]), self._values(machine, X, nearest)[0]

    def _values(
        self, machine: MachineDetector, X: NDArray[np.floating], nearest: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        changes = X - np.median(machine.surroundings.bank[nearest], axis=1)
        aspects = self._space.aspects(machine, X, nearest)
        return np.concatenate([changes / self._deviations_of(machine), aspects], axis=1).astype(np.float32)

    def _patch(
        self, machine: MachineDetector, patch: NDArray[np.floating], nearest: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        normal = np.median(self._aspects.levels(machine.surroundings.bank[nearest]), axis=0)[self._bands]
        change: NDArray[np.float32] = (patch - normal[:, None]).astype(np.float32)
        return change

    def _deviations_of(self, machine: MachineDetector) -> Values:
        """How far the machine's normal clips are from their nearest, a robust deviation, found once."""
        known = self._deviations.get(id(machine))
        if known is None or known[0] is not machine:  # ids of another process mean nothing
            bank = machine.surroundings.bank
            differences = bank - np.median(bank[machine.surroundings.nearest], axis=1)
            deviations = MAD_TO_DEVIATION * np.median(np.abs(differences), axis=0)
            known = machine, np.maximum(deviations, LEAST)
            self._deviations[id(machine)] = known
        return known[1]
