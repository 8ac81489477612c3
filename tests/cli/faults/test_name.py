import dataclasses
import json
import shutil

import numpy as np
import pytest

import auscult
from auscult.faults.discovery import Discovery
from auscult.faults.names_file import Names, read_names
from auscult.faults.naming import name_cluster


def test_a_name_is_kept_and_said_by_the_bundle(auscult_cli, found, faulty_bundle, tmp_path):
    bundle = shutil.copy(faulty_bundle, tmp_path / "fans.auscult")
    options = ("--message", "It is one", "--note", "heard in March")
    done = auscult_cli("faults", "name", found, "0", "one", *options)
    assert done.returncode == 0, done.stderr
    assert f"wrote {tmp_path / 'faults.yaml'}" in done.stdout
    assert "one (It is one): kept: 12 of 12 exemplars in cluster 0" in done.stdout
    assert read_names(tmp_path / "faults.yaml").faults[0].note == "heard in March"
    done = auscult_cli("faults", "name", found, "1", "two", "--bundle", bundle)
    assert done.returncode == 0, done.stderr
    assert "its verdicts say: one, two, unknown fault" in done.stdout
    discovery = Discovery.load(found)
    for number, name in enumerate(("one", "two")):
        verdict = auscult.load(bundle).predict(discovery.exemplars(number)[0].path)
        assert list(verdict.probabilities) == ["normal", "one", "two", "unknown fault"]
        assert verdict.fault == name
    told = auscult_cli("predict", bundle, discovery.exemplars(0)[0].path, "--json")
    assert told.returncode == 1
    details = json.loads(told.stdout)["Details"]
    assert (details["Fault"], details["Message"]) == ("one", "It is one")


def test_a_bundle_is_taught_the_names_that_there_are(auscult_cli, found, faulty_bundle, tmp_path):
    bundle = shutil.copy(faulty_bundle, tmp_path / "fans.auscult")
    assert auscult_cli("faults", "name", found, "0", "one").returncode == 0
    done = auscult_cli("faults", "name", found, "--bundle", bundle)
    assert done.returncode == 0, done.stderr
    assert "its verdicts say: one, unknown fault" in done.stdout


def test_a_network_goes_on_and_says_the_name(auscult_cli, found, cluster_bundle, tmp_path):
    bundle = tmp_path / "fans.auscult"
    cluster_bundle.save(bundle)
    clip = Discovery.load(found).exemplars(0)[0].path
    before = auscult.load(bundle).predict(clip)
    done = auscult_cli("faults", "name", found, "0", "one", "--message", "It is one", "--bundle", bundle)
    assert done.returncode == 0, done.stderr
    assert "its verdicts say: one, fault 2, unknown fault" in done.stdout
    assert "does not say" not in done.stderr
    after = auscult.load(bundle).predict(clip)
    assert (after.fault, after.message) == ("one", "It is one")
    assert list(after.probabilities.values()) == list(before.probabilities.values())
    assert auscult_cli("bundle", "verify", bundle).returncode == 0
    assert auscult_cli("faults", "name", found, "--forget", "one", "--bundle", bundle).returncode == 0
    assert auscult.load(bundle).predict(clip) == before


def test_a_name_that_the_network_cannot_say_is_told_with_the_remedy(auscult_cli, found, cluster_bundle, tmp_path):
    bundle = tmp_path / "fans.auscult"
    cluster_bundle.save(bundle)
    assert auscult_cli("faults", "name", found, "0", "one").returncode == 0
    done = auscult_cli("faults", "name", found, "1", "one", "--bundle", bundle)
    assert done.returncode == 0, done.stderr
    told, remedy = done.stderr.splitlines()[-2:]
    assert (
        told == f"{bundle} does not say 'one': the network learnt its recordings otherwise, as 'fault 1' and 'fault 2'"
    )
    assert f"trained again: auscult train DIR -o {bundle} --labels {tmp_path / 'faults.yaml'}" in remedy
    assert "its verdicts say: fault 1, fault 2, unknown fault" in done.stdout
    assert auscult.load(bundle).network is not None


def test_a_name_that_disagrees_with_physics_is_kept_with_a_warning(auscult_cli, found, tmp_path):
    discovery = Discovery.load(found)
    bearing = next(cluster.number for cluster in discovery.clusters if "wear of a bearing" in cluster.physics)
    done = auscult_cli("faults", "name", found, bearing, "imbalance")
    assert done.returncode == 0, done.stderr
    assert "warning: the name 'imbalance' says imbalance, but the sound is consistent with wear" in done.stderr
    assert "imbalance" in (tmp_path / "faults.yaml").read_text()


def test_bundle_of_other_features(auscult_cli, found, trained_bundle, tmp_path):
    bundle = shutil.copy(trained_bundle, tmp_path / "other.auscult")
    before = bundle.read_bytes()
    done = auscult_cli("faults", "name", found, "0", "one", "--bundle", bundle)
    assert done.returncode == 2
    assert (
        "--bundle: describes sound otherwise than the discovery does. Discover with it: auscult faults" in done.stderr
    )
    assert "DIR --bundle BUNDLE." in done.stderr
    assert bundle.read_bytes() == before
    assert not (tmp_path / "faults.yaml").exists(), "nothing is changed"
    done = auscult_cli("faults", "name", found, "--web", "--bundle", bundle)
    assert (done.returncode, "describes sound otherwise" in done.stderr) == (2, True)


def test_without_any_name_it_says_how_to_give_one(auscult_cli, found):
    done = auscult_cli("faults", "name", found)
    assert "No fault has a name yet. Give one: " in done.stdout
    assert f"faults name {found} 0 NAME" in " ".join(done.stdout.split())


def test_another_name_says_what_becomes_of_the_old_one(auscult_cli, found):
    assert auscult_cli("faults", "name", found, "0", "clogging", "--message", "Filter clogged").returncode == 0
    done = auscult_cli("faults", "name", found, "0", "loose mount")
    assert "'clogging' was renamed. Dropped, as said of the old name: its message 'Filter clogged'." in done.stdout
    assert "loose mount (Fault: loose mount): kept" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("0",), 2, "NAME: a number of a cluster and a name belong together"),
        (("0", "Normal"), 2, "NAME: 'Normal' is no name for a fault"),
        (("0", "  "), 2, "NAME: is blank"),
        (("7", "leak"), 3, "cluster 7: is not among those found, there are 0 to 1"),
        (("--forget", "nobody"), 2, "no fault is called 'nobody'; known: none"),
        (("0", "leak", "--bundle", "."), 2, "is a folder"),
        (("0", "leak", "--bundle", "gone.auscult"), 3, "gone.auscult"),
    ],
)
def test_what_cannot_be_named(auscult_cli, found, arguments, code, problem):
    done = auscult_cli("faults", "name", found, *arguments)
    assert done.returncode == code
    assert problem in done.stderr


def test_a_name_can_be_forgotten(auscult_cli, found, tmp_path):
    assert auscult_cli("faults", "name", found, "0", "leak").returncode == 0
    assert "leak" in (tmp_path / "faults.yaml").read_text()
    assert auscult_cli("faults", "name", found, "--forget", "leak").returncode == 0
    assert read_names(tmp_path / "faults.yaml").faults == ()


def test_a_file_of_names_that_was_edited_into_nonsense(auscult_cli, found, tmp_path):
    nonsense = "faults:\n- id: x\n  name: [1, 2]\n  message: m\n  exemplars: []\n"
    (tmp_path / "faults.yaml").write_text(nonsense)
    done = auscult_cli("faults", "name", found, "0", "leak")
    assert done.returncode == 3
    assert f"{tmp_path / 'faults.yaml'}: line 3: 'name' is no text" in done.stderr
    assert (tmp_path / "faults.yaml").read_text() == nonsense


def test_web_page_gets_the_options_and_teaches_the_bundle_what_is_found_by_then(
    auscult_cli, found, faulty_bundle, tmp_path, monkeypatch
):
    """The page itself is tested with the server."""
    bundle = shutil.copy(faulty_bundle, tmp_path / "fans.auscult")
    later = Discovery.load(found)

    def served(folder, names_file, *, host, port, on_listening, on_named):
        assert (folder, names_file, host, port) == (found, tmp_path / "faults.yaml", "127.0.0.2", 5123)
        on_listening("http://127.0.0.2:5123")
        later.save(found)
        on_named(name_cluster(later, Names(), 0, "late"))

    monkeypatch.setattr("auscult.server.naming.serve_naming", served)
    none = np.zeros_like(later.directions)
    dataclasses.replace(later, arrays={**later.arrays, "directions": none}).save(found)  # nothing can be learnt of it
    options = ("--web", "--host", "127.0.0.2", "--port", "5123", "--bundle", bundle)
    done = auscult_cli("faults", "name", found, *options)
    assert done.returncode == 0, done.stderr
    assert "name the faults on http://127.0.0.2:5123" in done.stderr
    assert [fault.name for fault in auscult.load(bundle).manifest.faults] == ["normal", "late", "unknown fault"]
