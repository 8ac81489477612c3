"""Errors as clients get them: `application/problem+json` (RFC 9457), one shape for all."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from auscult.errors import AudioError, AuscultError, MachineError, OptionError, printable

MEDIA_TYPE = "application/problem+json"
HOW_TO_SEND = "Send the recording as the multipart field 'file': curl -X POST -F file=@clip.wav URL"
CLIENT_ERRORS = (AudioError, MachineError, OptionError)


class Problem(BaseModel):
    """Problem details as in RFC 9457."""

    type: str = Field("about:blank", description="Kind of problem; about:blank: the status says it")
    title: str = Field(description="The status in words", examples=["Unprocessable Content"])
    status: int = Field(description="The HTTP status code", examples=[422])
    detail: str = Field(
        description="What is wrong, where, and what to do about it",
        examples=["fan.wav: holds no samples. Record it again."],
    )


def problem_response(status: int, detail: str, headers: dict[str, str] | None = None, **members: str) -> JSONResponse:
    """Response with problem details, and further members."""
    problem = Problem(type="about:blank", title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(problem.model_dump() | members, status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem responses of these statuses, as OpenAPI documents them."""
    content = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def answer_errors_with_problems(app: FastAPI) -> None:
    """Let every error of the application be answered with problem details."""

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers or {})
        detail = str(error.detail)
        if error.status_code in (400, 415):
            detail = f"{detail.rstrip('.')}. {HOW_TO_SEND}"
        elif error.status_code == 404:
            detail = f"{request.url.path}: there is nothing here. What there is stands at /docs."
        elif error.status_code == 405:
            allowed = headers.get("Allow", "another")
            detail = f"{request.url.path}: {request.method} is not for this path. Use {allowed}."
        return problem_response(error.status_code, detail, headers)

    @app.exception_handler(RequestValidationError)
    async def senseless_request(_: Request, error: RequestValidationError) -> JSONResponse:
        said = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
        return problem_response(422, printable(f"{said}. Correct what the address says."))

    @app.exception_handler(AuscultError)
    async def auscult_error(_: Request, error: AuscultError) -> JSONResponse:
        return problem_response(422 if isinstance(error, CLIENT_ERRORS) else 500, str(error))

    @app.exception_handler(Exception)
    async def unexpected_error(_: Request, error: Exception) -> JSONResponse:
        detail = f"unexpected {type(error).__name__} in the server. Its log says more; please report it."
        return problem_response(500, detail)
