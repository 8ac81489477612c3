"""Waveforms -> the bytes of WAV and FLAC files."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

SUBTYPES = {16: "PCM_16", 24: "PCM_24"}
"""Bits of a sample -> libsndfile's name of the encoding."""


def wav_bytes(y: NDArray[np.float32], sr: int, *, bits: int = 16) -> bytes:
    """Contents of a WAV file.

    Parameters
    ----------
    y : ndarray, shape (n_samples,) or (n_channels, n_samples), float32
        What exceeds [-1, 1] is clipped.
    sr : int
        Sampling rate in Hz.
    bits : {16, 24}
    """
    wav = io.BytesIO()
    soundfile.write(wav, y.T, sr, format="WAV", subtype=SUBTYPES[bits])
    return wav.getvalue()


def flac_bytes(y: NDArray[np.float32], sr: int) -> bytes:
    """Contents of a FLAC file of 16 bits: half the size of a WAV file, and browsers play it.

    Parameters
    ----------
    y : ndarray, shape (n_samples,), float32
        What exceeds [-1, 1] is clipped.
    sr : int
        Sampling rate in Hz.
    """
    flac = io.BytesIO()
    soundfile.write(flac, np.clip(y, -1, 1), sr, format="FLAC", subtype="PCM_16")
    return flac.getvalue()
