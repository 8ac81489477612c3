"""Sound from the network or a file, through FFmpeg: RTSP, HTTP and whatever else it opens, of any codec and layout."""

import errno
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from auscult.audio.microphone import Chunk
from auscult.errors import AudioError, DeviceError
from auscult.extras import require
from auscult.monitor.sources.chunks import played, whole_chunks

RTSP_OPTIONS = {
    "rtsp_flags": "prefer_tcp",  # lost packets would be taken for a change of the machine
    "allowed_media_types": "audio",  # a camera need not send its picture
}
DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
"""Of FFmpeg's sample formats; with a p at the end each channel has a plane of its own."""
CHECK = "Check the address, the network, and that it sends sound."


@dataclass(frozen=True)
class Stream:
    """Sound of the first audio track of a stream or a file.

    Parameters
    ----------
    name : str
        The address without account, password and query.
    sr : int, Hz
    n_channels : int
    can_wait : bool
        Whether it is a file.
    pieces : iterator of Chunk
        Its frames, decoded.
    duration_s : float or None, s
        Of a file, 0 where that is not known; None: its sound comes as it is made.
    """

    name: str
    sr: int
    n_channels: int
    can_wait: bool
    pieces: Iterator[Chunk]
    duration_s: float | None

    @classmethod
    def open(cls, url: str, *, timeout_s: float) -> "Stream":
        """Open it and decode its first frame, which knows the rate: the headers of HE-AAC tell half of it.

        Parameters
        ----------
        url : str
            Address, or a file's path.
        timeout_s : float > 0, s
            Longest time without anything from the network, and longest without sound.

        Raises
        ------
        DeviceError
            If it cannot be opened, or nothing comes in time.
        AudioError
            If there is no sound in it.
        MissingExtraError
            If the library that decodes is not installed.
        """
        decoded = _Decoded(url, timeout_s)
        frames = decoded.frames()
        first = next(frames, None)
        if first is None:
            raise AudioError(decoded.name, "holds no sound", CHECK)
        sr, n_channels = first.sample_rate, first.layout.nb_channels
        pieces = decoded.pieces(first, frames)
        return cls(decoded.name, sr, n_channels, not decoded.is_network, pieces, decoded.duration_s)

    def chunks(self) -> Iterator[Chunk]:
        """Sound from now on, or that of the file to its end.

        Raises
        ------
        DeviceError
            If nothing comes for too long, the network or the sender ends it, or the sound becomes one of another rate.
        """
        chunks = whole_chunks(self.pieces, sr=self.sr, where=self.name)
        return chunks if self.duration_s is None else played(chunks, sr=self.sr, duration_s=self.duration_s)


class _Decoded:
    """A stream that is being decoded."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._av = require("av", extra="monitor")
        self._timeout_s = timeout_s
        self._is_gap = False
        parts = urlsplit(url)
        self.is_network = "://" in url and parts.scheme != "file"
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if self.is_network else url
        options = RTSP_OPTIONS if parts.scheme in ("rtsp", "rtsps") else {}
        try:
            self._container = self._av.open(url, options=options, timeout=timeout_s, metadata_errors="replace")
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise self._failed("cannot be opened", error) from None
        is_file = Path(parts.path if parts.scheme == "file" else url).is_file()  # and no pipe
        self.duration_s = (self._container.duration or 0) / self._av.time_base if is_file else None

    def frames(self) -> Iterator[Any]:
        """Decoded frames of its first audio track; packets that are damaged are passed over."""
        with self._container as container:
            track = container.streams.best("audio")
            if track is None or track.codec_context is None:
                raise AudioError(self.name, "holds no sound that can be decoded", CHECK)
            try:
                yield from self._frames_of(track.index)
            except (self._av.FFmpegError, OSError) as error:
                is_end = self.is_network and error.errno == errno.EIO  # so FFmpeg calls an end that HTTP did not tell
                if not is_end:
                    raise self._failed("broke off", error) from None
        if self.is_network:
            raise DeviceError(self.name, "was ended by its sender", "Start what sends it again.")

    def _frames_of(self, track: int) -> Iterator[Any]:
        heard_at = time.monotonic()
        for packet in self._container.demux():  # all tracks, to notice pictures that come without sound
            for frame in self._decode(packet) if packet.stream_index == track else ():
                yield frame
                heard_at = time.monotonic()  # whoever takes it may have taken long
            if time.monotonic() - heard_at > self._timeout_s:
                problem = f"has sent no sound for {self._timeout_s:g} s, only other data"
                raise DeviceError(self.name, problem, "Check that its microphone is on.")

    def pieces(self, first: Any, frames: Iterator[Any]) -> Iterator[Chunk]:
        """Samples of the frames, as long as they are like the first."""
        form = (first.sample_rate, first.layout.nb_channels)
        yield Chunk(_samples(first))
        for frame in frames:
            if (frame.sample_rate, frame.layout.nb_channels) != form:
                problem = "changed from {} Hz and {} channel(s)".format(*form)
                problem += f" to {frame.sample_rate} Hz and {frame.layout.nb_channels}"
                raise DeviceError(self.name, problem, "It is opened again as it is now.")
            yield Chunk(_samples(frame), self._is_gap)
            self._is_gap = False

    def _decode(self, packet: Any) -> list[Any]:
        try:
            return list(packet.decode())
        except self._av.FFmpegError:
            self._is_gap = True
            return []

    def _failed(self, what: str, error: Exception) -> DeviceError:
        if isinstance(error, self._av.error.ExitError):
            return DeviceError(self.name, f"nothing came for {self._timeout_s:g} s", CHECK)
        reason = getattr(error, "strerror", None) or str(error)  # the message itself has the address with its password
        return DeviceError(self.name, f"{what} ({reason})", CHECK)


def _samples(frame: Any) -> NDArray[np.float32]:
    """Samples of a decoded frame, shape (n_channels, n_samples), full scale [-1, 1]."""
    n_channels, dtype = frame.layout.nb_channels, np.dtype(DTYPES[frame.format.name.removesuffix("p")])
    if frame.format.is_planar:  # PyAV's own to_ndarray takes a plane too many where there are eight
        planes = [np.frombuffer(plane, dtype, frame.samples) for plane in frame.planes[:n_channels]]
        values = np.stack(planes)
    else:
        values = np.frombuffer(frame.planes[0], dtype, frame.samples * n_channels).reshape(-1, n_channels).T
    y = values.astype(np.float32, order="C")
    if dtype.kind == "u":  # silence is at 128
        y -= 128
    if dtype.kind in "iu":
        y /= 2.0 ** (8 * dtype.itemsize - 1)
    return y
