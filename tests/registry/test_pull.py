"""Bundles come whole, and are what was pinned, or do not come: with a real registry, real cuts and real changes."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

import auscult
from auscult.errors import BundleError, DataError
from auscult.patience import GaveUpError
from auscult.registry import Login, Reference, pull, push
from auscult.registry.artifact import MANIFEST_TYPE, digest_of
from auscult.registry.cache import Cache


@pytest.fixture
def tagged(registry, client, trained_bundle, request):
    """A bundle in a repository of this test, by its tag."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    reference = Reference.parse(f"{registry.host}/pull/{name}:1")
    with client() as ours:
        push(trained_bundle, reference, ours, print)
    return reference


@pytest.fixture
def pinned(client, tagged, trained_bundle):
    """The same by its digest."""
    with client() as ours:
        return push(trained_bundle, tagged, ours, print)


@pytest.fixture
def blob_digest(trained_bundle):
    return digest_of(trained_bundle.read_bytes())


@pytest.fixture
def stopped(registry):
    """Call to stop the registry until the test ends."""
    yield registry.stop
    registry.stop()
    registry.start()


def through(line, reference):
    return replace(reference, registry=f"localhost:{line.port}")


def put_manifest(client, reference, content, media_type=MANIFEST_TYPE):
    """Push a manifest of something else."""
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
    url = f"v2/{reference.repository}/manifests/{reference.tag}"
    headers = {"Content-Type": media_type}
    with client() as ours, ours.ask("PUT", url, where="m", expected=(201,), content=content, headers=headers):
        return


def manifest_of(cache, reference):
    return json.loads(cache.path(reference.digest).read_bytes())


def files_in(cache):
    return sorted(path.name for path in (cache.folder / "sha256").iterdir())


def test_digest_gives_the_same_bytes(client, pinned, cache, notes, trained_bundle, blob_digest):
    with client() as registry:
        path, again = pull(pinned, registry, cache, notes.append)
    assert path.read_bytes() == trained_bundle.read_bytes()
    assert path == cache.path(blob_digest)
    assert (again, notes) == (pinned, [])
    assert auscult.load(path).manifest == auscult.load(trained_bundle).manifest


def test_pinned_and_cached_needs_no_connection(client, pinned, cache, notes, line, trained_bundle):
    pinned = through(line, pinned)
    with client(pinned.registry) as registry:
        pull(pinned, registry, cache, notes.append)
    n_connections = line.n_connections
    with client(pinned.registry, ca_file="there is none", login=None) as registry:
        path, _ = pull(pinned, registry, cache, notes.append)
    assert path.read_bytes() == trained_bundle.read_bytes()
    assert (line.n_connections, notes) == (n_connections, [])


def test_tag_is_resolved_with_a_warning(client, tagged, pinned, cache, notes):
    with client() as registry:
        assert pull(tagged, registry, cache, notes.append)[1] == pinned
    assert len(notes) == 1
    assert f"{tagged} is {pinned.digest} now, and a tag can move. Pinned it is {pinned}" in notes[0]


def test_tag_that_moved_is_followed(client, tagged, cache, notes, other_bundle):
    with client() as registry:
        first, _ = pull(tagged, registry, cache, notes.append)
        push(other_bundle, tagged, registry, notes.append)
        second, _ = pull(tagged, registry, cache, notes.append)
    assert first != second
    assert second.read_bytes() == other_bundle.read_bytes()


def test_tag_means_what_it_last_meant_while_the_registry_is_away(client, tagged, pinned, cache, notes, stopped):
    with client() as registry:
        path, _ = pull(tagged, registry, cache, notes.append)
    stopped()
    del notes[:]
    with client() as registry:
        assert pull(tagged, registry, cache, notes.append) == (path, pinned)
    assert len(notes) == 4
    assert re.search(
        rf"refused \(4 attempts in a row\)\. Taken is what the tag meant on .* UTC: {pinned.digest}", notes[-1]
    )


def test_tag_that_was_never_asked_for_has_no_meaning(client, tagged, cache, notes, stopped):
    stopped()
    with client() as registry, pytest.raises(GaveUpError, match="the connection failed"):
        pull(tagged, registry, cache, notes.append)


def test_registry_that_says_no_is_not_away(client, registry, tagged, cache, notes):
    with client() as ours:
        pull(tagged, ours, cache, notes.append)
    with (
        client(login=Login(registry.username, "wrong")) as ours,
        pytest.raises(DataError, match="not accept the login"),
    ):
        pull(tagged, ours, cache, notes.append)


def test_unknown_names(client, tagged, cache, notes):
    with client() as registry:
        with pytest.raises(DataError, match=r"nothing of that name \(404, MANIFEST_UNKNOWN"):
            pull(replace(tagged, tag="2"), registry, cache, notes.append)
        with pytest.raises(DataError, match=r"nothing of that name \(404, NAME_UNKNOWN|404, MANIFEST_UNKNOWN"):
            pull(replace(tagged, repository="nobody/knows"), registry, cache, notes.append)
        with pytest.raises(DataError, match=r"nothing of that name \(404"):
            pull(tagged.pinned("sha256:" + "0" * 64), registry, cache, notes.append)


def test_cut_transfer_is_resumed_where_it_was(client, pinned, cache, notes, line, trained_bundle):
    size = trained_bundle.stat().st_size
    line.cuts = [size // 3, size // 3]
    pinned = through(line, pinned)
    with client(pinned.registry) as registry:
        path, _ = pull(pinned, registry, cache, notes.append)
    assert path.read_bytes() == trained_bundle.read_bytes()
    assert len(notes) == 2
    assert line.n_answered < size + 30_000  # with three handshakes; from the start it would have been 5/3 of it


def test_given_up_transfer_is_resumed_by_the_next(client, pinned, cache, notes, line, trained_bundle, blob_digest):
    size = trained_bundle.stat().st_size
    pinned = through(line, pinned)
    line.cuts = [size // 2] + [100] * 3
    with client(pinned.registry) as registry, pytest.raises(GaveUpError, match=r"are kept in .*: run it again"):
        pull(pinned, registry, cache, notes.append)
    assert not cache.path(blob_digest).exists()
    assert size // 4 < cache.part(blob_digest).stat().st_size < size
    n_answered = line.n_answered
    with client(pinned.registry) as registry:
        path, _ = pull(pinned, registry, cache, notes.append)
    assert path.read_bytes() == trained_bundle.read_bytes()
    assert line.n_answered - n_answered < size * 2 / 3
    assert blob_digest[7:] in files_in(cache)
    assert not [name for name in files_in(cache) if name.endswith(".part")]


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * (1 << 24)], ids=["other bytes", "too many"])
def test_damaged_part_is_no_obstacle(client, pinned, cache, notes, trained_bundle, blob_digest, part):
    cache.write(pinned.digest, b"")
    cache.part(blob_digest).write_bytes(part)
    with client() as registry:
        path, _ = pull(pinned, registry, cache, notes.append)
    assert path.read_bytes() == trained_bundle.read_bytes()


def test_whole_part_only_gets_its_name(client, pinned, cache, notes, trained_bundle, blob_digest):
    cache.write(pinned.digest, b"")
    cache.part(blob_digest).write_bytes(trained_bundle.read_bytes())
    with client() as registry:
        assert pull(pinned, registry, cache, notes.append)[0].read_bytes() == trained_bundle.read_bytes()


@pytest.mark.parametrize("ranges", ["ignored", "wrong"])
def test_server_that_does_not_know_ranges(acr, acr_client, cache, notes, trained_bundle, blob_digest, ranges):
    reference = Reference.parse(f"{acr.host}/fan:1")
    with acr_client(login=Login("robot", acr.passwords["robot"])) as client:
        pinned = push(trained_bundle, reference, client, notes.append)
        acr.ranges = ranges
        cache.write(pinned.digest, b"")
        cache.part(blob_digest).write_bytes(trained_bundle.read_bytes()[:1000])
        assert pull(pinned, client, cache, notes.append)[0].read_bytes() == trained_bundle.read_bytes()


def test_server_that_has_less_than_it_says(acr, acr_client, cache, notes, trained_bundle, blob_digest):
    with acr_client(login=Login("robot", acr.passwords["robot"])) as client:
        pinned = push(trained_bundle, Reference.parse(f"{acr.host}/fan:1"), client, notes.append)
        acr.blobs[blob_digest] = acr.blobs[blob_digest][:1000]
        with pytest.raises(BundleError, match=r"the registry has 1000 bytes of sha256:.* and its manifest says"):
            pull(pinned, client, cache, notes.append)
    assert notes == []  # a second attempt would bring no more


def test_what_came_before_the_registry_lost_some(registry, client, pinned, cache, notes, trained_bundle, blob_digest):
    cache.write(pinned.digest, b"")
    cache.part(blob_digest).write_bytes(trained_bundle.read_bytes()[:2000])
    restore = changed_on_disk(registry.blob(blob_digest), lambda content: content[:1000])
    try:
        with client() as ours, pytest.raises(BundleError, match="the registry has 1000 bytes"):
            pull(pinned, ours, cache, notes.append)
    finally:
        restore()
    assert not [note for note in notes if "attempt" in note]


def changed_on_disk(path, change):
    """Change a file until the test ends."""
    content = path.read_bytes()
    path.write_bytes(change(content))
    return lambda: path.write_bytes(content)


def flip(content):
    return content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (flip, r"its content is not sha256:\w+ but sha256:"),
        (lambda content: content + b"x" * (1 << 20), "has more than the|its content is not"),
        (lambda content: content[:-1], "the registry has .* and its manifest says"),
    ],
    ids=["a bit", "longer", "shorter"],
)
def test_tampered_blob_is_refused(registry, client, pinned, cache, notes, blob_digest, change, problem):
    restore = changed_on_disk(registry.blob(blob_digest), change)
    try:
        with client() as ours, pytest.raises((BundleError, DataError), match=problem):
            pull(pinned, ours, cache, notes.append)
        assert not cache.path(blob_digest).exists()
    finally:
        restore()


def test_tampered_manifest_is_refused(registry, client, tagged, pinned, cache, notes):
    restore = changed_on_disk(registry.blob(pinned.digest), lambda content: content.replace(b'"fan"', b'"fun"'))
    try:
        with client() as ours:
            with pytest.raises(BundleError, match=rf"its manifest is not {pinned.digest} but sha256:"):
                pull(pinned, ours, cache, notes.append)
            with pytest.raises(BundleError, match=rf"its manifest is not {pinned.digest} but sha256:"):
                pull(tagged, ours, cache, notes.append)
        assert not cache.folder.exists()
    finally:
        restore()


def test_what_is_no_bundle_is_refused_before_it_is_fetched(client, tagged, cache, notes, blob_digest):
    size = 1000
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": blob_digest, "size": size}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": blob_digest, "size": size}
    image = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [layer]}
    put_manifest(client, replace(tagged, tag="image"), image)
    with (
        client() as registry,
        pytest.raises(BundleError, match=r"is no Auscult bundle but 'application/vnd\.oci\.image"),
    ):
        pull(replace(tagged, tag="image"), registry, cache, notes.append)
    assert not cache.folder.exists()


def test_bundle_that_is_too_large_is_refused_before_it_is_fetched(client, tagged, pinned, cache, notes):
    with client() as registry:
        pull(pinned, registry, cache, notes.append)
        manifest = manifest_of(cache, pinned)
        manifest["layers"][0]["size"] = 1 << 40
        put_manifest(client, replace(tagged, tag="large"), manifest)
        with pytest.raises(BundleError, match="says it has 1099511627776 bytes, and bundles have up to 512 MiB"):
            pull(replace(tagged, tag="large"), registry, cache, notes.append)


def test_manifest_that_is_too_large_is_refused(acr, acr_client, cache, notes):
    acr.manifests["1"] = b" " * (5 << 20)
    with (
        acr_client(login=Login("robot", acr.passwords["robot"])) as client,
        pytest.raises(BundleError, match="has a manifest over 4 MiB"),
    ):
        pull(Reference.parse(f"{acr.host}/fan:1"), client, cache, notes.append)


@pytest.mark.parametrize("which", ["manifest", "bundle"])
def test_damaged_cache_is_mended(client, pinned, cache, notes, trained_bundle, blob_digest, which):
    with client() as registry:
        pull(pinned, registry, cache, notes.append)
        damaged = cache.path(pinned.digest if which == "manifest" else blob_digest)
        damaged.write_bytes(damaged.read_bytes()[:-1])
        path, _ = pull(pinned, registry, cache, notes.append)
    assert path.read_bytes() == trained_bundle.read_bytes()
    assert notes == [f"{damaged}: the copy in the cache is damaged, and is fetched anew"]


def test_damaged_cache_is_not_used_while_the_registry_is_away(client, pinned, cache, notes, blob_digest, stopped):
    with client() as registry:
        pull(pinned, registry, cache, notes.append)
    cache.path(blob_digest).write_bytes(b"tampered")
    stopped()
    with client() as registry, pytest.raises(GaveUpError, match="the connection failed"):
        pull(pinned, registry, cache, notes.append)


def test_two_at_once_fetch_it_once(client, pinned, cache, line, trained_bundle):
    pinned = through(line, pinned)

    def fetch(_):
        with client(pinned.registry) as registry:
            return pull(pinned, registry, Cache(cache.folder.parent), print)[0].read_bytes()

    with ThreadPoolExecutor(4) as pool:
        contents = list(pool.map(fetch, range(4)))
    assert contents == [trained_bundle.read_bytes()] * 4
    assert line.n_answered < trained_bundle.stat().st_size * 1.5


def test_cache_that_cannot_be_written(client, pinned, notes, tmp_path):
    (tmp_path / "file").write_text("")
    with client() as registry, pytest.raises(DataError, match="cannot be written"):
        pull(pinned, registry, Cache(tmp_path / "file"), notes.append)
