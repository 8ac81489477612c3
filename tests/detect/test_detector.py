import numpy as np
import pytest

from auscult.detect import Detector, MachineDetector
from auscult.errors import BundleError, MachineError


@pytest.fixture
def detector(rng):
    takes = [f"{number:02d}" for number in range(20)]
    names = ["fan/id_00", "fan/id_02", "pump/id_00"]
    fitted = [MachineDetector.fit(rng.standard_normal((20, 3)), takes, false_alarm_rate=0.05) for _ in names]
    return Detector(dict(zip(names, fitted, strict=True)))


@pytest.mark.parametrize(("said", "meant"), [("fan/id_00", "fan/id_00"), ("id_02", "fan/id_02")])
def test_machine_is_found_by_full_name_or_last_part(detector, said, meant):
    assert detector.resolve(said) == meant


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ("id_00", "could be fan/id_00 or pump/id_00"),
        ("id_99", "is not in the bundle. The bundle knows fan/id_00, fan/id_02, pump/id_00"),
        (None, "not said which one"),
    ],
)
def test_no_machine_is_guessed(detector, said, match):
    with pytest.raises(MachineError, match=match):
        detector.resolve(said)


def test_full_name_wins_over_last_part(detector):
    """A machine called id_00 beside fan/id_00 can be addressed."""
    machines = detector.machines | {"id_00": detector.machines["fan/id_00"]}
    assert Detector(machines).resolve("id_00") == "id_00"


def test_another_types_machine_is_another_machine(detector):
    with pytest.raises(MachineError, match="valve/id_02: this machine is not in the bundle"):
        detector.resolve("valve/id_02")


def test_the_only_machine_need_not_be_said(detector):
    assert Detector({"x": detector.machines["fan/id_00"]}).resolve(None) == "x"


def test_detector_goes_through_arrays(detector, rng):
    again = Detector.from_arrays(detector.to_arrays())
    X = rng.standard_normal((4, 3))
    for name, machine in detector.machines.items():
        np.testing.assert_allclose(
            again.machines[name].model.anomaly_scores(X), machine.model.anomaly_scores(X), rtol=1e-4
        )
        assert again.machines[name].calibration.threshold == machine.calibration.threshold


@pytest.mark.parametrize("missing", ["machines", "1/scores", "2/precision", "0/threshold"])
def test_damaged_arrays(detector, missing):
    arrays = detector.to_arrays()
    del arrays[missing]
    with pytest.raises(BundleError):
        Detector.from_arrays(arrays)
