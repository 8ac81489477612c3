"""A bundle into a registry: its file to the byte, and a manifest that is the same for the same bundle."""

from pathlib import Path

from auscult.bundle import load
from auscult.bundle.archive import MAX_BYTES
from auscult.errors import BundleError, OptionError
from auscult.files import disk_errors
from auscult.patience import OnNote, persist
from auscult.registry.artifact import CONFIG, MANIFEST_TYPE, digest_of, manifest_of
from auscult.registry.client import RegistryClient
from auscult.registry.reference import Reference


def push(path: Path, reference: Reference, client: RegistryClient, on_note: OnNote) -> Reference:
    """Put a bundle into a registry, under a tag.

    What the registry has already is not sent again. A tag that is there moves to this bundle. If the connection is
    lost, what was being sent is sent again from its start; the tag moves last, so it always means a whole bundle.

    Parameters
    ----------
    path : path
        The bundle's file, which is checked as `auscult.load` does.
    reference : Reference
        With a tag.
    client : RegistryClient
        Of its registry.
    on_note : callable

    Returns
    -------
    Reference
        The bundle by its digest.

    Raises
    ------
    OptionError
        If the reference has no tag, or a digest.
    BundleError
        If the file is no bundle, or the registry keeps something else than was sent.
    DataError
        If the registry is away, refuses it or cannot be trusted.
    """
    if reference.tag is None or reference.digest is not None:
        problem = "cannot be pushed to, as a digest follows from what is pushed"
        raise OptionError(str(reference), problem, f"Name a tag: {reference.registry}/{reference.repository}:1")
    bundle = load(path)
    with disk_errors(path):
        content = path.read_bytes()
    if len(content) > MAX_BYTES:
        raise BundleError(str(path), f"has more than {MAX_BYTES >> 20} MiB", "No registry would give it to anybody.")
    manifest, where = manifest_of(bundle, content), str(reference)
    for blob in (CONFIG, content):
        persist(where, lambda blob=blob: _put_blob(blob, reference, client), client.patience, on_note)  # type: ignore[misc]
    persist(where, lambda: _put_manifest(manifest, reference, client), client.patience, on_note)
    return reference.pinned(digest_of(manifest))


def _put_blob(content: bytes, reference: Reference, client: RegistryClient) -> None:
    digest, blobs, where = digest_of(content), f"v2/{reference.repository}/blobs", str(reference)
    with client.ask("HEAD", f"{blobs}/{digest}", where=where, expected=(200, 404)) as response:
        if response.status_code == 200:
            return
    with client.ask("POST", f"{blobs}/uploads/", where=where, expected=(202,)) as response:
        place = response.headers.get("Location", "")
    headers = {"Content-Type": "application/octet-stream"}
    with client.ask(
        "PUT", place, where=where, expected=(201,), headers=headers, content=content, params={"digest": digest}
    ):
        return


def _put_manifest(manifest: bytes, reference: Reference, client: RegistryClient) -> None:
    url, where = f"v2/{reference.repository}/manifests/{reference.tag}", str(reference)
    headers = {"Content-Type": MANIFEST_TYPE}
    with client.ask("PUT", url, where=where, expected=(201,), headers=headers, content=manifest) as response:
        kept = response.headers.get("Docker-Content-Digest") or digest_of(manifest)
    if kept != digest_of(manifest):
        problem = f"the registry keeps {kept} instead of {digest_of(manifest)}"
        raise BundleError(where, problem, "It changes what is pushed, and cannot be used.")
