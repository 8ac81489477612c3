import numpy as np
import pytest

from auscult.errors import OptionError
from auscult.synth.machines import MACHINES, check_fault, check_machine_type

SR = 8000


def test_the_four_types_and_their_faults():
    assert {name: sorted(kind.faults) for name, kind in MACHINES.items()} == {
        "fan": ["bearing-wear", "clogging", "imbalance", "voltage-change"],
        "pump": ["cavitation", "clogging", "leak"],
        "slider": ["dry-rail", "loose-belt", "rail-damage"],
        "valve": ["contamination", "late-closing"],
    }


@pytest.mark.parametrize("machine_type", MACHINES)
@pytest.mark.parametrize("sr", [8000, 16000, 44100])
def test_every_state_of_every_type_renders_at_every_rate(machine_type, sr):
    kind = MACHINES[machine_type]
    machine = kind.draw(np.random.default_rng(5))
    for state in kind.states:
        run = kind.draw_run(machine, state, np.random.default_rng(6))
        y = kind.render(machine, run, sr // 2, sr=sr, rng=np.random.default_rng(7))
        assert y.shape == (kind.n_parts, sr // 2)
        assert np.all(np.isfinite(y))


@pytest.mark.parametrize("machine_type", MACHINES)
def test_faults_can_be_present_at_the_same_time(machine_type):
    kind = MACHINES[machine_type]
    machine = kind.draw(np.random.default_rng(5))
    run = kind.draw_run(machine, kind.states[0], np.random.default_rng(6))
    one, other = list(kind.faults)[:2]
    both, alone = (kind.apply(machine, run, fault, 0.8, np.random.default_rng(7)) for fault in (f"{one}+{other}", one))
    sounds = [kind.render(machine, it, 8 * SR, sr=SR, rng=np.random.default_rng(8)) for it in (run, alone, both)]
    differences = [np.sqrt(np.mean((sounds[i] - sounds[j]) ** 2)) for i, j in ((0, 1), (1, 2), (0, 2))]
    assert min(differences) > 0.01 * np.sqrt(np.mean(sounds[0] ** 2))


def test_nameplates_say_what_applies():
    for machine_type, fields in {
        "fan": {"kind", "mains_hz", "rotation_hz", "n_blades"},
        "pump": {"kind", "mains_hz", "rotation_hz", "n_blades"},
        "slider": {"kind", "period_s"},
        "valve": {"kind", "period_s"},
    }.items():
        kind = MACHINES[machine_type]
        plate = vars(kind.nameplate(kind.draw(np.random.default_rng(0))))
        assert {name for name, value in plate.items() if value is not None} == fields


def test_unknown_names_are_refused_with_those_that_are_known():
    with pytest.raises(OptionError, match="fan, pump, slider, valve, got 'lathe'"):
        check_machine_type("lathe")
    with pytest.raises(OptionError, match="cavitation, leak, clogging; got 'imbalance'"):
        check_fault(["pump"], "imbalance")
    with pytest.raises(OptionError, match=r"got 'leak\+leak'"):
        check_fault(["pump"], "leak+leak")
    check_fault(["fan", "pump"], "leak+clogging")
