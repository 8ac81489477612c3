"""What the monitor's tests share: a bundle, sounds for it, settings, stores, and what is put into those."""

from types import SimpleNamespace

import numpy as np
import pytest

from auscult.monitor.detection import Detection
from auscult.monitor.event import Event, new_id
from auscult.monitor.settings import MonitorSettings
from auscult.monitor.store.event_store import EventStore
from auscult.monitor.store.rows import Feedback

SR = 16000
T0 = 1_800_000_000.0


@pytest.fixture
def clock():
    """A clock that stands still unless it is told: ``clock.at += 10``."""

    class Clock:
        at = T0

        def __call__(self):
            return self.at

    return Clock()


@pytest.fixture(scope="session")
def live_bundle(quickly_alarming):
    return quickly_alarming


@pytest.fixture(scope="session")
def live_machine(live_bundle):
    return next(iter(live_bundle.detector.machines))


@pytest.fixture
def settings_of(tmp_path, trained_bundle, live_machine):
    """Makes settings of one source, whose sound the test gives itself."""

    def settings_of(**more):
        source = {"kind": "replay", "machine": live_machine, "path": str(tmp_path / "none.wav")}
        told = {"bundle": str(trained_bundle), "sources": {"hall": source}, "http": None}
        told |= {"store": {"path": str(tmp_path / "events"), "before_s": 2, "after_s": 2}, "decisions": {"step_s": 1}}
        return MonitorSettings.model_validate(told | more)

    return settings_of


@pytest.fixture
def store(tmp_path, clock):
    """A store that has an output."""
    with EventStore.open(tmp_path / "events", outputs=("mqtt",), clock=clock) as store:
        yield store


@pytest.fixture
def monitor(settings_of, live_bundle, store, clock):
    """A monitor that is not started."""
    from auscult.monitor.monitor import Monitor

    return Monitor(settings_of(), live_bundle, store, clock=clock)


@pytest.fixture
def open_store(tmp_path, clock):
    """Open a store, of ``tmp_path / "store"`` if no other folder is given, that is closed at the end."""
    opened = []

    def open_(folder=None, **options):
        opened.append(EventStore.open(folder or tmp_path / "store", **({"clock": clock} | options)))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture(scope="session")
def said():
    """What a monitor may have to say."""

    def detection(at=T0, machine="fan/id_00", **values):
        usual = {"score": 1.5, "threshold": 2.0, "p_value": 0.25, "evidence": 0.5, "alarm_at": 3.0, "level_db": -30.0}
        usual |= {"is_anomalous": False, "is_alarm": False, "fault": None, "state": "running"}
        return Detection(machine, at, **(usual | values))

    def event(at=T0, machine="fan/id_00", kind="alarm", what="raised", **body):
        return Event(new_id(at), at, machine, kind, what, body)

    def feedback(alarm_id="A0", what="fault", **values):
        usual = {"id": f"F-{alarm_id}", "machine": "fan/id_00", "at": T0, "who": "Ada", "fault": None, "why": ""}
        usual |= {"expires_at": None, "undone_at": None, "undone_by": "", "recipe": ""}
        usual |= {"descriptors": np.empty((0, 0), np.float32)}
        return Feedback(alarm_id=alarm_id, what=what, **(usual | values))

    def raise_alarm(store, number=0, machine="fan/id_00", **values):
        """Save alarm ``A<number>`` with its change and event."""
        at = T0 + number
        alarm = {"machine": machine, "raised_at": at, "cleared_at": None, "acknowledged_at": None} | values
        change = {"at": at, "machine": machine, "alarm_id": f"A{number}", "what": "raised", "who": "", "why": ""}
        store.save_alarm(machine, f"A{number}", alarm, [change], [event(at, machine)])

    def acknowledge(store, number=0, who="Ada"):
        """Save that alarm ``A<number>`` was acknowledged."""
        at = T0 + number + 0.5
        alarm = store.alarm(f"A{number}").alarm | {"acknowledged_at": at}
        store.save_alarm("fan/id_00", f"A{number}", alarm, [{"at": at, "what": "acknowledged", "who": who}], [])

    return SimpleNamespace(
        detection=detection, event=event, feedback=feedback, raise_alarm=raise_alarm, acknowledge=acknowledge
    )
