"""Raw PCM over TCP: something connects and sends, as ``ffmpeg -i ... -f s16le tcp://monitor:9000`` does."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

from auscult.audio.microphone import Chunk
from auscult.errors import DeviceError
from auscult.monitor.sources.chunks import TICK_S, nothing, whole_chunks
from auscult.monitor.sources.pcm import READ_BYTES, PcmDecoder, SampleFormat


class HungUpError(DeviceError):
    """Whoever connected hung up: the next one may come at once."""


@dataclass(frozen=True)
class PcmSocket:
    """The next sender that connects, until it hangs up; then the port has to be opened again.

    Parameters
    ----------
    name : str
        Address and port.
    sr : int, Hz
    n_channels : int
    sample_format : SampleFormat
    timeout_s : float, s
        Longest silence of the sender.
    listener : socket
        Listening; closed as soon as a sender is there, so that a second one is refused instead of kept waiting.
    """

    name: str
    sr: int
    n_channels: int
    sample_format: SampleFormat
    timeout_s: float
    listener: socket.socket
    can_wait: bool = False

    @classmethod
    def open(
        cls, host: str, port: int, *, sr: int, n_channels: int, sample_format: SampleFormat, timeout_s: float
    ) -> "PcmSocket":
        """Listen.

        Parameters
        ----------
        host : str
            Address of this computer; 0.0.0.0 for all it has.
        port : int
            0 for any free one.
        sr, n_channels, sample_format, timeout_s
            As in the class.

        Raises
        ------
        DeviceError
            If the port cannot be had.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=1)
        except OSError as error:
            problem = f"cannot be listened on ({error.strerror or error})"
            remedy = "Choose an address of this computer and a port that no other program uses."
            raise DeviceError(f"{host}:{port}", problem, remedy) from None
        listener.settimeout(TICK_S)
        return cls(f"{host}:{listener.getsockname()[1]}", sr, n_channels, sample_format, timeout_s, listener)

    def chunks(self) -> Iterator[Chunk]:
        """Sound of the next sender; empty chunks while there is none, or while it is silent.

        Raises
        ------
        DeviceError
            When the sender hangs up or is silent for too long; if samples are NaN, infinite, or too large to be sound.
        """
        return whole_chunks(self._pieces(), sr=self.sr, where=self.name)

    def _pieces(self) -> Iterator[Chunk]:
        with self.listener:
            while (accepted := self._accept()) is None:
                yield nothing(self.n_channels)
        sender, address = accepted
        decoder = PcmDecoder(self.sample_format, self.n_channels)
        with sender:
            sender.settimeout(TICK_S)
            heard_at = time.monotonic()
            while True:
                try:
                    data = sender.recv(READ_BYTES)
                except TimeoutError:
                    if time.monotonic() - heard_at > self.timeout_s:
                        problem = f"its sender {address} has been silent for {self.timeout_s:g} s"
                        raise DeviceError(self.name, problem, "Check the sender and the network.") from None
                    yield nothing(self.n_channels)
                    continue
                except OSError as error:
                    raise self._hung_up(address, f" ({error.strerror or error})") from None
                if not data:
                    raise self._hung_up(address)
                heard_at = time.monotonic()
                yield Chunk(decoder.decode(data))

    def _accept(self) -> tuple[socket.socket, str] | None:
        """Sender and its address, if one comes within a tick."""
        try:
            sender, address = self.listener.accept()
        except TimeoutError:
            return None
        return sender, address[0]

    def _hung_up(self, address: str, why: str = "") -> HungUpError:
        return HungUpError(self.name, f"its sender {address} hung up{why}", "Start the sender again.")
