"""A sound device of this computer that may be unplugged and plugged in again."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from auscult.audio.microphone import Chunk, Microphone, list_devices
from auscult.extras import require
from auscult.monitor.sources.chunks import checked


class _PortAudio:
    """The one PortAudio of this process, which sees the devices that there were when it was started."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.n_streams = 0

    def look_again(self) -> None:
        """See what was plugged in since; not while it records, as that would end."""
        list_devices()  # says so if PortAudio is missing
        if self.n_streams == 0:
            sounddevice = require("sounddevice", extra="monitor")
            sounddevice._terminate()
            sounddevice._initialize()


_PORT_AUDIO = _PortAudio()


@dataclass(frozen=True)
class LiveMicrophone:
    """A sound device of this computer.

    Parameters
    ----------
    microphone : Microphone
    """

    microphone: Microphone
    can_wait: bool = False

    @classmethod
    def open(cls, device: str | None, *, sr: int, n_channels: int) -> "LiveMicrophone":
        """Find a device, also one that was plugged in after the start, unless another one is just recording.

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
        with _PORT_AUDIO.lock:
            _PORT_AUDIO.look_again()
            return cls(Microphone.open(device, sr=sr, n_channels=n_channels))

    @property
    def name(self) -> str:
        """The device's whole name."""
        return self.microphone.name

    @property
    def sr(self) -> int:
        """Sampling rate, Hz."""
        return self.microphone.sr

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return self.microphone.n_channels

    def chunks(self) -> Iterator[Chunk]:
        """Sound from now on, a tenth of a second at a time.

        Raises
        ------
        DeviceError
            If the device stops to deliver, as when it is unplugged, or delivers what is no sound.
        """
        with _PORT_AUDIO.lock:
            _PORT_AUDIO.n_streams += 1
        try:
            for chunk in self.microphone.chunks():
                yield checked(chunk, self.name)
        finally:
            with _PORT_AUDIO.lock:
                _PORT_AUDIO.n_streams -= 1
