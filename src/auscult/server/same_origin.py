"""Who may talk to a page that changes files: the browser that got it from here, and nobody else's page.

A server on one's own machine has no password. What keeps other sites from using it through the browser is that their
requests carry their own origin, and that a name of theirs that is made to point here (DNS rebinding) stands in Host.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auscult.server.problems import problem_response

_SAFE = ("GET", "HEAD", "OPTIONS")
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What the browser may do with answers: load and run what comes from here, and show it to no other page."""


class SameOrigin:
    """ASGI middleware that answers 403 to other hosts' names and to what other sites' pages send.

    Parameters
    ----------
    app : ASGI application
    host : str
        Address that the server listens on: a name for it besides those of this machine's loopback. ``0.0.0.0`` and
        ``::`` stand for every address, but for no name except this machine's.
    for_programs : tuple of str
        Paths that may be read under any name: those of metrics and health, which programs know under names of theirs.
    """

    def __init__(self, app: ASGIApp, host: str, for_programs: tuple[str, ...] = ()) -> None:
        self.app = app
        self._host = host.lower()
        self._for_programs = for_programs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it comes from a page of this server, or from no page at all."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PAGE_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        headers = Headers(scope=scope)
        is_for_programs = scope["method"] in _SAFE and scope["path"] in self._for_programs
        refusal = "" if is_for_programs else self._refusal(scope["method"], headers)
        if refusal:
            await problem_response(403, refusal)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)

    def _refusal(self, method: str, headers: Headers) -> str:
        """Why a request is refused; empty if it is not."""
        host = headers.get("host", "")
        if not self._is_here(_name(host)):
            remedy = "Open the page under the address that the server said when it started."
            return f"{host[:100] or 'no host'}: this server is not called so. {remedy}"
        if method in _SAFE:
            return ""
        origin = headers.get("origin")
        is_same = (
            _netloc(origin) == host.lower()
            if origin is not None
            else headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        )
        if is_same:
            return ""
        return f"{(origin or 'another site')[:100]}: a page from there may change nothing here. Use this server's page."

    def _is_here(self, name: str) -> bool:
        if name in ("localhost", self._host):
            return bool(name)
        is_everywhere = self._host in ("0.0.0.0", "::")
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            own = socket.gethostname().lower()
            return is_everywhere and name in (own, own.partition(".")[0], f"{own.partition('.')[0]}.local")
        return address.is_loopback or is_everywhere


def _netloc(origin: str) -> str | None:
    """Host and port of an origin, None if it is no origin of a web page."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc.lower() if parts.scheme in ("http", "https") else None


def _name(host: str) -> str:
    """Name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
