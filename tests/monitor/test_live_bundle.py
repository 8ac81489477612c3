import os
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import auscult
from auscult.bundle.making import new_bundle
from auscult.errors import BundleError, DataError, MachineError
from auscult.monitor.live_bundle import check_bundle, deploy, previous_path, rollback

MACHINES = ("fan/id_00", "fan/id_02")


@pytest.fixture(scope="session")
def bundles(trained_bundle, tmp_path_factory):
    """Three bundle files that differ in a note."""
    folder, bundle = tmp_path_factory.mktemp("bundles"), auscult.load(trained_bundle)
    paths = [folder / f"{name}.auscult" for name in "abc"]
    for path in paths:
        manifest = replace(bundle.manifest, training_data=bundle.manifest.training_data | {"note": path.stem})
        new_bundle(manifest, {"detector.npz": bundle.members["detector.npz"]}).save(path)
    return paths


@pytest.fixture
def live(tmp_path):
    return tmp_path / "live" / "press.auscult"


def contents(live):
    """What lies there, by the end of its name; hidden leftovers included."""
    found = [path for path in live.parent.iterdir() if path.is_file()]
    return {path.name.removeprefix(live.name): path.read_bytes() for path in found}


def test_the_first_one_is_just_put_there(bundles, live):
    bundle, is_new = deploy(bundles[0], live, MACHINES)
    assert is_new
    assert bundle.manifest.training_data["note"] == "a"
    assert contents(live) == {"": bundles[0].read_bytes()}


def test_the_one_before_is_kept_and_comes_back_and_goes_again(bundles, live):
    a, b, c = (path.read_bytes() for path in bundles)
    for path in bundles:
        deploy(path, live, MACHINES)
    assert contents(live) == {"": c, ".previous": b}
    assert rollback(live, MACHINES).manifest.training_data["note"] == "b"
    assert contents(live) == {"": b, ".previous": c}
    assert rollback(live, MACHINES).manifest.training_data["note"] == "c"
    assert contents(live) == {"": c, ".previous": b}
    assert previous_path(live).read_bytes() == b
    assert a not in contents(live).values()


def test_the_same_again_changes_nothing(bundles, live):
    for path in bundles[:2]:
        deploy(path, live)
    before = contents(live)
    bundle, is_new = deploy(bundles[1], live)
    assert not is_new
    assert bundle.manifest.training_data["note"] == "b"
    assert deploy(live, live)[1] is False
    assert contents(live) == before


def test_the_live_file_can_be_loaded_at_any_time(bundles, live, monkeypatch):
    deploy(bundles[0], live)
    seen, rename = [], Path.replace
    monkeypatch.setattr(Path, "replace", lambda *names: (rename(*names), seen.append(auscult.load(live)))[0])
    deploy(bundles[1], live)
    assert [bundle.manifest.training_data["note"] for bundle in seen] == ["a", "b", "b"]


class Interruption:
    """Lets the n-th call that touches the disk fail, before it does anything or after it did."""

    CALLS = ((Path, "replace"), (Path, "unlink"), (Path, "read_bytes"), (Path, "chmod"), (os, "fsync"))

    def __init__(self, number, is_after, error):
        self.number, self.is_after, self.error = number, is_after, error
        self.n_calls = 0

    def patch(self, monkeypatch):
        for where, name in self.CALLS:
            monkeypatch.setattr(where, name, self.failing(getattr(where, name)))

    def failing(self, function):
        def call(*args, **kwargs):
            self.n_calls += 1
            if self.n_calls != self.number:
                return function(*args, **kwargs)
            if self.is_after:
                function(*args, **kwargs)
            raise self.error

        return call


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("what", ["deploy", "rollback"])
def test_interrupted_at_any_point_nothing_is_lost(live, monkeypatch, what, is_after, error):
    monkeypatch.setattr("auscult.monitor.live_bundle.check_bundle", lambda *_: None)  # it comes before all else
    a, b, c = b"a", b"b", b"c"
    before, after = {"": b, ".previous": a}, {"": c if what == "deploy" else a, ".previous": b}
    new = live.with_name("new") / "c.auscult"
    for number in range(1, 100):
        shutil.rmtree(live.parent, ignore_errors=True)
        new.parent.mkdir(parents=True)
        new.write_bytes(c)
        for end, content in before.items():
            Path(f"{live}{end}").write_bytes(content)
        interruption = Interruption(number, is_after, error)
        with monkeypatch.context() as patch, suppress(DataError, KeyboardInterrupt):
            interruption.patch(patch)
            deploy(new, live) if what == "deploy" else rollback(live)
        if interruption.n_calls < number:
            break
        found = contents(live)
        assert found[""] in {b, after[""]}
        assert b in found.values()
        assert found[".previous"] == a or found[""] == after[""]  # the one before is not lost for nothing
        deploy(live, live)  # whatever comes next completes it
        assert contents(live) in (before, after)
    assert number > 10
    assert contents(live) == after


def test_a_bundle_that_cannot_be_used_changes_nothing(bundles, live, tmp_path, made_elsewhere):
    deploy(bundles[0], live, MACHINES)
    before = contents(live)
    damaged = tmp_path / "damaged.auscult"
    damaged.write_bytes(bundles[1].read_bytes()[:-1000])
    with pytest.raises(BundleError, match="damaged"):
        deploy(damaged, live, MACHINES)
    with pytest.raises(BundleError, match="nowhere"):
        deploy(tmp_path / "nowhere.auscult", live, MACHINES)
    with pytest.raises(MachineError, match=r"does not know pump/id_07, which the monitor listens to, but fan/id_00, "):
        deploy(bundles[1], live, [*MACHINES, "pump/id_07"])
    with pytest.raises(BundleError, match="gives another verdict here"):
        deploy(made_elsewhere, live, MACHINES)
    assert contents(live) == before


@pytest.fixture
def made_elsewhere(bundles, tmp_path):
    """A bundle whose golden sample was judged otherwise where it was made."""
    bundle = auscult.load(bundles[1])
    expected = bundle.members["golden/expected.json"].replace(b'"score": ', b'"score": 1')
    path = tmp_path / "elsewhere.auscult"
    replace(bundle, members=bundle.members | {"golden/expected.json": expected}).save(path)
    return path


def test_a_previous_one_that_does_not_know_a_machine_stays_where_it_is(bundles, live):
    for path in bundles[:2]:
        deploy(path, live)
    before = contents(live)
    with pytest.raises(MachineError, match="previous: does not know pump/id_07"):
        rollback(live, ["pump/id_07"])
    assert contents(live) == before


def test_without_a_previous_one_there_is_nothing_to_go_back_to(bundles, live):
    deploy(bundles[0], live)
    with pytest.raises(BundleError, match=r"previous: there is no bundle that was live before\. Deploy the one"):
        rollback(live)


def test_a_disk_that_refuses_is_named(bundles, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"press\.auscult: cannot be written: (Not a directory|File exists)"):
        deploy(bundles[0], tmp_path / "file" / "press.auscult")


def test_a_classifier_judges_no_live_sound(tmp_path, original_bundle):
    with pytest.raises(BundleError, match="has a classifier, and no model of normal sound"):
        check_bundle(original_bundle)
