"""What a registry wants to know before it answers: a password each time, or a token fetched for it.

The exchange is that of the Docker registry's token specification (distribution.github.io/distribution/spec/auth/token
and oauth), which Azure Container Registry documents as its own (azure.github.io/acr: AAD-OAuth, Token-BasicAuth).
"""

import base64
import json
import re
from typing import TYPE_CHECKING

from auscult.errors import DataError
from auscult.patience import PassingError, retry_after_s
from auscult.registry.body import read_body
from auscult.registry.credentials import PASSWORD, TOKEN, USERNAME, Login

if TYPE_CHECKING:
    import httpx

MAX_TOKEN_BYTES = 64 << 10
LOG_IN = "Use --username with --password-stdin, AUSCULT_REGISTRY_USERNAME and _PASSWORD, or docker login."


def authorization(
    http: "httpx.Client", refusal: "httpx.Response", login: Login | None, where: str, plain_http: bool
) -> str:
    """Value of the header Authorization that a refusal asks for.

    Parameters
    ----------
    http : httpx.Client
        Asks for a token, if that is wanted.
    refusal : httpx.Response
        With status 401.
    login : Login or None
    where : str
        What this is about, for messages.
    plain_http : bool
        Whether a token may be asked for without TLS.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If a login is wanted and there is none, or it is not accepted.
    PassingError
        If it may be over the next time.
    """
    challenges = refusal.headers.get_list("WWW-Authenticate") or [""]
    challenge = next((one for one in challenges if one.lower().startswith("bearer ")), challenges[0])
    scheme = challenge.partition(" ")[0].lower()
    wanted = {name.lower(): value for name, value in re.findall(r'(\w+)="([^"]*)"', challenge)}
    if scheme == "bearer" and wanted.get("realm"):
        return f"Bearer {_token(http, wanted, login, where, plain_http)}"
    if scheme != "basic":
        problem = f"wants a login of a kind that is not known here ({scheme[:40] or 'it does not say which'})"
        raise DataError(where, problem, "Check that it is a container registry.")
    if login is None:
        raise _not_logged_in(where)
    if login.refresh_token:
        remedy = f"Set {USERNAME} and {PASSWORD} instead."
        if login.source == TOKEN:
            remedy = f"Unset {TOKEN}, which goes before {USERNAME} and {PASSWORD}, and set those."
        raise DataError(where, f"wants a username and a password, and was given {login}", remedy)
    return f"Basic {_basic(login)}"


def _token(http: "httpx.Client", wanted: dict[str, str], login: Login | None, where: str, plain_http: bool) -> str:
    realm = wanted["realm"]
    if not realm.startswith("https://") and not (plain_http and realm.startswith("http://")):
        raise DataError(where, f"wants the login sent to {realm[:100]!r}, without TLS", "Refused: it could be read.")
    asked = {name: value for name, value in wanted.items() if name in ("service", "scope")}
    if login is not None and login.refresh_token:
        form = {"grant_type": "refresh_token", "refresh_token": login.refresh_token, "client_id": "auscult", **asked}
        request = http.build_request("POST", realm, data=form)
    else:
        request = http.build_request("GET", http.base_url.join(realm).copy_merge_params(asked))
        if login is not None:
            request.headers["Authorization"] = f"Basic {_basic(login)}"
    response = http.send(request, stream=True)
    try:
        status = response.status_code
        if status in (408, 425, 429) or 500 <= status <= 599:
            wait_s = retry_after_s(response.headers.get("Retry-After"))
            raise PassingError(f"the registry's token service answers {status}", wait_s)
        if status != 200:
            if login is None:
                raise _not_logged_in(where)
            remedy = "Check username and password, or whether the token is still valid."
            problem = f"the login is not accepted ({login}; the token service answers {status})"
            raise DataError(where, problem, remedy)
        return _read_token(response, where)
    finally:
        response.close()


def _read_token(response: "httpx.Response", where: str) -> str:
    try:
        answer = json.loads(read_body(response, MAX_TOKEN_BYTES) or b"")
        token = answer.get("access_token") or answer["token"]  # either, or both alike
        if re.fullmatch(r"[\x21-\x7e]+", token):
            return str(token)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise DataError(where, "the registry's token service sends no token", "Check that it is a container registry.")


def _basic(login: Login) -> str:
    return base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _not_logged_in(where: str) -> DataError:
    return DataError(where, "the registry wants a login, and none is known", LOG_IN)
