"""Recordings of alarms: FLAC files beside the database, each whole on the disk before a row refers to it."""

import os
from pathlib import Path

from auscult.audio.write import flac_bytes
from auscult.files import whole_file
from auscult.monitor.event import new_id
from auscult.monitor.store.alarm_recording import AlarmRecording
from auscult.monitor.store.schema import Row

FOLDER = "audio"
MAX_CHANNELS = 8
"""Of FLAC; of more, their mean is kept."""


def write_audio(folder: Path, machine: str, recording: AlarmRecording) -> Row:
    """Write a recording, which is on the disk on return; nothing refers to it yet.

    Parameters
    ----------
    folder : Path
        The store's.
    machine : str
    recording : AlarmRecording

    Returns
    -------
    Row
        That is to refer to it.

    Raises
    ------
    OSError
        If the disk refuses it.
    """
    y = recording.y if len(recording.y) <= MAX_CHANNELS else recording.y.mean(axis=0, keepdims=True)
    flac = flac_bytes(y.T, recording.sr)
    path = folder / FOLDER / f"{new_id(recording.started_at)}.flac"
    path.parent.mkdir(exist_ok=True)
    with whole_file(path) as file:
        file.write(flac)
        file.flush()
        os.fsync(file.fileno())
    flush_folder(path.parent)
    values = {"alarm_id": recording.alarm_id, "machine": machine, "at": recording.started_at}
    measured = {"duration_s": y.shape[1] / recording.sr, "n_bytes": len(flac)}
    return Row("audio", {"path": f"{FOLDER}/{path.name}"} | values | measured)


def remove_unreferenced(folder: Path, referenced: set[str]) -> None:
    """Remove what no row refers to: recordings whose transaction never ended, and files that never became whole.

    Parameters
    ----------
    folder : Path
        The store's.
    referenced : set of str
        Paths of rows.
    """
    there = folder / FOLDER
    for path in there.iterdir() if there.is_dir() else ():
        if f"{FOLDER}/{path.name}" not in referenced and path.is_file():
            path.unlink()


def flush_folder(folder: Path) -> None:
    """Have the names of a folder's files on the disk, should the power be lost."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
