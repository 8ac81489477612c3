"""Variations of a batch of clips that leave their faults as they are, drawn anew each time.

Stripes after D. S. Park et al., "SpecAugment: a simple data augmentation method for automatic speech recognition",
Interspeech 2019; mixtures after H. Zhang et al., "mixup: beyond empirical risk minimization", ICLR 2018.
"""

import numpy as np
import torch
from torch import Tensor

MOST_GAIN_DB = 2.0
"""Uniform between this and its negative, for all bands of a clip: how loud a machine is differs by the day."""
STRIPE = 1 / 8
"""Largest share of the bands, and of the frames, that are set to no change."""
MIXTURE = 0.3
"""Both parameters of the beta distribution that the shares of mixed clips are drawn from: mostly near 0 or 1."""
NOISE = 0.2
"""Standard deviation added to compressed changes: a fifth more or less."""


def augmented(
    patches: Tensor, changes: Tensor, targets: Tensor, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Roll clips in time, change their level, blank stripes, mix pairs, add noise to changes.

    Parameters
    ----------
    patches : Tensor, shape (n_clips, n_bands, n_frames)
        In dB.
    changes : Tensor, shape (n_clips, n_changes)
        Compressed.
    targets : Tensor, shape (n_clips, n_classes)
        Probabilities of the faults.
    rng : numpy Generator
        Draws everything: the same on every device.

    Returns
    -------
    patches, changes, targets : Tensor
        New ones of the same shapes.
    """
    patches = striped(shifted(rolled(patches, rng), rng), rng)
    noise = NOISE * rng.standard_normal(tuple(changes.shape), dtype=np.float32)
    return mixed(patches, changes + torch.from_numpy(noise).to(changes.device), targets, rng)


def rolled(patches: Tensor, rng: np.random.Generator) -> Tensor:
    """Each clip from a random frame on, its beginning at its end."""
    n_clips, n_bands, n_frames = patches.shape
    starts = _tensor(rng.integers(n_frames, size=(n_clips, 1)), patches)
    frames = (starts + torch.arange(n_frames, device=patches.device)) % n_frames
    return patches.gather(2, frames[:, None].expand(-1, n_bands, -1))


def shifted(patches: Tensor, rng: np.random.Generator) -> Tensor:
    """Each clip louder or softer by up to `MOST_GAIN_DB`."""
    gains = rng.uniform(-MOST_GAIN_DB, MOST_GAIN_DB, (len(patches), 1, 1)).astype(np.float32)
    return patches + _tensor(gains, patches)


def striped(patches: Tensor, rng: np.random.Generator) -> Tensor:
    """Each clip with neighbouring bands, and neighbouring frames, at 0 dB: up to `STRIPE` of them."""
    for axis in (1, 2):
        n = patches.shape[axis]
        widths = rng.integers(int(n * STRIPE), size=len(patches), endpoint=True)
        starts = rng.integers(n - widths, endpoint=True)
        places = np.arange(n)
        is_kept = (places < starts[:, None]) | (places >= (starts + widths)[:, None])
        patches = patches * _tensor(is_kept.astype(np.float32), patches).unsqueeze(3 - axis)
    return patches


def mixed(patches: Tensor, changes: Tensor, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Each clip mixed with another of the batch, all of it by one share, drawn from a beta distribution."""
    n_clips = len(patches)
    others = _tensor(rng.permutation(n_clips), patches)
    shares = _tensor(rng.beta(MIXTURE, MIXTURE, (n_clips, 1)).astype(np.float32), patches)

    def mixture(own: Tensor) -> Tensor:
        return torch.lerp(own[others], own, shares if own.ndim == 2 else shares[:, :, None])

    return mixture(patches), mixture(changes), mixture(targets)


def _tensor(array: np.ndarray, like: Tensor) -> Tensor:
    return torch.from_numpy(array).to(like.device)
