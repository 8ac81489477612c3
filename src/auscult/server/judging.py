"""Recordings that were posted -> verdicts, off the event loop, counted."""

import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import anyio
from fastapi import HTTPException
from numpy.typing import NDArray

from auscult.audio.header import read_header
from auscult.bundle import Bundle, Verdict
from auscult.errors import AudioError, AuscultError, MachineError
from auscult.server.prometheus import InferenceMetrics
from auscult.server.uploads import UploadLimits


class Judging:
    """Judges what requests bring: as many clips at a time as there are processors, or as have room in memory.

    Together they have as many samples as one of the largest upload may have.

    Parameters
    ----------
    bundle : callable
        Gives the bundle that judges.
    limits : UploadLimits
    metrics : InferenceMetrics
        That count.
    not_ready : callable
        Says why no clip is judged; empty when they are.
    """

    def __init__(
        self,
        bundle: Callable[[], Bundle],
        limits: UploadLimits,
        metrics: InferenceMetrics,
        not_ready: Callable[[], str] = lambda: "",
    ) -> None:
        self._bundle, self._limits, self._metrics, self._not_ready = bundle, limits, metrics, not_ready
        self._room = _Room(limits.max_bytes // 2)
        self._workers: anyio.CapacityLimiter | None = None  # made by the first request: it belongs to the running loop

    @property
    def bundle(self) -> Bundle:
        """The bundle that judges now."""
        return self._bundle()

    def check_ready(self) -> None:
        """Refuse a request while no clip is judged.

        Raises
        ------
        HTTPException
            503.
        """
        if self._not_ready():
            raise HTTPException(503, self._not_ready())

    async def verdict(
        self, clip: bytes | NDArray[Any], *, name: str, machine_id: str | None, sr: int | None = None
    ) -> Verdict:
        """Verdict on one clip.

        Parameters
        ----------
        clip : bytes or ndarray
            A recording, or a waveform together with `sr`.
        name : str
            What the client calls it.
        machine_id : str or None
        sr : int, optional
            Sampling rate of a waveform in Hz.

        Raises
        ------
        AudioError, MachineError, OptionError
            As `Bundle.predict` says.
        """
        judge = partial(
            self.bundle.predict,
            clip,
            sr=sr,
            machine_id=machine_id,
            max_duration_s=self._limits.max_clip_s,
            max_samples=self._limits.max_bytes // 2,
        )
        if self._workers is None:
            self._workers = anyio.CapacityLimiter(os.cpu_count() or 1)
        began = time.perf_counter()
        try:
            verdict = await anyio.to_thread.run_sync(self._in_its_room, clip, judge, limiter=self._workers)
        except AuscultError as error:
            self._metrics.refused()
            if isinstance(error, AudioError):  # the client knows the clip by the name it sent, not as bytes
                raise AudioError(name, error.problem, error.remedy) from None
            if isinstance(error, MachineError) and error.where.startswith("audio: "):
                where = f"{name}: {error.where.removeprefix('audio: ')}"
                raise MachineError(where, error.problem, error.remedy) from None
            raise
        self._metrics.judged(time.perf_counter() - began, is_anomalous=verdict.is_anomalous)
        return verdict

    def _in_its_room(self, clip: bytes | NDArray[Any], judge: Callable[[], Verdict]) -> Verdict:
        with self._room.of(_n_samples(clip)):
            return judge()


class _Room:
    """So many samples may be unpacked at a time; who finds no room for more waits, first come, first served."""

    def __init__(self, n_samples: int) -> None:
        self._n_samples = self._n_free = n_samples
        self._door = threading.Lock()  # held by the one who waits: a long clip is not overtaken for ever by short ones
        self._changed = threading.Condition()

    @contextmanager
    def of(self, n: int) -> Iterator[None]:
        """Room for `n` samples, or all there is."""
        n = min(n, self._n_samples)
        with self._door, self._changed:
            self._changed.wait_for(lambda: self._n_free >= n)
            self._n_free -= n
        try:
            yield
        finally:
            with self._changed:
                self._n_free += n
                self._changed.notify_all()


def _n_samples(clip: bytes | NDArray[Any]) -> int:
    """Samples of a clip, all channels together, before it is unpacked."""
    if not isinstance(clip, bytes):
        return clip.size
    try:
        header = read_header(io.BytesIO(clip), len(clip), "audio")
    except AudioError:
        return 0  # judging it says what is wrong, and unpacks nothing
    return header.n_samples * header.n_channels
