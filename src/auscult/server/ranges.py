"""Parts of a content, as players ask for them when they jump (HTTP range requests, RFC 9110, section 14)."""

import re

from starlette.responses import Response

from auscult.server.problems import problem_response


def part_of(content: bytes, media_type: str, asked: str | None) -> Response:
    """Response with all of a content, or with the part that was asked for.

    Parameters
    ----------
    content : bytes
    media_type : str
    asked : str or None
        The request's ``Range``. One range of bytes is served; anything else gets the whole, as the RFC allows.

    Returns
    -------
    Response
        200 with the whole, 206 with a part, or 416 if the part begins after the end.
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", (asked or "").strip())
    first, last = match.groups() if match else ("", "")
    if not (first or last) or (first and last and int(last) < int(first)):
        return Response(content, 200, {"Accept-Ranges": "bytes"}, media_type)
    n_bytes = len(content)
    start = int(first) if first else max(0, n_bytes - int(last))
    end = min(n_bytes, int(last) + 1) if first and last else n_bytes
    if start >= n_bytes:
        there = f"{asked} was asked for, and there are {n_bytes} bytes. Ask for earlier ones."
        return problem_response(416, there, {"Content-Range": f"bytes */{n_bytes}"})
    headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {start}-{end - 1}/{n_bytes}"}
    return Response(content[start:end], 206, headers, media_type)
