"""Verdicts on recordings that are posted: `POST /inference`, as the original service gave them."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from auscult.server.forms import read_form
from auscult.server.judging import Judging
from auscult.server.problems import HOW_TO_SEND, documented


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


def inference_route(judging: Judging) -> APIRouter:
    """The route that judges recordings.

    Parameters
    ----------
    judging : Judging
    """
    routes = APIRouter()

    @routes.post(
        "/inference",
        tags=["verdicts"],
        response_model_exclude_unset=True,
        responses=documented(400, 408, 413, 415, 422, 503),
        openapi_extra=RECORDING_FORM,
        summary="Verdict on a recording",
    )
    async def inference(request: Request) -> Inference:
        judging.check_ready()
        form = await read_form(request)
        recording = form.get("file")
        if recording is None or recording.filename is None:
            raise HTTPException(422, f"there is no file in the field 'file'. {HOW_TO_SEND}")
        machine_id = form["machine_id"].content.decode(errors="replace") if "machine_id" in form else None
        name = recording.filename or "file"
        verdict = await judging.verdict(recording.content, name=name, machine_id=machine_id or None)
        return Inference.model_validate(verdict.to_dict())

    return routes
