"""The one gate for all audio: a path, bytes or a file object -> a waveform that can be trusted.

What passes is decoded whole, finite and not empty; whatever else a file can be is an `AudioError` that names it.
"""

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from auscult.audio.channels import ChannelPolicy, Waveform, apply_channel_policy, check_channel_policy, join_parts
from auscult.audio.flaws import flaw_of, some_of
from auscult.audio.wav import BLOCK_VALUES, DAMAGED, TRUNCATED, decode_wav, read_wav_header
from auscult.errors import AudioError, OptionError

Source = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO

SR_RANGE = range(1_000, 1_000_001)
"""Sampling rates that can be machine sound, in Hz; outside it a header is wrong or the file is no sound."""

PEAK_LIMIT = 100.0
"""Largest amplitude taken for sound (40 dB over full scale): beyond it the samples are in another unit."""

LENGTH_UNKNOWN = 1 << 48
HEADER_BYTES = 1 << 16
"""Beginning of a file that surely holds its header."""
_SOUNDFILE_ERRORS = (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError)  # the latter of odd headers


def read_audio(
    source: Source,
    *,
    channels: ChannelPolicy = "mean",
    max_duration_s: float | None = None,
    max_samples: int | None = None,
) -> tuple[Waveform, int]:
    """Waveform and sampling rate of a recording.

    Reads WAV (also ``WAVE_FORMAT_EXTENSIBLE``) of 8, 16, 24, 32-bit PCM and 32, 64-bit float, and through libsndfile
    FLAC, OGG, MP3, AIFF, CAF, RF64, mu-law and others. The content decides, not the file's name.

    Parameters
    ----------
    source : path, bytes-like, or binary file object
    channels : "mean", "all" or int >= 0
        What becomes of several channels: their mean, all of them, or the one with this index (from 0).
    max_duration_s : float > 0, optional
        Longest clip accepted, in seconds.
    max_samples : int > 0, optional
        Most samples accepted, all channels together: compressed files can unpack to a thousand times their size.

    Returns
    -------
    y : ndarray, shape (n_samples,), or (n_channels, n_samples) with ``channels="all"``; float32
        Full scale is [-1, 1]; floating-point recordings may exceed it.
    sr : int
        Sampling rate in Hz, between 1 kHz and 1 MHz.

    Raises
    ------
    AudioError
        If there is no such file, it is not audio, truncated, empty, too long, holds NaN or infinite samples, or
        lacks the channel asked for.
    OptionError
        If `channels` is none of the policies.
    """
    y, sr, _ = _read(source, channels, max_duration_s, max_samples)
    return y, sr


def read_with_flaw(
    source: Source,
    *,
    channels: ChannelPolicy = "mean",
    max_duration_s: float | None = None,
    max_samples: int | None = None,
) -> tuple[Waveform, int, str | None]:
    """Waveform and sampling rate of a recording, and what makes it doubtful.

    Parameters
    ----------
    source, channels, max_duration_s, max_samples
        As in `read_audio`.

    Returns
    -------
    y, sr, flaw
        As `read_audio` gives them, and what `auscult.audio.flaws.flaw_of` says of the channels that are heard.

    Raises
    ------
    AudioError, OptionError
        As in `read_audio`.
    """
    seen: list[Waveform] = []
    y, sr, scale = _read(source, channels, max_duration_s, max_samples, seen)
    return y, sr, flaw_of([part * np.float32(scale) for part in seen])


def _read(
    source: Source,
    channels: ChannelPolicy,
    max_duration_s: float | None,
    max_samples: int | None,
    seen: list[Waveform] | None = None,
) -> tuple[Waveform, int, float]:
    """Waveform, sampling rate and scale of the samples as they are stored, of which `seen` gets some."""
    check_channel_policy(channels)
    where, data = _read_bytes(source)
    if not data:
        raise AudioError(where, "the file is empty (0 bytes)", "Record it again.")
    limits = _Limits(where, max_duration_s, max_samples)
    n_samples, sr, scale, blocks = _decode(data, limits)

    def heard() -> Iterator[Waveform]:
        for block in blocks:
            if seen is not None:
                seen.append(some_of(block, channels))
            yield apply_channel_policy(block, channels, where)

    if (y := join_parts(heard(), n_samples)) is None:
        raise AudioError(where, "holds no samples", "Record it again.")
    if scale != 1:
        y *= np.float32(scale)
    _check_samples(y, where)
    return y, sr, scale


def check_waveform(
    y: NDArray[np.floating[Any]],
    sr: int,
    *,
    channels: ChannelPolicy = "mean",
    max_duration_s: float | None = None,
    max_samples: int | None = None,
) -> Waveform:
    """Let a waveform that is in memory already through the same gate.

    Parameters
    ----------
    y : ndarray, shape (n_samples,) or (n_channels, n_samples), floating point in [-1, 1]
        One of shape `(n_samples,)` has one channel, which is taken whatever the policy.
    sr : int
        Its sampling rate in Hz.
    channels, max_duration_s, max_samples
        As in `read_audio`.

    Returns
    -------
    ndarray, shape (n_samples,), or (n_channels, n_samples) with ``channels="all"``; float32

    Raises
    ------
    AudioError, OptionError
        As in `read_audio`, and if `y` has another shape or holds integers.
    """
    check_channel_policy(channels)
    y = np.asarray(y)
    if y.ndim not in (1, 2) or y.size == 0:
        raise AudioError("waveform", f"expected (n_samples,) or (n_channels, n_samples), got {y.shape}", "Reshape it.")
    if not np.issubdtype(y.dtype, np.floating):
        problem = f"holds {y.dtype}, expected floating point in [-1, 1]"
        raise AudioError("waveform", problem, "Divide 16-bit samples by 32768.")
    if not isinstance(sr, int | np.integer) or isinstance(sr, bool):
        raise OptionError("sr", f"expected a whole number of Hz, got {sr!r}", "Give the waveform's sampling rate.")
    n_channels = 1 if y.ndim == 1 else y.shape[0]
    _Limits("waveform", max_duration_s, max_samples).check(y.shape[-1], n_channels, int(sr))
    with np.errstate(over="ignore"):
        y = y.astype(np.float32)
    y = y if y.ndim == 1 else apply_channel_policy(np.ascontiguousarray(y.T), channels, "waveform")
    _check_samples(y, "waveform")
    return y


class _Limits:
    """The longest and largest recording that the caller takes."""

    def __init__(self, where: str, max_duration_s: float | None, max_samples: int | None) -> None:
        self.where = where
        self.max_duration_s = max_duration_s
        self.max_samples = max_samples

    def check(self, n_samples: int, n_channels: int, sr: int) -> None:
        if sr not in SR_RANGE:
            problem = f"its header says a sampling rate of {sr} Hz, expected {SR_RANGE.start} to {SR_RANGE.stop - 1}"
            raise AudioError(self.where, problem, "Correct the header, or record again.")
        if self.max_duration_s is not None and n_samples > self.max_duration_s * sr:
            problem = f"lasts {n_samples / sr:.1f} s, the limit is {self.max_duration_s:g} s"
            raise AudioError(self.where, problem, "Cut it into shorter clips, or raise the limit.")
        if self.max_samples is not None and n_samples * n_channels > self.max_samples:
            problem = f"unpacks to {n_samples * n_channels} samples, the limit is {self.max_samples}"
            raise AudioError(self.where, problem, "Cut it into shorter clips, or raise the limit.")


def _read_bytes(source: Source) -> tuple[str, bytes]:
    """Name for messages, and the whole content."""
    if isinstance(source, bytes | bytearray | memoryview):
        return "audio bytes", bytes(source)
    if isinstance(source, str | os.PathLike):
        return os.fspath(source), read_file(source)
    name = getattr(source, "name", None)
    where = name if isinstance(name, str) else "audio file object"
    if not hasattr(source, "read"):
        got = type(source).__name__
        raise AudioError(where, f"expected a path, bytes or a binary file, got {got}", "Pass one of them.")
    data = source.read()
    if not isinstance(data, bytes):
        raise AudioError(where, "the file object gives text, not bytes", "Open it in binary mode ('rb').")
    return where, data


def read_file(path: str | os.PathLike[str], n_bytes: int = -1) -> bytes:
    """Content of a recording's file, undecoded.

    Parameters
    ----------
    path : path
    n_bytes : int
        How much of its beginning; all of it if negative.

    Raises
    ------
    AudioError
        If there is no such file, it is a folder or a device, or may not be read.
    """
    path, where = Path(path), str(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise AudioError(where, "is a folder, not a recording", "Name the files in it, for example with DIR/*.wav.")
        if not stat.S_ISREG(mode):  # reading a device such as /dev/zero would never end
            raise AudioError(where, "is not a regular file", "Save the recording to a file first.")
        with path.open("rb") as file:
            return file.read(n_bytes)
    except FileNotFoundError:
        raise AudioError(where, "there is no such file", "Check the path.") from None
    except PermissionError:
        raise AudioError(
            where, "may not be read by this user", "Change its permissions, or run as its owner."
        ) from None
    except (OSError, ValueError) as error:
        raise AudioError(where, f"cannot be read ({error})", "Check the path and the disk.") from None


def _decode(data: bytes, limits: _Limits) -> tuple[int, int, float, Iterator[Waveform]]:
    """Samples promised, sampling rate, scale of the samples, and they themselves as blocks `(n, n_channels)`."""
    header = read_wav_header(data, limits.where) if data[:4] == b"RIFF" else None
    if header and header.is_plain:
        n_samples = header.n_data_bytes // (header.sample_bytes * header.n_channels)
        limits.check(n_samples, header.n_channels, header.sr)
        return n_samples, header.sr, header.scale, decode_wav(data, header)
    try:
        file = soundfile.SoundFile(io.BytesIO(data))
    except _SOUNDFILE_ERRORS as error:
        raise _not_audio(limits.where, data, str(error)) from None
    if file.frames >= LENGTH_UNKNOWN:
        remedy = "Write it once more, into a file: ffmpeg -i IN OUT.wav"
        raise AudioError(limits.where, "does not say how long it is, as files made in a pipe", remedy)
    limits.check(file.frames, file.channels, file.samplerate)
    return file.frames, file.samplerate, 1.0, _decode_with_libsndfile(file, data, limits.where)


def _decode_with_libsndfile(file: soundfile.SoundFile, data: bytes, where: str) -> Iterator[Waveform]:
    sr, n_promised, n_read = file.samplerate, file.frames, 0
    n_block = max(1, BLOCK_VALUES // file.channels)
    try:
        with file:
            while len(block := file.read(n_block, dtype="float32", always_2d=True)):
                n_read += len(block)
                yield block
    except _SOUNDFILE_ERRORS as error:
        raise _not_audio(where, data, str(error)) from None
    if n_read < n_promised:
        problem = f"truncated: its header promises {n_promised / sr:.2f} s of sound, {n_read / sr:.2f} s are there"
        raise AudioError(where, problem, TRUNCATED)


def _not_audio(where: str, data: bytes, reason: str) -> AudioError:
    if data[:4] in (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff"):
        return AudioError(where, f"damaged, or coded in a way that is not supported ({reason.rstrip('.')})", DAMAGED)
    line = data[:12].split(b"\n")[0].decode("ascii", "replace").strip()
    what = f"text '{line}'" if line and line.isascii() and line.isprintable() else f"bytes {data[:12].hex(' ')}"
    remedy = "Give a WAV, FLAC, OGG, MP3 or AIFF recording; other formats can be converted with: ffmpeg -i IN OUT.wav"
    return AudioError(where, f"is not audio: it begins with the {what}", remedy)


def _check_samples(y: Waveform, where: str) -> None:
    peak = max(float(y.max()), -float(y.min()))  # NaN if any sample is, and without an array of absolute values
    if not np.isfinite(peak):
        problem = f"{np.count_nonzero(~np.isfinite(y))} of {y.size} samples are NaN or infinite"
        raise AudioError(where, problem, "Export it again as 16- or 24-bit WAV, and check the software that wrote it.")
    if peak > PEAK_LIMIT:
        problem = f"its samples reach {peak:.4g}, where full scale is 1"
        raise AudioError(where, problem, "Scale it to [-1, 1]; 16-bit values kept as float need division by 32768.")
