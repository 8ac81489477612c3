"""The networks that name faults: patches and changes of descriptors -> one logit for each fault.

Importing this imports PyTorch; `auscult.diagnose` does so only when a network learns.
"""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from auscult.errors import DataError

LARGEST_CHANGE_DB = 24.0
"""Larger changes of level count as this: from there on it is the same fault, only louder."""
UNIT_DB = 6.0
"""What a change of level is divided by: a doubled amplitude is 1."""
LEAST_VARIANCE = 1e-2
"""Added to the variance of inputs before they are standardised: what hardly moved in learning (a tenth of a unit) must
not decide when it does move."""
EPSILON = 1e-5
"""Added to the variance over time: the slope of a square root at 0 is infinite."""


def at_least(patches: Tensor, n_frames: int) -> Tensor:
    """Patches whose frames begin anew until there are so many; longer ones as they are. Frames are the last axis."""
    n = patches.shape[-1]
    return patches if n >= n_frames else patches[..., torch.arange(n_frames, device=patches.device) % n]


def pooled(maps: Tensor) -> Tensor:
    """Mean and standard deviation over the last axis, flattened, shape (n_clips, 2 x the rest)."""
    mean = maps.mean(dim=-1, keepdim=True)
    deviation = ((maps - mean).square().mean(dim=-1) + EPSILON).sqrt()
    return torch.cat([mean.flatten(1), deviation.flatten(1)], dim=1)


class Original(nn.Module):
    """The network of the 2021 demonstration: three convolutions, averaged over bands and frames. It reads patches only.

    Pooling comes before the rectifier here, which is equal and leaves a quarter of the numbers to rectify. Weights
    start as Keras starts them (X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS 2010).

    Parameters
    ----------
    n_bands : int
        At least 15: three times a window of 2 and a pooling of 2 leave nothing of fewer.
    n_changes : int
        Passed over.
    n_classes : int

    Raises
    ------
    DataError
        If there are too few bands.
    """

    LEAST: ClassVar[int] = 15

    def __init__(self, n_bands: int, n_changes: int, n_classes: int) -> None:
        super().__init__()
        if n_bands < self.LEAST:
            problem = f"have {n_bands} bands, and the network 'original' needs {self.LEAST}"
            raise DataError("patches", problem, "Use the network 'small', or more bands.")
        self.n_changes = 0
        self.convolutions = nn.ModuleList([nn.Conv2d(n, m, 2) for n, m in ((1, 16), (16, 32), (32, 64))])
        self.dropout = nn.Dropout(0.2)
        self.output = nn.Linear(64, n_classes)
        for layer in (*self.convolutions, self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, patches: Tensor, changes: Tensor) -> Tensor:
        """Logits, shape (n_clips, n_classes), of patches, shape (n_clips, n_bands, n_frames)."""
        maps = at_least(patches, self.LEAST)[:, None].contiguous(memory_format=torch.channels_last)
        for convolution in self.convolutions:
            maps = self.dropout(functional.max_pool2d(convolution(maps), 2).relu())
        logits: Tensor = self.output(maps.mean(dim=(2, 3)))
        return logits


class Small(nn.Module):
    """Sum of three: convolutions pooled over time only, statistics of each band, and changes of descriptors.

    A fault is known by the bands it changes and by how they move in time. So bands stay apart to the end, and of time
    remain mean and deviation (as in D. Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition",
    ICASSP 2018), whatever the length of the clip. The two linear parts learn from few clips what needs no convolution.

    Parameters
    ----------
    n_bands : int > 0
    n_changes : int
        Without any there are two parts.
    n_classes : int
    """

    LEAST: ClassVar[int] = 8
    SHAPES: ClassVar[tuple[tuple[int, int, int, tuple[int, int]], ...]] = (
        (1, 8, 5, (2, 4)),
        (8, 16, 3, (2, 2)),
        (16, 32, 3, (2, 2)),
    )
    """Channels in, channels out, side of the kernel, and strides over bands and frames."""

    def __init__(self, n_bands: int, n_changes: int, n_classes: int) -> None:
        super().__init__()
        self.n_changes = n_changes
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(n, m, side, stride=strides, padding=side // 2, bias=False)
                for n, m, side, strides in self.SHAPES
            ]
        )
        self.norms = nn.ModuleList([nn.BatchNorm2d(shape[1]) for shape in self.SHAPES])
        n_left = n_bands
        for *_, strides in self.SHAPES:
            n_left = -(-n_left // strides[0])
        self.output = nn.Linear(2 * self.SHAPES[-1][1] * n_left, n_classes)
        # Inputs are the same all through learning: their mean and variance are those of all batches, not of the last.
        self.statistics_norm = nn.BatchNorm1d(2 * n_bands, eps=LEAST_VARIANCE, momentum=None, affine=False)
        self.statistics = nn.Linear(2 * n_bands, n_classes)
        if n_changes:
            self.changes_norm = nn.BatchNorm1d(n_changes, eps=LEAST_VARIANCE, momentum=None, affine=False)
            self.changes = nn.Linear(n_changes, n_classes)

    def forward(self, patches: Tensor, changes: Tensor) -> Tensor:
        """Logits, shape (n_clips, n_classes).

        Parameters
        ----------
        patches : Tensor, shape (n_clips, n_bands, n_frames)
        changes : Tensor, shape (n_clips, n_changes)
            As `auscult.diagnose.examples.compressed` gives them.
        """
        units = at_least(patches, self.LEAST).clamp(-LARGEST_CHANGE_DB, LARGEST_CHANGE_DB) / UNIT_DB
        maps = units[:, None].contiguous(memory_format=torch.channels_last)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            maps = norm(convolution(maps)).relu()
        logits: Tensor = self.output(self._dropped(pooled(maps), 0.3))
        logits = logits + self.statistics(self._dropped(self.statistics_norm(pooled(units)), 0.3))
        if self.n_changes:
            logits = logits + self.changes(self._dropped(self.changes_norm(changes), 0.5))
        return logits

    def _dropped(self, values: Tensor, share: float) -> Tensor:
        return functional.dropout(values, share, self.training)


Network = Original | Small
NETWORKS: dict[str, type[Network]] = {"original": Original, "small": Small}
"""By the names that `auscult.diagnose.training.RECIPES` has too."""
