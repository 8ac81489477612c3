import json

import pytest


def test_inspect_prints_the_manifest(auscult_cli, trained_bundle):
    manifest = json.loads(auscult_cli("bundle", "inspect", trained_bundle).stdout)
    assert [fault["message"] for fault in manifest["faults"]] == ["Component OK", "Component sounds anomalous"]


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
    assert "the classes are ok, a, b, c" in auscult_cli("bundle", "import-keras", model, "-o", "m", *names).stdout
    done = auscult_cli("bundle", "import-keras", model, "-o", "m2", *names[:4])
    assert done.returncode == 3
    assert "tells 4 classes apart, but 2 are named" in done.stderr
    done = auscult_cli("bundle", "import-keras", model, "-o", "m2", "--fault", "nonsense")
    assert done.returncode == 2
    assert "expected NAME=MESSAGE" in done.stderr


def test_file_that_is_no_model(auscult_cli, tmp_path):
    (tmp_path / "model.h5").write_text("no model")
    done = auscult_cli("bundle", "import-keras", "model.h5", "-o", "m.auscult")
    assert done.returncode == 3
    assert "model.h5" in done.stderr
