"""Bundles that are named by where they lie in a registry, ``oci://...``, and the options that go with it."""

import shlex
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
    OptionError
        If there is no such file, and a registry may have been meant.
    AuscultError
        Whatever `pull` raises.
    """
    if not bundle.startswith(SCHEME):
        if not Path(bundle).exists() and _is_reference(bundle):
            raise OptionError(bundle, "there is no such file", f"If it is in a registry, write {SCHEME}{bundle}")
        return Path(bundle)
    reference = Reference.parse(bundle)
    with registry_client(reference, username, password_stdin, ca_file, plain_http) as client:
        return pull(reference, client, Cache(), note)[0]


def _is_reference(text: str) -> bool:
    try:
        Reference.parse(text)
    except OptionError:
        return False
    return True


def said_again(ca_file: Path | None, plain_http: bool) -> str:
    """Options that the next command to the same registry needs as well, each with a space before."""
    return (f" --ca-file {shlex.quote(str(ca_file))}" if ca_file else "") + (" --plain-http" if plain_http else "")


def note(line: str) -> None:
    """Say what a registry's user should know."""
    err.print(f"auscult: {line}", markup=False)
