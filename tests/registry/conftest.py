"""Registries to push to: a real one, and one with Azure's token protocol."""

import shutil

import pytest
from fake_acr import fake_acr
from flaky_line import FlakyLine
from real_registry import make_certificates

import auscult
from auscult.bundle import Bundle
from auscult.bundle.model_card import MODEL_CARD
from auscult.patience import Patience
from auscult.registry import Login, RegistryClient
from auscult.registry.cache import Cache

QUICK = Patience(n_attempts=4, timeout_s=5.0, first_wait_s=0.01, longest_wait_s=0.01, longest_retry_after_s=60.0)


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No login, cache or proxy of whoever runs the tests."""
    for name in ("USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"AUSCULT_REGISTRY_{name}", raising=False)
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "default_cache"))


@pytest.fixture
def notes():
    """Lines that the user was told."""
    return []


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


@pytest.fixture(scope="session")
def other_bundle(trained_bundle, tmp_path_factory):
    """The bundle with another model card."""
    bundle = auscult.load(trained_bundle)
    path = tmp_path_factory.mktemp("other") / "other.auscult"
    Bundle.from_members(bundle.manifest, bundle.members | {MODEL_CARD: b"# Other"}, "m").save(path)
    return path


@pytest.fixture
def client(registry):
    """Make a client of the real registry; options replace what it is given otherwise."""

    def make(host=registry.host, **options):
        login = Login(registry.username, registry.password)
        return RegistryClient(host, **{"login": login, "ca_file": registry.ca_file, "patience": QUICK, **options})

    return make


@pytest.fixture
def line(registry):
    """A line to the real registry that can be cut."""
    line = FlakyLine(registry.port)
    yield line
    line.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("no certificates: apt-get install openssl")
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture
def acr(certificates):
    with fake_acr(certificates) as acr:
        yield acr


@pytest.fixture
def acr_client(acr):
    def make(**options):
        return RegistryClient(acr.host, **{"ca_file": acr.ca_file, "patience": QUICK, **options})

    return make
