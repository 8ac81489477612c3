"""Image and bundle through a real registry with TLS and a password: pushed, pulled by digest, tampered with."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from real_registry import real_registry

from .test_image import say

pytestmark = [pytest.mark.slow, pytest.mark.image, pytest.mark.timeout(1800)]
PORT = "5917"


@pytest.fixture
def registry(engine):
    folder = engine.folder / "registry"  # which goes with the engine: it keeps whole images
    folder.mkdir()
    with real_registry(folder) as registry:
        yield registry
    shutil.rmtree(folder)


@pytest.fixture
def certificates(registry, tmp_path):
    """Folder of an authority's certificate, as skopeo and podman want it."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "ca.crt").write_bytes(registry.ca_file.read_bytes())
    return folder


def login(registry):
    return f"{registry.username}:{registry.password}"


def test_image_is_pulled_by_digest_and_started(engine, image, registry, certificates, one_fan, wav):
    pushed = f"docker://{registry.host}/auscult:1"
    copy = ("skopeo", "copy", f"containers-storage:{image}", pushed)
    trusted = f"--dest-cert-dir={certificates}"
    with pytest.raises(AssertionError, match=r"certificate|x509"):
        engine.run(*copy, f"--dest-creds={login(registry)}")
    with pytest.raises(AssertionError, match=r"authentication|unauthorized"):
        engine.run(*copy, trusted, "--dest-creds=pusher:wrong")
    engine.run(*copy, trusted, f"--dest-creds={login(registry)}", timeout_s=300)
    known = ("--creds", login(registry), "--cert-dir", certificates)
    manifest = json.loads(engine.run("skopeo", "inspect", *known, pushed))
    pinned = f"{registry.host}/auscult@{manifest['Digest']}"
    layers = json.loads(engine.run("skopeo", "inspect", "--raw", *known, pushed))["layers"]
    say(f"{sum(layer['size'] for layer in layers) / 1e6:.0f} MB pushed, the base included")

    engine.run("podman", "pull", *known, pinned, timeout_s=300)
    name = engine.start(pinned, "-p", "5010:5000", "-v", f"{one_fan}:/bundle/machine.auscult:ro", name="pulled")
    try:
        engine.wait_until_ready()
        assert engine.curl("-F", f"file=@{wav}", "http://localhost:5010/inference")[0] == 200
    finally:
        engine.remove(name)


def test_a_tampered_image_is_refused(engine, image, registry, certificates):
    trusted = (f"--dest-cert-dir={certificates}", f"--dest-creds={login(registry)}")
    pushed = f"{registry.host}/auscult:1"
    engine.run("skopeo", "copy", *trusted, f"containers-storage:{image}", f"docker://{pushed}", timeout_s=300)
    known = ("--creds", login(registry), "--cert-dir", certificates)
    manifest = json.loads(engine.run("skopeo", "inspect", "--raw", *known, f"docker://{pushed}"))
    layer = registry.blob(manifest["layers"][-1]["digest"])
    content = bytearray(layer.read_bytes())
    content[len(content) // 2] ^= 1
    layer.write_bytes(content)
    copy = ("skopeo", "copy", "--src-creds", login(registry), "--src-cert-dir", certificates)
    with pytest.raises(AssertionError, match=r"(?i)digest|checksum|verification|unexpected EOF|corrupt|invalid"):
        engine.run(*copy, f"docker://{pushed}", f"dir:{engine.folder / 'pulled'}", timeout_s=300)


@pytest.fixture
def pinned(registry, one_fan):
    """The bundle in the registry, by its digest."""
    push = [sys.executable, "-m", "auscult", "bundle", "push", one_fan, f"{registry.host}/fan:1", "--json"]
    push += ["--username", registry.username, "--password-stdin", "--ca-file", registry.ca_file]
    done = subprocess.run(push, input=registry.password, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["reference"]


@pytest.fixture
def serve(engine, image, registry, tmp_path):
    """Starts a container on this machine's network that serves a reference and keeps what it pulled."""
    kept = tmp_path / "kept"
    kept.mkdir()
    os.chown(kept, 10001, 10001)
    tmp_path.chmod(0o755)

    def serve(reference):
        engine.run("podman", "rm", "--force", "--time=0", "edge", check=False)
        hardened = ("--read-only", "--cap-drop=ALL", "--network=host")
        mounts = ("-v", f"{kept}:/var/lib/auscult", "-v", f"{registry.ca_file}:/ca.crt:ro")
        secret = ("-e", f"AUSCULT_REGISTRY_USERNAME={registry.username}")
        secret += ("-e", f"AUSCULT_REGISTRY_PASSWORD={registry.password}")
        command = ("serve", f"oci://{reference.removeprefix('oci://')}", "--ca-file", "/ca.crt", "--port", PORT)
        engine.run("podman", "run", "--detach", "--name=edge", *hardened, *mounts, *secret, image, *command)

    yield serve
    engine.run("podman", "rm", "--force", "--time=0", "edge", check=False)


def answers(engine):
    options = ("--retry", "40", "--retry-delay", "1", "--retry-connrefused", "--silent", "--fail", "--max-time", "60")
    return engine.run("curl", *options, f"http://127.0.0.1:{PORT}/v2/health/ready") == '{"ready":true}'


def test_bundle_is_pulled_by_the_container_and_kept(engine, serve, pinned, registry):
    serve(pinned)
    assert answers(engine)
    registry.stop()
    serve(pinned)
    assert answers(engine)


def test_a_tampered_bundle_is_refused(engine, serve, pinned, registry):
    bundles = [path for path in (registry.folder / "storage").rglob("data") if path.read_bytes()[:2] == b"PK"]
    (path,) = bundles
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    serve(pinned)
    assert engine.run("podman", "wait", "edge") == "3\n"
    logs = subprocess.run(
        ["podman", "logs", "edge"], capture_output=True, text=True, check=True, env=engine.environment
    )
    assert "sha256" in logs.stderr
