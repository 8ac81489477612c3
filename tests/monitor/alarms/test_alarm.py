import json

import pytest

from auscult.monitor.alarms.alarm import Alarm
from auscult.monitor.alarms.silence import Silence

RAISED = {"id": "01J", "raised_at": 1.0, "last_raised_at": 1.0, "n_raised": 1}
ACKNOWLEDGED = {"acknowledged_at": 5.0, "acknowledged_by": "Ann"}
SHELF = Silence(0.0, 9.0, "Ann", "")


@pytest.mark.parametrize(
    ("life", "fields"),
    [
        ("normal", {}),
        ("unacknowledged", RAISED),
        ("acknowledged", RAISED | ACKNOWLEDGED),
        ("returned unacknowledged", RAISED | {"cleared_at": 3.0}),
        ("normal", RAISED | {"cleared_at": 3.0} | ACKNOWLEDGED),
        ("unacknowledged", RAISED | {"is_latched": True}),
        ("latched unacknowledged", RAISED | {"is_latched": True, "cleared_at": 3.0}),
        ("latched acknowledged", RAISED | {"is_latched": True, "cleared_at": 3.0} | ACKNOWLEDGED),
        ("normal", RAISED | {"is_latched": True, "cleared_at": 3.0, "reset_at": 6.0} | ACKNOWLEDGED),
    ],
)
def test_states_of_the_standard(life, fields):
    alarm = Alarm("fan/id_00", **fields)
    assert alarm.life == alarm.state == life
    assert alarm.is_open == (life != "normal")
    assert alarm.is_active == (life in ("unacknowledged", "acknowledged"))
    assert not alarm.is_silenced


def test_the_state_shows_the_strongest_silence_and_the_life_goes_on_beneath():
    silences = {"shelf": SHELF}
    assert Alarm("fan", **RAISED, **silences).state == "shelved"
    silences["suppression"] = Silence(0.0, None, "", "microphone: failure")
    assert Alarm("fan", **RAISED, **silences).state == "suppressed by design"
    silences["maintenance"] = SHELF
    alarm = Alarm("fan", **RAISED, **silences)
    assert alarm.state == "out of service"
    assert alarm.is_silenced
    assert alarm.life == "unacknowledged"
    assert alarm.is_open
    assert alarm.is_active


@pytest.mark.parametrize(
    "alarm",
    [
        Alarm("fan/id_00"),
        Alarm("fan/id_00", True, 1_790_000_000.1, **RAISED, **ACKNOWLEDGED, fault="imbalance", peak_evidence=0.1),
        Alarm("fan/id_00", shelf=SHELF, suppression=Silence(0.1, None, "", "off"), maintenance=SHELF),
    ],
)
def test_comes_back_exactly_from_json(alarm):
    assert Alarm.from_dict(json.loads(json.dumps(alarm.to_dict()))) == alarm
