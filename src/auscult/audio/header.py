"""Open recording -> what its header says, without reading the sound."""

import struct
from dataclasses import dataclass, replace
from typing import BinaryIO

import soundfile

from auscult.audio.read import HEADER_BYTES, LENGTH_UNKNOWN, SR_RANGE, read_audio
from auscult.audio.wav import IEEE_FLOAT, PCM, TRUNCATED, UNKNOWN_LENGTHS, WavHeader, read_wav_header
from auscult.errors import AudioError

FIRST_BYTES = 4096
"""Beginning of a file that holds the header of most."""

_SUBTYPES = {
    (PCM, 1): "PCM_U8",
    (PCM, 2): "PCM_16",
    (PCM, 3): "PCM_24",
    (PCM, 4): "PCM_32",
    (IEEE_FLOAT, 4): "FLOAT",
    (IEEE_FLOAT, 8): "DOUBLE",
}
_BITS = {"PCM_U8": 8, "PCM_S8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}


@dataclass(frozen=True)
class Header:
    """What a recording's header says of the sound.

    Parameters
    ----------
    n_channels : int
    sr : int
        Sampling rate in Hz.
    n_samples : int
        Of each channel.
    subtype : str
        How samples are stored, as libsndfile calls it: ``PCM_16``, ``FLOAT``, ``VORBIS``.
    """

    n_channels: int
    sr: int
    n_samples: int
    subtype: str

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds."""
        return self.n_samples / self.sr


def bit_depth(subtype: str) -> int | None:
    """Bits of a sample stored in this way, or None where compression leaves it open."""
    return _BITS.get(subtype)


def read_header(file: BinaryIO, n_bytes: int, where: str) -> Header:
    """Header of an open recording.

    Parameters
    ----------
    file : binary file
        At its beginning, and able to seek.
    n_bytes : int
        Its length.
    where : str
        Its name, for messages.

    Raises
    ------
    AudioError
        If it is empty, not audio, of an impossible rate, or a WAV shorter than its header says.
    """
    if n_bytes == 0:
        raise AudioError(where, "the file is empty (0 bytes)", "Record it again.")
    beginning = file.read(FIRST_BYTES)
    header = None
    if beginning[:4] == b"RIFF":
        wav = _wav_header(file, beginning, n_bytes, where)
        if wav.is_plain:
            n_samples = wav.n_data_bytes // (wav.sample_bytes * wav.n_channels)
            subtype = _SUBTYPES[wav.format_tag, wav.sample_bytes]
            header = Header(wav.n_channels, wav.sr, n_samples, subtype)
    if header is None:
        file.seek(0)
        header = _libsndfile_header(file, where)
    if header.sr not in SR_RANGE:
        problem = f"its header says a sampling rate of {header.sr} Hz, expected {SR_RANGE.start} to {SR_RANGE.stop - 1}"
        raise AudioError(where, problem, "Correct the header, or record again.")
    if header.n_samples >= LENGTH_UNKNOWN:
        remedy = "Write it once more, into a file: ffmpeg -i IN OUT.wav"
        raise AudioError(where, "does not say how long it is, as files made in a pipe", remedy)
    return header


def _wav_header(file: BinaryIO, beginning: bytes, n_bytes: int, where: str) -> WavHeader:
    """Header of a WAV file from its beginning; more of it is read only if the samples do not begin in it."""
    for n_more in (0, HEADER_BYTES - FIRST_BYTES, -1):
        beginning += file.read(n_more)
        position = 12
        while position + 8 <= len(beginning):
            chunk_id, size = struct.unpack_from("<4sI", beginning, position)
            if chunk_id == b"data":
                header = read_wav_header(beginning[: position + 4] + bytes(4), where)  # as if no samples followed
                return replace(header, n_data_bytes=_data_length(size, n_bytes - position - 8, where))
            position += 8 + size + size % 2  # chunks begin at even offsets
        if len(beginning) == n_bytes:
            break
    return read_wav_header(beginning, where)


def _data_length(size: int, n_there: int, where: str) -> int:
    if size in UNKNOWN_LENGTHS:
        return n_there
    if size > n_there:
        raise AudioError(where, f"truncated: its header promises {size} bytes of sound, {n_there} are there", TRUNCATED)
    return size


def _libsndfile_header(file: BinaryIO, where: str) -> Header:
    try:
        info = soundfile.info(file)
        return Header(info.channels, info.samplerate, info.frames, info.subtype)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
        file.seek(0)
        try:
            read_audio(file.read(HEADER_BYTES))  # refuses it as well, and says what it is instead
        except AudioError as refusal:
            raise AudioError(where, refusal.problem, refusal.remedy) from None
        raise AudioError(where, f"its header cannot be read ({error})", "Record or export it again.") from None
