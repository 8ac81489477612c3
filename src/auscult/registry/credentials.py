"""Who we are to a registry: said with the command, in the environment, or by ``docker login``.

A password is in no message, no ``repr`` and no file of ours.
"""

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auscult.errors import DataError, OptionError

USERNAME = "AUSCULT_REGISTRY_USERNAME"
PASSWORD = "AUSCULT_REGISTRY_PASSWORD"
TOKEN = "AUSCULT_REGISTRY_TOKEN"
IS_TOKEN = "<token>"
"""Username that Docker's credential helpers give with a secret that is a refresh token."""
HELPER_TIMEOUT_S = 60.0
"""For a credential helper, which may ask a person."""


@dataclass(frozen=True)
class Login:
    """What proves who we are: a username and its password, or a refresh token that stands for both."""

    username: str = ""
    password: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    source: str = field(default="the command", compare=False)
    """Where it was said, for messages."""

    def __str__(self) -> str:
        who = "a token" if self.refresh_token else f"user {self.username!r}"
        return f"{who} from {self.source}"


def find_login(registry: str, given: Login | None = None) -> Login | None:
    """What to log in to a registry with.

    In this order: what is given, missing parts of it from ``AUSCULT_REGISTRY_USERNAME`` and
    ``AUSCULT_REGISTRY_PASSWORD``; the refresh token in ``AUSCULT_REGISTRY_TOKEN``; those two variables; what ``docker
    login`` left in ``~/.docker/config.json`` (``DOCKER_CONFIG`` names another folder), credential helpers included.

    Parameters
    ----------
    registry : str
        Host and port, as references have it.
    given : Login, optional
        What the user said with the command.

    Returns
    -------
    Login, or None
        None to go on without a name, as public registries allow.

    Raises
    ------
    OptionError
        If half of it is missing.
    DataError
        If Docker's file or credential helper cannot be understood.
    """
    if given is not None and given.refresh_token:
        return given
    token = os.environ.get(TOKEN, "")
    username, password = os.environ.get(USERNAME, ""), os.environ.get(PASSWORD, "")
    if given is not None:
        username, password = given.username or username, given.password or password
    elif token:
        return Login(refresh_token=token, source=TOKEN)
    if not username and not password:
        return _docker_login(registry)
    name_source = "--username" if given is not None and given.username else USERNAME
    password_source = "--password-stdin" if given is not None and given.password else PASSWORD
    if not password:
        raise OptionError(name_source, "no password is given", f"Add --password-stdin, or set {PASSWORD}.")
    if not username:
        raise OptionError(password_source, "no username is given", f"Add --username, or set {USERNAME}.")
    return Login(username, password, source=f"{name_source} and {password_source}")


def _docker_login(registry: str) -> Login | None:
    folder = os.environ.get("DOCKER_CONFIG") or "~/.docker"
    path = Path(folder).expanduser() / "config.json"
    try:
        config = json.loads(path.read_bytes())
        entry = _entry(config.get("auths") or {}, registry)
        helper = (config.get("credHelpers") or {}).get(registry) or config.get("credsStore")
        if entry.get("identitytoken"):
            return Login(refresh_token=entry["identitytoken"], source=str(path))
        if entry.get("auth"):
            username, _, password = base64.b64decode(entry["auth"], validate=True).decode().partition(":")
            return Login(username, password, source=str(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataError(str(path), f"cannot be read: {error.strerror}", "Check its permissions.") from None
    except (ValueError, AttributeError, TypeError):
        problem = "is not as docker login writes it"
        raise DataError(str(path), problem, f"Repair it, log in anew, or set {USERNAME} and {PASSWORD}.") from None
    return _ask_helper(helper, registry) if helper else None


def _entry(logins: dict[str, Any], registry: str) -> dict[str, Any]:
    """Entry of a registry, which older Dockers wrote as a URL."""
    for name, entry in logins.items():
        if name.removeprefix("https://").removeprefix("http://").partition("/")[0] == registry:
            return dict(entry)
    return {}


def _ask_helper(helper: str, registry: str) -> Login | None:
    """What Docker's credential helper keeps, None if it has nothing for this registry."""
    program = f"docker-credential-{helper}"
    remedy = f"Check that it runs, or set {USERNAME} and {PASSWORD}."
    try:
        done = subprocess.run(
            [program, "get"], input=registry, capture_output=True, text=True, timeout=HELPER_TIMEOUT_S, check=False
        )
        if done.returncode != 0:
            if "not found" in done.stdout + done.stderr:  # the protocol's words for: nothing of that name
                return None
            raise DataError(program, f"failed with exit code {done.returncode}", remedy)
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(program, f"cannot be asked: {type(error).__name__}", remedy) from None
    except (ValueError, KeyError, TypeError):
        raise DataError(program, "does not answer as a credential helper", remedy) from None
    if username == IS_TOKEN:
        return Login(refresh_token=secret, source=program)
    return Login(username, secret, source=program)
