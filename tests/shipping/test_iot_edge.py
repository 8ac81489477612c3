"""What Microsoft documents of deployment manifests, checked on the one that is written.

https://learn.microsoft.com/azure/iot-edge/module-edgeagent-edgehub, https://learn.microsoft.com/azure/iot-edge/module-composition
"""

import json
import re

import pytest

from auscult.bundle import load
from auscult.errors import BundleError, OptionError
from auscult.monitor.desired import SECTIONS, with_desired
from auscult.monitor.settings_file import read_settings
from auscult.monitor.supervisor import checked_bundle
from auscult.shipping.iot_edge import MANIFEST, manifest, split_options, write_edge_folder

IMAGE = "plant.azurecr.io/line1/fan:1"


def desired(name):
    return manifest(IMAGE)["modulesContent"][name]["properties.desired"]


def options_of(settings):
    """Put together as the agent does: texts in the order of their names."""
    names = [name for name in settings if name.startswith("createOptions")]
    assert all(re.fullmatch(r"createOptions(0[1-9]|[1-9]\d)?", name) for name in names)
    assert len(names) <= 8
    assert all(len(settings[name]) <= 512 for name in names)
    return json.loads("".join(settings[name] for name in sorted(names)))


def test_agent_and_hub_are_as_documented():
    content = manifest(IMAGE)
    assert set(content) == {"modulesContent"}
    assert set(content["modulesContent"]) == {"$edgeAgent", "$edgeHub", "auscult"}
    assert all(set(twin) == {"properties.desired"} for twin in content["modulesContent"].values())
    agent, hub = desired("$edgeAgent"), desired("$edgeHub")
    assert set(agent) == {"schemaVersion", "runtime", "systemModules", "modules"}
    assert agent["schemaVersion"] == hub["schemaVersion"] == "1.1"
    assert agent["runtime"]["type"] == "docker"
    assert set(agent["runtime"]["settings"]) <= {"minDockerVersion", "loggingOptions", "registryCredentials"}
    assert set(agent["systemModules"]) == {"edgeAgent", "edgeHub"}
    system = agent["systemModules"]
    assert set(system["edgeAgent"]) <= {"type", "settings", "env", "imagePullPolicy"}
    for module in (system["edgeHub"], *agent["modules"].values()):
        assert {"type", "status", "restartPolicy", "settings"} <= set(module)
        assert set(module) <= {
            *("version", "type", "status", "restartPolicy", "startupOrder", "imagePullPolicy", "env", "settings")
        }
        assert (module["type"], module["status"], module["restartPolicy"]) == ("docker", "running", "always")
        assert re.fullmatch(r"([^/]*/)*[^/:]+(:[^/:]+)?", module["settings"]["image"])
    assert system["edgeHub"]["startupOrder"] < agent["modules"]["auscult"]["startupOrder"]
    assert set(hub) == {"schemaVersion", "routes", "storeAndForwardConfiguration"}
    assert hub["routes"] == {"auscult": "FROM /messages/modules/auscult/outputs/* INTO $upstream"}
    assert hub["storeAndForwardConfiguration"] == {"timeToLiveSecs": 604800}


def test_create_options_are_what_docker_and_the_agent_take():
    modules = desired("$edgeAgent")["systemModules"] | desired("$edgeAgent")["modules"]
    found = {name: options_of(module["settings"]) for name, module in modules.items()}
    host = found["auscult"]["HostConfig"]
    assert host["Devices"][0]["PathOnHost"] == "/dev/snd"
    assert host["GroupAdd"] == ["audio"]
    assert host["ReadonlyRootfs"] is True
    assert [bind.partition(":")[2] for bind in host["Binds"]] == ["/bundle", "/var/lib/auscult"]
    assert host["PortBindings"]["5000/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "5000"}]
    assert found["auscult"]["Healthcheck"]["Test"][0] == "CMD"
    assert found["auscult"]["Cmd"] == ["monitor", "/bundle/auscult.yaml"]
    assert "8883/tcp" in found["edgeHub"]["HostConfig"]["PortBindings"]


def test_long_options_are_split():
    parts = split_options({"Cmd": ["x" * 1000]})
    assert list(parts) == ["createOptions", "createOptions01"]
    assert options_of(parts) == {"Cmd": ["x" * 1000]}


def test_the_accounts_of_the_registry_are_variables():
    account = desired("$edgeAgent")["runtime"]["settings"]["registryCredentials"]["registry"]
    assert account["address"] == "plant.azurecr.io"
    assert (account["username"], account["password"]) == ("$REGISTRY_USERNAME", "$REGISTRY_PASSWORD")


@pytest.mark.parametrize("image", ["fan:1", "line1/fan:1", "fan"])
def test_an_image_without_a_registry_is_refused(image):
    with pytest.raises(OptionError, match=r"--tag: .* names no registry"):
        manifest(image)


def test_the_device_gets_settings_that_its_monitor_takes(trained_bundle, tmp_path):
    names = write_edge_folder(trained_bundle, tmp_path / "edge", image=IMAGE)
    assert all((tmp_path / "edge" / name).exists() for name in names)
    content = json.loads((tmp_path / "edge" / MANIFEST).read_text())
    settings = read_settings(tmp_path / "edge" / "auscult" / "auscult.yaml", {})
    assert settings.azure is not None
    assert checked_bundle(settings).detector is not None
    twin = content["modulesContent"]["auscult"]["properties.desired"]
    assert set(twin) == set(SECTIONS)
    assert with_desired(settings, twin) == settings  # it begins with what holds without it


def test_every_machine_is_named(trained_bundle, tmp_path):
    write_edge_folder(trained_bundle, tmp_path, image=IMAGE)
    text = (tmp_path / "auscult" / "auscult.yaml").read_text()
    for machine in load(trained_bundle).detector.machines:
        assert f"machine: {machine}" in text


def test_what_a_person_edited_is_kept(trained_bundle, tmp_path):
    notes = []
    write_edge_folder(trained_bundle, tmp_path, image=IMAGE, on_note=notes.append)
    settings = tmp_path / "auscult" / "auscult.yaml"
    settings.write_text("bundle: ours.auscult")
    write_edge_folder(trained_bundle, tmp_path, image="plant.azurecr.io/line1/fan:2", on_note=notes.append)
    assert settings.read_text() == "bundle: ours.auscult"
    assert "fan:2" in (tmp_path / MANIFEST).read_text()  # nobody had edited it
    assert len(notes) == 1
    edited = (tmp_path / MANIFEST).read_text().replace("audio", "29")
    (tmp_path / MANIFEST).write_text(edited)
    write_edge_folder(trained_bundle, tmp_path, image=IMAGE, on_note=notes.append)
    assert (tmp_path / MANIFEST).read_text() == edited
    assert notes[1].endswith(f"delete it to have it anew, or write the image {IMAGE} there")


def test_a_bundle_that_knows_no_normal_sound_is_refused(original_bundle, tmp_path):
    with pytest.raises(BundleError, match="no model of normal sound"):
        write_edge_folder(original_bundle, tmp_path / "edge", image=IMAGE)
    assert not (tmp_path / "edge").exists()
