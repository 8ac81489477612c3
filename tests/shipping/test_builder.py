import pytest

from auscult.errors import DataError, OptionError
from auscult.shipping import Builder, check_tag, find_builder

FAKE = """#!/bin/sh
[ "$1" = info ] && exit {info}
echo "$0 $*" >&2
exit {build}
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Puts programs on the path, which work or fail, and nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def install(name, *, info=0, build=0):
        (tmp_path / name).write_text(FAKE.format(info=info, build=build))
        (tmp_path / name).chmod(0o755)

    return install


def test_one_that_works_is_found(install):
    with pytest.raises(OptionError, match="docker, podman or buildah"):
        find_builder()
    install("docker", info=1)  # the program without its daemon
    install("buildah")
    assert find_builder() == Builder("buildah")
    install("podman")
    assert find_builder() == Builder("podman")


def test_build(install, tmp_path, capfd):
    install("buildah")
    Builder("buildah").build(tmp_path, bundle="fan.auscult", tag="fan", options=("--platform", "linux/arm64"))
    said = capfd.readouterr().err
    assert "--format docker --layers --build-arg BUNDLE=fan.auscult" in said
    assert said.endswith(f"--tag fan --platform linux/arm64 {tmp_path}\n")


def test_failure_is_said(install, tmp_path):
    install("docker", build=7)
    with pytest.raises(DataError, match="ended with exit code 7"):
        Builder("docker").build(tmp_path, bundle="fan.auscult", tag="fan")


@pytest.mark.parametrize("tag", ["fan", "fan:1.0", "a.example.com:5000/plant_1/fan-3:v1", "localhost/fan"])
def test_names_of_images(tag):
    assert check_tag(tag) == tag


@pytest.mark.parametrize("tag", ["", "Fan", "fan:", "fan 1", "--privileged", "fan;ls", "fan@sha256:0"])
def test_what_is_no_name(tag):
    with pytest.raises(OptionError, match="is no name for an image"):
        check_tag(tag)
