"""Waveform -> another that could have been recorded: what training sees beside the recordings themselves.

Every augmentation is called with a waveform, its sampling rate and a generator of random numbers, returns a new
waveform, and gives the same one for the same state of the generator. `SpecAugment` does so with patches.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.features.stretch import time_stretch

Waveform = NDArray[np.float32]
Range = tuple[float, float]

STRETCH_FRAME_S = 0.093
"""2048 samples at 22.05 kHz, librosa's default."""


class Augmentation(Protocol):
    """Changes a waveform `(n_samples,)` or `(n_channels, n_samples)`, float32, as it might have been recorded."""

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """Return a changed copy; `sr` is the sampling rate in Hz."""


@dataclass(frozen=True)
class WhiteNoise:
    """Add white noise, of its own in each channel, `snr_db` (drawn uniformly) below the clip's power.

    Silence has no power to be under and stays silence.
    """

    snr_db: Range = (0.0, 20.0)

    def __post_init__(self) -> None:
        _check("snr_db", self.snr_db)

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """As `Augmentation`."""
        noise = rng.standard_normal(y.shape, dtype=np.float32)
        return y + noise * _gain_for(y, noise, rng.uniform(*self.snr_db))


@dataclass(frozen=True)
class Background:
    """Add another clip, `snr_db` (drawn uniformly) below the clip's power, from a place in it that is drawn too.

    The other clip is said at each call, as it is another each time; where it is shorter it begins again.
    """

    snr_db: Range = (6.0, 20.0)

    def __post_init__(self) -> None:
        _check("snr_db", self.snr_db)

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator, *, other: Waveform) -> Waveform:
        """As `Augmentation`.

        Parameters
        ----------
        other : ndarray, shape (n,) or (n_channels, n), float32
            At the same sampling rate and with as many channels, or one.
        """
        start = int(rng.integers(other.shape[-1]))
        places = (start + np.arange(y.shape[-1])) % other.shape[-1]
        background = np.broadcast_to(other[..., places], y.shape)
        return y + background * _gain_for(y, background, rng.uniform(*self.snr_db))


@dataclass(frozen=True)
class Roll:
    """Begin somewhere else: what is cut off at the front goes on behind the end; all channels alike."""

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """As `Augmentation`."""
        return np.roll(y, int(rng.integers(1, max(2, y.shape[-1]))), axis=-1)


@dataclass(frozen=True)
class TimeStretch:
    """Play faster or slower at the same pitch; the clip lasts ``1 / rate`` (drawn uniformly) as long."""

    rate: Range = (0.9, 1.1)

    def __post_init__(self) -> None:
        _check("rate", self.rate)
        if self.rate[0] < 0.1 or self.rate[1] > 10:
            raise OptionError("rate", f"expected rates from 0.1 to 10, got {self.rate}", "1 leaves the speed as it is.")

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """As `Augmentation`."""
        n_fft = 1 << round(math.log2(STRETCH_FRAME_S * sr))
        return time_stretch(y, rng.uniform(*self.rate), n_fft=n_fft, hop_length=n_fft // 4)


@dataclass(frozen=True)
class Gain:
    """Turn the microphone up or down by `gain_db` (drawn uniformly); what exceeds full scale is not cut off."""

    gain_db: Range = (-6.0, 6.0)

    def __post_init__(self) -> None:
        _check("gain_db", self.gain_db)

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """As `Augmentation`."""
        return y * np.float32(10 ** (rng.uniform(*self.gain_db) / 20))


@dataclass(frozen=True)
class SpecAugment:
    """Hide a few bands and a few frames of a patch (D. Park et al., "SpecAugment", Interspeech 2019).

    What is hidden gets the patch's mean: zero would be the loudest there is in dB below full scale.

    Parameters
    ----------
    n_band_masks, n_frame_masks : int >= 0
        Stripes across frequency and across time; they may overlap.
    max_band_share, max_frame_share : float in [0, 1]
        Widest stripe, as a share of the bands or frames; its width is drawn uniformly from 0 on.
    """

    n_band_masks: int = 2
    n_frame_masks: int = 2
    max_band_share: float = 0.15
    max_frame_share: float = 0.15

    def __post_init__(self) -> None:
        for name in ("max_band_share", "max_frame_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(name, f"expected a share from 0 to 1, got {getattr(self, name)}", "Correct it.")
        if min(self.n_band_masks, self.n_frame_masks) < 0:
            problem = f"expected 0 or more masks, got {self.n_band_masks} and {self.n_frame_masks}"
            raise OptionError("SpecAugment", problem, "Correct them.")

    def __call__(self, patch: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return a copy of a patch `(n_bands, n_frames)` with stripes hidden."""
        hidden = patch.copy()
        n_bands, n_frames = patch.shape
        for _ in range(self.n_band_masks):
            hidden[_stripe(n_bands, self.max_band_share, rng)] = patch.mean()
        for _ in range(self.n_frame_masks):
            hidden[:, _stripe(n_frames, self.max_frame_share, rng)] = patch.mean()
        return hidden


@dataclass(frozen=True)
class OriginalNoise:
    """The original's noise: standard deviation 0.005 of full scale, whatever the clip's level."""

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """As `Augmentation`."""
        return y + np.float32(0.005) * rng.standard_normal(y.shape, dtype=np.float32)


@dataclass(frozen=True)
class OriginalRoll:
    """The original's roll: always by 1600 samples."""

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """As `Augmentation`."""
        return np.roll(y, 1600, axis=-1)


@dataclass(frozen=True)
class OriginalStretch:
    """The original's time stretch, by a rate of 1: nothing changes."""

    def __call__(self, y: Waveform, sr: int, rng: np.random.Generator) -> Waveform:
        """Return the waveform itself."""
        return y


def _check(name: str, limits: Range) -> None:
    if not (all(map(math.isfinite, limits)) and limits[0] <= limits[1]):
        raise OptionError(name, f"expected two numbers, the lower first, got {limits}", "Correct them.")


def _gain_for(y: Waveform, added: Waveform, snr_db: float) -> np.float32:
    """Factor that brings a sound `snr_db` below another, direct current not counted; 0 if either is silent."""
    power, own = float(y.var(axis=-1).mean()), float(added.var(axis=-1).mean())
    return np.float32(math.sqrt(power / own) * 10 ** (-snr_db / 20)) if own > 0 else np.float32(0)


def _stripe(n: int, max_share: float, rng: np.random.Generator) -> slice:
    width = int(rng.integers(int(max_share * n), endpoint=True))
    start = int(rng.integers(n - width, endpoint=True))
    return slice(start, start + width)


AUGMENTATIONS: dict[str, Augmentation] = {
    "noise": WhiteNoise(),
    "roll": Roll(),
    "stretch": TimeStretch(),
    "gain": Gain(),
}
"""By the names of the command line; ``background`` besides, which needs another clip."""

ORIGINAL_AUGMENTATIONS: dict[str, Augmentation] = {
    "original-noise": OriginalNoise(),
    "original-roll": OriginalRoll(),
    "original-stretch": OriginalStretch(),
}
"""The original's three, in its order."""

BACKGROUND = "background"
