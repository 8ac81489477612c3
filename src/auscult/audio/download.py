"""One file over HTTP: goes on after interruptions, tries again, checks what came.

Only the standard library: urllib verifies TLS and takes proxies from the environment; no more is wanted of one here.
"""

import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any

from auscult import __version__
from auscult.audio import unpack as disk
from auscult.errors import DataError
from auscult.files import part_size, size_text
from auscult.patience import (
    BLOCK,
    PATIENCE,
    OnNote,
    PassingError,
    Patience,
    number,
    persist,
    retry_after_s,
    say_nothing,
)

OTHER_MIRROR = "Open it in a browser to see what it is, or use another mirror."


def download(
    url: str,
    part: str | Path,
    *,
    size: int | None = None,
    checksum: str | None = None,
    patience: Patience = PATIENCE,
    on_progress: disk.OnBytes | None = None,
    on_check: disk.OnBytes | None = None,
    on_note: OnNote | None = None,
) -> None:
    """Bring a file to the disk, or what is missing of it.

    Parameters
    ----------
    url : str
        http or https.
    part : path
        File that grows, in a folder that exists; whole and checked once this returns. If this raises, Ctrl-C included,
        what has come is kept, and calling it again goes on there.
    size : int, optional
        What the server says, where not given.
    checksum : str, optional
        Algorithm and hexadecimal digest: ``md5:...``.
    patience : Patience
    on_progress, on_check : callable, optional
        Called with (bytes done, bytes in all) while it comes, and while its checksum is computed.
    on_note : callable, optional
        Called with a line whenever something went wrong and is tried again.

    Raises
    ------
    DataError
        If the server refuses it or fails too often, if what it has is of another size or checksum, or if the disk
        refuses it.
    """
    part, on_note, found = Path(part), on_note or say_nothing, checksum
    job = _Job(url, part, size, checksum, patience, on_progress)
    for is_last in (False, True):
        persist(url, lambda: _attempt(job), patience, on_note, part)
        found = checksum if checksum is None else disk.file_checksum(part, checksum, on_check)
        if found == checksum:
            return
        disk.discard(part)  # no telling which of its bytes are wrong
        if not is_last:
            on_note(f"{url}: its checksum is wrong, so all of it is fetched once more")
    problem = f"expected {checksum}, twice got another file, last {found}"
    raise DataError(url, problem, "Nothing of it was kept. Try another mirror, or later.")


@dataclass(frozen=True)
class _Job:
    url: str
    part: Path
    size: int | None
    checksum: str | None
    patience: Patience
    on_progress: disk.OnBytes | None


def _attempt(job: _Job) -> None:
    """Bring what is missing of a part in one request."""
    n_bytes, version = part_size(job.part), disk.part_version(job.part)
    if version is not None and version.url != job.url:
        version = None
    total = job.size if job.size is not None or version is None else version.n_bytes
    is_known = job.checksum or (version is not None and (version.etag or version.last_modified))
    if not is_known or (total is not None and n_bytes > total):
        n_bytes = 0  # nothing would tell whether the rest is of the same file
    if n_bytes and n_bytes == total:
        return
    headers = {"Range": f"bytes={n_bytes}-"} if n_bytes else {}
    if n_bytes and version is not None:
        is_strong = version.etag and not version.etag.startswith("W/")
        if condition := version.etag if is_strong else version.last_modified:
            headers["If-Range"] = condition
    with open_answer(job.url, "GET", headers, job.patience) as response:
        if n_bytes and response.status == 416:
            disk.discard(job.part)
            raise PassingError("the server's file is shorter than what has come of it, so it starts anew")
        check_status(job.url, response, (200, 206) if n_bytes else (200,))
        start, new = _offer(job, response)
        if response.status == 206 and (start != n_bytes or (version is not None and version.contradicts(new))):
            disk.discard(job.part)
            raise PassingError("the file on the server has changed, so it starts anew")
        if start == 0:
            disk.start_part(job.part, new)
        _receive(job, response, start, new.n_bytes)


def _offer(job: _Job, response: HTTPResponse) -> tuple[int, disk.Version]:
    """Where the answer's bytes begin, and of what they are; refused, before anything is lost, if of another file."""
    length, start = number(response.headers.get("Content-Length")), 0
    if response.status == 206:
        bounds = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
        start, length = (int(bounds[1]), int(bounds[2])) if bounds else (-1, None)
    total = length if length is not None else job.size
    if total is None or response.headers.get("Content-Encoding", "identity") != "identity":
        raise DataError(job.url, "the server does not say how large it is, or sends it encoded", "Use another mirror.")
    if job.size is not None and total != job.size:
        problem = f"expected {job.size} bytes, the server has {total}: another file, or a page that says why not"
        raise DataError(job.url, problem, OTHER_MIRROR)
    return start, disk.Version(job.url, total, response.headers.get("ETag"), response.headers.get("Last-Modified"))


def _receive(job: _Job, response: HTTPResponse, n_bytes: int, total: int) -> None:
    with disk.disk_errors(job.part), job.part.open("ab") as file:
        while True:
            if job.on_progress is not None:
                job.on_progress(n_bytes, total)
            with _network_errors(job.url, job.patience):
                block = response.read1(BLOCK)
            if not block or n_bytes + len(block) > total:
                break
            file.write(block)
            n_bytes += len(block)
    if block:
        raise DataError(job.url, f"the server sends more than its {total} bytes", OTHER_MIRROR)
    if n_bytes < total:
        raise PassingError(f"the connection ended after {size_text(n_bytes)} of {size_text(total)}")


class _Answers(urllib.request.HTTPRedirectHandler):
    """Follows redirections to http and https, never from https to http; takes any other status for an answer."""

    def redirect_request(self, req: urllib.request.Request, fp: IO[bytes], *args: Any) -> urllib.request.Request | None:
        scheme = urllib.parse.urlsplit(args[-1]).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            fp.close()
            raise DataError(req.full_url, f"leads to {args[-1]}, which is not safe to follow", "Use another mirror.")
        return super().redirect_request(req, fp, *args)

    def http_error_default(self, _: urllib.request.Request, fp: IO[bytes], *args: Any) -> IO[bytes]:
        return fp


@contextmanager
def open_answer(url: str, method: str, headers: dict[str, str], patience: Patience) -> Iterator[HTTPResponse]:
    """Ask a server for something; the answer, whatever its status.

    Raises
    ------
    PassingError
        If it cannot be reached now.
    DataError
        If it should not be asked again.
    """
    opener = urllib.request.OpenerDirector()  # one with no file: and no ftp:
    for name in ("ProxyHandler", "HTTPHandler", "HTTPSHandler", "HTTPErrorProcessor"):  # certificates are verified
        opener.add_handler(getattr(urllib.request, name)())
    opener.add_handler(_Answers())
    headers = {"User-Agent": f"auscult/{__version__}", **headers}
    request = urllib.request.Request(url, headers=headers, method=method)
    with _network_errors(url, patience):
        response = opener.open(request, timeout=patience.timeout_s)
    if response is None:
        raise DataError(url, "is no http or https address", "Give one that is.")
    with response:
        yield response


@contextmanager
def _network_errors(url: str, patience: Patience) -> Iterator[None]:
    try:
        yield
    except urllib.error.HTTPError as error:  # from following redirections only
        error.close()
        raise DataError(url, f"is redirected without an end: {error}", "Use another mirror.") from None
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, ssl.SSLCertVerificationError):
            problem = f"its certificate cannot be trusted: {reason.verify_message}"
            raise DataError(url, problem, "If it is your own server's, let SSL_CERT_FILE name its authority.") from None
        if isinstance(reason, TimeoutError):
            raise PassingError(f"nothing came for {patience.timeout_s:g} s") from None
        text = (reason.strerror if isinstance(reason, OSError) else None) or str(reason) or type(reason).__name__
        raise PassingError(f"the connection failed: {text}") from None


def check_status(url: str, response: HTTPResponse, expected: tuple[int, ...]) -> None:
    """Raise what is to be raised of an answer whose status is none of those that are expected."""
    if response.status in expected:
        return
    problem = f"the server answers {response.status} {response.reason}".rstrip()
    if response.status in (408, 425, 429) or 500 <= response.status <= 599:
        raise PassingError(problem, retry_after_s(response.headers.get("Retry-After")))
    raise DataError(url, problem, OTHER_MIRROR)
