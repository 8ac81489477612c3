"""Recordings that were posted -> verdicts, off the event loop, counted."""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from fastapi import HTTPException
from numpy.typing import NDArray

from auscult.bundle import Bundle, Verdict
from auscult.errors import AudioError, AuscultError
from auscult.server.prometheus import InferenceMetrics
from auscult.server.uploads import UploadLimits


class Judging:
    """Judges what requests bring, as many at a time as there are processors.

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
            verdict = await anyio.to_thread.run_sync(judge, limiter=self._workers)
        except AuscultError as error:
            self._metrics.refused()
            if isinstance(error, AudioError):  # the client knows the clip by the name it sent, not as bytes
                raise AudioError(name, error.problem, error.remedy) from None
            raise
        self._metrics.judged(time.perf_counter() - began, is_anomalous=verdict.is_anomalous)
        return verdict
