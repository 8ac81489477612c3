"""A bundle's network: which of the named faults an anomalous clip has, or none of them."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from auscult.bundle.classifier import CLASSIFIER, Classifier
from auscult.detect import MachineDetector
from auscult.errors import BundleError, OptionError
from auscult.faults import UNKNOWN_FAULT, Fault
from auscult.faults.changes import Changes
from auscult.features import LogMel
from auscult.features.recipe import Features

STRANGEST = 3.5
"""Times the largest anomaly score among a fault's clips that were learnt, beyond which a clip has another fault. A
fault may grow: bearing wear of synthetic fans that was twice as severe scored 3.0 times as high. But what is far
stranger than anything learnt is something else, and the farther off it is, the surer a network is of whatever it knows
(A. Nguyen, J. Yosinski, J. Clune, CVPR 2015): white noise scored 3.9 times as high as a press with its worst fault."""


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
    largest_scores : sequence of float, optional
        Largest anomaly score among the clips of each fault that were learnt; empty if it is not known.

    Raises
    ------
    BundleError
        If they do not belong together.
    """

    def __init__(
        self,
        classifier: Classifier,
        features: LogMel,
        faults: tuple[Fault, ...],
        unknown_below: float,
        largest_scores: Sequence[float] = (),
    ) -> None:
        try:
            self._changes = Changes(features)
        except OptionError as error:
            raise BundleError(CLASSIFIER, f"{error.where} {error.problem}", "Train it again.") from None
        if classifier.n_classes != len(faults) or classifier.n_changes not in (0, self._changes.n_changes):
            problem = f"gives {classifier.n_classes} classes of {classifier.n_changes} changes, the manifest names "
            problem += f"{len(faults)} faults and its features have {self._changes.n_changes} changes"
            raise BundleError(CLASSIFIER, problem, "Another version made it: train it again.")
        self._classifier, self._faults = classifier, faults
        self._unknown_below, self._largest_scores = unknown_below, largest_scores

    @classmethod
    def of(cls, content: bytes, features: LogMel, classes: tuple[Fault, ...], said: dict[str, Any]) -> Self:
        """Network of a bundle.

        Parameters
        ----------
        content : bytes
            ONNX model.
        features : LogMel
        classes : tuple of Fault
            The manifest's: normality, the faults, the unknown fault.
        said : dict
            What the manifest says of its network; an older one says no ``largest_scores``.

        Raises
        ------
        BundleError
            If they do not belong together.
        """
        unknown_below, largest = said.get("unknown_below", np.nan), said.get("largest_scores", [])
        is_probability = isinstance(unknown_below, int | float) and 0 <= unknown_below <= 1
        if classes[-1].id != UNKNOWN_FAULT.id or not is_probability:
            problem = "the manifest does not say below which probability a fault is unknown, or names no unknown fault"
            raise BundleError(CLASSIFIER, problem, "Train it again.")
        faults = classes[1:-1]
        is_of_numbers = isinstance(largest, list) and all(isinstance(one, int | float) for one in largest)
        if not is_of_numbers or len(largest) not in (0, len(faults)):
            problem = f"the manifest says {largest!r} for the largest scores of {len(faults)} faults"
            raise BundleError(CLASSIFIER, problem, "Train it again.")
        return cls(Classifier(content), features, faults, float(unknown_below), tuple(largest))

    def shares(self, machine: MachineDetector, heard: Features, score: float) -> dict[str, float]:
        """Probability of each fault of a clip, given that it is anomalous, by their names.

        Parameters
        ----------
        machine : MachineDetector
            The machine that the clip is of.
        heard : Features
            Of the clip.
        score : float
            Its anomaly score.

        Returns
        -------
        dict of str -> float
            Together 1; all of it on the unknown fault where no fault is probable enough, or the clip is far stranger
            than any that was learnt of the most probable one.

        Raises
        ------
        BundleError
            As `probabilities`.
        """
        probabilities = self.probabilities(machine, heard)
        if probabilities.max() < self._unknown_below or self._is_too_strange(
            int(probabilities.argmax()), machine, score
        ):
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

    def _is_too_strange(self, place: int, machine: MachineDetector, score: float) -> bool:
        if not self._largest_scores:
            return False
        return score > STRANGEST * max(self._largest_scores[place], machine.calibration.threshold)
