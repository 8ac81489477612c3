"""A registry over HTTPS, by the OCI distribution specification: asked with the login it wants, answers checked."""

import contextlib
import json
import ssl
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from auscult import __version__
from auscult.errors import DataError, OptionError
from auscult.extras import require
from auscult.patience import PassingError, Patience, retry_after_s
from auscult.registry.body import read_body
from auscult.registry.credentials import Login, find_login
from auscult.registry.tokens import LOG_IN, authorization

if TYPE_CHECKING:
    import httpx

PATIENCE = Patience(n_attempts=4, timeout_s=20.0, first_wait_s=0.5, longest_wait_s=4.0, longest_retry_after_s=60.0)
"""Some seconds where nobody answers: a bundle in the cache should not have to wait for long."""
MAX_REDIRECTS = 5
MAX_IDLE_BYTES = 64 << 10
"""Bytes of an answer that are read though they tell nothing, or only why something is refused."""


class RegistryClient:
    """One registry. Nothing is connected, and no login looked for, before the first question.

    Parameters
    ----------
    registry : str
        Host, with a port if it is not the usual one.
    login : Login, optional
        What the user said; `find_login` knows where else to look.
    ca_file : path, optional
        Certificates in PEM of authorities to be trusted besides the system's.
    plain_http : bool
        Whether to speak HTTP without TLS: anybody on the way can read passwords then, and bundles.
    patience : Patience
    """

    def __init__(
        self,
        registry: str,
        *,
        login: Login | None = None,
        ca_file: Path | None = None,
        plain_http: bool = False,
        patience: Patience = PATIENCE,
    ) -> None:
        self.patience = patience
        self._base = f"{'http' if plain_http else 'https'}://{registry}/"
        self._registry = registry
        self._given_login = login
        self._ca_file = ca_file
        self._plain_http = plain_http
        self._authorization = ""
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @contextlib.contextmanager
    def ask(
        self,
        method: str,
        url: str,
        *,
        where: str,
        expected: tuple[int, ...],
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        params: dict[str, str] | None = None,
    ) -> Iterator["httpx.Response"]:
        """Ask for something, with a login if the registry wants one.

        Parameters
        ----------
        method : str
        url : str
            Relative to the registry, or a whole one that it gave. The login goes to the registry itself only.
        where : str
            What this is about, for messages.
        expected : tuple of int
            Statuses that are an answer.
        headers, content, params : optional

        Yields
        ------
        httpx.Response
            With its body still to be read.

        Raises
        ------
        PassingError
            If it may be over the next time.
        DataError
            If the registry refuses it, cannot be trusted, or leads to where it is not safe to go.
        """
        with self._network_errors(where):
            base = self._http.base_url.join(url)
            request = self._http.build_request(
                method, base.copy_merge_params(params or {}), headers=headers, content=content
            )
            response = self._send(request, where)
            try:
                if response.status_code not in expected:
                    self._refuse(response, where)
                yield response
                if not response.is_stream_consumed:
                    read_body(response, MAX_IDLE_BYTES)  # or the connection could not be used again
            finally:
                response.close()

    def _send(self, request: "httpx.Request", where: str) -> "httpx.Response":
        """The answer, after a login and redirections if need be."""
        response = self._http.send(self._authorized(request), stream=True)
        if response.status_code == 401 and self._is_ours(request):
            read_body(response, MAX_IDLE_BYTES)
            response.close()
            self._authorization = authorization(self._http, response, self._login, where, self._plain_http)
            response = self._http.send(self._authorized(request), stream=True)
        for _ in range(MAX_REDIRECTS):
            if response.next_request is None:
                return response
            response.close()
            if response.next_request.url.scheme == "http" and request.url.scheme == "https":
                problem = f"is redirected from https to {response.next_request.url.host} in plain http"
                raise DataError(where, problem, "Refused: tell the registry's administrator.")
            # the library leaves the header Authorization out where another host is asked
            response = self._http.send(response.next_request, stream=True)
        response.close()
        raise DataError(where, "is redirected without an end", "Tell the registry's administrator.")

    def _authorized(self, request: "httpx.Request") -> "httpx.Request":
        if self._authorization and self._is_ours(request):
            request.headers["Authorization"] = self._authorization
        return request

    def _is_ours(self, request: "httpx.Request") -> bool:
        ours, url = self._http.base_url, request.url
        return (url.scheme, url.host, url.port) == (ours.scheme, ours.host, ours.port)

    @cached_property
    def _login(self) -> Login | None:
        return find_login(self._registry, self._given_login)

    @cached_property
    def _http(self) -> "httpx.Client":
        require("httpx", extra="registry")
        import httpx

        try:
            trusted = ssl.create_default_context()
            if self._ca_file is not None:
                trusted.load_verify_locations(self._ca_file)
        except OSError as error:  # what OpenSSL says of it, too
            problem = f"cannot be read as certificates in PEM ({error.strerror or error})"
            raise OptionError(f"--ca-file {self._ca_file}", problem, "Name the file of your authority.") from None
        headers = {"User-Agent": f"auscult/{__version__}", "Accept-Encoding": "identity"}
        try:
            client = httpx.Client(base_url=self._base, headers=headers, verify=trusted, timeout=self.patience.timeout_s)
        except (ImportError, ValueError) as error:  # a proxy it does not know
            raise OptionError("HTTPS_PROXY", f"is not understood ({error})", "Name an http or https proxy.") from None
        return self._open.enter_context(client)

    @contextlib.contextmanager
    def _network_errors(self, where: str) -> Iterator[None]:
        require("httpx", extra="registry")
        import httpx

        try:
            yield
        except httpx.TimeoutException:
            raise PassingError(f"nothing came for {self.patience.timeout_s:g} s") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            _raise_tls(error, where)
            raise PassingError(f"the connection failed: {error or type(error).__name__}") from None

    def _refuse(self, response: "httpx.Response", where: str) -> None:
        status, body = response.status_code, read_body(response, MAX_IDLE_BYTES) or b""
        said = _said(body)
        if status in (408, 425, 429) or 500 <= status <= 599:
            wait_s = retry_after_s(response.headers.get("Retry-After"))
            raise PassingError(f"the registry answers {status}{said}", wait_s)
        if status == 401:
            if self._login is None:
                raise DataError(where, f"the registry wants a login, and none is known (401{said})", LOG_IN)
            problem = f"the registry does not accept the login ({self._login}; 401{said})"
            raise DataError(where, problem, "Check it there, and whether it has expired.")
        if status == 403:
            raise DataError(where, f"this login may not do that (403{said})", "Ask who administers the registry.")
        if status == 404:
            raise DataError(where, f"the registry has nothing of that name (404{said})", "Check name, tag and digest.")
        if self._plain_http and status == 400 and b"HTTPS" in body:  # servers with TLS say so in words only
            raise DataError(where, "the registry speaks TLS", "Leave --plain-http out.")
        raise DataError(where, f"the registry answers {status}{said}", "Check that it is a container registry.")


def _raise_tls(error: BaseException, where: str) -> None:
    """Say what is wrong if TLS is, which no second attempt mends."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        problem = f"its certificate cannot be trusted: {cause.verify_message}"
        raise DataError(where, problem, "If its authority is your own, name it: --ca-file ca.crt") from None
    if cause is not None and cause.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        raise DataError(where, "the registry speaks no TLS", "Only if nobody can listen in: --plain-http") from None


def _said(body: bytes) -> str:
    """What a registry says of a refusal, as far as it can be shown."""
    try:
        errors = json.loads(body)["errors"]
        texts = [f"{error['code']}: {error.get('message', '')}" for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""
    return ", " + "".join(sign if sign.isprintable() else " " for sign in "; ".join(texts))[:300]
