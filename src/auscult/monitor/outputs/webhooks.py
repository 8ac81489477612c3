"""Addresses to which events are posted: signed, in order, and again until they are taken."""

import hashlib
import hmac
import json
import logging
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from http.client import HTTPException

from auscult import __version__
from auscult.errors import AuscultError
from auscult.monitor.event import Event
from auscult.monitor.outputs.outbox import BATCH, Outbox, OutputStatus
from auscult.monitor.settings import WebhookSettings

log = logging.getLogger("auscult.monitor")
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
"""Before an address is tried again; doubles from failure to failure."""
REFUSED = frozenset({400, 410, 413, 415, 422})
"""Answers that mean this very event, not the moment: it is not posted again."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would turn the post into a get, and send the signature elsewhere."""

    def redirect_request(self, *_: object) -> None:
        """Take no redirect: it is an error."""


class WebhookOutput:
    """Posts events to one address, in a thread of its own; while it is away they wait in the outbox.

    Parameters
    ----------
    name : str
        In the settings.
    settings : WebhookSettings
    outbox : Outbox
        In which it is called ``webhook:<name>``.
    first_wait_s : float, s
    """

    def __init__(
        self, name: str, settings: WebhookSettings, outbox: Outbox, *, first_wait_s: float = FIRST_WAIT_S
    ) -> None:
        self.name = f"webhook:{name}"
        self._settings, self._outbox, self._first_wait_s = settings, outbox, first_wait_s
        self._is_stopping = threading.Event()
        self._wakened = threading.Event()
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self.status = OutputStatus(self.name)

    def start(self) -> None:
        """Begin to post."""
        self._thread.start()

    def stop(self, within_s: float = 2.0) -> None:
        """End; what was not taken stays in the outbox."""
        self._is_stopping.set()
        self._wakened.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def wake(self) -> None:
        """Look into the outbox: there is something new."""
        self._wakened.set()

    def _run(self) -> None:
        wait_s = self._first_wait_s
        while not self._is_stopping.is_set():
            self._wakened.clear()
            if self._has_posted_all():
                wait_s = self._first_wait_s
                self._wakened.wait()
            else:
                self._is_stopping.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _has_posted_all(self) -> bool:
        try:
            self._post_all()
        except (OSError, HTTPException, ValueError, AuscultError) as error:
            self._lost(error)
        except Exception as error:
            log.exception("%s: failed unexpectedly", self.name)
            self._lost(error)
        else:
            return True
        return False

    def _post_all(self) -> None:
        while not self._is_stopping.is_set() and (events := self._outbox.undelivered(self.name, BATCH)):
            for event in events:
                if self._is_stopping.is_set():
                    return
                self._post(event)
                self._outbox.mark_delivered(self.name, [event.id])

    def _post(self, event: Event) -> None:
        content = json.dumps(event.to_dict(), ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"auscult/{__version__}",
            "X-Auscult-Event": event.id,
        }
        if self._settings.secret is not None:
            headers["X-Auscult-Signature"] = signature(content, self._settings.secret.get_secret_value())
        request = urllib.request.Request(self._settings.url, content, headers, method="POST")
        try:
            with self._opener.open(request, timeout=self._settings.timeout_s):
                pass
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in REFUSED:
                raise
            log.error("%s: refused event %s with %d; it is not posted again", self.name, event.id, error.code)
        self.status = replace(self.status, is_connected=True, error="", n_delivered=self.status.n_delivered + 1)

    def _lost(self, error: Exception) -> None:
        said = str(error).strip().rstrip(".") or type(error).__name__
        problem = f"{self._settings.url}: {said}. It is tried again; nothing is lost meanwhile."
        if self.status.error != problem:
            log.warning("%s: %s", self.name, problem)
        self.status = replace(self.status, is_connected=False, error=problem)


def signature(content: bytes, secret: str) -> str:
    """Signature of a posted event, as the header has it: ``sha256=<HMAC in hex>`` (RFC 2104).

    Parameters
    ----------
    content : bytes
        The body, as it was posted.
    secret : str
    """
    return f"sha256={hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}"
