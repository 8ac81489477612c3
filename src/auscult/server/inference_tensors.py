"""What a request of the Open Inference Protocol v2 brings: JSON, and tensors as bytes after it."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import HTTPException, Request
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import ClientDisconnect

MAX_JSON_BYTES = 16_000_000
"""Numbers in JSON take many times their size in memory: what is longer comes as bytes."""
JSON_LENGTH = "inference-header-content-length"
BYTES_HEAD = 4
"""Length of the length before a BYTES element."""


class TensorParameters(BaseModel):
    """What is said of a tensor besides."""

    binary_data_size: int | None = Field(None, ge=0, description="Bytes of it that follow the JSON")


class InputTensor(BaseModel):
    """A recording, or a waveform."""

    name: Literal["recording", "waveform"]
    datatype: Literal["BYTES", "FP32", "FP64"]
    shape: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1, max_length=2)]
    parameters: TensorParameters = TensorParameters()
    data: list[Any] | None = Field(None, description="A recording in base64; or samples in [-1, 1]")


class RequestedOutput(BaseModel):
    """A part of the verdict that is wanted."""

    name: str


class InferParameters(BaseModel):
    """What is said of a request besides."""

    machine_id: str | None = Field(None, description="Machine it is of, where the bundle knows several")
    sr: int | None = Field(None, gt=0, description="Sampling rate of a waveform in Hz")


class InferRequest(BaseModel):
    """A request for a verdict."""

    id: str | None = None
    parameters: InferParameters = InferParameters()
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[RequestedOutput] | None = Field(None, description="None: all")


@dataclass(frozen=True)
class AskedFor:
    """A request, and its clip."""

    request: InferRequest
    clip: bytes | NDArray[Any]
    input_name: str
    sr: int | None


async def read_infer_request(request: Request) -> AskedFor:
    """What a request brings.

    Parameters
    ----------
    request : Request
        Its body has been bounded by the upload gate.

    Raises
    ------
    HTTPException
        400 if the client goes away or the lengths do not fit, 413 if the JSON is too long, 422 if it is not what is
        expected.
    """
    try:
        body = await request.body()
    except ClientDisconnect:
        raise HTTPException(400, "the client went away in the middle of the upload") from None
    length = request.headers.get(JSON_LENGTH, "")
    if length and not (length.isascii() and length.isdigit() and int(length) <= len(body)):
        raise HTTPException(400, f"{JSON_LENGTH}: {length[:20]} is no length of a part of the body")
    n_json = int(length) if length else len(body)
    if n_json > MAX_JSON_BYTES:
        how = "Send the tensor as bytes after the JSON, or the recording to /inference."
        raise HTTPException(413, f"more than {MAX_JSON_BYTES / 1e6:g} MB of JSON. {how}")
    try:
        asked = InferRequest.model_validate_json(body[:n_json])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise HTTPException(422, f"{where}: {first['msg']}. What there is stands at /docs.") from None
    tensor, rest = asked.inputs[0], body[n_json:]
    if (tensor.parameters.binary_data_size or 0) != len(rest):
        raise HTTPException(400, f"{len(rest)} bytes follow the JSON, which says otherwise in binary_data_size")
    if tensor.name == "recording":
        return AskedFor(asked, _recording(tensor, rest), tensor.name, None)
    return AskedFor(asked, _waveform(tensor, rest), tensor.name, asked.parameters.sr)


def _recording(tensor: InputTensor, rest: bytes) -> bytes:
    if tensor.datatype != "BYTES" or tensor.shape != [1]:
        raise HTTPException(422, f"recording: expected BYTES [1], got {tensor.datatype} {tensor.shape}")
    if tensor.parameters.binary_data_size is not None:
        if int.from_bytes(rest[:BYTES_HEAD], "little") != len(rest) - BYTES_HEAD:
            raise HTTPException(400, "recording: the length before its bytes is not theirs")
        return rest[BYTES_HEAD:]
    if tensor.data is None or len(tensor.data) != 1 or not isinstance(tensor.data[0], str):
        raise HTTPException(422, "recording: expected one string in data, the recording in base64")
    try:
        return base64.b64decode(tensor.data[0], validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(422, "recording: its data is no base64") from None


def _waveform(tensor: InputTensor, rest: bytes) -> NDArray[Any]:
    if tensor.datatype == "BYTES":
        raise HTTPException(422, "waveform: expected FP32 or FP64, got BYTES")
    dtype = np.dtype("<f4" if tensor.datatype == "FP32" else "<f8")
    try:
        if tensor.parameters.binary_data_size is not None:
            return np.frombuffer(rest, dtype).reshape(tensor.shape)
        return np.array(tensor.data, dtype).reshape(tensor.shape)
    except (ValueError, TypeError):
        problem = f"its samples are no {tensor.datatype} numbers of the shape {tensor.shape}"
        raise HTTPException(422, f"waveform: {problem}") from None
