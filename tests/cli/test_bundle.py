import json
import re

import pytest

import auscult
from auscult.bundle import Bundle
from auscult.bundle.model_card import MODEL_CARD, model_card


def test_inspect_prints_the_manifest(auscult_cli, trained_bundle):
    manifest = json.loads(auscult_cli("bundle", "inspect", trained_bundle).stdout)
    assert [fault["message"] for fault in manifest["faults"]] == ["Component OK", "Component sounds anomalous"]


def test_card_is_the_one_in_the_bundle(auscult_cli, trained_bundle, tmp_path):
    bundle = auscult.load(trained_bundle)
    members = bundle.members | {MODEL_CARD: "# Own card :fan:\n\n[bold]naïve[/bold]\x1b[2J\n".encode()}
    Bundle.from_members(bundle.manifest, members, "m").save(tmp_path / "own.auscult")
    assert auscult_cli("bundle", "card", "own.auscult").stdout == "# Own card :fan:\n\n[bold]naïve[/bold] [2J\n"


def test_card_of_an_older_bundle_is_made(auscult_cli, trained_bundle, tmp_path):
    bundle = auscult.load(trained_bundle)
    members = {name: content for name, content in bundle.members.items() if name != MODEL_CARD}
    Bundle.from_members(bundle.manifest, members, "m").save(tmp_path / "older.auscult")
    done = auscult_cli("bundle", "card", "older.auscult")
    assert (done.returncode, done.stdout) == (0, model_card(bundle.manifest))
    assert done.stdout.startswith("# Model card\n\n**Synthetic:**")


def test_verify(auscult_cli, trained_bundle, tmp_path):
    done = auscult_cli("bundle", "verify", trained_bundle)
    assert (done.returncode, "golden samples agree" in done.stdout) == (0, True)
    damaged = tmp_path / "damaged.auscult"
    content = bytearray(trained_bundle.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    done = auscult_cli("bundle", "verify", damaged)
    assert done.returncode == 3
    assert "damaged.auscult" in done.stderr


def test_push_and_pull(auscult_cli, registry, trained_bundle, tmp_path, monkeypatch):
    monkeypatch.setenv("AUSCULT_REGISTRY_USERNAME", registry.username)
    monkeypatch.setenv("AUSCULT_REGISTRY_PASSWORD", registry.password)
    monkeypatch.setenv("AUSCULT_CACHE", str(tmp_path / "cache"))
    tls = ["--ca-file", registry.ca_file]
    done = auscult_cli("bundle", "push", trained_bundle, f"{registry.host}/bundles/fan:1", *tls)
    assert done.returncode == 0
    pinned = done.stdout.split()[-3]
    assert re.fullmatch(rf"oci://{registry.host}/bundles/fan@sha256:[0-9a-f]{{64}}", pinned)
    assert f"Next: auscult serve {pinned}" in done.stdout
    done = auscult_cli("bundle", "pull", pinned.removeprefix("oci://"), "-o", "pulled.auscult", *tls, "--json")
    told = {"bundle": "pulled.auscult", "reference": pinned, "digest": pinned.partition("@")[2]}
    assert json.loads(done.stdout) == told
    assert (tmp_path / "pulled.auscult").read_bytes() == trained_bundle.read_bytes()
    done = auscult_cli("bundle", "pull", f"{registry.host}/bundles/fan:2", "-o", "other.auscult", *tls)
    assert (done.returncode, "nothing of that name" in done.stderr) == (3, True)
    assert not (tmp_path / "other.auscult").exists()


@pytest.mark.parametrize("arguments", [["push", "m.auscult", "fan:1"], ["pull", "fan:1", "-o", "m.auscult"]])
def test_name_without_a_registry(auscult_cli, arguments):
    done = auscult_cli("bundle", *arguments)
    assert (done.returncode, "names no registry" in done.stderr) == (2, True)


@pytest.mark.real
def test_import_keras(auscult_cli, real_data, tmp_path):
    model = real_data / "signalml" / "weightsMulti.hdf5"
    done = auscult_cli("bundle", "import-keras", model, "-o", "original.auscult")
    assert done.returncode == 0
    assert "normal, imbalance, clogging, voltage change" in done.stdout
    assert (tmp_path / "original.auscult").exists()


@pytest.mark.real
def test_own_names_for_the_classes(auscult_cli, real_data):
    model = real_data / "signalml" / "weightsMulti.hdf5"
    names = ["--fault", "ok=All is well", "--fault", "a=A", "--fault", "b=B", "--fault", "c=C"]
    assert (
        "the classes are ok, a, b, c" in auscult_cli("bundle", "import-keras", model, "-o", "m.auscult", *names).stdout
    )
    done = auscult_cli("bundle", "import-keras", model, "-o", "m2.auscult", *names[:4])
    assert done.returncode == 3
    assert "tells 4 classes apart, but 2 are named" in done.stderr
    done = auscult_cli("bundle", "import-keras", model, "-o", "m2.auscult", "--fault", "nonsense")
    assert done.returncode == 2
    assert "expected NAME=MESSAGE" in done.stderr


def test_file_that_is_no_model(auscult_cli, tmp_path):
    (tmp_path / "model.h5").write_text("no model")
    done = auscult_cli("bundle", "import-keras", "model.h5", "-o", "m.auscult")
    assert done.returncode == 3
    assert "model.h5" in done.stderr
