"""A real registry on this machine: TLS by an authority of its own, and a password. For any test that wants one.

with real_registry(folder) as registry:
    ...  # registry.host, registry.ca_file, registry.username, registry.password
"""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CONFIG = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}/storage}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", tls: {{certificate: {folder}/server.crt, key: {folder}/server.key}}}}
auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}
"""
PROGRAMS = {"docker-registry": "docker-registry", "htpasswd": "apache2-utils", "openssl": "openssl"}
"""The programs, and Debian's packages they are in."""


def missing_programs() -> str:
    """Why there can be no registry here, empty if there can."""
    missing = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return f"no registry: apt-get install {' '.join(missing)}" if missing else ""


@dataclass
class RealRegistry:
    """Debian's docker-registry, which can be stopped and started again with what it keeps."""

    folder: Path
    port: int
    username: str = "pusher"
    password: str = "correct horse"
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.crt"

    def start(self) -> None:
        command = ["docker-registry", "serve", str(self.folder / "config.yml")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        trusted = ssl.create_default_context(cafile=self.ca_file)
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as plain:
                    trusted.wrap_socket(plain, server_hostname="localhost").close()
                return
            except ConnectionError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)
        raise TimeoutError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def blob(self, digest: str) -> Path:
        """File on the registry's disk that keeps a blob or a manifest."""
        sum_ = digest.removeprefix("sha256:")
        return self.folder / f"storage/docker/registry/v2/blobs/sha256/{sum_[:2]}/{sum_}/data"


@contextmanager
def real_registry(folder: Path) -> Iterator[RealRegistry]:
    """Start a registry that keeps everything in a folder; skips the test where there can be none."""
    if why := missing_programs():
        pytest.skip(why)
    with socket.create_server(("127.0.0.1", 0)) as free:
        registry = RealRegistry(folder, free.getsockname()[1])
    make_certificates(folder)
    login = ["htpasswd", "-Bbn", registry.username, registry.password]
    (folder / "htpasswd").write_bytes(subprocess.run(login, check=True, capture_output=True).stdout)
    (folder / "config.yml").write_text(CONFIG.format(folder=folder, port=registry.port))
    try:
        registry.start()
        yield registry
    finally:
        registry.stop()


def make_certificates(folder: Path) -> None:
    """An authority, ``ca.crt``, and a certificate of it for localhost: ``server.crt`` and ``server.key``."""
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    ca = ["-config", "ca.cnf", "-keyout", "ca.key", "-out", "ca.crt"]
    server = [
        "-config",
        "server.cnf",
        "-CA",
        "ca.crt",
        "-CAkey",
        "ca.key",
        "-keyout",
        "server.key",
        "-out",
        "server.crt",
    ]
    head = "[req]\nprompt=no\ndistinguished_name=name\nx509_extensions=extensions\n[name]\nCN={}\n[extensions]\n"
    (folder / "ca.cnf").write_text(
        head.format("Auscult's test authority")
        + "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
    )
    (folder / "server.cnf").write_text(
        head.format("localhost")
        + "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nauthorityKeyIdentifier=keyid\n"
    )
    for options in (ca, server):
        subprocess.run(["openssl", "req", "-x509", *new_key, *options], cwd=folder, check=True, capture_output=True)
