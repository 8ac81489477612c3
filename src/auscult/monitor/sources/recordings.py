"""Recordings in folders -> waveforms at the one rate that a source has."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from auscult.audio import Waveform, read_audio
from auscult.audio.header import read_header
from auscult.audio.layouts import is_audio_name
from auscult.audio.microphone import CHUNK_S
from auscult.audio.storage import Trouble, walk
from auscult.errors import AudioError
from auscult.features.log_mel import resampler

_is_audio_name = lru_cache(100_000)(is_audio_name)
"""The same names are looked at every second."""


@dataclass(frozen=True)
class FileState:
    """What changes when a file does.

    Parameters
    ----------
    n_bytes : int
    changed_ns : int
        When its content last changed, Unix time in ns.
    """

    n_bytes: int
    changed_ns: int


@dataclass(frozen=True)
class FoundFile:
    """A file that is a recording by its name.

    Parameters
    ----------
    path : str
    state : FileState
    is_placed : bool
        Whether it was renamed, linked or given its time after its content was written: then it is complete.
    """

    path: str
    state: FileState
    is_placed: bool


def find_files(folder: str, on_trouble: Trouble) -> list[FoundFile]:
    """Recordings in a folder and below it, in the order of their names; hidden ones are left out.

    Parameters
    ----------
    folder : str
    on_trouble : callable
        Called once for each folder that is not looked into.
    """
    found = []
    for inner in walk(folder, on_trouble):
        for name in filter(_is_audio_name, inner.file_names):
            path = f"{inner.path}/{name}"
            try:
                status = os.stat(path)  # noqa: PTH116 - a Path for each of 10,000 files, every second, is felt
            except OSError:
                continue  # it is gone already
            state = FileState(status.st_size, status.st_mtime_ns)
            # To write to a file sets both of its times alike; what is done to it afterwards, the second only.
            found.append(FoundFile(path, state, status.st_ctime_ns > status.st_mtime_ns))
    return found


def read_recording(path: str, sr: int) -> Waveform:
    """All channels of a recording, at a rate.

    Parameters
    ----------
    path : str
    sr : int, Hz
        The rate wanted; a recording of a higher one is resampled.

    Returns
    -------
    ndarray, shape (n_channels, n_samples), float32

    Raises
    ------
    AudioError
        If it cannot be read, or has a lower rate: its upper bands would be empty and look like a change of the machine.
    """
    y, own_sr = read_audio(path, channels="all")
    if own_sr < sr:
        remedy = "Record at the rate of the training recordings, or train on this rate."
        raise AudioError(path, f"recorded at {own_sr} Hz, where {sr} Hz are needed", remedy)
    if own_sr > sr:
        y = np.stack([resampler(own_sr, sr).resample_chunk(channel, last=True) for channel in y])
    return y


def length_s(path: str) -> float:
    """How long a recording is by its header; nothing if that cannot be read, as it will not be played either."""
    try:
        with Path(path).open("rb") as file:
            return read_header(file, os.fstat(file.fileno()).st_size, path).duration_s
    except (AudioError, OSError):
        return 0.0


def cut(y: Waveform, sr: int, piece_s: float = CHUNK_S) -> Iterator[Waveform]:
    """Pieces of a waveform, of a length in seconds each, the last may be shorter."""
    n_samples = round(piece_s * sr)
    for start in range(0, y.shape[1], n_samples):
        yield y[:, start : start + n_samples]
