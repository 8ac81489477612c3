import json
import shutil

import pytest

import auscult
from auscult.errors import BundleError
from auscult.registry.artifact import bundle_in, digest_of, manifest_of


@pytest.fixture
def manifest(trained_bundle):
    return json.loads(manifest_of(auscult.load(trained_bundle), trained_bundle.read_bytes()))


def changed(manifest, **parts):
    return json.dumps(manifest | parts).encode()


def test_manifest_says_what_it_is(manifest, trained_bundle):
    content = trained_bundle.read_bytes()
    assert manifest["artifactType"] == "application/vnd.auscult.bundle.v1"
    assert manifest["config"]["mediaType"] == "application/vnd.auscult.bundle.config.v1+json"
    (layer,) = manifest["layers"]
    assert layer == {
        "mediaType": "application/vnd.auscult.bundle.content.v1+zip",
        "digest": digest_of(content),
        "size": len(content),
        "annotations": {"org.opencontainers.image.title": "fan.auscult"},
    }
    assert manifest["annotations"] == {
        "org.opencontainers.image.title": "Auscult bundle: fan",
        "org.opencontainers.image.version": digest_of(content)[7:19],
        "io.auscult.bundle.machine-types": "fan",
        "io.auscult.bundle.auscult-version": auscult.load(trained_bundle).manifest.versions["auscult"],
    }


def test_same_bundle_same_manifest(trained_bundle, tmp_path):
    other = shutil.copy(trained_bundle, tmp_path / "other name.auscult")
    manifests = [manifest_of(auscult.load(path), path.read_bytes()) for path in (trained_bundle, other)]
    assert manifests[0] == manifests[1]


@pytest.mark.real
def test_bundle_of_no_machine(original_bundle):
    manifest = json.loads(manifest_of(auscult.load(original_bundle), original_bundle.read_bytes()))
    assert manifest["layers"][0]["annotations"] == {"org.opencontainers.image.title": "machines.auscult"}
    assert "io.auscult.bundle.machine-types" not in manifest["annotations"]


def test_bundle_is_found_in_its_manifest(manifest, trained_bundle):
    blob = bundle_in(changed(manifest), "m")
    assert (blob.digest, blob.size) == (digest_of(trained_bundle.read_bytes()), trained_bundle.stat().st_size)


def test_image_is_no_bundle(manifest):
    config = manifest["config"] | {"mediaType": "application/vnd.oci.image.config.v1+json"}
    image = {name: part for name, part in manifest.items() if name != "artifactType"} | {"config": config}
    with pytest.raises(BundleError, match=r"is no Auscult bundle but 'application/vnd\.oci\.image\.config"):
        bundle_in(json.dumps(image).encode(), "m")
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}
    with pytest.raises(BundleError, match=r"is no Auscult bundle but 'application/vnd\.oci\.image\.index"):
        bundle_in(json.dumps(index).encode(), "m")


def test_other_layers_are_no_bundle(manifest):
    (layer,) = manifest["layers"]
    for layers in ([], [layer, layer], [layer | {"mediaType": "application/zip"}], [layer | {"digest": "sha256:../x"}]):
        with pytest.raises(BundleError, match="is no Auscult bundle"):
            bundle_in(changed(manifest, layers=layers), "m")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"1", b'{"layers": 1}', b'{"layers": [1]}', b"[" * 9999]
)
def test_nonsense_is_refused(content):
    with pytest.raises(BundleError, match=r"cannot be understood|is no Auscult bundle"):
        bundle_in(content, "m")


@pytest.mark.parametrize("size", [0, -1, (512 << 20) + 1, 1 << 60])
def test_size_is_limited(manifest, size):
    with pytest.raises(BundleError, match="bundles have up to 512 MiB"):
        bundle_in(changed(manifest, layers=[manifest["layers"][0] | {"size": size}]), "m")
