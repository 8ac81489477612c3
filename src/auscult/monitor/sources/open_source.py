"""What the settings say of a source -> the source, opened."""

from typing import Protocol, assert_never

from auscult.audio.microphone import LiveSource
from auscult.monitor import settings as told
from auscult.monitor.sources.folder import HeardRecordings, WatchedFolder
from auscult.monitor.sources.microphone import LiveMicrophone
from auscult.monitor.sources.pcm_socket import PcmSocket
from auscult.monitor.sources.pcm_stdin import PcmStdin
from auscult.monitor.sources.replay import Replay
from auscult.monitor.sources.stream import Stream


class MonitorSource(LiveSource, Protocol):
    """A live source that may come to its end: its chunks end for good, or raise if it may come back.

    While it has nothing it gives empty chunks, four a second at least, so that whoever listens can stop; only a device
    or a network that blocks takes longer.
    """

    @property
    def can_wait(self) -> bool:
        """Whether it waits until its sound is taken, as recordings do, instead of going on, as microphones do."""


def open_source(settings: told.Source, *, sr_wanted: int, heard: HeardRecordings | None = None) -> MonitorSource:
    """Open a source.

    Parameters
    ----------
    settings : Source
    sr_wanted : int, Hz
        Rate that recordings are brought to, the bundle's; live sources keep the rate that they have.
    heard : HeardRecordings, optional
        What was heard of a folder: given again at each opening, nothing is heard twice and nothing missed.

    Raises
    ------
    DeviceError, DataError, AudioError
        If it cannot be opened.
    MissingExtraError
        If a library that it needs is not installed.
    """
    match settings:
        case told.MicrophoneSource(device=device, sr=sr, n_channels=n_channels):
            return LiveMicrophone.open(device, sr=sr, n_channels=n_channels)
        case told.StreamSource(url=url, timeout_s=timeout_s):
            return Stream.open(url, timeout_s=timeout_s)
        case told.FolderSource(path=path, every_s=every_s, is_old_heard=is_old_heard):
            return WatchedFolder(path, sr=sr_wanted, every_s=every_s, is_old_heard=is_old_heard, heard=heard)
        case told.SocketSource(sr=sr, n_channels=n_channels, sample_format=sample_format):
            return PcmSocket.open(
                settings.host,
                settings.port,
                sr=sr,
                n_channels=n_channels,
                sample_format=sample_format,
                timeout_s=settings.timeout_s,
            )
        case told.StdinSource(sr=sr, n_channels=n_channels, sample_format=sample_format):
            return PcmStdin.open(sr=sr, n_channels=n_channels, sample_format=sample_format)
        case told.ReplaySource(path=path, speed=speed, is_repeated=is_repeated):
            return Replay.open(path, sr=sr_wanted, speed=speed, is_repeated=is_repeated)
    assert_never(settings)
