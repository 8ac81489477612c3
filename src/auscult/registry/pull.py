"""A bundle from a registry into the cache, every byte checked against the sum that names it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from auscult.errors import BundleError
from auscult.files import disk_errors, part_size, size_text
from auscult.patience import GaveUpError, OnNote, PassingError, number, persist
from auscult.registry.artifact import MAX_MANIFEST_BYTES, READABLE_TYPES, Blob, bundle_in, digest_of
from auscult.registry.body import read_body
from auscult.registry.cache import Cache, file_digest
from auscult.registry.client import RegistryClient
from auscult.registry.reference import Reference

if TYPE_CHECKING:
    import httpx

TAMPERED = "It was damaged or changed by somebody: nothing of it is used. Push the bundle again, and look who could."


def pull(reference: Reference, client: RegistryClient, cache: Cache, on_note: OnNote) -> tuple[Path, Reference]:
    """Bring a bundle into the cache, unless it is there.

    A digest that is there is not asked for: no connection is made. A tag always is, as it may have moved; where the
    registry is away, it means what it last meant.

    Parameters
    ----------
    reference : Reference
    client : RegistryClient
        Of its registry.
    cache : Cache
    on_note : callable

    Returns
    -------
    path
        The bundle's file in the cache, whole and checked. It has no name but its sum.
    Reference
        The same bundle by its digest.

    Raises
    ------
    BundleError
        If it is no bundle, or not what its digest or manifest says.
    DataError
        If the registry is away, refuses it or cannot be trusted, or the disk refuses it.
    """
    if reference.digest is not None:
        return _pull_pinned(reference, reference.digest, client, cache, on_note), reference.pinned(reference.digest)
    try:
        manifest = _ask_manifest(reference, client, on_note)
    except GaveUpError as away:
        last = cache.last_meaning(reference)
        if last is None:
            raise
        on_note(f"{away.where}: {away.problem}. Taken is what the tag meant on {last.asked}: {last.digest}")
        return _pull_pinned(reference, last.digest, client, cache, on_note), reference.pinned(last.digest)
    digest = digest_of(manifest)
    bundle_in(manifest, str(reference))
    with cache.fetching():
        cache.write(digest, manifest)
    path = _pull_pinned(reference, digest, client, cache, on_note)
    cache.remember(reference, digest)
    on_note(f"{reference} is {digest} now, and a tag can move. Pinned it is {reference.pinned(digest)}")
    return path, reference.pinned(digest)


def _pull_pinned(reference: Reference, digest: str, client: RegistryClient, cache: Cache, on_note: OnNote) -> Path:
    where = str(reference)
    if not _is_cached(digest, cache, on_note):
        manifest = _ask_manifest(reference.pinned(digest), client, on_note)
        bundle_in(manifest, where)
        with cache.fetching():
            cache.write(digest, manifest)
    with disk_errors(cache.path(digest)):
        blob = bundle_in(cache.path(digest).read_bytes(), where)
    if not _is_cached(blob.digest, cache, on_note):
        with cache.fetching():
            if not cache.holds(blob.digest):  # another process may have been at it
                _fetch_blob(blob, reference, client, cache, on_note)
    return cache.path(blob.digest)


def _is_cached(digest: str, cache: Cache, on_note: OnNote) -> bool:
    is_held = cache.holds(digest)
    if not is_held and cache.path(digest).exists():
        on_note(f"{cache.path(digest)}: the copy in the cache is damaged, and is fetched anew")
    return is_held


def _ask_manifest(reference: Reference, client: RegistryClient, on_note: OnNote) -> bytes:
    """Manifest of a tag, or the one that has the digest."""
    where = str(reference)

    def attempt() -> bytes:
        url = f"v2/{reference.repository}/manifests/{reference.digest or reference.tag}"
        with client.ask("GET", url, where=where, expected=(200,), headers={"Accept": ", ".join(READABLE_TYPES)}) as got:
            content = read_body(got, MAX_MANIFEST_BYTES)
            said = reference.digest or got.headers.get("Docker-Content-Digest")
        if content is None:
            raise BundleError(where, f"has a manifest over {MAX_MANIFEST_BYTES >> 20} MiB", "Refused.")
        if said is not None and digest_of(content) != said:
            raise BundleError(where, f"its manifest is not {said} but {digest_of(content)}", TAMPERED)
        return content

    return persist(where, attempt, client.patience, on_note)


def _fetch_blob(blob: Blob, reference: Reference, client: RegistryClient, cache: Cache, on_note: OnNote) -> None:
    """Bring a blob, or what is missing of it, and give it its name once its sum is right."""
    where, part = str(reference), cache.part(blob.digest)
    is_resumed = part_size(part) > 0
    persist(where, lambda: _attempt(blob, reference, client, part), client.patience, on_note, part)
    found = file_digest(part)
    if found != blob.digest and is_resumed:
        on_note(f"{where}: what had come of it before was damaged, so all of it is fetched once more")
        _discard(part)
        persist(where, lambda: _attempt(blob, reference, client, part), client.patience, on_note, part)
        found = file_digest(part)
    if found != blob.digest:
        _discard(part)
        raise BundleError(where, f"its content is not {blob.digest} but {found}", TAMPERED)
    with disk_errors(part):
        part.replace(cache.path(blob.digest))


def _discard(part: Path) -> None:
    with disk_errors(part):
        part.unlink(missing_ok=True)


def _attempt(blob: Blob, reference: Reference, client: RegistryClient, part: Path) -> None:
    """Bring what is missing of a blob in one request: its sum tells afterwards whether the pieces fit."""
    n_bytes = part_size(part)
    if n_bytes > blob.size:
        _discard(part)
        n_bytes = 0
    if n_bytes == blob.size:
        return
    headers = {"Range": f"bytes={n_bytes}-"} if n_bytes else {}
    url, where = f"v2/{reference.repository}/blobs/{blob.digest}", str(reference)
    with client.ask(
        "GET", url, where=where, expected=(200, 206, 416) if n_bytes else (200,), headers=headers
    ) as response:
        _check_has_all(response, blob, where)
        if response.status_code == 416 or (response.status_code == 206 and not _continues(response, n_bytes)):
            _discard(part)
            raise PassingError("the registry does not have the part that was asked for, so it starts anew")
        _receive(response, blob, part, 0 if response.status_code == 200 else n_bytes, where)


def _check_has_all(response: "httpx.Response", blob: Blob, where: str) -> None:
    """Refuse what the registry has less of than its manifest says, which no second attempt mends."""
    told = response.headers.get("Content-Length")
    if response.status_code != 200:
        told = response.headers.get("Content-Range", "").rpartition("/")[2]
    n_bytes = number(told)
    if n_bytes is not None and n_bytes < blob.size:
        problem = f"the registry has {n_bytes} bytes of {blob.digest}, and its manifest says {blob.size}"
        raise BundleError(where, problem, "It is damaged there: have it deleted, then push the bundle again.")


def _continues(response: "httpx.Response", n_bytes: int) -> bool:
    return re.match(rf"bytes {n_bytes}-", response.headers.get("Content-Range", "")) is not None


def _receive(response: "httpx.Response", blob: Blob, part: Path, n_bytes: int, where: str) -> None:
    with disk_errors(part), part.open("ab" if n_bytes else "wb") as file:
        for block in response.iter_raw(1 << 16):
            n_bytes += len(block)
            if n_bytes > blob.size:
                raise BundleError(where, f"has more than the {blob.size} bytes that its manifest says", TAMPERED)
            file.write(block)
    if n_bytes < blob.size:
        raise PassingError(f"the connection ended after {size_text(n_bytes)} of {size_text(blob.size)}")
