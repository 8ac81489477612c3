"""What a bundle is in a registry: an OCI artifact of one layer, which is the bundle's file to the byte."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from auscult.bundle import Bundle
from auscult.bundle.archive import MAX_BYTES
from auscult.errors import BundleError
from auscult.registry.reference import DIGEST

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT_TYPE = "application/vnd.auscult.bundle.v1"
CONFIG_TYPE = "application/vnd.auscult.bundle.config.v1+json"
LAYER_TYPE = "application/vnd.auscult.bundle.content.v1+zip"
READABLE_TYPES = (
    MANIFEST_TYPE,
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
"""Manifests that are asked for: images as well, to say that they are no bundle."""

CONFIG = b"{}"
"""All that is to be said of a bundle is in its own manifest and in the annotations."""
MAX_MANIFEST_BYTES = 4 << 20
"""What registries must take of a manifest, by the OCI distribution specification."""


@dataclass(frozen=True)
class Blob:
    """Some bytes by their sum.

    Parameters
    ----------
    digest : str
        ``sha256:`` and the hexadecimal sum.
    size : int
        In bytes.
    """

    digest: str
    size: int


def digest_of(content: bytes) -> str:
    """SHA-256 of some bytes, as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest_of(bundle: Bundle, content: bytes) -> bytes:
    """Manifest of a bundle: the same bytes for the same bundle, whatever its file is called, whoever pushes it when.

    Parameters
    ----------
    bundle : Bundle
    content : bytes
        Its file.

    Returns
    -------
    bytes
    """
    machine_types = sorted({machine.partition("/")[0] for machine in bundle.manifest.thresholds})
    name = machine_types[0] if len(machine_types) == 1 else "machines"
    told = {
        "org.opencontainers.image.title": f"Auscult bundle: {', '.join(machine_types) or 'faults of all machines'}",
        "org.opencontainers.image.version": digest_of(content).removeprefix("sha256:")[:12],
        "io.auscult.bundle.machine-types": ",".join(machine_types),
        "io.auscult.bundle.auscult-version": bundle.manifest.versions.get("auscult", ""),
    }
    layer_title = {"org.opencontainers.image.title": f"{name}.auscult"}  # other clients name the file after it
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": ARTIFACT_TYPE,
        "config": _descriptor(CONFIG_TYPE, CONFIG),
        "layers": [_descriptor(LAYER_TYPE, content) | {"annotations": layer_title}],
        "annotations": {key: value for key, value in told.items() if value},
    }
    return json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def bundle_in(manifest: bytes, where: str) -> Blob:
    """The layer that is a bundle's file, of a manifest that may come from anywhere.

    Raises
    ------
    BundleError
        If it is something else than a bundle, or a bundle that is too large.
    """
    try:
        content = json.loads(manifest)
        media_type, config = content.get("mediaType", MANIFEST_TYPE), content.get("config", {})
        layers = [(layer["mediaType"], layer["digest"], layer["size"]) for layer in content.get("layers", [])]
        is_bundle = media_type == MANIFEST_TYPE and config.get("mediaType") == CONFIG_TYPE and len(layers) == 1
        layer_type, digest, size = layers[0] if is_bundle else ("", "", 0)
        is_bundle = is_bundle and layer_type == LAYER_TYPE and bool(DIGEST.fullmatch(digest)) and type(size) is int
        found = content.get("artifactType") or config.get("mediaType") or media_type
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
        raise BundleError(where, "has a manifest that cannot be understood", "Push the bundle again.") from None
    if not is_bundle:
        remedy = "Check the name and the tag; bundles get there with: auscult bundle push"
        raise BundleError(where, f"is no Auscult bundle but {str(found)[:100]!r}", remedy)
    if not 0 < size <= MAX_BYTES:
        raise BundleError(where, f"says it has {size} bytes, and bundles have up to {MAX_BYTES >> 20} MiB", "Refused.")
    return Blob(digest, size)
