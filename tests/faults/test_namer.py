import io
import subprocess
import sys

import numpy as np
import pytest
from made_up_machines import FEATURES, made_up_machine, normal_clips, planted

from auscult.faults import UNKNOWN_FAULT
from auscult.faults.namer import FaultNamer
from auscult.faults.prototypes import Prototypes
from auscult.faults.signatures import SignatureSpace, directions
from auscult.features import LogMel

APART = """
import sys
sys.modules["scipy"] = None  # as if it was not installed
import numpy as np
from auscult.detect import MachineDetector, groups_of
from auscult.faults.namer import FaultNamer
from auscult.features import LogMel
features = LogMel.for_rate(16000, n_mels=32, groups=("level", "mean", "std", "modulation"))
namer, machine, clips = (dict(np.load(f"{sys.argv[1]}/{name}.npz")) for name in ("namer", "machine", "clips"))
machine = MachineDetector.from_arrays(machine, groups_of(features.descriptor_groups))
namer = FaultNamer.from_arrays(namer, features)
print(*(namer.name(machine, x) for x in clips["X"]))
assert "sklearn" not in sys.modules
"""
KINDS = {"rattle": "std", "beat": "modulation"}


@pytest.fixture(scope="module")
def machines():
    return [made_up_machine(1), made_up_machine(2)]


@pytest.fixture(scope="module")
def namer(machines):
    """Knows three clips of each kind, of the first machine."""
    space = SignatureSpace(FEATURES).fit(dict(zip("ab", machines, strict=True)))
    X = np.concatenate([planted(normal_clips(1, 3, draw=5), group) for group in KINDS.values()])
    exemplars = directions(space.signatures(space.aspects(machines[0], X)))
    return FaultNamer(space, Prototypes().fit(exemplars, np.repeat(list(KINDS), 3)))


def clips():
    """Three clips of each kind, and three that are quieter, of the second machine."""
    X = normal_clips(2, 3, draw=6)
    return np.concatenate([*(planted(X, group) for group in KINDS.values()), planted(X, "level", by=-9.0)])


def names_of(namer, machine):
    return [namer.name(machine, x) for x in clips()]


def test_kinds_that_were_named_on_one_machine_are_named_on_another(namer, machines):
    assert names_of(namer, machines[1]) == ["rattle"] * 3 + ["beat"] * 3 + [UNKNOWN_FAULT.id] * 3


def test_through_a_file(namer, machines):
    file = io.BytesIO()
    np.savez(file, **namer.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = FaultNamer.from_arrays(dict(arrays), FEATURES)
    np.testing.assert_array_equal(again.space.whitening_, namer.space.whitening_)
    assert names_of(again, machines[1]) == names_of(namer, machines[1])


@pytest.mark.parametrize("whitening", [np.eye(3), np.ones(17), np.full((17, 17), np.nan)])
def test_a_whitening_of_other_features_is_not_taken(namer, whitening):
    with pytest.raises(ValueError, match="whitening"):
        FaultNamer.from_arrays(namer.to_arrays() | {"whitening": whitening}, FEATURES)


def test_other_features_are_not_taken(namer):
    with pytest.raises(ValueError, match="whitening"):
        FaultNamer.from_arrays(namer.to_arrays(), LogMel.for_rate(16000, n_mels=32, groups=("level", "mean")))


def test_faults_of_other_aspects_are_not_taken(namer):
    with pytest.raises(ValueError, match="other aspects"):
        FaultNamer.from_arrays(namer.to_arrays() | {"prototypes/directions": np.eye(2, 5)}, FEATURES)


@pytest.mark.parametrize("name", ["whitening", "prototypes/limits"])
def test_missing_arrays(namer, name):
    arrays = namer.to_arrays()
    del arrays[name]
    with pytest.raises(KeyError, match=name.removeprefix("prototypes/")):
        FaultNamer.from_arrays(arrays, FEATURES)


def test_naming_needs_neither_scikit_learn_nor_scipy(namer, machines, tmp_path):
    np.savez(tmp_path / "namer.npz", **namer.to_arrays())
    np.savez(tmp_path / "machine.npz", **machines[1].to_arrays())
    np.savez(tmp_path / "clips.npz", X=clips())
    command = [sys.executable, "-c", APART, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == names_of(namer, machines[1])
