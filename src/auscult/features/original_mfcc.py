"""The original's features: 40 MFCCs of 433 frames, exactly as signalML's model was trained on them.

Recipe: all channels averaged, `kaiser_fast` to 22.05 kHz, ``librosa.feature.mfcc(y, sr=22050, n_mfcc=40)`` (that is:
2048 samples of Hann window every 512, 128 Slaney mel bands, a floor 80 dB below the clip's loudest band, DCT-II), two
of zeros, then cut to 433 columns or filled with a copy of its own last ones. Ten seconds give 431 + 2.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

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

    def patch(self, y: NDArray[np.float32], sr: int) -> NDArray[np.float32]:
        """What the classifier sees.

        Parameters
        ----------
        y : ndarray, shape (n_samples,), float32 in [-1, 1]
        sr : int
            Sampling rate of `y` in Hz.

        Returns
        -------
        ndarray, shape (n_mfcc, n_frames), float32
            Clips of any length give one: the original failed under 5 s, where its filling ran out of columns; here it
            goes on with copies of the columns there are.
        """
        mfcc = np.pad(self.mfcc(resample_kaiser_fast(y, sr=sr, target_sr=self.sr)), ((0, 0), (0, N_ZERO_COLUMNS)))
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
