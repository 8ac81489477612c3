"""Pieces of sound of any length -> chunks of a tenth of a second that can be trusted; empty ones while waiting."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auscult.audio.microphone import CHUNK_S, Chunk
from auscult.audio.read import PEAK_LIMIT
from auscult.errors import AudioError, DeviceError

TICK_S = 0.25
"""Longest that a source waits before it gives an empty chunk, so that whoever listens can stop."""


def nothing(n_channels: int = 1) -> Chunk:
    """Return an empty chunk: the source is there, and has nothing at the moment."""
    return Chunk(np.empty((n_channels, 0), np.float32))


def refused(error: AudioError, ended_at: float | None = None) -> Chunk:
    """Return an empty chunk that says why a recording cannot be used."""
    return replace(nothing(), refusal=error, ended_at=ended_at)


def pauses(seconds: float, n_channels: int, wait: Callable[[float], None] = time.sleep) -> Iterator[Chunk]:
    """Wait in steps of at most `TICK_S`, and give an empty chunk after each.

    Parameters
    ----------
    seconds : float
        How long; none if not above 0.
    n_channels : int > 0
    wait : callable
        Called with the seconds of each step.
    """
    while seconds > 0:
        wait(min(seconds, TICK_S))
        seconds -= TICK_S
        yield nothing(n_channels)


def whole_chunks(pieces: Iterable[Chunk], *, sr: int, where: str) -> Iterator[Chunk]:
    """Chunks of at least a tenth of a second, however short the pieces are that come.

    Parameters
    ----------
    pieces : iterable of Chunk
        Of any length; empty ones, which say that nothing has come, are passed on at once.
    sr : int, Hz
    where : str
        The source's name, for messages.

    Yields
    ------
    Chunk
        Broken if any of its pieces is.

    Raises
    ------
    DeviceError
        If a sample is NaN, infinite, or so large that it is in another unit.
    """
    held: list[Chunk] = []
    n_held = 0
    for piece in pieces:
        if piece.y.shape[1] == 0:
            yield piece
            continue
        held.append(checked(piece, where))
        n_held += piece.y.shape[1]
        if n_held >= CHUNK_S * sr:
            yield _joined(held)
            held, n_held = [], 0
    if held:
        yield _joined(held)


def played(chunks: Iterable[Chunk], *, sr: int, duration_s: float) -> Iterator[Chunk]:
    """Chunks of a file, which come as fast as they are taken: each ended as much later as there was sound before it.

    Parameters
    ----------
    chunks : iterable of Chunk
    sr : int, Hz
    duration_s : float, s
        Of all of them: they end now, since what was heard in the future would be missing from all that looks back.
    """
    ended_at = time.time() - duration_s
    for chunk in chunks:
        ended_at += chunk.y.shape[1] / sr
        yield replace(chunk, ended_at=ended_at)


def checked(chunk: Chunk, where: str) -> Chunk:
    """Return the chunk if its samples can be sound.

    Raises
    ------
    DeviceError
        If one is NaN, infinite, or so large that it is in another unit.
    """
    if not chunk.y.size:
        return chunk
    peak = max(float(chunk.y.max()), -float(chunk.y.min()))  # NaN if any sample is
    if not peak <= PEAK_LIMIT:
        problem = f"its samples reach {peak:.4g}, where full scale is 1" if np.isfinite(peak) else _not_finite(chunk.y)
        raise DeviceError(where, problem, "Check what sends it; of raw sound, sample_format and n_channels, too.")
    return chunk


def _not_finite(y: NDArray[np.float32]) -> str:
    return f"{np.count_nonzero(~np.isfinite(y))} of {y.size} samples are NaN or infinite"


def _joined(held: list[Chunk]) -> Chunk:
    if len(held) == 1:
        return held[0]
    return Chunk(np.concatenate([chunk.y for chunk in held], axis=1), any(chunk.is_broken for chunk in held))
