"""A bundle's network: which of the named faults an anomalous clip has, or none of them."""

import numpy as np
from numpy.typing import NDArray

from auscult.bundle.classifier import CLASSIFIER, Classifier
from auscult.detect import MachineDetector
from auscult.errors import BundleError, OptionError
from auscult.faults import UNKNOWN_FAULT, Fault
from auscult.faults.changes import Changes
from auscult.features import LogMel
from auscult.features.recipe import Features


class FaultNetwork:
    """Names faults by what changed against normal sound.

    Parameters
    ----------
    classifier : Classifier
    features : LogMel
    faults : sequence of Fault
        Its classes, in their order.
    unknown_below : float in [0, 1]
        Largest probability below which a clip's fault is unknown.

    Raises
    ------
    BundleError
        If they do not belong together.
    """

    def __init__(
        self, classifier: Classifier, features: LogMel, faults: tuple[Fault, ...], unknown_below: float
    ) -> None:
        try:
            self._changes = Changes(features)
        except OptionError as error:
            raise BundleError(CLASSIFIER, f"{error.where} {error.problem}", "Train it again.") from None
        if classifier.n_classes != len(faults) or classifier.n_changes not in (0, self._changes.n_changes):
            problem = f"gives {classifier.n_classes} classes of {classifier.n_changes} changes, the manifest names "
            problem += f"{len(faults)} faults and its features have {self._changes.n_changes} changes"
            raise BundleError(CLASSIFIER, problem, "Another version made it: train it again.")
        self._classifier, self._faults, self._unknown_below = classifier, faults, unknown_below

    def shares(self, machine: MachineDetector, heard: Features) -> dict[str, float]:
        """Probability of each fault of a clip, given that it is anomalous, by their names.

        Parameters
        ----------
        machine : MachineDetector
            The machine that the clip is of.
        heard : Features
            Of the clip.

        Returns
        -------
        dict of str -> float
            Together 1; all of it on the unknown fault where no fault is probable enough.

        Raises
        ------
        BundleError
            As `probabilities`.
        """
        probabilities = self.probabilities(machine, heard)
        if probabilities.max() < self._unknown_below:
            return {UNKNOWN_FAULT.name: 1.0}
        return {fault.name: float(value) for fault, value in zip(self._faults, probabilities, strict=True)}

    def probabilities(self, machine: MachineDetector, heard: Features) -> NDArray[np.float32]:
        """Probability of each fault, however small the largest is.

        Parameters
        ----------
        machine : MachineDetector
        heard : Features

        Returns
        -------
        ndarray, shape (n_faults,), float32

        Raises
        ------
        BundleError
            If the network does not take what the features give, or gives no probabilities.
        """
        probabilities = self._classifier.probabilities(*self._changes.of(machine, heard))
        if probabilities.shape != (len(self._faults),) or not np.isfinite(probabilities).all():
            problem = f"gave {probabilities.shape} probabilities for {len(self._faults)} faults, or NaN"
            raise BundleError(CLASSIFIER, problem, "Make the bundle again.")
        return probabilities
