"""Raw PCM, as it comes out of pipes and sockets -> samples, wherever the pieces are cut."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auscult.audio.wav import IEEE_FLOAT, PCM, WavHeader, decode_wav

SampleFormat = Literal["s16le", "s24le", "s32le", "f32le"]
"""What a sample looks like, as FFmpeg calls it: signed or float, bits, little-endian."""

READ_BYTES = 1 << 16
"""Most that is read at a time."""

_KINDS = {"s16le": (PCM, 2), "s24le": (PCM, 3), "s32le": (PCM, 4), "f32le": (IEEE_FLOAT, 4)}


class PcmDecoder:
    """Decodes one sender's bytes; what remains of a sample at the end of a piece waits for the next.

    Parameters
    ----------
    sample_format : SampleFormat
    n_channels : int > 0
        Interleaved.

    Attributes
    ----------
    frame_bytes : int
        Of a sample of all channels.
    """

    def __init__(self, sample_format: SampleFormat, n_channels: int) -> None:
        self._format_tag, self._sample_bytes = _KINDS[sample_format]
        self._n_channels = n_channels
        self.frame_bytes = self._sample_bytes * n_channels
        self._rest = b""

    def decode(self, data: bytes) -> NDArray[np.float32]:
        """Samples that these bytes complete.

        Parameters
        ----------
        data : bytes
            Of any length.

        Returns
        -------
        ndarray, shape (n_channels, n_samples), float32
            Full scale is [-1, 1]. Floats are as they were sent, NaN and infinite ones, too.
        """
        data = self._rest + data
        n_whole = len(data) - len(data) % self.frame_bytes
        self._rest = data[n_whole:]
        if not n_whole:
            return np.empty((self._n_channels, 0), np.float32)
        header = WavHeader(self._format_tag, self._n_channels, 0, self._sample_bytes, 0, n_whole)
        y = np.concatenate([block.T for block in decode_wav(data, header)], axis=1)  # as in a WAV file, but its header
        with np.errstate(invalid="ignore", over="ignore"):  # what is no sound is refused by name afterwards
            y *= np.float32(header.scale)
        return y
