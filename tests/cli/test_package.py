import re

import pytest


def test_context_and_what_to_do_next(auscult_cli, trained_bundle, tmp_path):
    done = auscult_cli("package", trained_bundle)
    assert done.returncode == 0
    assert (tmp_path / "fan-image" / "Dockerfile").exists()
    assert re.search(r"docker build .*BUNDLE=fan\.auscult .*--tag fan fan-image", done.stdout)
    for step in (
        "docker run --rm --read-only --cap-drop ALL -p 5010:5000 fan",
        "curl http://localhost:5010/",
        "curl -F file=@x.wav http://localhost:5010/inference",
        "docker push registry.example.com/fan",
    ):
        assert step in done.stdout


def test_folder_tag_and_options_of_the_builder(auscult_cli, trained_bundle, tmp_path):
    done = auscult_cli(
        "package", trained_bundle, "-o", "there", "--tag", "plant/fan:package", "--", "--build-arg", "EXTRAS=monitor"
    )
    assert (tmp_path / "there" / "fan.auscult").exists()
    assert "--tag plant/fan:package --build-arg EXTRAS=monitor there" in done.stdout
    assert "docker push registry.example.com/fan:package" in done.stdout


@pytest.mark.parametrize("arguments", [["--tag", "Not A Name"], ["-o", "."]])
def test_what_cannot_be_done_is_said(auscult_cli, trained_bundle, tmp_path, arguments):
    (tmp_path / "letter.txt").write_text("private")
    done = auscult_cli("package", trained_bundle, *arguments)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_without_a_builder(auscult_cli, trained_bundle, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    done = auscult_cli("package", trained_bundle, "--build")
    assert done.returncode == 2
    assert "no docker, podman or buildah here that works" in done.stderr


def test_iot_edge(auscult_cli, trained_bundle, tmp_path):
    done = auscult_cli("package", trained_bundle, "--iot-edge", "--tag", "plant.azurecr.io/fan:1")
    assert done.returncode == 0
    assert (tmp_path / "fan-edge" / "deployment.template.json").exists()
    assert (tmp_path / "fan-edge" / "auscult" / "machine.auscult").read_bytes() == trained_bundle.read_bytes()
    for step in (
        "EXTRAS=monitor,azure --build-arg PACKAGES=libportaudio2 fan-image",
        "docker push plant.azurecr.io/fan:1",
        "az iot edge set-modules --hub-name HUB --device-id DEVICE --content deployment.json",
    ):
        assert step in done.stdout
    assert auscult_cli("package", trained_bundle, "--iot-edge").returncode == 2
