"""Bounds on what a client may send: bytes, seconds, and how many at a time."""

import asyncio
import math
from dataclasses import dataclass

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auscult.errors import OptionError
from auscult.server.problems import problem_response


@dataclass(frozen=True)
class UploadLimits:
    """What one request may cost."""

    max_upload_mb: float = 64.0
    """Largest request body in MB (10^6 bytes); a clip may unpack to as many 16-bit samples as fit in it."""
    upload_timeout_s: float = 30.0
    """Longest time that receiving a body may take."""
    max_clip_s: float = 600.0
    """Longest clip."""
    max_pending: int = 64
    """Most requests with a body under way at a time."""
    max_pending_mb: float = 256.0
    """Most MB of bodies under way at a time, together."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < math.inf:
                raise OptionError(f"--{name.replace('_', '-')}", f"expected more than 0, got {value}", "Correct it.")

    @property
    def max_bytes(self) -> int:
        """Largest request body in bytes."""
        return int(self.max_upload_mb * 1_000_000)


class UploadGate:
    """ASGI middleware that holds request bodies to the limits: 413, 408 and 503 where they do not.

    The rest of a body that is too large is received and thrown away before the answer, as long as time is left:
    a client that is still sending when the connection closes would see a broken pipe and not the answer.
    """

    def __init__(self, app: ASGIApp, limits: UploadLimits) -> None:
        self.app = app
        self.limits = limits
        self.n_pending = 0
        self.n_pending_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it keeps the limits."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send)
            return
        if self.n_pending >= self.limits.max_pending:
            busy = f"{self.n_pending} uploads are under way, which is as many as this server takes. Try again."
            await problem_response(503, busy, {"Retry-After": "1"})(scope, receive, send)
            return
        self.n_pending += 1
        body = _LimitedBody(receive, self)
        try:
            if body.is_declared_too_large(Headers(scope=scope)):
                if "100-continue" not in Headers(scope=scope).get("expect", "").lower():
                    await body.discard()
                await problem_response(413, body.too_large)(scope, receive, send)
            else:
                await self.app(scope, body.receive, send)
        except HTTPException as error:  # of a body that is discarded; the application answers its own
            await problem_response(error.status_code, error.detail, dict(error.headers or {}))(scope, receive, send)
        finally:
            self.n_pending -= 1
            self.n_pending_bytes -= body.n_bytes


class _LimitedBody:
    """The body of one request, counted and timed."""

    def __init__(self, receive: Receive, gate: UploadGate) -> None:
        limits = gate.limits
        self._receive = receive
        self._gate = gate
        self._limits = limits
        self.n_bytes = 0
        self._deadline = asyncio.get_running_loop().time() + limits.upload_timeout_s
        self._is_complete = False
        self.too_large = (
            f"the upload is larger than {limits.max_upload_mb:g} MB. Send a shorter clip, "
            "or start the server with a higher --max-upload-mb."
        )

    def is_declared_too_large(self, headers: Headers) -> bool:
        length = headers.get("content-length", "")
        return length.isdigit() and int(length) > self._limits.max_bytes

    async def receive(self) -> Message:
        """Next part of the body; HTTPException 413 or 408 where it breaks a limit."""
        if self._is_complete:  # what follows is the client's disconnection, which may take its time
            return await self._receive()
        message = await self._next_part()
        n_new = len(message.get("body", b""))
        self.n_bytes += n_new
        self._gate.n_pending_bytes += n_new
        if self.n_bytes > self._limits.max_bytes:
            await self.discard()
            raise HTTPException(413, self.too_large)
        if self._gate.n_pending_bytes > self._limits.max_pending_mb * 1_000_000:
            await self.discard()
            busy = f"{self._limits.max_pending_mb:g} MB of uploads are under way, which is as much as this server takes"
            raise HTTPException(503, f"{busy}. Try again.", {"Retry-After": "1"})
        return message

    async def discard(self) -> None:
        """Receive the rest of the body and forget it."""
        while not self._is_complete:
            await self._next_part()

    async def _next_part(self) -> Message:
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            slow = f"the upload was not complete after {self._limits.upload_timeout_s:g} s"
            remedy = "Send a shorter clip, or start the server with a higher --upload-timeout-s."
            raise HTTPException(408, f"{slow}. {remedy}", {"Connection": "close"}) from None
        self._is_complete = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message
