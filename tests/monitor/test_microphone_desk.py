import pytest

from auscult.errors import DataError
from auscult.monitor.health.sensor_health import SensorHealth
from auscult.monitor.machine_watch import watch_key
from auscult.monitor.microphone_desk import commission_anew
from auscult.monitor.monitor import Monitor

from .giving import SR, give


@pytest.fixture
def commissioned(monitor, sounds, monkeypatch):
    """A monitor whose microphone has been listened to for long enough, and turned down since."""
    monkeypatch.setattr(SensorHealth.__init__, "__kwdefaults__", {"learn_s": 5.0})
    give(monitor, sounds["normal"][: 20 * SR])
    give(monitor, 0.1 * sounds["normal"][: 20 * SR])
    assert monitor.overview()[0].health.cause == "gain change"
    return monitor


def test_what_was_changed_on_purpose_is_no_fault_any_more(commissioned, sounds, store, live_machine):
    commission_anew(commissioned, live_machine, "Ada", "new microphone")
    event = store.events()[-1]
    assert (event.kind, event.what, event.machine) == ("health", "commissioned anew", live_machine)
    assert event.body == {"who": "Ada", "why": "new microphone"}
    give(commissioned, 0.1 * sounds["normal"][: 20 * SR])
    assert commissioned.overview()[0].health.word == "ok"
    assert store.state(watch_key(live_machine))["baseline"] is not None


def test_a_restart_does_not_bring_the_old_one_back(commissioned, clock, sounds, settings_of, live_bundle, live_machine):
    commission_anew(commissioned, live_machine, "Ada")
    again = Monitor(settings_of(), live_bundle, commissioned.store, clock=clock)
    give(again, 0.1 * sounds["normal"][: 20 * SR])
    assert again.overview()[0].health.word == "ok"


def test_what_cannot_be_kept_is_not_done(commissioned, live_machine, monkeypatch):
    def refuse(*_):
        raise DataError("events.db", "disk full", "Make room.")

    monkeypatch.setattr(commissioned.store, "set_state", refuse)
    with pytest.raises(DataError, match="disk full"):
        commission_anew(commissioned, live_machine, "Ada")
    assert commissioned.watches[live_machine].to_dict()["baseline"] is not None
