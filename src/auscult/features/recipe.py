"""What every recipe of features can do, and what it gives."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auscult.features.nameplate import Nameplate


@dataclass(frozen=True)
class Features:
    """What models look at.

    Parameters
    ----------
    patch : ndarray, shape (n_bands, n_frames), float32
        For a network.
    descriptors : ndarray, shape (n_descriptors,), float32
        For a detector.
    """

    patch: NDArray[np.float32]
    descriptors: NDArray[np.float32]


class Recipe(Protocol):
    """How a waveform becomes features: a frozen dataclass whose fields go into the bundle and the feature store."""

    @property
    def sr(self) -> int:
        """Sampling rate in Hz at which features are computed."""

    @property
    def n_bands(self) -> int:
        """Height of a patch."""

    @property
    def descriptor_groups(self) -> dict[str, slice]:
        """Where each group of descriptors lies among them, in their order."""

    @property
    def descriptor_names(self) -> tuple[str, ...]:
        """What each descriptor is, with its frequency where it has one."""

    @property
    def n_descriptors(self) -> int:
        """Number of descriptors of a clip."""

    def at_own_rate(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """Waveform at the recipe's sampling rate.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
        sr : int
            Its sampling rate in Hz.

        Raises
        ------
        AudioError
            If features cannot be computed of it.
        """

    def features(self, y: NDArray[np.float32], nameplate: Nameplate | None = None) -> Features:
        """Patch and descriptors of a clip.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
            At the recipe's sampling rate: `at_own_rate` gives it.
        nameplate : Nameplate, optional
            What is known of the machine.
        """

    def patch(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """Patch of a waveform of any rate, shape (n_bands, n_frames), float32."""

    def descriptors(self, y: NDArray[np.float32], sr: int, nameplate: Nameplate | None = None) -> NDArray[np.float32]:
        """Descriptors of a waveform of any rate, shape (n_descriptors,), float32."""
