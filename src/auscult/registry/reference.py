"""What a bundle in a registry is called: ``registry/name:tag``, or pinned, ``registry/name@sha256:...``."""

import re
from dataclasses import dataclass, replace
from typing import Self

from auscult.errors import OptionError

SCHEME = "oci://"
"""May stand before every reference; where a file could be meant as well, it must."""

HOST = re.compile(r"([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(:\d{1,5})?")
REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
"""Names as the OCI distribution specification 1.1 has them; of digests, the algorithm that registries must know."""
EXAMPLE = "Write it as registry.example.com/fan:1 or registry.example.com/fan@sha256:..."


@dataclass(frozen=True)
class Reference:
    """Where a bundle is kept, and which one it is.

    Parameters
    ----------
    registry : str
        Host, with a port if it is not the usual one.
    repository : str
        Name of a row of bundles, with slashes if it has parts.
    tag : str, optional
        Name of one of them; another may have it tomorrow.
    digest : str, optional
        ``sha256:`` and the hexadecimal sum of its manifest: never another. Where both are given, it counts.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reference as people write it, with or without ``oci://``.

        There is no registry that is meant where none is named, and no tag: what is fetched or overwritten is said.

        Raises
        ------
        OptionError
            If it is none.
        """
        host, _, _ = text.removeprefix(SCHEME).partition("/")
        if "@" in host:  # said without it, as it may hold a password
            raise OptionError(host.rpartition("@")[2], "has a login before the host", "Give it with --username.")
        name, _, digest = text.removeprefix(SCHEME).partition("@")
        registry, slash, name = name.partition("/")
        repository, _, tag = name.partition(":")
        is_host = HOST.fullmatch(registry) and ("." in registry or ":" in registry or registry == "localhost")
        if not slash or not is_host:
            problem = f"names no registry: {registry!r} is not a host with a dot, a port, or localhost, before a slash"
            raise OptionError(text, problem, EXAMPLE)
        if not REPOSITORY.fullmatch(repository):
            problem = f"{repository!r} is no name in a registry: lower-case letters and digits, single . _ - / between"
            raise OptionError(text, problem, EXAMPLE)
        if not tag and not digest:
            raise OptionError(text, "says neither a tag nor a digest", EXAMPLE)
        if tag and not TAG.fullmatch(tag):
            raise OptionError(text, f"{tag!r} is not a tag: letters, digits, and . _ - after the first", EXAMPLE)
        if digest and not DIGEST.fullmatch(digest):
            raise OptionError(text, f"{digest!r} is not sha256: and 64 hexadecimal digits", EXAMPLE)
        return cls(registry, repository, tag or None, digest or None)

    def pinned(self, digest: str) -> "Reference":
        """The same bundle by its digest, whatever its tag will mean."""
        return replace(self, tag=None, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{SCHEME}{self.registry}/{self.repository}{tag}{digest}"
