"""Who may change something: people who know the token, for as long as their session lasts."""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import HTTPException, Request
from fastapi.responses import Response

from auscult.monitor.alarms.silence import check_person

COOKIE = "auscult_session"
SESSION_S = 12 * 3600.0
"""A shift, and some more."""
N_FREE = 3
"""Wrong tokens from an address before it has to wait."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
MOST_KEPT = 1000
"""Sessions, and addresses that sent wrong tokens: the oldest go first."""


@dataclass(frozen=True)
class _Session:
    who: str
    ends_at: float


@dataclass(frozen=True)
class _Failures:
    n: int
    waits_until: float


class Access:
    """Tells whether a request may change something, and who sends it.

    Tokens are compared in constant time. After three wrong ones an address has to wait, twice as long after each, up
    to a minute. Sessions are kept in memory: after a restart people sign in again.

    Parameters
    ----------
    token : str or None
        What has to be known; None: nobody may change anything.
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, token: str | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._token, self._clock = token or None, clock
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def is_read_only(self) -> bool:
        """Whether nobody may change anything."""
        return self._token is None

    def sign_in(self, token: str, who: str, address: str) -> str:
        """Begin a session, and give its secret name.

        Parameters
        ----------
        token : str
            What was entered.
        who : str
            The person.
        address : str
            Where the request came from.

        Raises
        ------
        HTTPException
            403 if nobody may change anything, 401 if the token is wrong, 429 if it is too early to try again.
        OptionError
            If nobody says who it is.
        """
        who = check_person(who)
        self._check_token(token, address)
        session = secrets.token_urlsafe(32)
        with self._lock:
            self._sessions[session] = _Session(who, self._clock() + SESSION_S)
            while len(self._sessions) > MOST_KEPT:
                self._sessions.popitem(last=False)
        return session

    def sign_out(self, request: Request) -> None:
        """End the session of a request, if it has one."""
        with self._lock:
            self._sessions.pop(request.cookies.get(COOKIE, ""), None)

    def session(self, request: Request) -> str:
        """Who is signed in; empty if nobody is."""
        with self._lock:
            session = self._sessions.get(request.cookies.get(COOKIE, ""))
            return session.who if session is not None and self._clock() < session.ends_at else ""

    def person(self, request: Request, who: str = "") -> str:
        """Who wants to change something: of the session, or as a program with the token says.

        Parameters
        ----------
        request : Request
        who : str
            What the request says; of a session that does not count.

        Raises
        ------
        HTTPException
            403 if nobody may change anything, 401 if nobody is signed in or the token is wrong, 429 as in `sign_in`.
        OptionError
            If a program does not say who it acts for.
        """
        signed_in = self.session(request)
        if signed_in and not self.is_read_only:
            return signed_in
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            self._check_token(token.strip(), address_of(request))
            return check_person(who)
        self._check_writable()
        remedy = "Sign in with a name and the token, or send it: Authorization: Bearer TOKEN."
        raise HTTPException(401, f"nobody is signed in. {remedy}", {"WWW-Authenticate": "Bearer"})

    def _check_writable(self) -> None:
        if self.is_read_only:
            raise HTTPException(403, "this monitor may only be looked at. Give it a token in its settings: http.token.")

    def _check_token(self, token: str, address: str) -> None:
        self._check_writable()
        assert self._token is not None
        with self._lock:
            now = self._clock()
            failures = self._failures.get(address, _Failures(0, now))
            if now < failures.waits_until:
                left_s = failures.waits_until - now
                detail = f"there were too many wrong tokens from here. Try again in {left_s:.0f} s."
                raise HTTPException(429, detail, {"Retry-After": str(int(left_s) + 1)})
            if hmac.compare_digest(token.encode(), self._token.encode()):
                self._failures.pop(address, None)
                return
            n = failures.n + 1
            wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(n - N_FREE, 10)) if n >= N_FREE else 0.0
            self._failures[address] = _Failures(n, now + wait_s)
            self._failures.move_to_end(address)
            while len(self._failures) > MOST_KEPT:
                self._failures.popitem(last=False)
        raise HTTPException(401, "this is not the token. It is http.token in the monitor's settings.")


def address_of(request: Request) -> str:
    """Address that a request came from."""
    return request.client.host if request.client else ""


def remember(response: Response, session: str, *, is_secure: bool) -> None:
    """Have a browser keep a session, out of reach of scripts and of other sites' pages.

    Parameters
    ----------
    response : Response
    session : str
        Of `Access.sign_in`; empty to forget it.
    is_secure : bool
        Whether the page came over TLS.
    """
    response.set_cookie(
        COOKIE, session, max_age=int(SESSION_S) if session else 0, httponly=True, samesite="strict", secure=is_secure
    )
