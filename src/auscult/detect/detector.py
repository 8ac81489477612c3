"""All the machines of a bundle: which normality model and threshold each has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from auscult.detect.calibration import Calibration, calibrate, cross_fitted_scores
from auscult.detect.normality import NormalityModel
from auscult.errors import BundleError, MachineError


@dataclass(frozen=True)
class MachineDetector:
    """Normality model of one machine, and what its scores mean."""

    model: NormalityModel
    calibration: Calibration

    @classmethod
    def fit(cls, X: NDArray[np.float64], takes: Sequence[str], *, false_alarm_rate: float) -> Self:
        """Learn a machine from its normal clips.

        Parameters
        ----------
        X : ndarray, shape (n_clips, n_descriptors)
        takes : sequence of str, length n_clips
            The underlying recording of every clip; their sorted order is the order of recording.
        false_alarm_rate : float in (0, 1)

        Raises
        ------
        DataError
            If there are too few clips.
        """
        scores = cross_fitted_scores(X, takes)
        return cls(NormalityModel().fit(X), calibrate(scores, takes, false_alarm_rate=false_alarm_rate))


@dataclass(frozen=True)
class Detector:
    """Machine name -> its detector."""

    machines: dict[str, MachineDetector]

    def resolve(self, machine_id: str | None, *, is_from_folders: bool = False) -> str:
        """Full name of the machine meant.

        Parameters
        ----------
        machine_id : str or None
            The full name (``fan/id_00``), its last part where that is unmistakable (``id_00``), or None where the
            bundle has one machine only.
        is_from_folders : bool
            Whether it is the name that folders give, which must be the full one: another type's id_00 is another
            machine.

        Raises
        ------
        MachineError
            If it is unknown, could be several, or is not said: comparing with the wrong machine would be a guess.
        """
        known = f"The bundle knows {', '.join(self.machines)}"
        how = "with --machine-id, or in the form field machine_id"
        if machine_id is None:
            if len(self.machines) == 1:
                return next(iter(self.machines))
            raise MachineError("machine", "not said which one this clip is of", f"{known}: name one {how}.")
        if machine_id in self.machines:
            return machine_id
        matches = [] if is_from_folders else [name for name in self.machines if machine_id == name.rpartition("/")[2]]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise MachineError(machine_id, f"could be {' or '.join(matches)}", "Give the machine's full name.")
        raise MachineError(
            machine_id, "this machine is not in the bundle", f"{known}: name one {how}, or train with this one's sound."
        )

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Everything learnt, as arrays that need no pickle: ``<number>/<name>``, numbered in the order of the names."""
        arrays: dict[str, NDArray[np.generic]] = {"machines": np.array(sorted(self.machines))}
        for number, name in enumerate(sorted(self.machines)):
            detector = self.machines[name]
            calibration = detector.calibration
            arrays |= {f"{number}/{key}": value for key, value in detector.model.to_arrays().items()}
            arrays[f"{number}/scores"] = calibration.scores
            arrays[f"{number}/threshold"] = np.array(
                [calibration.threshold, calibration.false_alarm_rate, calibration.n_takes]
            )
        return arrays

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[np.generic]]) -> Self:
        """Detector with what `to_arrays` gave.

        Raises
        ------
        BundleError
            If something is missing or has another shape.
        """
        try:
            machines = {}
            for number, name in enumerate(arrays["machines"].tolist()):
                own = {key.partition("/")[2]: value for key, value in arrays.items() if key.startswith(f"{number}/")}
                threshold, rate, n_takes = own["threshold"].tolist()
                calibration = Calibration(np.asarray(own["scores"], np.float64), threshold, rate, int(n_takes))
                machines[str(name)] = MachineDetector(NormalityModel.from_arrays(own), calibration)  # type: ignore[arg-type]
        except (KeyError, ValueError, TypeError) as error:
            raise BundleError("detector.npz", f"lacks what a detector needs ({error})", "Train it again.") from None
        return cls(machines)
