"""Bundles that verbs take from a registry, as a user would have them do it."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from auscult.cli.registry import bundle_file, registry_client
from auscult.errors import OptionError
from auscult.registry import Reference


@pytest.fixture(autouse=True)
def logged_in(registry, monkeypatch, tmp_path):
    monkeypatch.setenv("AUSCULT_REGISTRY_USERNAME", registry.username)
    monkeypatch.setenv("AUSCULT_REGISTRY_PASSWORD", registry.password)
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@pytest.fixture
def pushed(auscult_cli, registry, trained_bundle):
    """Push a bundle; the references that name it: by a tag, and by its digest."""
    tagged = f"oci://{registry.host}/cli/fan:1"
    done = auscult_cli("bundle", "push", trained_bundle, tagged, "--ca-file", registry.ca_file, "--json")
    return tagged, json.loads(done.stdout)["reference"]


@contextlib.contextmanager
def stopped(registry):
    registry.stop()
    try:
        yield
    finally:
        registry.start()


@contextlib.contextmanager
def serving(*arguments):
    """Run ``auscult serve`` on a free port; the line it says when it is ready, and its address."""
    command = [sys.executable, "-m", "auscult", "serve", "--port", "0", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if "serving" in line:
                break
        assert process.poll() is None, "".join(said)
        yield "".join(said), line.partition(" on ")[2].partition(" ")[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.stderr.close()
        process.wait(timeout=20)


def test_predict_from_a_registry(auscult_cli, registry, pushed, trained_bundle, synthetic_data):
    clip = synthetic_data / "6_dB_fan" / "fan" / "id_00" / "normal" / "00000000.wav"
    local = auscult_cli("predict", trained_bundle, clip, "--json")
    done = auscult_cli("predict", pushed[1], clip, "--json", "--ca-file", registry.ca_file)
    assert (done.returncode, done.stdout, done.stderr) == (local.returncode, local.stdout, "")


@pytest.mark.slow
def test_serve_by_tag_warns_and_by_digest_starts_offline(registry, pushed):
    tagged, pinned = pushed
    with serving(tagged, "--ca-file", registry.ca_file) as (said, url):
        assert "a tag can move. Pinned it is " + pinned in said.replace("\n", "")
        assert urllib.request.urlopen(f"{url}/v2/health/ready").status == 200
    with stopped(registry):
        with serving(pinned) as (said, url):
            assert said.startswith(f"auscult: serving {pinned} on http://127.0.0.1:")
            assert urllib.request.urlopen(f"{url}/v2/health/ready").status == 200
        with serving(tagged) as (said, url):
            assert "Taken is what the tag meant on" in said
            assert urllib.request.urlopen(f"{url}/v2/health/ready").status == 200


def test_serve_refuses_what_was_tampered_with(auscult_cli, registry, pushed):
    manifest = registry.blob(pushed[1].partition("@")[2])
    content = manifest.read_bytes()
    manifest.write_bytes(content.replace(b"fan", b"fun"))
    try:
        done = auscult_cli("serve", pushed[1], "--ca-file", registry.ca_file)
    finally:
        manifest.write_bytes(content)
    assert done.returncode == 3
    assert "its manifest is not sha256:" in done.stderr
    assert "nothing of it is used" in done.stderr


def test_path_is_a_path(tmp_path):
    assert bundle_file(str(tmp_path / "m.auscult")) == tmp_path / "m.auscult"
    assert bundle_file("fan/fan.auscult").parts == ("fan", "fan.auscult")
    with pytest.raises(OptionError, match="If it is in a registry, write oci://localhost:5444/a/fan:1"):
        bundle_file("localhost:5444/a/fan:1")


def test_other_verbs_take_files(auscult_cli):
    for verb in (("package",), ("bundle", "inspect")):
        done = auscult_cli(*verb, "oci://localhost:5444/a/fan:1")
        assert done.returncode == 3
        assert "Pull it first: auscult bundle pull oci://localhost:5444/a/fan:1 -o" in done.stderr.replace("\n", " ")


def test_what_to_do_next_has_the_options_again(auscult_cli, registry, trained_bundle):
    done = auscult_cli("bundle", "push", trained_bundle, f"{registry.host}/cli/fan:3", "--ca-file", registry.ca_file)
    assert f" --ca-file {registry.ca_file}\n" in done.stdout


def test_password_from_standard_input(registry, monkeypatch):
    monkeypatch.delenv("AUSCULT_REGISTRY_PASSWORD")
    monkeypatch.setattr(sys, "stdin", io.StringIO(registry.password + "\n"))
    reference = Reference.parse(f"{registry.host}/fan:1")
    with (
        registry_client(reference, registry.username, True, registry.ca_file, False) as client,
        client.ask("GET", "v2/", where="m", expected=(200,)) as response,
    ):
        assert response.read() == b"{}"


def test_empty_standard_input_is_no_password(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    with pytest.raises(OptionError, match="standard input is empty"):
        registry_client(Reference.parse("a.b/fan:1"), "me", True, None, False)


def test_password_is_on_no_command_line_and_in_no_output(auscult_cli, registry, monkeypatch, trained_bundle):
    monkeypatch.setattr(sys, "stdin", io.StringIO("not the password"))
    where, options = f"{registry.host}/cli/fan:2", ["--username", registry.username, "--password-stdin"]
    done = auscult_cli("bundle", "push", trained_bundle, where, *options, "--ca-file", registry.ca_file)
    assert done.returncode == 3
    assert "the registry does not accept the login" in done.stderr
    assert "not the password" not in done.stdout + done.stderr
    assert registry.password not in done.stdout + done.stderr
    assert "not the password" not in "\0".join(os.environ.values())
