import json
import re
import shutil
import subprocess

import pytest

import auscult
from auscult.errors import BundleError, DataError, OptionError
from auscult.patience import GaveUpError
from auscult.registry import Login, Reference, push


@pytest.fixture
def reference(registry, request):
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")  # a repository a test
    return Reference.parse(f"{registry.host}/push/{name}:1")


def test_same_bundle_is_sent_once_and_has_one_digest(client, reference, notes, trained_bundle, tmp_path, line):
    with client() as registry:
        first = push(trained_bundle, reference, registry, notes.append)
    other = shutil.copy(trained_bundle, tmp_path / "another name.auscult")
    through_line = Reference(f"localhost:{line.port}", reference.repository, "2")
    with client(through_line.registry) as registry:
        second = push(other, through_line, registry, notes.append)
    assert first.digest == second.digest
    assert first.tag is None
    assert line.n_asked < 20_000 < trained_bundle.stat().st_size
    assert notes == []


def test_tag_moves(client, reference, notes, trained_bundle, other_bundle):
    with client() as registry:
        pushed = [push(path, reference, registry, notes.append) for path in (trained_bundle, other_bundle)]
        url = f"v2/{reference.repository}/manifests/{reference.tag}"
        accept = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        with registry.ask("GET", url, where="m", expected=(200,), headers=accept) as response:
            assert response.headers["Docker-Content-Digest"] == pushed[1].digest
    assert pushed[0].digest != pushed[1].digest


def test_another_client_pulls_the_same_bytes(registry, client, reference, notes, trained_bundle, tmp_path):
    """By oras, a client of others, which names the file after its title."""
    from oras.provider import Registry

    with client() as ours:
        pinned = push(trained_bundle, reference, ours, notes.append)
    theirs = Registry(tls_verify=str(registry.ca_file), auth_backend="basic")
    theirs.auth.set_basic_auth(registry.username, registry.password)
    (pulled,) = theirs.pull(str(pinned).removeprefix("oci://"), outdir=str(tmp_path / "out"))
    theirs.session.close()
    assert pulled == str(tmp_path / "out" / "fan.auscult")
    assert (tmp_path / "out" / "fan.auscult").read_bytes() == trained_bundle.read_bytes()
    assert auscult.load(pulled).manifest == auscult.load(trained_bundle).manifest


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="no skopeo: apt-get install skopeo")
def test_skopeo_reads_the_manifest(registry, client, reference, notes, trained_bundle, tmp_path):
    (tmp_path / "trust").mkdir()
    shutil.copy(registry.ca_file, tmp_path / "trust" / "ca.crt")
    with client() as ours:
        push(trained_bundle, reference, ours, notes.append)
    name = str(reference).replace("oci://", "docker://")
    login = ["--creds", f"{registry.username}:{registry.password}", "--cert-dir", str(tmp_path / "trust")]
    done = subprocess.run(["skopeo", "inspect", "--raw", *login, name], capture_output=True, check=True)
    assert json.loads(done.stdout)["artifactType"] == "application/vnd.auscult.bundle.v1"


def test_lost_connection_is_made_good(client, reference, notes, trained_bundle, line):
    line.cuts = [2500, 2500]  # in the middle of the conversation
    through_line = Reference(f"localhost:{line.port}", reference.repository, "1")
    with client(through_line.registry) as registry:
        pinned = push(trained_bundle, through_line, registry, notes.append)
    assert line.n_connections >= 2
    with client() as registry:
        assert push(trained_bundle, reference, registry, notes.append).digest == pinned.digest


def test_registry_that_is_away(registry, client, reference, notes, trained_bundle):
    registry.stop()
    try:
        with client() as ours, pytest.raises(GaveUpError, match=r"refused.*4 attempts"):
            push(trained_bundle, reference, ours, notes.append)
    finally:
        registry.start()
    assert len(notes) == 3


def test_what_is_no_bundle_is_not_sent(client, reference, notes, tmp_path):
    (tmp_path / "m.auscult").write_text("no bundle")
    with client("nowhere.invalid") as registry, pytest.raises(BundleError, match="is not a bundle"):
        push(tmp_path / "m.auscult", reference, registry, notes.append)


@pytest.mark.parametrize("name", ["fan@sha256:" + "0" * 64, "fan:1@sha256:" + "0" * 64])
def test_digest_cannot_be_pushed_to(client, notes, trained_bundle, name):
    with client("nowhere.invalid") as registry, pytest.raises(OptionError, match="cannot be pushed to"):
        push(trained_bundle, Reference.parse(f"a.b/{name}"), registry, notes.append)


@pytest.fixture
def robot(acr, acr_client):
    with acr_client(login=Login("robot", acr.passwords["robot"])) as client:
        yield client


def test_registry_that_keeps_something_else(acr, robot, notes, trained_bundle):
    acr.kept_digest = "sha256:" + "0" * 64
    with pytest.raises(BundleError, match="the registry keeps sha256:000"):
        push(trained_bundle, Reference.parse(f"{acr.host}/fan:1"), robot, notes.append)


def test_login_that_may_not_push(acr, robot, notes, trained_bundle):
    acr.granted = "pull"
    with pytest.raises(DataError, match="the registry does not accept the login"):
        push(trained_bundle, Reference.parse(f"{acr.host}/fan:1"), robot, notes.append)
