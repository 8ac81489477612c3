"""The original's features: 40 MFCCs of 433 frames, exactly as signalML's model was trained on them.

Recipe: all channels averaged, `kaiser_fast` to 22.05 kHz, ``librosa.feature.mfcc(y, sr=22050, n_mfcc=40)`` (that is:
2048 samples of Hann window every 512, 128 Slaney mel bands, a floor 80 dB below the clip's loudest band, DCT-II), two
of zeros, then cut to 433 columns or filled with a copy of its own last ones. Ten seconds give 431 + 2.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from auscult.errors import OptionError
from auscult.features.nameplate import Nameplate
from auscult.features.recipe import Features
from auscult.features.resample import resample_kaiser_fast
from auscult.features.spectrum import mel_spectrum, power_to_db
from auscult.products import row_products

N_ZERO_COLUMNS = 2


@dataclass(frozen=True)
class OriginalMfcc:
    """Options of the recipe, spelt as in librosa; the defaults are the original's."""

    sr: int = 22050
    n_fft: int = 2048
    hop_length: int = 512
    n_mels: int = 128
    n_mfcc: int = 40
    top_db: float = 80.0
    n_frames: int = 433
    """Width of a patch."""

    def __post_init__(self) -> None:
        counts = (self.sr, self.n_fft, self.hop_length, self.n_mels, self.n_mfcc, self.n_frames)
        if not (min(counts) >= 1 and self.n_mfcc <= self.n_mels <= self.n_fft // 2 and self.top_db >= 0):
            problem = f"expected counts from 1, n_mfcc <= n_mels <= n_fft / 2 and top_db from 0, got {self}"
            raise OptionError("original-mfcc", problem, "Correct them.")

    @property
    def n_bands(self) -> int:
        """Height of a patch."""
        return self.n_mfcc

    @property
    def descriptor_groups(self) -> dict[str, slice]:
        """Where each group of descriptors lies among them, in their order."""
        return {"mean": slice(0, self.n_mfcc), "std": slice(self.n_mfcc, 2 * self.n_mfcc)}

    @property
    def descriptor_names(self) -> tuple[str, ...]:
        """What each descriptor is."""
        return tuple(f"{group} of coefficient {number}" for group in ("mean", "std") for number in range(self.n_mfcc))

    @property
    def n_descriptors(self) -> int:
        """Number of descriptors of a clip."""
        return 2 * self.n_mfcc

    def at_own_rate(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """Waveform at the recipe's sampling rate, its channels averaged.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
        sr : int
            Its sampling rate in Hz.

        Returns
        -------
        ndarray, shape (n_samples,), float32
        """
        return resample_kaiser_fast(y if y.ndim == 1 else y.mean(axis=0), sr=sr, target_sr=self.sr)

    def features(self, y: NDArray[np.float32], nameplate: Nameplate | None = None) -> Features:
        """Patch of a clip, and mean and standard deviation over time of its coefficients.

        Parameters
        ----------
        y : ndarray, shape (n_samples,), float32 in [-1, 1]
            At the recipe's sampling rate: `at_own_rate` gives it.
        nameplate : Nameplate, optional
            Not used: these features know no orders.

        Returns
        -------
        Features
        """
        mfcc = self.mfcc(y)
        return Features(self._filled(mfcc), np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)]))

    def descriptors(self, y: NDArray[np.float32], sr: int, nameplate: Nameplate | None = None) -> NDArray[np.float32]:
        """Descriptors of a clip, as `features` of it at the recipe's rate."""
        return self.features(self.at_own_rate(y, sr), nameplate).descriptors

    def patch(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """What the classifier sees.

        Parameters
        ----------
        y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32 in [-1, 1]
        sr : int
            Sampling rate of `y` in Hz.

        Returns
        -------
        ndarray, shape (n_mfcc, n_frames), float32
            Clips of any length give one: the original failed under 5 s, where its filling ran out of columns; here it
            goes on with copies of the columns there are.
        """
        return self._filled(self.mfcc(self.at_own_rate(y, sr)))

    def _filled(self, mfcc: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients at the patch's width."""
        mfcc = np.pad(mfcc, ((0, 0), (0, N_ZERO_COLUMNS)))
        while (n_missing := self.n_frames - mfcc.shape[1]) > 0:
            mfcc = np.concatenate([mfcc, mfcc[:, -n_missing:]], axis=1)
        return mfcc[:, : self.n_frames]

    def mfcc(self, y: NDArray[np.float32]) -> NDArray[np.float32]:
        """MFCCs of a waveform that has this recipe's sampling rate.

        Parameters
        ----------
        y : ndarray, shape (n_samples,), float32

        Returns
        -------
        ndarray, shape (n_mfcc, 1 + n_samples // hop_length), float32
            Frames are centred on multiples of the hop; the waveform is padded with zeros for that.
        """
        spectrum = mel_spectrum(
            sr=self.sr, n_fft=self.n_fft, hop_length=self.hop_length, n_mels=self.n_mels, fmin=0.0, fmax=self.sr / 2
        )
        log_mel = power_to_db(spectrum.power(np.pad(y, self.n_fft // 2)))
        np.maximum(log_mel, log_mel.max() - np.float32(self.top_db), out=log_mel)
        return row_products(log_mel, _dct_ii(self.n_mfcc, self.n_mels)).T


@lru_cache(maxsize=8)
def _dct_ii(n_out: int, n_in: int) -> NDArray[np.float32]:
    """First columns of the orthonormal DCT-II, shape (n_in, n_out)."""
    inputs, outputs = np.arange(n_in)[:, None], np.arange(n_out)
    basis = np.sqrt(2 / n_in) * np.cos(np.pi / n_in * (inputs + 0.5) * outputs)
    basis[:, 0] /= np.sqrt(2)
    weights: NDArray[np.float32] = basis.astype(np.float32)
    return weights
