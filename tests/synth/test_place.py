import numpy as np
import pytest

from auscult.synth.machines import MACHINES
from auscult.synth.place import draw_place, machine_id, normal_power, render_machine

SR = 8000


def place(machine_type="fan", number=0, n_channels=2, seed=3):
    return draw_place(machine_type, number, n_channels=n_channels, seed=seed)


def render(where, key, **options):
    state = MACHINES[where.machine_type].states[0]
    return render_machine(where, key, **{"state": state, "n_samples": 2 * SR, "sr": SR, "seed": 3} | options)


def test_machines_are_numbered_as_mimii_s():
    assert [machine_id(number) for number in range(4)] == ["id_00", "id_02", "id_04", "id_06"]


@pytest.mark.parametrize("machine_type", MACHINES)
def test_every_id_is_an_individual_in_a_room_of_its_own(machine_type):
    places = [place(machine_type, number) for number in range(6)]
    for what in ("machine", "room", "array", "level_db"):
        assert len({repr(getattr(one, what)) for one in places}) == 6
    assert repr(place(machine_type, 1)) == repr(places[1])


@pytest.mark.parametrize("machine_type", MACHINES)
def test_the_same_recording_with_and_without_a_fault(machine_type):
    where = place(machine_type)
    normal = render(where, "a")
    assert normal.shape == (2, 2 * SR)
    assert normal.dtype == np.float32
    np.testing.assert_array_equal(normal, render(where, "a"))
    assert not np.array_equal(normal, render(where, "b"))
    for fault in MACHINES[machine_type].faults:
        none, gross = (render(where, "a", fault=fault, severity=severity) for severity in (0.0, 1.0))
        rms = np.sqrt(np.mean(normal**2))
        assert np.sqrt(np.mean((none - normal) ** 2)) < 1e-5 * rms, fault
        assert np.sqrt(np.mean((gross - normal) ** 2)) > 0.1 * rms, fault


def test_mean_power_is_that_of_normal_clips():
    where = place(number=1)
    states = MACHINES["fan"].states
    powers = [np.mean(render(where, str(i), state=states[i % 3]) ** 2) for i in range(60)]
    power = normal_power("fan", 1, n_channels=2, sr=SR, seed=3)
    assert 10 * np.log10(power / np.mean(powers)) == pytest.approx(0, abs=0.8)


def test_a_state_changes_the_sound():
    where = place(number=2)
    nominal, full = (render(where, "a", state=state) for state in ("nominal", "full load"))
    assert not np.allclose(nominal, full)
