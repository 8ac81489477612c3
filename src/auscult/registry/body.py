"""Bodies of answers from anywhere, of which no more is read than they may have."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


def read_body(response: "httpx.Response", max_bytes: int) -> bytes | None:
    """Body of an answer as it was sent, None if it is longer than that.

    Raises
    ------
    httpx.TransportError
        If the connection is lost.
    """
    body = b""
    for block in response.iter_raw(1 << 16):
        body += block
        if len(body) > max_bytes:
            return None
    return body
