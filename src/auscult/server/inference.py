"""Verdicts on recordings that are posted: `POST /inference`, as the original service gave them."""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from auscult.bundle import Bundle
from auscult.errors import AudioError, AuscultError
from auscult.server.forms import read_form
from auscult.server.problems import HOW_TO_SEND, documented
from auscult.server.prometheus import InferenceMetrics
from auscult.server.uploads import UploadLimits


class Details(BaseModel):
    """What is behind a verdict."""

    Message: str = Field(description="One sentence for a person", examples=["Component OK"])
    Probabilities: list[float] = Field(description="One a class, normal first", examples=[[0.996734, 0.003266, 0, 0]])
    Labels: list[str] = Field(
        description="Names of the classes", examples=[["normal", "imbalance", "clogging", "voltage change"]]
    )
    Score: float | None = Field(None, description="Anomaly score, larger is worse; of bundles that learnt normal sound")
    Threshold: float | None = Field(None, description="Score above which the machine's clips are anomalous")
    PValue: float | None = Field(None, description="Share of normal clips that score as high")
    MachineId: str | None = Field(None, description="Machine that the clip was compared with")
    Fault: str | None = Field(None, description="Named fault that an anomalous clip is like, or `unknown fault`")
    Warning: str | None = Field(None, description="What makes the verdict doubtful")


class Inference(BaseModel):
    """Verdict on one clip, as the original service gave it, with fields added."""

    Anomaly: bool = Field(examples=[False])
    Details: Details


RECORDING_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "contentMediaType": "application/octet-stream",
                            "description": "The recording: WAV, FLAC, OGG, MP3, AIFF, ...",
                        },
                        "machine_id": {
                            "type": "string",
                            "default": "",
                            "description": "Machine it is of, where the bundle knows several",
                        },
                    },
                }
            }
        },
    }
}
"""The form that `inference` reads, for the documentation."""


def inference_route(
    bundle: Callable[[], Bundle], limits: UploadLimits, metrics: InferenceMetrics, not_ready: Callable[[], str]
) -> APIRouter:
    """The route that judges recordings.

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
    routes = APIRouter()
    workers: list[anyio.CapacityLimiter] = []  # made when the first request comes: it belongs to the running loop

    @routes.post(
        "/inference",
        tags=["verdicts"],
        response_model_exclude_unset=True,
        responses=documented(400, 408, 413, 415, 422, 503),
        openapi_extra=RECORDING_FORM,
        summary="Verdict on a recording",
    )
    async def inference(request: Request) -> Inference:
        if not_ready():
            raise HTTPException(503, not_ready())
        form = await read_form(request)
        recording = form.get("file")
        if recording is None or recording.filename is None:
            raise HTTPException(422, f"there is no file in the field 'file'. {HOW_TO_SEND}")
        machine_id = form["machine_id"].content.decode(errors="replace") if "machine_id" in form else None
        judge = partial(
            bundle().predict,
            recording.content,
            machine_id=machine_id or None,
            max_duration_s=limits.max_clip_s,
            max_samples=limits.max_bytes // 2,
        )
        if not workers:
            workers.append(anyio.CapacityLimiter(os.cpu_count() or 1))
        began = time.perf_counter()
        try:
            verdict = await anyio.to_thread.run_sync(judge, limiter=workers[0])
        except AuscultError as error:
            metrics.refused()
            if isinstance(error, AudioError):  # the client knows the clip by the name it sent, not as bytes
                raise AudioError(recording.filename or "file", error.problem, error.remedy) from None
            raise
        metrics.judged(time.perf_counter() - began, is_anomalous=verdict.is_anomalous)
        return Inference.model_validate(verdict.to_dict())

    return routes
