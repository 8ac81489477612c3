"""Log-mel spectra at the recording's own rate, and the descriptors of a clip made from them.

There is one code path: live sound goes through the same frames and the same descriptors (`auscult.features.stream`).
"""

from dataclasses import asdict, dataclass
from functools import lru_cache

import numpy as np
import soxr
from numpy.typing import NDArray

from auscult.errors import AudioError, OptionError
from auscult.features.descriptors import DescriptorGroups, Heard
from auscult.features.nameplate import Nameplate
from auscult.features.recipe import Features
from auscult.features.spectrum import BandSpectrum, mel_spectrum, power_to_db

FRAME_S = 0.064
"""Length of a frame: 1024 samples at 16 kHz."""

GROUPS = ("level", "mean", "std", "p5", "p50", "p95", "gwrp0.98", "gwrp0.9", "gwrp0.5", "modulation", "orders")


@dataclass(frozen=True)
class LogMel:
    """Options of the recipe, spelt as in librosa; `for_rate` gives the ones that suit a sampling rate."""

    sr: int = 16000
    n_fft: int = 1024
    hop_length: int = 512
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float = 8000.0
    groups: tuple[str, ...] = GROUPS
    """Which descriptors, in which order (`auscult.features.descriptors`)."""
    n_channels: int = 1
    """Channels of a clip: more than one only where ``channels`` are among the groups."""

    def __post_init__(self) -> None:
        if min(self.sr, self.n_fft, self.hop_length, self.n_mels) < 1:
            got = f"sr={self.sr}, n_fft={self.n_fft}, hop_length={self.hop_length}, n_mels={self.n_mels}"
            raise OptionError("log-mel", f"expected counts of at least 1, got {got}", "Correct them.")
        if self.n_mels > self.n_fft // 2:
            problem = f"expected at most {self.n_fft // 2} mel bands for frames of {self.n_fft}, got {self.n_mels}"
            raise OptionError("n_mels", problem, "Choose fewer bands.")
        if self.hop_length > self.n_fft:
            problem = (
                f"hop_length {self.hop_length} is longer than a frame of {self.n_fft}, so sound would be passed over"
            )
            raise OptionError("log-mel", f"expected hop_length <= n_fft: {problem}", "Correct them.")
        if not 0 <= self.fmin < self.fmax <= self.sr / 2:
            problem = f"expected 0 <= fmin < fmax <= sr / 2, got fmin={self.fmin}, fmax={self.fmax}, sr={self.sr}"
            raise OptionError("log-mel", problem, "Correct them.")
        _descriptor_groups(self)

    @classmethod
    def for_rate(cls, sr: int, *, n_mels: int = 128, groups: tuple[str, ...] = GROUPS, n_channels: int = 1) -> "LogMel":
        """Recipe for recordings of this rate: frames of about 64 ms, half overlapping, bands up to ``sr / 2``.

        Parameters
        ----------
        sr : int
            Sampling rate in Hz.
        n_mels : int > 0
            At most half a frame's samples are used.
        groups : tuple of str
        n_channels : int > 0
        """
        n_fft = 1 << round(np.log2(FRAME_S * sr))
        n_mels = min(n_mels, n_fft // 2)
        options = {"n_fft": n_fft, "hop_length": n_fft // 2, "n_mels": n_mels, "fmax": sr / 2}
        return cls(sr=sr, groups=groups, n_channels=n_channels, **options)

    @property
    def n_bands(self) -> int:
        """Height of a patch."""
        return self.n_mels

    @property
    def descriptor_groups(self) -> dict[str, slice]:
        """Where each group of descriptors lies among them, in their order."""
        return dict(_descriptor_groups(self).slices)

    @property
    def descriptor_names(self) -> tuple[str, ...]:
        """What each descriptor is, with its frequency where it has one."""
        return _descriptor_groups(self).names

    @property
    def n_descriptors(self) -> int:
        """Number of descriptors of a clip."""
        return len(_descriptor_groups(self).names)

    @property
    def spectrum(self) -> BandSpectrum:
        """The mel spectrum of these options."""
        options = {key: value for key, value in asdict(self).items() if key not in ("groups", "n_channels")}
        return mel_spectrum(**options)

    @property
    def envelope_spectrum(self) -> BandSpectrum | None:
        """The spectrum of short frames that envelopes are made of, or None if no group needs any."""
        groups = _descriptor_groups(self)
        return groups.envelope_spectrum() if groups.has_envelopes else None

    def at_own_rate(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """Waveform at the recipe's sampling rate.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
        sr : int
            Its sampling rate in Hz; a higher one than the recipe's is resampled.

        Returns
        -------
        ndarray, shape (n_samples,) or (n_channels, n_samples), float32

        Raises
        ------
        AudioError
            If the clip is shorter than one frame, has another number of channels than its descriptors need, or its rate
            is lower than the recipe's: the upper bands would be empty and look like a change of the machine.
        """
        check_rate(sr, self)
        if sr > self.sr:
            resampled = [resampler(sr, self.sr).resample_chunk(channel, last=True) for channel in np.atleast_2d(y)]
            y = np.stack(resampled) if y.ndim == 2 else resampled[0]
        n_channels, n_samples = np.atleast_2d(y).shape
        if n_samples < self.n_fft:
            problem = f"lasts {1000 * n_samples / self.sr:.1f} ms, shorter than one frame"
            raise AudioError("clip", problem, f"Give at least {1000 * self.n_fft / self.sr:.0f} ms of sound.")
        if self.n_channels > 1 and n_channels != self.n_channels:
            problem = f"has {n_channels} channel(s), and its descriptors compare {self.n_channels}"
            raise AudioError("clip", problem, "Record it with the same microphones.")
        return y

    def patch(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """Log-mel spectrogram.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
        sr : int
            Sampling rate of `y` in Hz.

        Returns
        -------
        ndarray, shape (n_mels, n_frames), float32, dB
            Of mel power, at least -100, mean of several channels; no padding,
            ``n_frames = 1 + (n_samples - n_fft) // hop_length``.

        Raises
        ------
        AudioError
            As `at_own_rate`.
        """
        channels = np.atleast_2d(self.at_own_rate(y, sr))
        return _patch([power_to_db(self.spectrum.power(channel)) for channel in channels])

    def descriptors(self, y: NDArray[np.float32], sr: int, nameplate: Nameplate | None = None) -> NDArray[np.float32]:
        """Descriptors of a clip, as `features` of it at the recipe's rate.

        Raises
        ------
        AudioError
            As `at_own_rate`.
        """
        return self.features(self.at_own_rate(y, sr), nameplate).descriptors

    def features(self, y: NDArray[np.float32], nameplate: Nameplate | None = None) -> Features:
        """Patch and descriptors of a clip.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
            At the recipe's sampling rate: `at_own_rate` gives it.
        nameplate : Nameplate, optional
            What is known of the machine, for its orders.

        Returns
        -------
        Features
        """
        spectrum, envelopes = self.spectrum, self.envelope_spectrum
        channels = np.atleast_2d(y)
        heard = [
            Heard(power_to_db(spectrum.power(channel)), envelopes.power(channel) if envelopes else None)
            for channel in channels
        ]
        return self.features_of(channels, heard, nameplate)

    def features_of(self, y: NDArray[np.float32], heard: list[Heard], nameplate: Nameplate | None = None) -> Features:
        """Patch and descriptors of channels that have been heard already.

        Parameters
        ----------
        y : ndarray, shape (n_channels, n_samples), float32
        heard : list of Heard
        nameplate : Nameplate, optional
        """
        descriptors = _descriptor_groups(self).describe(y, heard, nameplate)
        return Features(_patch([ears.frames_db for ears in heard]), descriptors)


def check_rate(sr: int, recipe: LogMel) -> None:
    """Check that sound of this rate has all that the recipe listens to.

    Raises
    ------
    AudioError
        If the rate is lower than the recipe's.
    """
    if sr < recipe.sr:
        problem = f"recorded at {sr} Hz, where {recipe.sr} Hz are needed to hear up to {recipe.fmax:g} Hz"
        raise AudioError("clip", problem, "Record at the rate of the training recordings, or train on this rate.")


def resampler(sr: int, target_sr: int) -> soxr.ResampleStream:
    """Resampler for one channel, whole or in chunks."""
    return soxr.ResampleStream(sr, target_sr, 1, dtype="float32")


def _patch(frames_db: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    mean: NDArray[np.float32] = frames_db[0] if len(frames_db) == 1 else np.mean(frames_db, axis=0, dtype=np.float32)
    return mean.T


@lru_cache(maxsize=64)
def _descriptor_groups(recipe: LogMel) -> DescriptorGroups:
    return DescriptorGroups(**asdict(recipe))
