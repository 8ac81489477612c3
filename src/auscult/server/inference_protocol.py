"""The Open Inference Protocol v2, so that clients of KServe, Triton and their like can ask for verdicts.

Specification: https://github.com/kserve/open-inference-protocol; of Triton's extensions, tensors as bytes after the
JSON: https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from auscult import __version__
from auscult.bundle import Verdict
from auscult.errors import AuscultError
from auscult.server.inference_tensors import InferRequest, RequestedOutput, read_infer_request, receive_infer_request
from auscult.server.judging import Judging
from auscult.server.problems import CLIENT_ERRORS, documented, problem_response

PLATFORM = "auscult"


class ServerMetadata(BaseModel):
    """What serves."""

    name: str = Field(examples=[PLATFORM])
    version: str
    extensions: list[str] = Field(examples=[["binary_tensor_data"]])


class TensorMetadata(BaseModel):
    """What goes in or comes out."""

    name: str
    datatype: str = Field(examples=["BYTES"])
    shape: list[int] = Field(description="-1: any", examples=[[1]])


class ModelMetadata(BaseModel):
    """What judges."""

    name: str
    platform: str = Field(examples=[PLATFORM])
    inputs: list[TensorMetadata] = Field(description="One of them is sent")
    outputs: list[TensorMetadata]


class ModelReady(BaseModel):
    """Whether the model judges."""

    name: str
    ready: bool


class OutputTensor(TensorMetadata):
    """A part of a verdict."""

    data: list[bool | float | str]


class InferAnswer(BaseModel):
    """Verdict as tensors."""

    model_name: str
    id: str | None = None
    outputs: list[OutputTensor]


INPUTS = [
    TensorMetadata(name="recording", datatype="BYTES", shape=[1]),
    TensorMetadata(name="waveform", datatype="FP32", shape=[-1]),
]
INFER_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": InferRequest.model_json_schema(ref_template="#/{model}")}},
    }
}


class _ProtocolRoute(APIRoute):
    """Its errors have the protocol's field ``error`` beside those of a problem."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except HTTPException as error:
                return problem_response(error.status_code, str(error.detail), error=str(error.detail))
            except AuscultError as error:
                status = 422 if isinstance(error, CLIENT_ERRORS) else 500
                return problem_response(status, str(error), error=str(error))

        return answer


def inference_protocol_routes(judging: Judging, model_name: str) -> APIRouter:
    """Routes of the protocol, besides those of health.

    Parameters
    ----------
    judging : Judging
    model_name : str
        What the bundle is called in them.
    """
    long_json = asyncio.Lock()
    routes = APIRouter(prefix="/v2", tags=["Open Inference Protocol"], route_class=_ProtocolRoute)

    def check_name(name: str) -> None:
        if name != model_name:
            raise HTTPException(404, f"{name}: there is no such model. The one that is served is {model_name}.")

    @routes.get("", summary="What serves")
    async def server_metadata() -> ServerMetadata:
        return ServerMetadata(name="auscult", version=__version__, extensions=["binary_tensor_data"])

    @routes.get("/models/{name}", summary="What judges", responses=documented(404))
    async def model_metadata(name: str) -> ModelMetadata:
        check_name(name)
        n_classes = len(judging.bundle.manifest.faults)
        outputs = [
            TensorMetadata(name=name, datatype=datatype, shape=[n_classes if name in PER_CLASS else 1])
            for name, datatype in OUTPUTS.items()
        ]
        return ModelMetadata(name=name, platform=PLATFORM, inputs=INPUTS, outputs=outputs)

    @routes.get("/models/{name}/ready", summary="Does it judge?", responses=documented(404, 503))
    async def model_ready(name: str) -> ModelReady:
        check_name(name)
        judging.check_ready()
        return ModelReady(name=name, ready=True)

    @routes.post(
        "/models/{name}/infer",
        summary="Verdict on a recording or a waveform, as tensors",
        responses=documented(400, 404, 408, 413, 422, 503),
        response_model_exclude_none=True,
        openapi_extra=INFER_BODY,
    )
    async def infer(name: str, request: Request) -> InferAnswer:
        check_name(name)
        judging.check_ready()
        received = await receive_infer_request(request)
        async with long_json if received.is_long_json else nullcontext():
            asked = read_infer_request(received)
            _check_outputs(asked.request.outputs)
            machine_id = asked.request.parameters.machine_id
            verdict = await judging.verdict(asked.clip, name=asked.input_name, machine_id=machine_id, sr=asked.sr)
        wanted = [output.name for output in asked.request.outputs or []]
        tensors = [tensor for tensor in _tensors(verdict) if not wanted or tensor.name in wanted]
        return InferAnswer(model_name=name, id=asked.request.id, outputs=tensors)

    return routes


OUTPUTS = {
    "is_anomalous": "BOOL",
    "message": "BYTES",
    "probabilities": "FP64",
    "labels": "BYTES",
    "score": "FP64",
    "threshold": "FP64",
    "p_value": "FP64",
    "machine_id": "BYTES",
    "fault": "BYTES",
    "warning": "BYTES",
}
"""Parts of a verdict, and their types; the later ones are left out of answers where there is nothing to say."""
PER_CLASS = ("probabilities", "labels")


def _check_outputs(outputs: list[RequestedOutput] | None) -> None:
    for output in outputs or []:
        if output.name not in OUTPUTS:
            raise HTTPException(422, f"{output.name}: there is no such output. There are {', '.join(OUTPUTS)}.")


def _tensors(verdict: Verdict) -> list[OutputTensor]:
    parts: dict[str, list[Any]] = {
        name: [getattr(verdict, name)]
        for name in OUTPUTS
        if name not in PER_CLASS and getattr(verdict, name) is not None
    }
    parts |= {"probabilities": list(verdict.probabilities.values()), "labels": list(verdict.probabilities)}
    return [
        OutputTensor(name=name, datatype=datatype, shape=[len(parts[name])], data=parts[name])
        for name, datatype in OUTPUTS.items()
        if name in parts
    ]
