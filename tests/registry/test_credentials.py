import base64
import json

import pytest

from auscult.errors import DataError, OptionError
from auscult.registry.credentials import Login, find_login


@pytest.fixture
def docker(tmp_path):
    """Write what `docker login` writes."""

    def write(config):
        (tmp_path / "docker").mkdir()
        (tmp_path / "docker" / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))

    return write


@pytest.fixture
def helper(tmp_path, monkeypatch):
    """Put a credential helper on the path, which is asked with a registry's name on its standard input."""

    def write(script):
        path = tmp_path / "docker-credential-keys"
        path.write_text(f"#!/bin/sh\nread registry\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return write


def basic(text):
    return {"auth": base64.b64encode(text.encode()).decode()}


def test_nobody_without_anything():
    assert find_login("a.b") is None


def test_given_counts_before_the_environment_and_that_before_docker(docker, monkeypatch):
    docker({"auths": {"a.b": basic("docker:of docker")}})
    assert find_login("a.b") == Login("docker", "of docker")
    monkeypatch.setenv("AUSCULT_REGISTRY_USERNAME", "environment")
    monkeypatch.setenv("AUSCULT_REGISTRY_PASSWORD", "of environment")
    assert find_login("a.b") == Login("environment", "of environment")
    monkeypatch.setenv("AUSCULT_REGISTRY_TOKEN", "a token")
    assert find_login("a.b") == Login(refresh_token="a token")
    assert find_login("a.b", Login("given", "of given")) == Login("given", "of given")
    assert find_login("a.b", Login("given")) == Login("given", "of environment")
    assert find_login("a.b", Login("", "of given")) == Login("environment", "of given")


@pytest.mark.parametrize(("given", "missing"), [(Login("me"), "no password"), (Login("", "secret"), "no username")])
def test_half_a_login_is_refused(given, missing):
    with pytest.raises(OptionError, match=missing) as caught:
        find_login("a.b", given)
    assert "secret" not in str(caught.value)


def test_half_a_login_in_the_environment_is_refused(monkeypatch):
    monkeypatch.setenv("AUSCULT_REGISTRY_USERNAME", "me")
    with pytest.raises(OptionError, match=r"^AUSCULT_REGISTRY_USERNAME: no password"):
        find_login("a.b")


def test_a_login_says_where_it_is_from(docker, helper, monkeypatch, tmp_path):
    docker({"auths": {"a.b": basic("me:secret")}, "credHelpers": {"c.d": "keys"}})
    helper("""echo '{"Username": "you", "Secret": "secret"}'""")
    said = [str(find_login("a.b")), str(find_login("c.d"))]
    monkeypatch.setenv("AUSCULT_REGISTRY_USERNAME", "she")
    monkeypatch.setenv("AUSCULT_REGISTRY_PASSWORD", "secret")
    said += [str(find_login("a.b")), str(find_login("a.b", Login("he")))]
    monkeypatch.setenv("AUSCULT_REGISTRY_TOKEN", "secret")
    said.append(str(find_login("a.b")))
    assert said == [
        f"user 'me' from {tmp_path / 'docker' / 'config.json'}",
        "user 'you' from docker-credential-keys",
        "user 'she' from AUSCULT_REGISTRY_USERNAME and AUSCULT_REGISTRY_PASSWORD",
        "user 'he' from --username and AUSCULT_REGISTRY_PASSWORD",
        "a token from AUSCULT_REGISTRY_TOKEN",
    ]


@pytest.mark.parametrize("name", ["a.b", "https://a.b", "https://a.b/v1/"])
def test_docker_login_of_the_same_registry_only(docker, name):
    docker({"auths": {name: basic("me:with:colons")}})
    assert find_login("a.b") == Login("me", "with:colons")
    assert find_login("a.b:5000") is None
    assert find_login("b") is None


def test_docker_login_by_refresh_token(docker):
    docker({"auths": {"a.b": basic("00000000-0000-0000-0000-000000000000:") | {"identitytoken": "refresh"}}})
    assert find_login("a.b") == Login(refresh_token="refresh")


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_credential_helper(docker, helper, key):
    docker({"auths": {"a.b": {}}, key: "keys" if key == "credsStore" else {"a.b": "keys"}})
    helper(
        """echo "{\\"ServerURL\\": \\"$registry\\", \\"Username\\": \\"me at $registry\\", \\"Secret\\": \\"s\\"}" """
    )
    assert find_login("a.b") == Login("me at a.b", "s")


def test_credential_helper_with_a_refresh_token(docker, helper):
    docker({"credsStore": "keys"})
    helper("""echo '{"Username": "<token>", "Secret": "refresh"}'""")
    assert find_login("a.b") == Login(refresh_token="refresh")


def test_credential_helper_that_knows_nobody(docker, helper):
    docker({"credsStore": "keys"})
    helper("echo credentials not found in native keychain; exit 1")
    assert find_login("a.b") is None


@pytest.mark.parametrize("script", ["exit 1", "echo nonsense", "echo '[]'", "echo '{}'"])
def test_broken_credential_helper(docker, helper, script):
    docker({"credsStore": "keys"})
    helper(script)
    with pytest.raises(DataError, match="docker-credential-keys"):
        find_login("a.b")


def test_missing_credential_helper(docker):
    docker({"credsStore": "nowhere"})
    with pytest.raises(DataError, match="docker-credential-nowhere: cannot be asked"):
        find_login("a.b")


@pytest.mark.parametrize(
    "config", ["{", "[]", '{"auths": [1]}', '{"auths": {"a.b": 1}}', '{"auths": {"a.b": {"auth": "%"}}}']
)
def test_broken_docker_file(docker, config):
    docker(config)
    with pytest.raises(DataError, match=r"config\.json: is not as docker login writes it"):
        find_login("a.b")


def test_secrets_are_not_shown():
    assert "secret" not in repr(Login("me", "secret", "secret"))
