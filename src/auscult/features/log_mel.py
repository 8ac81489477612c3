"""Log-mel spectra at the recording's own rate, and the descriptors of a clip made from them.

There is one code path: `LogMelStream` takes a waveform in chunks of any size, and a whole clip is one chunk.
"""

from dataclasses import asdict, dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from auscult.errors import AudioError, OptionError
from auscult.features.spectrum import mel_spectrum, power_to_db

FRAME_S = 0.064
"""Length of a frame: 1024 samples at 16 kHz."""


@dataclass(frozen=True)
class LogMel:
    """Options of the recipe, spelt as in librosa; `for_rate` gives the ones that suit a sampling rate."""

    sr: int = 16000
    n_fft: int = 1024
    hop_length: int = 512
    n_mels: int = 128
    fmin: float = 0.0
    fmax: float = 8000.0

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

    @classmethod
    def for_rate(cls, sr: int, *, n_mels: int = 128) -> "LogMel":
        """Recipe for recordings of this rate: frames of about 64 ms, half overlapping, bands up to ``sr / 2``.

        Parameters
        ----------
        sr : int
            Sampling rate in Hz.
        n_mels : int > 0
            At most half a frame's samples are used.
        """
        n_fft = 1 << round(np.log2(FRAME_S * sr))
        return cls(sr=sr, n_fft=n_fft, hop_length=n_fft // 2, n_mels=min(n_mels, n_fft // 2), fmax=sr / 2)

    @property
    def n_descriptors(self) -> int:
        """Length of a clip's descriptors."""
        return 2 * self.n_mels

    def patch(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """Log-mel spectrogram of one channel.

        Parameters
        ----------
        y : ndarray, shape (n_samples,), float32 in [-1, 1]
        sr : int
            Sampling rate of `y` in Hz; a higher one than the recipe's is resampled.

        Returns
        -------
        ndarray, shape (n_mels, n_frames), float32, dB
            Of mel power, at least -100; no padding, ``n_frames = 1 + (n_samples - n_fft) // hop_length``.

        Raises
        ------
        AudioError
            If the clip is shorter than one frame, or its rate is lower than the recipe's: the upper bands would be
            empty and look like a change of the machine.
        """
        return LogMelStream(self).push(self._at_own_rate(y, sr)).T

    def descriptors(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """Mean and standard deviation over time of every band; of several channels, their mean.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
        sr : int
            Sampling rate of `y` in Hz.

        Returns
        -------
        ndarray, shape (n_descriptors,), float32, dB
            All means, then all standard deviations.

        Raises
        ------
        AudioError
            As `patch`.
        """
        patches = [self.patch(channel, sr) for channel in np.atleast_2d(y)]
        pooled = [np.concatenate([patch.mean(axis=1), patch.std(axis=1)]) for patch in patches]
        mean: NDArray[np.float32] = np.mean(pooled, axis=0, dtype=np.float32)
        return mean

    def _at_own_rate(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        if sr < self.sr:
            problem = f"recorded at {sr} Hz, where {self.sr} Hz are needed to hear up to {self.fmax:g} Hz"
            raise AudioError("clip", problem, "Record at the rate of the training recordings, or train on this rate.")
        if sr > self.sr:
            y = soxr.resample(y, sr, self.sr)
        if y.shape[0] < self.n_fft:
            problem = f"lasts {1000 * y.shape[0] / self.sr:.1f} ms, shorter than one frame"
            raise AudioError("clip", problem, f"Give at least {1000 * self.n_fft / self.sr:.0f} ms of sound.")
        return y


class LogMelStream:
    """Log-mel frames of a waveform that arrives in chunks; the frames do not depend on how it is cut."""

    def __init__(self, recipe: LogMel) -> None:
        self._spectrum = mel_spectrum(**asdict(recipe))
        self._rest = np.empty(0, np.float32)

    def push(self, chunk: NDArray[np.float32]) -> NDArray[np.float32]:
        """Frames that this chunk completes.

        Parameters
        ----------
        chunk : ndarray, shape (n_samples,), float32
            What follows the chunk pushed before; any length, also 0.

        Returns
        -------
        ndarray, shape (n_frames, n_mels), float32, dB
        """
        y = np.concatenate([self._rest, chunk]) if self._rest.size else chunk
        n_frames = self._spectrum.n_frames(y.shape[0])
        self._rest = y[n_frames * self._spectrum.hop_length :].copy()
        return power_to_db(self._spectrum.power(y))
