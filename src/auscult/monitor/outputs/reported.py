"""What a monitor reports to its module twin: settings in force, version, bundle, machines, what went wrong last."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from auscult import __version__
from auscult.monitor.desired import SECTIONS
from auscult.monitor.outputs.pace import Said
from auscult.monitor.settings import MonitorSettings, machine_slug


def reported(settings: MonitorSettings, bundle: dict[str, Any], machines: Iterable[Said]) -> dict[str, Any]:
    """Reported properties, but for what came of the desired ones and the last error.

    Parameters
    ----------
    settings : MonitorSettings
        In force.
    bundle : dict
        Of `bundle_report`.
    machines : iterable of Said
        What is the case with each: its topics state and health.
    """
    by_machine: dict[str, dict[str, Any]] = {}
    for said in machines:
        if said.topic != "score":
            by_machine.setdefault(machine_slug(said.machine), {}).update(said.payload)
    return {
        "version": __version__,
        "site": settings.site,
        "bundle": bundle,
        "settings": {name: getattr(settings, name).model_dump(mode="json") for name in SECTIONS},
        "machines": by_machine,
    }


def bundle_report(path: Path) -> dict[str, Any]:
    """Name of a bundle's file, and its digest as registries have it.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return {"name": path.name, "digest": f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"}


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Make one document of another: a patch in which null removes (RFC 7396), empty if they say the same.

    Parameters
    ----------
    before, after : dict
        As JSON can hold them.
    """
    patch: dict[str, Any] = {name: None for name in before if after.get(name) is None and before[name] is not None}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, dict):
            part = changes(old if isinstance(old, dict) else {}, value)
            if part or not isinstance(old, dict):
                patch[name] = part
        elif value is not None and value != old:
            patch[name] = value
    return patch
