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

from auscult.audio.read import SR_RANGE

MAX_JSON_BYTES = 16_000_000
"""Numbers in JSON take many times their size in memory: what is longer comes as bytes."""
LONG_JSON_BYTES = 500_000
JSON_LENGTH = "inference-header-content-length"
BYTES_HEAD = 4
"""Length of the length before a BYTES element."""
SAY_SR = 'Say it in Hz in the request\'s parameters, not in the tensor\'s: "parameters": {"sr": 16000}.'
OF_THE_REQUEST = ("sr", "machine_id")


class TensorParameters(BaseModel, extra="allow"):
    """What is said of a tensor besides; a client may say more than matters here."""

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
    sr: Annotated[int, Field(ge=SR_RANGE.start, lt=SR_RANGE.stop)] | None = Field(
        None, description="Sampling rate of a waveform in Hz"
    )


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


@dataclass(frozen=True)
class Received:
    """A body that came whole, as it is: its JSON can take many times as much once it is read."""

    body: bytearray
    n_json: int

    @property
    def is_long_json(self) -> bool:
        """Whether it is better read one at a time."""
        return self.n_json > LONG_JSON_BYTES


async def receive_infer_request(request: Request) -> Received:
    """Body of a request.

    Parameters
    ----------
    request : Request
        Its body has been bounded by the upload gate.

    Raises
    ------
    HTTPException
        400 if the client goes away or the JSON's length does not fit, 413 if the JSON is too long.
    """
    body = await _received(request)
    length = request.headers.get(JSON_LENGTH, "")
    if length and not (length.isascii() and length.isdigit() and int(length) <= len(body)):
        problem = f"{JSON_LENGTH}: {length[:20]} is no length of a part of the body"
        raise HTTPException(400, f"{problem}. Give the number of bytes of the JSON, which is sent first.")
    n_json = int(length) if length else len(body)
    if n_json > MAX_JSON_BYTES:
        how = "Send the tensor as bytes after the JSON, or the recording to /inference."
        raise HTTPException(413, f"more than {MAX_JSON_BYTES / 1e6:g} MB of JSON. {how}")
    return Received(body, n_json)


def read_infer_request(received: Received) -> AskedFor:
    """What a request brings; its body is used up.

    Parameters
    ----------
    received : Received

    Raises
    ------
    HTTPException
        400 if the tensor's length does not fit, 422 if it is not what is expected.
    """
    asked = _parsed(bytes(received.body[: received.n_json]))
    tensor, rest = asked.inputs[0], received.body
    del rest[: received.n_json]
    if (tensor.parameters.binary_data_size or 0) != len(rest):
        problem = f"{len(rest)} bytes follow the JSON, which says otherwise in binary_data_size"
        raise HTTPException(400, f"{problem}. Say there how many bytes of the tensor follow.")
    if tensor.name == "recording":
        clip: bytes | NDArray[Any] = _recording(tensor, rest)
    else:
        clip = _waveform(tensor, rest)
        if asked.parameters.sr is None:
            raise HTTPException(422, f"waveform: its sampling rate is not said. {SAY_SR}")
    tensor.data = None  # the clip is there once; numbers in JSON take many times as much
    return AskedFor(asked, clip, tensor.name, asked.parameters.sr if tensor.name == "waveform" else None)


async def _received(request: Request) -> bytearray:
    """The body, which the request does not keep."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
    except ClientDisconnect:
        raise HTTPException(400, "the client went away in the middle of the upload") from None
    return body


def _parsed(content: bytes) -> InferRequest:
    try:
        asked = InferRequest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        if where == "parameters.sr":
            got = f"expected a whole number of Hz from {SR_RANGE.start} to {SR_RANGE.stop - 1}"
            raise HTTPException(422, f"{where}: {got}, got {str(first['input'])[:20]!r}. {SAY_SR}") from None
        raise HTTPException(422, f"{where}: {first['msg']}. What there is stands at /docs.") from None
    for name in OF_THE_REQUEST:
        if name in (asked.inputs[0].parameters.model_extra or {}):
            problem = f"inputs.0.parameters.{name}: is a parameter of the request, not of a tensor"
            raise HTTPException(422, f"{problem}. Move it to the parameters beside inputs.")
    return asked


def _recording(tensor: InputTensor, rest: bytearray) -> bytes:
    in_base64 = 'Send the file in base64, as base64 -w0 FILE gives it: "data": ["..."].'
    if tensor.datatype != "BYTES" or tensor.shape != [1]:
        got = f"{tensor.datatype} {tensor.shape}"
        remedy = "Send a whole file so, or samples as the input waveform."
        raise HTTPException(422, f"recording: expected BYTES [1], got {got}. {remedy}")
    if tensor.parameters.binary_data_size is not None:
        if int.from_bytes(rest[:BYTES_HEAD], "little") != len(rest) - BYTES_HEAD:
            remedy = "Begin with the length of the file in 4 bytes, the lowest first."
            raise HTTPException(400, f"recording: the length before its bytes is not theirs. {remedy}")
        recording = bytes(memoryview(rest)[BYTES_HEAD:])
        rest.clear()
        return recording
    if tensor.data is None or len(tensor.data) != 1 or not isinstance(tensor.data[0], str):
        raise HTTPException(422, f"recording: expected one string in data. {in_base64}")
    try:
        return base64.b64decode(tensor.data[0], validate=True)
    except (binascii.Error, ValueError):
        raise HTTPException(422, f"recording: its data is no base64. {in_base64}") from None


def _waveform(tensor: InputTensor, rest: bytearray) -> NDArray[Any]:
    if tensor.datatype == "BYTES":
        remedy = "Send a file as the input recording."
        raise HTTPException(422, f"waveform: expected FP32 or FP64, got BYTES. {remedy}")
    dtype = np.dtype("<f4" if tensor.datatype == "FP32" else "<f8")
    try:
        if tensor.parameters.binary_data_size is not None:
            return np.frombuffer(rest, dtype).reshape(tensor.shape)
        with np.errstate(over="ignore"):  # what is no float32 becomes infinite, which is refused by name
            return np.array(tensor.data, np.float32).reshape(tensor.shape)
    except (ValueError, TypeError):
        problem = f"its samples are no {tensor.datatype} numbers of the shape {tensor.shape}"
        raise HTTPException(422, f"waveform: {problem}. Give as many numbers as the shape says.") from None
