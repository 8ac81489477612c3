"""A network that has learnt to name faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auscult.diagnose.calibration import softmax
from auscult.diagnose.examples import Examples
from auscult.errors import DataError
from auscult.extras import require


class Epoch(NamedTuple):
    """One pass over the clips."""

    number: int
    """From 1."""
    loss: float
    """Mean over the batches, of varied clips where they are varied, with weights where faults have weights."""
    held_out_loss: float
    macro_f1: float
    """Of the held-out clips."""
    learning_rate: float
    """Of the last step."""

    def is_better_than(self, other: "Epoch") -> bool:
        """Whether it names the held-out clips better, or as well with a smaller loss."""
        return (self.macro_f1, -self.held_out_loss) > (other.macro_f1, -other.held_out_loss)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A network that has learnt to name faults."""

    class_names: tuple[str, ...]
    network: str
    """Its name in `auscult.diagnose.training.RECIPES`."""
    n_bands: int
    """Of the patches that it reads."""
    n_changes: int
    """Changes of descriptors that it reads; 0 for the network ``original``, which reads none."""
    weights: Mapping[str, NDArray[np.generic]]
    """By PyTorch's names."""
    temperature: float
    """What logits are divided by, so that probabilities can be believed."""
    unknown_below: float
    """Largest probability below which a clip's fault is unknown."""
    calibration_error: float
    """Expected calibration error of the held-out clips, 0 to 1, on which the temperature was chosen too."""
    history: tuple[Epoch, ...]
    best_epoch: int
    """Number of the epoch that the weights are of."""
    n_parameters: int
    """Numbers that were learnt."""
    duration_s: float
    """That learning took, in all its parts."""
    device: str
    """``cpu`` or ``cuda``: where it learnt."""
    warning: str | None = None
    """Why it did not learn where it should have."""

    def logits(self, examples: Examples) -> NDArray[np.float32]:
        """Logits before the temperature, shape (n_clips, n_classes); computed by PyTorch on the processor.

        Parameters
        ----------
        examples : Examples
            Of any length. Labels and takes do not matter.

        Raises
        ------
        DataError
            If they have other bands or changes than those learnt from.
        MissingExtraError
            Without PyTorch.
        """
        self._check(examples)
        torch = require("torch", extra="train")
        from auscult.diagnose.epochs import logits_of, repeatable
        from auscult.diagnose.networks import NETWORKS

        cpu = torch.device("cpu")
        with repeatable(cpu):
            network = NETWORKS[self.network](self.n_bands, self.n_changes, len(self.class_names))
            network.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in self.weights.items()})
            return logits_of(network, examples, cpu)

    def probabilities(self, examples: Examples) -> NDArray[np.float64]:
        """Probability of each fault, shape (n_clips, n_classes).

        Parameters
        ----------
        examples : Examples

        Raises
        ------
        DataError, MissingExtraError
            As `logits`.
        """
        return softmax(self.logits(examples), self.temperature)

    def to_onnx(self) -> bytes:
        """The network, its scaling, temperature and softmax as an ONNX model; always the same bytes.

        Raises
        ------
        MissingExtraError
            Without PyTorch or the package onnx.
        """
        require("torch", extra="train")
        from auscult.diagnose.onnx_export import to_onnx

        return to_onnx(
            self.network,
            self.weights,
            n_bands=self.n_bands,
            n_changes=self.n_changes,
            temperature=self.temperature,
        )

    def _check(self, examples: Examples) -> None:
        for name in ("n_bands", "n_changes"):
            found, wanted = getattr(examples, name), getattr(self, name)
            if len(examples) and wanted and found != wanted:
                problem = f"{name} is {found}, and the network has learnt from {wanted}"
                raise DataError("clips", problem, "Compute their features with the recipe that it has learnt with.")
