"""Bundles that are named by where they lie in a registry, ``oci://...``, and the options that go with it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from auscult.cli.output import err
from auscult.errors import OptionError
from auscult.registry import SCHEME, Login, Reference, RegistryClient, pull
from auscult.registry.cache import Cache

Username = Annotated[
    str | None, typer.Option("--username", help="To log in to the registry with; else as docs/registry.md says.")
]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the registry's password or token from standard input.")
]
CaFile = Annotated[
    Path | None, typer.Option("--ca-file", help="Certificates of an authority of your own, for the registry (PEM).")
]
PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="Speak to the registry without TLS: whoever listens reads passwords.")
]


def registry_client(
    reference: Reference, username: str | None, password_stdin: bool, ca_file: Path | None, plain_http: bool
) -> RegistryClient:
    """Registry of a reference, as the options say.

    Raises
    ------
    OptionError
        If a password is to be read from standard input, and there is none.
    """
    login = None
    if password_stdin:
        password = sys.stdin.read().rstrip("\r\n")
        if not password:
            raise OptionError("--password-stdin", "standard input is empty", "Put it there: ... < password.txt")
        login = Login(username or "", password)
    elif username:
        login = Login(username)
    return RegistryClient(reference.registry, login=login, ca_file=ca_file, plain_http=plain_http)


def bundle_file(
    bundle: str,
    username: str | None = None,
    password_stdin: bool = False,
    ca_file: Path | None = None,
    plain_http: bool = False,
) -> Path:
    """File of a bundle that is named by its path or, with ``oci://``, by where it lies in a registry.

    Raises
    ------
    AuscultError
        Whatever `pull` raises.
    """
    if not bundle.startswith(SCHEME):
        return Path(bundle)
    reference = Reference.parse(bundle)
    with registry_client(reference, username, password_stdin, ca_file, plain_http) as client:
        return pull(reference, client, Cache(), note)[0]


def note(line: str) -> None:
    """Say what a registry's user should know."""
    err.print(f"auscult: {line}", markup=False)
