"""HTTP/1.1 of a connection, bounded in what uvicorn leaves open: heads without an end, and clients that do not read."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES = 64 << 10
"""Longest head of a request: line and headers together, and what frames a body beyond `FRAMING` times its length."""
FRAMING = 8
"""Bytes around each byte of a body that is sent in pieces: a piece of one byte has five."""
HEAD_S = 10.0
"""Longest time from the connection, or the first byte of a further request, to the end of its head."""
READ_S = 60.0
"""Longest time in which a client takes nothing of an answer that waits for it."""
DISCARD_S = 30.0
"""Longest time for the rest of a body that is thrown away, as its answer was given before its end."""


class BoundedHttp(HttpToolsProtocol):
    """One connection. What breaks its bounds is answered with 431 or 408 where that is possible, and closed."""

    _n_outside = 0
    """Bytes of this request that are not its body."""
    _is_in_head = True
    _head_timer: asyncio.TimerHandle | None = None
    _read_timer: asyncio.TimerHandle | None = None
    _discard_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End; nothing waits any more."""
        self._is_in_head = False
        for timer in (self._head_timer, self._read_timer, self._discard_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent, unless it is too much."""
        if self.transport.is_closing():
            return
        self._n_outside += len(data)
        super().data_received(data)
        if self._n_outside > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse("431 Request Header Fields Too Large", f"A head of more than {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        """Begin another request."""
        self._n_outside = 0
        if not self._is_in_head:
            self._wait_for_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop to wait for the end of the head."""
        self._is_in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, whose length is `UploadGate`'s matter."""
        self._n_outside -= (1 + FRAMING) * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop to wait for the end of the body."""
        if self._discard_timer is not None:
            self._discard_timer.cancel()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for the end of a body that nobody reads any more."""
        if self.cycle is not None and self.cycle.response_complete and self.cycle.more_body:
            self._discard_timer = self.loop.call_later(DISCARD_S, self.transport.close)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._read_timer = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop to wait for it."""
        super().resume_writing()
        if self._read_timer is not None:
            self._read_timer.cancel()

    def _wait_for_head(self) -> None:
        self._is_in_head = True
        self._head_timer = self.loop.call_later(HEAD_S, self._give_up_head)

    def _give_up_head(self) -> None:
        if self._is_in_head and not self.transport.is_closing():
            self._refuse("408 Request Timeout", f"No whole head within {HEAD_S:g} s.")

    def _refuse(self, status: str, detail: str) -> None:
        """Answer, where no other answer has begun, and close the connection."""
        if self.cycle is None or self.cycle.response_complete:
            body = f'{{"title":"{status[4:]}","status":{status[:3]},"detail":"{detail}"}}'
            head = f"HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nconnection: close\r\n"
            self.transport.write(f"{head}content-length: {len(body)}\r\n\r\n{body}".encode())
            self.transport.close()
        else:
            self.transport.abort()
