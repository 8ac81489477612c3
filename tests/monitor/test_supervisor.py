import shutil
import threading

import numpy as np
import pytest
import soundfile

from auscult.errors import BundleError, DataError, MachineError
from auscult.monitor.store.event_store import EventStore
from auscult.monitor.supervisor import Supervisor, checked_bundle

SR = 16000


@pytest.fixture
def folder(tmp_path, trained_bundle):
    """A folder with settings, a bundle and a recording."""
    shutil.copy(trained_bundle, tmp_path / "fan.auscult")
    sound = np.random.default_rng(1).normal(0, 0.01, 5 * SR)
    soundfile.write(tmp_path / "played.wav", sound, SR)
    write(tmp_path)
    return tmp_path


def write(folder, *, machine="fan/id_00", more=""):
    text = f"bundle: fan.auscult\nsources:\n  hall:\n    machine: {machine}\n    kind: replay\n    path: played.wav\n"
    path = folder / "new.yaml"
    path.write_text(f"{text}    is_repeated: true\nhttp: null\n{more}")
    path.rename(folder / "auscult.yaml")  # as editors do, and at once


@pytest.fixture
def supervisor(folder):
    supervisor = Supervisor(folder / "auscult.yaml", {})
    supervisor.start()
    yield supervisor
    supervisor.stop()


def whats(supervisor):
    return [event.what for event in supervisor.monitor.store.events() if event.kind == "monitor"]


def test_good_settings_are_taken(supervisor, folder):
    before = supervisor.monitor
    supervisor.look()
    assert supervisor.monitor is before  # nothing has changed
    write(folder, more="site: north\nalarms:\n  on_delay_s: 7\n")
    supervisor.look()
    assert supervisor.settings.site == "north"
    assert supervisor.monitor.desk.settings.on_delay_s == 7
    assert whats(supervisor)[-1] == "settings taken"


def test_the_last_good_settings_hold(supervisor, folder, caplog):
    before = supervisor.monitor
    write(folder, more="site: [\n")
    supervisor.look()
    write(folder, machine="pump/id_00")
    supervisor.look()
    assert supervisor.monitor is before
    assert before._thread.is_alive()
    assert whats(supervisor)[-2:] == ["settings refused"] * 2
    assert "Nothing was changed" in caplog.text
    assert "othing was changed" not in caplog.text.replace(". Nothing was changed.\n", "")
    write(folder, more="site: south\n")
    supervisor.look()
    assert supervisor.settings.site == "south"


def test_a_new_bundle_is_taken_and_a_broken_one_is_not(supervisor, folder):
    before = supervisor.monitor.bundle
    (folder / "fan.auscult").write_bytes(b"nothing")
    supervisor.look()
    assert supervisor.monitor.bundle is before
    before.save(folder / "fan.auscult")
    supervisor.look()
    assert supervisor.monitor.bundle is not before
    assert whats(supervisor).count("settings taken") == 1


def test_what_fails_when_it_is_started_is_taken_back(supervisor, folder, monkeypatch):
    from auscult.monitor import supervisor as module

    write(folder, more="site: north\n")
    started = []

    class Failing(module.Monitor):
        def start(self):
            started.append(self.settings.site)
            if self.settings.site == "north":
                raise DataError("mqtt", "does not work", "Mend it.")
            super().start()

    monkeypatch.setattr(module, "Monitor", Failing)
    supervisor.look()
    assert started == ["north", "site"]
    assert supervisor.settings.site == "site"
    assert supervisor.monitor._thread.is_alive()
    assert whats(supervisor)[-1] == "settings refused"


def test_another_folder_for_the_store(supervisor, folder):
    write(folder, more="store:\n  path: elsewhere\n")
    supervisor.look()
    assert (folder / "elsewhere" / "monitor.sqlite").exists()
    assert whats(supervisor)[-1] == "settings taken"


def test_the_running_store_outlives_a_folder_that_cannot_be_one(supervisor, folder):
    store = supervisor.monitor.store
    write(folder, more="store:\n  path: played.wav/events\n")
    supervisor.look()
    assert supervisor.monitor.store is store
    assert whats(supervisor)[-1] == "settings refused"
    assert supervisor.monitor._thread.is_alive()
    with pytest.raises(DataError, match="another monitor writes"):
        EventStore.open(folder / "events")
    supervisor.monitor.note("probe", {})
    assert whats(supervisor)[-1] == "probe"


def test_the_same_folder_is_opened_as_before_if_what_is_new_fails(supervisor, folder, monkeypatch):
    monkeypatch.delenv("IOTEDGE_MODULEID", raising=False)
    former = supervisor.monitor.store
    write(folder, more="azure: {}\nstore:\n  keep_days: 7\n")
    supervisor.look()
    assert supervisor.monitor.store is not former
    assert whats(supervisor)[-1] == "settings refused"
    with pytest.raises(DataError, match="was closed"):
        former.set_state("a", 1)
    with pytest.raises(DataError, match="another monitor writes"):
        EventStore.open(folder / "events")


def test_what_fails_is_tried_once(supervisor, folder, monkeypatch):
    shutil.copy(folder / "fan.auscult", folder / "new.auscult")
    write(folder, more="store:\n  path: played.wav/events\n")
    text = (folder / "auscult.yaml").read_text().replace("fan.auscult", "new.auscult")
    (folder / "auscult.yaml").write_text(text)
    for _ in range(3):
        supervisor.look()
    assert whats(supervisor).count("settings refused") == 1


def test_what_is_saved_while_a_bundle_is_loaded_is_taken_next(supervisor, folder, monkeypatch):
    from auscult.monitor import supervisor as module

    def slow(settings):
        if settings.site == "one":
            write(folder, more="site: two\n")
        return checked_bundle(settings)

    monkeypatch.setattr(module, "checked_bundle", slow)
    write(folder, more="site: one\n")
    supervisor.look()
    assert supervisor.settings.site == "one"
    supervisor.look()
    assert supervisor.settings.site == "two"


def test_without_its_shadow_it_runs_all_the_same(folder, caplog):
    write(folder, more="shadow: new.auscult\n")
    supervisor = Supervisor(folder / "auscult.yaml", {})
    supervisor.start()
    try:
        assert supervisor.monitor.shadow is None
        assert whats(supervisor) == ["started", "shadow refused"]
        assert "No bundle judges beside" in caplog.text
        shutil.copy(folder / "fan.auscult", folder / "new.auscult")
        supervisor.look()
        shadow = supervisor.monitor.shadow
        assert shadow is not None
        (folder / "new.auscult").unlink()
        write(folder, more="shadow: new.auscult\nstore:\n  path: played.wav/events\n")
        supervisor.look()  # the settings from before are taken again, with their shadow
        assert supervisor.monitor.shadow is shadow
        write(folder, more="shadow: new.auscult\n")
        supervisor.look()
        assert supervisor.monitor.shadow is None
        assert whats(supervisor)[-2:] == ["settings taken", "shadow refused"]
        assert supervisor.monitor._thread.is_alive()
    finally:
        supervisor.stop()


def test_a_monitor_that_ends_by_itself_ends_the_process(supervisor, monkeypatch):
    from auscult.monitor import supervisor as module

    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    monkeypatch.setattr(supervisor.monitor.commands, "run", lambda: 1 / 0)
    supervisor.monitor._thread.join(10)
    with pytest.raises(DataError, match="Start it anew"):
        supervisor.watch()


def test_one_that_cannot_be_started_says_why(folder):
    write(folder, more="mqtt: {host: localhost, is_tls: true, ca_file: nope.pem}\n")
    supervisor = Supervisor(folder / "auscult.yaml", {})
    with pytest.raises(DataError, match=r"nope\.pem"):
        supervisor.start()
    supervisor.stop()


def test_it_ends_when_it_is_over(folder, monkeypatch):
    from auscult.monitor import supervisor as module

    monkeypatch.setattr(module, "LOOK_S", 0.01)
    supervisor = Supervisor(folder / "auscult.yaml", {})
    supervisor.start()
    looks = []
    supervisor.watch(is_over=lambda: len(looks) > 3 or looks.append(1))
    supervisor.stop()
    assert not supervisor.monitor._thread.is_alive()


def test_what_cannot_be_told_now_stops_nothing(folder, monkeypatch, caplog):
    from auscult.monitor import supervisor as module

    def refuse(_):
        raise DataError("events", "is full", "Free the disk.")

    monkeypatch.setattr(module, "LOOK_S", 0.01)
    monkeypatch.setattr(module, "expire", refuse)
    supervisor = Supervisor(folder / "auscult.yaml", {})
    supervisor.start()
    looks = []
    supervisor.watch(is_over=lambda: len(looks) > 3 or looks.append(1))
    assert caplog.text.count("is full") == 1
    assert supervisor.monitor._thread.is_alive()
    supervisor.stop()


def test_two_monitors_cannot_share_a_store(supervisor, folder):
    with pytest.raises(DataError, match="events"):
        Supervisor(folder / "auscult.yaml", {})


def test_bundles_are_checked(folder):
    from auscult.monitor.settings_file import read_settings

    write(folder, machine="pump/id_00")
    with pytest.raises(MachineError, match=r"sources\.hall\.machine: .* It knows fan/id_00"):
        checked_bundle(read_settings(folder / "auscult.yaml", {}))
    (folder / "fan.auscult").unlink()
    with pytest.raises(BundleError):
        checked_bundle(read_settings(folder / "auscult.yaml", {}))
