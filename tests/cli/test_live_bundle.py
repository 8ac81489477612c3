import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import auscult
from auscult.cli import app
from auscult.monitor.detection import Detection
from auscult.monitor.store.descriptors import recipe_id
from auscult.monitor.store.event_store import EventStore

runner = CliRunner()


@pytest.fixture
def settings(tmp_path, trained_bundle):
    """Settings of a monitor whose store holds some hours of normal windows."""
    import time

    shutil.copy(trained_bundle, tmp_path / "live.auscult")
    bundle = auscult.load(trained_bundle)
    bank, recipe = bundle.detector.machines["fan/id_00"].model.bank_, recipe_id(bundle.manifest.features)
    now = time.time()
    with EventStore.open(tmp_path / "events") as store, store.transaction():
        for number, descriptors in enumerate(bank):
            at = now - 600 + number * 2.0
            found = Detection("fan/id_00", at, 0.0, 2.0, 0.5, 0.0, 40.0, False, False, None, "running", -20.0)
            store.add_detection(found, np.asarray(descriptors), recipe=recipe)
    path = tmp_path / "auscult.yaml"
    path.write_text("bundle: live.auscult\nsources:\n  hall:\n    machine: fan/id_00\n    kind: stdin\nhttp: null\n")
    return path


def run(*arguments):
    return runner.invoke(app, list(map(str, arguments)))


def test_looking_back_changes_nothing_and_says_what_would_have_been(settings, trained_bundle):
    before = (settings.parent / "live.auscult").read_bytes()
    done = run("replay", settings, "--bundle", trained_bundle, "--since", "1d")
    assert done.exit_code == 0, done.output
    assert "the last 1d, " in done.output
    assert "fan/id_00:" in done.output
    assert (settings.parent / "live.auscult").read_bytes() == before
    found = json.loads(run("replay", settings, "--bundle", trained_bundle, "--json").output)
    assert list(found) == ["fan/id_00"]


@pytest.mark.parametrize("since", ["soon", "30", "d", "-1d", "0h"])
def test_times_that_are_none(settings, trained_bundle, since):
    done = run("replay", settings, "--bundle", trained_bundle, f"--since={since}")
    assert done.exit_code != 0
    assert "12h, 30d or 4w" in str(done.exception) + done.output


def test_deployed_and_rolled_back(settings, network_bundle, tmp_path):
    old = (settings.parent / "live.auscult").read_bytes()
    network_bundle.save(tmp_path / "new.auscult")
    done = run("deploy", tmp_path / "new.auscult", settings)
    assert done.exit_code == 0, done.output
    assert "live.auscult.previous" in done.output
    assert (settings.parent / "live.auscult").read_bytes() == (tmp_path / "new.auscult").read_bytes()
    assert "already" in run("deploy", tmp_path / "new.auscult", settings).output
    assert run("rollback", settings).exit_code == 0
    assert (settings.parent / "live.auscult").read_bytes() == old


def test_nothing_to_roll_back_to(settings):
    done = run("rollback", settings)
    assert done.exit_code != 0
    assert "no bundle that was live before" in str(done.exception)


def test_a_bundle_that_does_not_know_the_machines_is_not_deployed(settings, network_bundle, tmp_path):
    network_bundle.save(tmp_path / "new.auscult")
    settings.write_text(settings.read_text().replace("fan/id_00", "pump/id_77"))
    before = (settings.parent / "live.auscult").read_bytes()
    done = run("deploy", tmp_path / "new.auscult", settings)
    assert "pump/id_77" in str(done.exception)
    assert (settings.parent / "live.auscult").read_bytes() == before
