"""``auscult package``: a bundle -> an image that serves it."""

import re
import shlex
from pathlib import Path

import typer

from auscult.cli.options import SUFFIX
from auscult.cli.output import out
from auscult.cli.registry import note


def package(
    bundle: Path = typer.Argument(..., help="The bundle that the image serves (.auscult)."),
    builder_option: list[str] = typer.Argument(
        None, metavar="[-- BUILDER OPTIONS]", help="Options for the builder, after --: --build-arg EXTRAS=monitor, ..."
    ),
    output: Path | None = typer.Option(None, "-o", "--output", help="Folder to write; by default BUNDLE-image."),
    tag: str = typer.Option("", help="What the image is called; by default as the bundle."),
    build: bool = typer.Option(False, "--build", help="Build the image, with docker, podman or buildah."),
    iot_edge: bool = typer.Option(
        False, "--iot-edge", help="Also write BUNDLE-edge: a monitor as a module of Azure IoT Edge (docs/azure.md)."
    ),
) -> None:
    """Write a build context: Dockerfile, this Auscult as a wheel, the bundle; or build the image, too.

    docs/container.md tells what the image promises.
    """
    from auscult.shipping import Builder, check_tag, find_builder, write_build_context
    from auscult.shipping.iot_edge import BUILD_OPTIONS, write_edge_folder

    stem = re.sub(r"[^a-z0-9]+", "-", bundle.name.removesuffix(SUFFIX).lower()).strip("-") or "auscult"
    tag = check_tag(tag or stem)
    folder = output or Path(f"{stem}-image")
    options = (*(BUILD_OPTIONS if iot_edge else ()), *(builder_option or ()))
    manifest_names = write_edge_folder(bundle, Path(f"{stem}-edge"), image=tag, on_note=note) if iot_edge else []
    builder = find_builder() if build else Builder("docker")
    names = write_build_context(bundle, folder, note)
    out.print(f"{folder}: {', '.join(names)}", markup=False, emoji=False)
    steps = []
    if build:
        builder.build(folder, bundle=bundle.name, tag=tag, options=options)
        out.print(f"{tag}: built with {builder.name}", markup=False, emoji=False)
    else:
        command = builder.command(folder, bundle=bundle.name, tag=tag, options=options)
        steps.append((" ".join(command), "or podman build --format docker ..."))
    if iot_edge:
        out.print(f"{stem}-edge: {', '.join(manifest_names)}", markup=False, emoji=False)
        _print_steps([*steps, *_edge_steps(builder.name, tag, stem)])
        return
    # buildah builds and does not run
    engine = "podman" if builder.name == "buildah" else builder.name
    name = tag.rpartition("/")[2]
    steps += [
        (f"{engine} run --rm --read-only --cap-drop ALL -p 5010:5000 {tag}", "then, in another shell:"),
        ("curl http://localhost:5010/", "server is up"),
        (f"curl -F file=@x.wav {_machine_field(bundle)}http://localhost:5010/inference", "the verdict on x.wav"),
        (f"{engine} tag {tag} registry.example.com/{name}", "your registry"),
        (f"{engine} push registry.example.com/{name}", ""),
    ]
    _print_steps(steps)


def _machine_field(bundle: Path) -> str:
    """What an upload has to say besides the recording: whose it is, where the bundle knows several machines."""
    from auscult.bundle import load

    detector = load(bundle).detector
    machines = [] if detector is None else list(detector.machines)
    return f"-F {shlex.quote(f'machine_id={machines[0]}')} " if len(machines) > 1 else ""


def _edge_steps(builder: str, tag: str, stem: str) -> list[tuple[str, str]]:
    """From an image to a module that listens."""
    from auscult.shipping.iot_edge import DEVICE_FOLDER, MANIFEST, MODULE

    there = f"{MODULE}/. {DEVICE_FOLDER}/ && sudo chown -R 10001:10001 {DEVICE_FOLDER}"
    are_set = ': "${REGISTRY_USERNAME:?}" "${REGISTRY_PASSWORD:?}"'  # envsubst would leave them empty
    variables = "'$REGISTRY_USERNAME $REGISTRY_PASSWORD'"
    return [
        (f"{builder} push {tag}", ""),
        (f"ssh DEVICE mkdir -p {MODULE}", ""),
        (f"scp {stem}-edge/{MODULE}/* DEVICE:{MODULE}/", "the same the next time: docs/azure.md"),
        (f"ssh -t DEVICE 'sudo mkdir -p {DEVICE_FOLDER} && sudo cp -r {there}'", "the module's user owns it"),
        ("export REGISTRY_USERNAME=... REGISTRY_PASSWORD=...", "an account that may pull"),
        (f"{are_set} && envsubst {variables} < {stem}-edge/{MANIFEST} > deployment.json", ""),
        ("az iot edge set-modules --hub-name HUB --device-id DEVICE --content deployment.json", ""),
    ]


def _print_steps(steps: list[tuple[str, str]]) -> None:
    out.print("Next:")
    for command_line, remark in steps:
        out.print(f"  {command_line}" + (f"    # {remark}" if remark else ""), markup=False, emoji=False)
