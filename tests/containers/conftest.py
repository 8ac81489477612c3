"""A base, an image of the tree as it is now, and a bundle and a clip to drive it with."""

import shutil
from dataclasses import replace

import pytest

from auscult.bundle.bundle import DETECTOR
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.making import new_bundle
from auscult.bundle.npz import write_npz

from .engine import ROOT, Engine, missing

PARTS = (
    "src",
    "containers",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "constraints.txt",
    "serving.lock",
    ".dockerignore",
)


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    if missing():
        pytest.skip(missing())
    engine = Engine(tmp_path_factory.mktemp("engine"))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """The tree as it is now: nobody changes it while it is built from."""
    clone = tmp_path_factory.mktemp("clone") / "auscult"
    clone.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
        else:
            shutil.copy(ROOT / part, clone / part)
    return clone


@pytest.fixture(scope="session")
def base(engine, tmp_path_factory):
    """Size in bytes of the stand-in for the slim base."""
    tar = tmp_path_factory.mktemp("base") / "base.tar"
    engine.run(ROOT / "containers" / "make_base.sh", "amd64", tar, timeout_s=400)
    engine.import_base(tar)
    tar.unlink()
    return engine.inspect("docker.io/library/python:3.11-slim")["Size"]


@pytest.fixture(scope="session")
def image(engine, base, clone):
    """Image of the clone, without a bundle."""
    engine.build(clone, "auscult:test", "--build-arg=VERSION=0.0.test")
    return "localhost/auscult:test"


@pytest.fixture(scope="session")
def one_fan(network_bundle, tmp_path_factory):
    """Bundle of one machine, which nobody has to name, with a network that names its faults."""
    manifest, detector = network_bundle.manifest, network_bundle.detector
    name = next(iter(detector.machines))
    detector = replace(detector, machines={name: detector.machines[name]})
    manifest = replace(manifest, thresholds={name: manifest.thresholds[name]})
    learnt = {DETECTOR: write_npz(detector.to_arrays()), CLASSIFIER: network_bundle.members[CLASSIFIER]}
    path = tmp_path_factory.mktemp("bundle") / "fan.auscult"
    new_bundle(manifest, learnt).save(path)
    path.chmod(0o644)
    return path


@pytest.fixture(scope="session")
def wav(faulty_fans, tmp_path_factory):
    """A clip as the original's users have it: ``x.wav``."""
    wav = tmp_path_factory.mktemp("wav") / "x.wav"
    shutil.copy(sorted(faulty_fans.root.glob("**/id_00/normal/*.wav"))[0], wav)
    return wav


@pytest.fixture
def served(engine, image, one_fan):
    """The bundle, served by a container at http://localhost:5010."""
    name = engine.start(image, "-p", "5010:5000", "-v", f"{one_fan}:/bundle/machine.auscult:ro")
    engine.wait_until_ready()
    yield name
    engine.remove(name)
