import re
from dataclasses import replace

import pytest

from auscult.bundle import load
from auscult.bundle.bundle import DETECTOR
from auscult.bundle.making import new_bundle
from auscult.bundle.npz import write_npz


def test_context_and_what_to_do_next(auscult_cli, trained_bundle, tmp_path):
    done = auscult_cli("package", trained_bundle)
    assert done.returncode == 0
    assert (tmp_path / "fan-image" / "Dockerfile").exists()
    assert re.search(r"docker build .*BUNDLE=fan\.auscult .*--tag fan fan-image", done.stdout)
    for step in (
        "docker run --rm --read-only --cap-drop ALL -p 5010:5000 fan",
        "curl http://localhost:5010/",
        "curl -F file=@x.wav -F machine_id=fan/id_00 http://localhost:5010/inference",
        "docker push registry.example.com/fan",
    ):
        assert step in done.stdout


def test_a_bundle_of_one_machine_needs_no_machine_id(auscult_cli, trained_bundle, tmp_path):
    bundle = load(trained_bundle)
    one = replace(bundle.detector, machines=dict([next(iter(bundle.detector.machines.items()))]))
    manifest = replace(bundle.manifest, thresholds={name: bundle.manifest.thresholds[name] for name in one.machines})
    new_bundle(manifest, {DETECTOR: write_npz(one.to_arrays())}).save(tmp_path / "one.auscult")
    done = auscult_cli("package", "one.auscult")
    assert "curl -F file=@x.wav http://localhost:5010/inference" in done.stdout


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
        "scp fan-edge/auscult/* DEVICE:auscult/",
        "sudo cp -r auscult/. /srv/auscult/ && sudo chown -R 10001:10001 /srv/auscult'",
        ': "${REGISTRY_USERNAME:?}" "${REGISTRY_PASSWORD:?}" && envsubst',
        "az iot edge set-modules --hub-name HUB --device-id DEVICE --content deployment.json",
    ):
        assert step in done.stdout
    assert auscult_cli("package", trained_bundle, "--iot-edge").returncode == 2


def test_iot_edge_again_keeps_what_was_edited(auscult_cli, trained_bundle, tmp_path):
    arguments = ("package", trained_bundle, "--iot-edge", "--tag", "plant.azurecr.io/fan:1")
    auscult_cli(*arguments)
    for name in ("fan-edge/auscult/auscult.yaml", "fan-image/Dockerfile"):
        (tmp_path / name).write_text("# edited")
    done = auscult_cli(*arguments)
    assert done.returncode == 0
    for name in ("fan-edge/auscult/auscult.yaml", "fan-image/Dockerfile"):
        assert (tmp_path / name).read_text() == "# edited"
        assert f"auscult: {name}: kept as it is" in done.stderr.replace("\n", " ")
