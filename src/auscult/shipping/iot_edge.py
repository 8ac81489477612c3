"""A bundle -> what Azure IoT Edge runs a monitor with: a deployment manifest, and the folder that its module reads.

The manifest is of schema 1.1, as https://learn.microsoft.com/azure/iot-edge/module-edgeagent-edgehub and
https://learn.microsoft.com/azure/iot-edge/module-composition describe it. It is a template: the registry's account is
put in with envsubst, so that it stands in no file that is kept.
"""

import json
from pathlib import Path
from typing import Any

from auscult.errors import OptionError
from auscult.files import write_whole
from auscult.monitor.desired import SECTIONS
from auscult.monitor.live_bundle import check_bundle
from auscult.monitor.settings import MonitorSettings, machine_slug
from auscult.patience import OnNote, say_nothing
from auscult.shipping.edited import write_or_keep

MODULE = "auscult"
DEVICE_FOLDER = "/srv/auscult"
"""On the device: settings and bundle, the user's of the image, so that the previous bundle can be taken back."""
BUILD_OPTIONS = ("--build-arg", "EXTRAS=monitor,azure", "--build-arg", "PACKAGES=libportaudio2")
"""For the builder: what a module needs that listens with a microphone and speaks with a hub."""
MANIFEST = "deployment.template.json"
RUNTIME = "1.5"
"""Version of IoT Edge's own modules: the one that Microsoft supports for long."""
KEPT_S = 7 * 86400
"""How long the hub on the device keeps messages while the cloud is away."""
MOST_CHARACTERS, MOST_PARTS = 512, 8
"""Of a text in the agent's twin, and of the texts that the portal splits create options into; the agent reads 100."""
_HEALTH = "import urllib.request as u; u.urlopen('http://127.0.0.1:5000/v2/health/ready', timeout=2)"


def write_edge_folder(bundle: Path, folder: Path, *, image: str, on_note: OnNote = say_nothing) -> list[str]:
    """Write what a device runs a monitor with.

    Parameters
    ----------
    bundle : Path
        With a model of normal sound.
    folder : Path
        It gets the manifest, and a folder with settings and bundle that is to be copied to `DEVICE_FOLDER`.
    image : str
        With its registry: ``plant.azurecr.io/fan:1``.
    on_note : callable
        Told of files that are kept as somebody edited them.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    OptionError
        If the image's name has no registry.
    BundleError
        If it is damaged, judges its golden samples otherwise here, or learnt no normal sound.
    DataError
        If the disk refuses it.
    """
    detector = check_bundle(bundle).detector
    assert detector is not None
    _write_manifest(folder / MANIFEST, image, on_note)
    write_or_keep(folder / MODULE / "auscult.yaml", _settings(list(detector.machines)).encode(), on_note)
    write_whole(folder / MODULE / "machine.auscult", bundle.read_bytes())
    return [MANIFEST, f"{MODULE}/auscult.yaml", f"{MODULE}/machine.auscult"]


def _write_manifest(path: Path, image: str, on_note: OnNote) -> None:
    """Write the manifest over one that was written for another image, and over nothing else."""
    try:
        old = json.loads(path.read_bytes())
        old_image = old["modulesContent"]["$edgeAgent"]["properties.desired"]["modules"][MODULE]["settings"]["image"]
        is_unedited = bool(old == manifest(old_image))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OptionError):
        is_unedited = False
    ours = json.dumps(manifest(image), indent=2) + "\n"

    def on_kept(line: str) -> None:
        on_note(f"{line}, or write the image {image} there")

    write_or_keep(path, ours.encode(), on_kept, is_unedited=is_unedited)


def manifest(image: str) -> dict[str, Any]:
    """Deployment manifest of a device that runs nothing else.

    Parameters
    ----------
    image : str
        With its registry.

    Raises
    ------
    OptionError
        If its name has no registry.
    """
    registry, slash, _ = image.partition("/")
    if not slash or not set(registry) & set(".:"):
        remedy = "IoT Edge pulls the image from there, as in: --tag plant.azurecr.io/fan:1"
        raise OptionError("--tag", f"'{image}' names no registry", remedy)
    agent = {
        "schemaVersion": "1.1",
        "runtime": {
            "type": "docker",
            "settings": {
                "minDockerVersion": "v1.25",
                "registryCredentials": {
                    "registry": {
                        "address": registry,
                        "username": "$REGISTRY_USERNAME",
                        "password": "$REGISTRY_PASSWORD",
                    }
                },
            },
        },
        "systemModules": {
            "edgeAgent": {"type": "docker", "settings": _settings_of("azureiotedge-agent", {})},
            "edgeHub": _module(_settings_of("azureiotedge-hub", _hub_options()), startup_order=0),
        },
        "modules": {
            MODULE: {
                "version": "1.0",
                **_module({"image": image, **split_options(_module_options())}, startup_order=1),
                "imagePullPolicy": "on-create",
                "env": {"AUSCULT__LOG__IS_JSON": {"value": "true"}},
            }
        },
    }
    hub = {
        "schemaVersion": "1.1",
        "routes": {MODULE: f"FROM /messages/modules/{MODULE}/outputs/* INTO $upstream"},
        "storeAndForwardConfiguration": {"timeToLiveSecs": KEPT_S},
    }
    twin = {name: MonitorSettings.model_fields[name].get_default().model_dump(mode="json") for name in SECTIONS}
    parts = {"$edgeAgent": agent, "$edgeHub": hub, MODULE: twin}
    return {"modulesContent": {name: {"properties.desired": desired} for name, desired in parts.items()}}


def split_options(options: dict[str, Any]) -> dict[str, str]:
    """Create options as the agent's twin has them: JSON as texts that follow each other.

    Parameters
    ----------
    options : dict
        Of Docker's API (https://docs.docker.com/reference/api/engine, "Create a container").
    """
    text = json.dumps(options, separators=(",", ":"))
    parts = [text[at : at + MOST_CHARACTERS] for at in range(0, len(text), MOST_CHARACTERS)]
    assert len(parts) <= MOST_PARTS
    return {f"createOptions{number:02}" if number else "createOptions": part for number, part in enumerate(parts)}


def _module(settings: dict[str, str], *, startup_order: int) -> dict[str, Any]:
    running = {"type": "docker", "status": "running", "restartPolicy": "always", "startupOrder": startup_order}
    return running | {"settings": settings}


def _settings_of(name: str, options: dict[str, Any]) -> dict[str, str]:
    """Image and options of one of IoT Edge's own modules."""
    return {"image": f"mcr.microsoft.com/{name}:{RUNTIME}", **split_options(options)}


def _hub_options() -> dict[str, Any]:
    """As Microsoft's tutorials have them: devices behind this one find the hub at its usual ports."""
    return {"HostConfig": {"PortBindings": {f"{port}/tcp": [{"HostPort": str(port)}] for port in (5671, 8883, 443)}}}


def _module_options() -> dict[str, Any]:
    return {
        "Cmd": ["monitor", "/bundle/auscult.yaml"],
        "Healthcheck": {  # times in nanoseconds
            "Test": ["CMD", "python", "-c", _HEALTH],
            "Interval": 30 * 10**9,
            "Timeout": 3 * 10**9,
            "StartPeriod": 30 * 10**9,
            "Retries": 3,
        },
        "HostConfig": {
            "Devices": [{"PathOnHost": "/dev/snd", "PathInContainer": "/dev/snd", "CgroupPermissions": "rwm"}],
            "GroupAdd": ["audio"],
            "Binds": [f"{DEVICE_FOLDER}:/bundle", f"{MODULE}:/var/lib/auscult"],
            "Tmpfs": {"/tmp": ""},
            "PortBindings": {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5000"}]},
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
        },
    }


def _settings(machines: list[str]) -> str:
    """Settings of a monitor in its module, for one microphone."""
    first, *others = machines
    lines = [
        "# What the module listens to. docs/monitor.md explains every line.",
        f"# {', '.join(SECTIONS)}: what the module twin says of them holds, not this file.",
        "bundle: machine.auscult",
        "sources:",
        *_source(first),
        *(f"#{line}" for machine in others for line in _source(machine)),
        "store:",
        "  path: /var/lib/auscult/events",
        "http:",
        "  host: 0.0.0.0        # in the container; the manifest opens the port to the device only",
        "azure: {}",
    ]
    return "\n".join([*lines, ""])


def _source(machine: str) -> list[str]:
    return [f"  {machine_slug(machine)}:", f"    machine: {machine}", "    kind: microphone"]
