"""A recording -> the loudspeaker."""

import os

import numpy as np

from auscult.audio.read import read_audio
from auscult.errors import DeviceError
from auscult.extras import require


def play_clip(path: str | os.PathLike[str]) -> None:
    """Play a recording to its end, the mean of its channels, as loud as it goes without clipping.

    Parameters
    ----------
    path : path

    Raises
    ------
    AudioError
        If it cannot be read.
    DeviceError
        If there is no loudspeaker, or it does not play.
    MissingExtraError
        If the library that plays is not installed.
    """
    y, sr = read_audio(path, channels="mean")
    remedy = "Connect one, or write the recordings to a folder and play them elsewhere."
    try:
        sounddevice = require("sounddevice", extra="monitor")
        sounddevice.play(y / max(float(np.abs(y).max()), 1e-6), sr, blocking=True)
    except OSError as error:  # PortAudio itself is missing
        raise DeviceError("loudspeaker", f"sound cannot be played ({error})", remedy) from None
    except Exception as error:
        if type(error).__name__ != "PortAudioError":
            raise
        raise DeviceError("loudspeaker", f"does not play ({error})", remedy) from None
