"""JSON that pages send, and JSON that they get."""

import json
from typing import Any, TypeVar

from fastapi import HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

Model = TypeVar("Model", bound=BaseModel)
MAX_BODY_BYTES = 100_000
"""A name, a message and a note are shorter."""


async def read_json(request: Request, model: type[Model]) -> Model:
    """What a request says, which has to be JSON: no form of another page can send that.

    Parameters
    ----------
    request : Request
    model : type
        What is expected.

    Raises
    ------
    HTTPException
        415 if it is no JSON by its own word, 413 if it is too long, 400 if the client goes away, 422 if it is not
        what is expected.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(415, f"expected application/json, got {media_type[:100] or 'nothing'}")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HTTPException(413, f"more than {MAX_BODY_BYTES} bytes. Write a shorter note.")
    except ClientDisconnect:
        raise HTTPException(400, "the client went away") from None
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        raise HTTPException(422, f"{where}: {first['msg']}. Send JSON with {_in_words(model)}.") from None


def json_response(content: Any) -> Response:
    """JSON in ASCII: names of files may be no Unicode.

    Parameters
    ----------
    content : any
        As JSON can hold it.
    """
    return Response(json.dumps(content, allow_nan=False), media_type="application/json")


def _in_words(model: type[BaseModel]) -> str:
    *others, last = model.model_fields
    return f"{', '.join(others)} and {last}" if others else last
