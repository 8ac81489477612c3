"""RIFF/WAVE bytes -> samples, for the sample formats that machines record.

The live path: most recordings are plain WAV, and decoding them here takes a third of libsndfile's time
(`benchmarks/verdict.py`). It also sees what libsndfile forgives in silence: a file shorter than its header says.
Everything else (compressed WAV, RF64, FLAC, OGG, ...) is left to libsndfile.

The format: Microsoft, "Multiple channel audio data and WAVE files" (2007); RFC 2361 for the format tags.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auscult.errors import AudioError

TRUNCATED = "Copy or record the file again; what is missing cannot be restored."
DAMAGED = "Record or export the file again as WAV or FLAC."

PCM = 0x0001
IEEE_FLOAT = 0x0003
EXTENSIBLE = 0xFFFE
SAMPLE_BYTES = {PCM: (1, 2, 3, 4), IEEE_FLOAT: (4, 8)}

# Recorders that write to a pipe cannot go back to fill in the length and leave one of these (ffmpeg the first, sox the
# second): the sound then goes on to the end of the file.
UNKNOWN_LENGTHS = range(0x7FFFF000, 0x1_0000_0000)

MAX_CHUNKS = 1000
"""Most chunks passed over in search of the samples; recorders write a handful."""

BLOCK_VALUES = 1 << 17
"""Values, of all channels together, that are decoded at a time."""


@dataclass(frozen=True)
class WavHeader:
    """What the header of a WAV file says of the samples that follow it."""

    format_tag: int
    """`PCM`, `IEEE_FLOAT` or another registered tag; for `WAVE_FORMAT_EXTENSIBLE` the tag in its subformat."""
    n_channels: int
    sr: int
    """Hertz."""
    sample_bytes: int
    """Bytes of one sample of one channel, padding included."""
    data_start: int
    """Offset of the first sample in the file, in bytes."""
    n_data_bytes: int
    """Length of the samples, in bytes."""

    @property
    def is_plain(self) -> bool:
        """Whether `decode_wav` reads it (PCM of 8 to 32 bit, or float of 32 or 64)."""
        return self.sample_bytes in SAMPLE_BYTES.get(self.format_tag, ())

    @property
    def scale(self) -> float:
        """What decoded samples are to be multiplied by, so that full scale is [-1, 1]: a power of two."""
        if self.format_tag == IEEE_FLOAT:
            return 1.0
        return 2.0 ** (1 - 8 * (4 if self.sample_bytes == 3 else self.sample_bytes))


def read_wav_header(data: bytes, where: str) -> WavHeader:
    """Header of a RIFF/WAVE file.

    Parameters
    ----------
    data : bytes
        The whole file, beginning with ``RIFF``.
    where : str
        The file's name, for messages.

    Raises
    ------
    AudioError
        If the header is truncated or contradicts itself, or the file is shorter than it says.
    """
    if len(data) < 12:
        raise AudioError(where, f"the WAV header is truncated after {len(data)} bytes", TRUNCATED)
    if data[8:12] != b"WAVE":
        raise AudioError(where, "a RIFF file that is not WAVE (perhaps AVI or WebP)", DAMAGED)
    fmt: tuple[int, int, int, int] | None = None
    position = 12
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            break
        chunk_id, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if chunk_id == b"fmt ":
            fmt = _read_format(data, position, size, where)
        elif chunk_id == b"data":
            if fmt is None:
                raise AudioError(where, "its WAV header has no format before the samples", DAMAGED)
            return WavHeader(*fmt, position, _data_length(data, position, size, where))
        position += size + size % 2  # chunks begin at even offsets
    raise AudioError(where, "the WAV header is truncated: no samples follow it", TRUNCATED)


def _read_format(data: bytes, position: int, size: int, where: str) -> tuple[int, int, int, int]:
    if size < 16 or position + size > len(data):
        raise AudioError(where, "the WAV header is truncated inside its format chunk", TRUNCATED)
    format_tag, n_channels, sr, _, frame_bytes, _ = struct.unpack_from("<HHIIHH", data, position)
    if format_tag == EXTENSIBLE:
        if size < 40:
            raise AudioError(where, "its WAVE_FORMAT_EXTENSIBLE header lacks the subformat", DAMAGED)
        format_tag = struct.unpack_from("<H", data, position + 24)[0]
    if n_channels == 0 or sr == 0:
        raise AudioError(where, f"its header says {n_channels} channels at {sr} Hz", DAMAGED)
    if format_tag in SAMPLE_BYTES and (frame_bytes == 0 or frame_bytes % n_channels):
        raise AudioError(where, f"its header gives {n_channels} channels {frame_bytes} bytes to share", DAMAGED)
    return format_tag, n_channels, sr, frame_bytes // n_channels


def _data_length(data: bytes, start: int, size: int, where: str) -> int:
    n_there = len(data) - start
    if size in UNKNOWN_LENGTHS:
        return n_there
    if size > n_there:
        raise AudioError(where, f"truncated: its header promises {size} bytes of sound, {n_there} are there", TRUNCATED)
    return size


def decode_wav(data: bytes, header: WavHeader) -> Iterator[NDArray[np.float32]]:
    """Samples of a plain WAV file (`header.is_plain`), block by block: a block stays in a core's cache.

    Yields
    ------
    ndarray, shape (n_samples, n_channels), float32
        Times `header.scale`, left to the caller as there is less to multiply once the channels are one, they are equal
        to libsndfile's to the last bit.
    """
    frame_bytes = header.sample_bytes * header.n_channels
    n_samples = header.n_data_bytes // frame_bytes
    raw = np.frombuffer(data, np.uint8, n_samples * frame_bytes, header.data_start)
    block_bytes = max(1, BLOCK_VALUES // header.n_channels) * frame_bytes
    for start in range(0, raw.size, block_bytes):
        values = _to_float32(raw[start : start + block_bytes], header.format_tag, header.sample_bytes)
        yield values.reshape(-1, header.n_channels)


def _to_float32(raw: NDArray[np.uint8], format_tag: int, sample_bytes: int) -> NDArray[np.float32]:
    if format_tag == IEEE_FLOAT:
        with np.errstate(over="ignore"):  # a double beyond float32 becomes inf, which the gate refuses by name
            return raw.view(f"<f{sample_bytes}").astype(np.float32)
    if sample_bytes == 1:  # 8-bit WAV is unsigned, with silence at 128
        return raw.astype(np.float32) - np.float32(128)
    if sample_bytes == 3:
        padded = np.zeros((raw.size // 3, 4), np.uint8)
        padded[:, 1:] = raw.reshape(-1, 3)
        raw, sample_bytes = padded.reshape(-1), 4
    return raw.view(f"<i{sample_bytes}").astype(np.float32)
