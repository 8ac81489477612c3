"""Raw PCM on the standard input: ``arecord -t raw ... | auscult monitor ...``."""

import os
import select
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from auscult.audio.microphone import Chunk
from auscult.errors import DeviceError
from auscult.monitor.sources.chunks import TICK_S, nothing, played, whole_chunks
from auscult.monitor.sources.pcm import READ_BYTES, PcmDecoder, SampleFormat

NAME = "standard input"

_decoder = lru_cache(1)(PcmDecoder)
"""There is only one standard input: what remains of a sample is for whoever reads it next."""


SKIP_S = 1.0
"""Longest time in which what waits is left out: what is sent as it is made never ends."""

_is_unusable = threading.Event()
"""What was last read was no sound."""


@dataclass(frozen=True)
class PcmStdin:
    """Raw PCM on the standard input, to its end.

    Parameters
    ----------
    sr : int, Hz
    n_channels : int
    sample_format : SampleFormat
    """

    sr: int
    n_channels: int
    sample_format: SampleFormat
    name: str = NAME
    can_wait: bool = True  # a full pipe makes its writer wait

    @classmethod
    def open(cls, *, sr: int, n_channels: int, sample_format: SampleFormat) -> "PcmStdin":
        """Check that something can come.

        Raises
        ------
        DeviceError
            If it is a terminal, or closed.
        """
        remedy = "Send raw sound into it: arecord -t raw -f S16_LE -r 16000 | auscult monitor SETTINGS"
        try:
            is_terminal = os.isatty(0)
            os.fstat(0)
        except OSError:
            raise DeviceError(NAME, "is closed", remedy) from None
        if is_terminal:
            raise DeviceError(NAME, "is a terminal, and gives no sound", remedy)
        return cls(sr, n_channels, sample_format)

    def chunks(self) -> Iterator[Chunk]:
        """Sound until the writer closes the pipe, or the file ends; empty chunks while it is silent.

        Raises
        ------
        DeviceError
            If samples are NaN, infinite, or too large to be sound.
        """
        chunks = self._usable(whole_chunks(self._pieces(), sr=self.sr, where=self.name))
        status = os.fstat(0)
        if not stat.S_ISREG(status.st_mode):
            return chunks
        n_bytes = status.st_size - os.lseek(0, 0, os.SEEK_CUR)
        decoder = _decoder(self.sample_format, self.n_channels)
        return played(chunks, sr=self.sr, duration_s=n_bytes / decoder.frame_bytes / self.sr)

    def _usable(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Chunks as they are; after one that is no sound, all that waits is left out first, to come to its end soon."""
        if _is_unusable.is_set():
            _is_unusable.clear()
            until = time.monotonic() + SKIP_S
            while time.monotonic() < until and select.select([0], [], [], SKIP_S / 10)[0]:
                if not os.read(0, READ_BYTES):
                    return
                yield nothing(self.n_channels)
        try:
            yield from chunks
        except DeviceError:
            _decoder.cache_clear()
            _is_unusable.set()
            raise

    def _pieces(self) -> Iterator[Chunk]:
        decoder = _decoder(self.sample_format, self.n_channels)
        while True:
            if not select.select([0], [], [], TICK_S)[0]:
                yield nothing(self.n_channels)
            elif data := os.read(0, READ_BYTES):
                yield Chunk(decoder.decode(data))
            else:
                _decoder.cache_clear()
                return
