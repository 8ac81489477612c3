"""Recordings that are played as if they were heard now, as fast as is asked."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from auscult.audio import Waveform
from auscult.audio.microphone import CHUNK_S, Chunk
from auscult.errors import AudioError, DataError
from auscult.monitor.sources.chunks import pauses, refused
from auscult.monitor.sources.recordings import cut, find_files, length_s, read_recording

LONGEST_PIECE_S = 1.0
"""At high speeds sound comes in larger pieces, up to this length: most of what a piece costs is the same for any."""


@dataclass(frozen=True)
class Replay:
    """A recording, or all of a folder in the order of their names, one after the other without a gap.

    Parameters
    ----------
    name : str
    sr : int, Hz
        Recordings of a higher rate are resampled to it.
    n_channels : int
    paths : tuple of str
    speed : float > 0
        Times as fast as it was recorded; anything high is as fast as can be.
    is_repeated : bool
        Whether to begin again at the end.
    started_at : float
        Unix time that the sound begins at: each chunk's end is as much later as there was sound before it, whatever the
        speed.
    clock : callable
        Seconds, of which only differences count, that tell when a chunk is due.
    wait : callable
        Called with seconds.
    """

    name: str
    sr: int
    n_channels: int
    paths: tuple[str, ...]
    speed: float
    is_repeated: bool
    started_at: float
    clock: Callable[[], float]
    wait: Callable[[float], None]
    can_wait: bool = True

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        sr: int,
        speed: float = 1.0,
        is_repeated: bool = False,
        started_at: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> "Replay":
        """Find the recordings, of which one at least can be read.

        Parameters
        ----------
        path : path
            Of a recording, or of a folder.
        sr, speed, is_repeated, clock, wait
            As in the class.
        started_at : float, optional
            None: now; if it is faster than it was recorded, and ends, so long ago that its end will be now: what was
            heard in the future would be missing from all that looks back.

        Raises
        ------
        DataError
            If there is nothing at the path, or no recording in the folder that can be read.
        AudioError
            If the recording cannot be read.
        """
        where = os.fspath(path)
        if Path(path).is_dir():
            paths = tuple(found.path for found in find_files(where, lambda *_: None))
            first = next((y for y in _read(paths, sr) if not isinstance(y, AudioError)), None)
        else:
            paths, first = (where,), read_recording(where, sr)
        if first is None:
            remedy = "Give a folder with recordings in it; auscult scan says what is wrong with each."
            raise DataError(where, "holds no recording that can be played", remedy)
        if started_at is None:
            ahead = 0.0 if is_repeated else max(0.0, 1 - 1 / speed)
            started_at = time.time() - ahead * sum(length_s(one) for one in paths)
        return cls(where, sr, len(first), paths, speed, is_repeated, started_at, clock, wait)

    def chunks(self) -> Iterator[Chunk]:
        """Its sound, piece by piece when it is due, and an empty chunk that says once what is wrong with a bad one.

        Raises
        ------
        DataError
            If nothing can be read any more.
        """
        began, played_s = self.clock(), 0.0
        piece_s = min(LONGEST_PIECE_S, CHUNK_S * max(1.0, self.speed))
        is_first_round, said = True, set[str]()
        while is_first_round or self.is_repeated:
            is_first_round, before_s = False, played_s
            for y in _read(self.paths, self.sr):
                if isinstance(y, AudioError):
                    if y.where not in said:
                        yield refused(y, self.started_at + played_s)
                    said.add(y.where)
                    continue
                for piece in cut(y, self.sr, piece_s):
                    played_s += piece.shape[1] / self.sr
                    yield from pauses(began + played_s / self.speed - self.clock(), len(piece), self.wait)
                    yield Chunk(piece, ended_at=self.started_at + played_s)
            if played_s == before_s:
                raise DataError(self.name, "can no longer be read", "Put the recordings back.")


def _read(paths: tuple[str, ...], sr: int) -> Iterator[Waveform | AudioError]:
    """Each recording, or what is wrong with it."""
    for path in paths:
        try:
            yield read_recording(path, sr)
        except AudioError as error:
            yield error
