"""Live sound: a microphone, or a recording that is played in its place, as chunks."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from auscult.audio.read import read_audio
from auscult.errors import AudioError, DeviceError
from auscult.extras import require

CHUNK_S = 0.1  # of a microphone: short enough to stop at once, long enough to cost nothing


@dataclass(frozen=True)
class Chunk:
    """Consecutive samples of a live source, and whether some were lost just before them.

    Parameters
    ----------
    y : ndarray, shape (n_channels, n_samples), float32
    is_broken : bool
    ended_at : float, optional
        When its last sample was heard, Unix time in seconds, where the source knows better than "now".
    is_new : bool
        Whether it does not follow the chunk before it though nothing was lost, as another recording.
    on_heard : callable, optional
        Called when it was heard, by whoever heard it.
    refusal : AudioError, optional
        Why there are no samples: a recording that cannot be used.
    """

    y: NDArray[np.float32]
    is_broken: bool = False
    ended_at: float | None = None
    is_new: bool = False
    on_heard: Callable[[], None] | None = None
    refusal: AudioError | None = None


class LiveSource(Protocol):
    """Something that delivers sound, chunk by chunk, for as long as it is asked."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def sr(self) -> int:
        """Sampling rate, Hz."""

    @property
    def n_channels(self) -> int:
        """Number of channels."""

    def chunks(self) -> Iterator[Chunk]:
        """Sound from now on."""


@dataclass(frozen=True)
class Microphone:
    """A sound device of this computer, through PortAudio.

    Parameters
    ----------
    name : str
        As `list_devices` has it, or a part of it that no other has.
    index : int
    sr : int, Hz
    n_channels : int
    """

    name: str
    index: int
    sr: int
    n_channels: int

    @classmethod
    def open(cls, device: str | None, *, sr: int, n_channels: int) -> "Microphone":
        """Find a device and check that it can record so.

        Parameters
        ----------
        device : str or None
            Its name, a part of it, or its number; None for the computer's default.
        sr : int, Hz
        n_channels : int

        Raises
        ------
        DeviceError
            If there is none, several have that name, or it does not record at this rate with so many channels.
        MissingExtraError
            If the library that records is not installed.
        """
        sounddevice = _sounddevice()
        found = _find(sounddevice, device)
        try:
            sounddevice.check_input_settings(device=found["index"], samplerate=sr, channels=n_channels)
        except (sounddevice.PortAudioError, ValueError) as error:
            problem = f"cannot record {n_channels} channel(s) at {sr} Hz ({error})"
            remedy = (
                f"It has {found['max_input_channels']} channel(s) and prefers {found['default_samplerate']:.0f} Hz."
            )
            raise DeviceError(found["name"], problem, remedy) from None
        return cls(found["name"], found["index"], sr, n_channels)

    def chunks(self) -> Iterator[Chunk]:
        """Sound from now on, a tenth of a second at a time.

        Raises
        ------
        DeviceError
            If the device stops to deliver, as when it is unplugged.
        """
        sounddevice = _sounddevice()
        try:
            with sounddevice.InputStream(
                device=self.index, samplerate=self.sr, channels=self.n_channels, dtype="float32"
            ) as stream:
                while True:
                    y, is_broken = stream.read(round(CHUNK_S * self.sr))
                    yield Chunk(np.ascontiguousarray(y.T), bool(is_broken))
        except sounddevice.PortAudioError as error:
            problem = f"does not deliver any more ({error})"
            raise DeviceError(self.name, problem, "Plug it in again; what was recorded is kept.") from None


@dataclass(frozen=True)
class PlayedFile:
    """A recording that takes a microphone's place, from its beginning to its end, as fast as it is asked.

    Parameters
    ----------
    name : str
    y : ndarray, shape (n_channels, n_samples), float32
    sr : int, Hz
    """

    name: str
    y: NDArray[np.float32]
    sr: int

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "PlayedFile":
        """Read a recording.

        Raises
        ------
        AudioError
            If it cannot be read.
        """
        y, sr = read_audio(path, channels="all")
        return cls(str(path), y, sr)

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.y)

    def chunks(self) -> Iterator[Chunk]:
        """Its sound, a tenth of a second at a time."""
        n_samples = round(CHUNK_S * self.sr)
        for start in range(0, self.y.shape[1], n_samples):
            yield Chunk(self.y[:, start : start + n_samples])


def list_devices() -> list[dict[str, Any]]:
    """Sound devices that record: ``name``, ``index``, ``max_input_channels``, ``default_samplerate`` of each.

    Raises
    ------
    DeviceError
        If PortAudio is not there.
    MissingExtraError
        If the library that records is not installed.
    """
    return [dict(device) for device in _sounddevice().query_devices() if device["max_input_channels"] > 0]


def _sounddevice() -> ModuleType:
    try:
        return require("sounddevice", extra="monitor")
    except OSError as error:  # the package is there, the library that it binds is not
        remedy = "Install PortAudio: apt install libportaudio2, brew install portaudio"
        raise DeviceError("PortAudio", f"cannot be loaded ({error})", remedy) from None


def _find(sounddevice: ModuleType, device: str | None) -> dict[str, Any]:
    devices = list_devices()
    if not devices:
        instead = "auscult record --device file:RECORDING.wav; of a monitor, a source of kind: replay"
        remedy = f"Plug in a microphone, or give a recording instead: {instead}."
        raise DeviceError("microphone", "this computer has no sound device that records", remedy)
    default = sounddevice.default.device[0]
    names = ", ".join(f"{found['index']}: {found['name']}" for found in devices)
    matching = [
        found
        for found in devices
        if (device is None and found["index"] == default)
        or (device is not None and (device == str(found["index"]) or device.lower() in found["name"].lower()))
    ]
    exact = [found for found in matching if device in (str(found["index"]), found["name"])]
    chosen = exact or matching or (devices if device is None else [])
    if not chosen or (device is not None and len(chosen) > 1):
        problem = "there is no such sound device" if not chosen else "several sound devices are called so"
        raise DeviceError(str(device), problem, f"Choose among {names}.")
    return chosen[0]
