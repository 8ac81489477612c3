import hashlib
import io
import re
from dataclasses import replace

import numpy as np
import pytest

from auscult.detect import AlarmBudget, Detector, MachineDetector, NormalClips, groups_of
from auscult.detect.delay import STRENGTHS
from auscult.detect.exemplars import Exemplars, choose_exemplars
from auscult.detect.normality import MAX_BANK
from auscult.errors import BundleError, DataError, MachineError, OptionError

GROUPS = {"narrow": slice(0, 1), "wide": slice(1, 3)}
NAMES = ["fan/id_00", "fan/id_02", "pump/id_00"]


def content_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def normal_clips(seed, n=60, *, name="a"):
    rng = np.random.default_rng(seed)
    takes = [f"{name}_{number:04d}" for number in range(n)]
    sessions = np.repeat([0, 1], [n // 2, n - n // 2])
    return NormalClips(
        rng.standard_normal((n, 3)), takes, sessions, [content_of(f"content of {take}") for take in takes], 10.0
    )


def fitted(clips, **options):
    options = {"false_alarm_rate": 0.05, "budget": AlarmBudget.parse("1/day")} | options
    return MachineDetector.fit(clips, GROUPS, **options)


def through_a_file(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as loaded:
        return dict(loaded)


@pytest.fixture(scope="module")
def detector():
    machines = {name: fitted(normal_clips(seed, name=name)) for seed, name in enumerate(NAMES)}
    places = choose_exemplars(machines["fan/id_02"].model)
    patches = [np.full((4, 9), -50.0, np.float32)] * places.size
    machines["fan/id_02"] = replace(machines["fan/id_02"], exemplars=Exemplars.of(places, patches))
    return Detector(machines)


@pytest.fixture
def machine(detector):
    return detector.machines["fan/id_00"]


@pytest.mark.parametrize(("said", "meant"), [("fan/id_00", "fan/id_00"), ("id_02", "fan/id_02")])
def test_machine_is_found_by_full_name_or_last_part(detector, said, meant):
    assert detector.resolve(said) == meant


@pytest.mark.parametrize(
    ("said", "match"),
    [
        ("id_00", "could be fan/id_00 or pump/id_00"),
        ("id_99", "is not in the bundle. The bundle knows fan/id_00, fan/id_02, pump/id_00"),
        (
            None,
            "not said which one this clip is of. The bundle knows fan/id_00, .*: say which as machine_id",
        ),
    ],
)
def test_no_machine_is_guessed(detector, said, match):
    with pytest.raises(MachineError, match=match):
        detector.resolve(said)


def test_an_unknown_machine_can_be_enrolled(detector):
    with pytest.raises(MachineError, match="auscult enroll BUNDLE DIR --machine-id valve/id_04"):
        detector.resolve("valve/id_04")


def test_full_name_wins_over_last_part(detector):
    """A machine called id_00 beside fan/id_00 can be addressed."""
    machines = detector.machines | {"id_00": detector.machines["fan/id_00"]}
    assert Detector(machines).resolve("id_00") == "id_00"


def test_another_types_machine_is_another_machine(detector):
    with pytest.raises(MachineError, match="valve/id_02: this machine is not in the bundle"):
        detector.resolve("valve/id_02")


def test_folders_say_the_full_name(detector):
    assert detector.resolve("fan/id_02", is_from_folders=True) == "fan/id_02"
    with pytest.raises(MachineError, match="not in the bundle"):
        detector.resolve("id_02", is_from_folders=True)


def test_the_only_machine_need_not_be_said(machine):
    assert Detector({"x": machine}).resolve(None) == "x"


def test_detector_goes_through_a_file(detector, rng):
    again = Detector.from_arrays(through_a_file(detector.to_arrays()), GROUPS)
    assert list(again.machines) == sorted(detector.machines)
    X = 3 * rng.standard_normal((40, 3))
    for name, machine in detector.machines.items():
        restored = again.machines[name]
        for found, expected in zip(
            (restored.model.anomaly_scores(X), *restored.model.group_scores(X).values()),
            (machine.model.anomaly_scores(X), *machine.model.group_scores(X).values()),
            strict=True,
        ):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(restored.calibration.scores, machine.calibration.scores)
        assert replace(restored.calibration, scores=None) == replace(machine.calibration, scores=None)
        assert restored.rule == machine.rule
        assert restored.delays_s == machine.delays_s
        assert restored.takes == machine.takes
        assert restored.history.to_arrays().keys() == machine.history.to_arrays().keys()
        for key, values in machine.history.to_arrays().items():
            np.testing.assert_array_equal(restored.history.to_arrays()[key], values)
        assert restored.learnt == machine.learnt
        assert (restored.exemplars is None) == (machine.exemplars is None)
    assert len(again.machines["fan/id_02"].exemplars.patches) == len(detector.machines["fan/id_02"].exemplars.patches)


def test_a_dozen_machines_keep_their_own(machine, detector):
    """Of 1/... and 11/... one begins like the other."""
    other = detector.machines["fan/id_02"]
    machines = {f"m{number:02d}": other if number == 11 else machine for number in range(12)}
    again = Detector.from_arrays(Detector(machines).to_arrays(), GROUPS)
    assert [name for name, found in again.machines.items() if found.rule == other.rule] == ["m11"]


MISSING = """
machines 0/threshold 1/history/scores 2/rule 0/delays 1/takes 2/history/sessions 1/history/kept 0/learnt
2/model/mean 2/model/bank 1/model/Mahalanobis/precisions 1/exemplars/places 1/exemplars/patch0
"""


@pytest.mark.parametrize("missing", MISSING.split())
def test_missing_arrays(detector, missing):
    arrays = detector.to_arrays()
    del arrays[missing]
    with pytest.raises(BundleError, match=r"detector\.npz"):
        Detector.from_arrays(arrays, GROUPS)


@pytest.mark.parametrize("name", ["threshold", "rule", "takes", "history/sessions", "model/bank", "model/deviation"])
def test_arrays_of_another_shape(detector, name):
    arrays = detector.to_arrays()
    arrays[f"0/{name}"] = np.ones((2, 2, 2))
    with pytest.raises(BundleError):
        Detector.from_arrays(arrays, GROUPS)


def test_a_machine_is_learnt_from_its_normal_clips():
    clips = normal_clips(3)
    machine = fitted(clips)
    np.testing.assert_allclose(machine.calibration.scores, np.sort(machine.model.cross_fitted_scores_))
    assert machine.calibration.n_takes == 60
    assert (machine.rule.interval_s, machine.rule.heard_s, machine.rule.asked_s) == (10, 600, 86400)
    assert list(machine.delays_s) == list(STRENGTHS)
    delays_s = [np.inf if delay_s is None else delay_s for delay_s in machine.delays_s.values()]
    assert delays_s == sorted(delays_s, reverse=True)
    assert all(delay_s % 10 == 0 or delay_s % 5 == 0 for delay_s in delays_s if np.isfinite(delay_s))
    is_strange = machine.model.is_strange_
    assert machine.takes == tuple(np.array(clips.takes)[~is_strange])
    assert machine.strange == tuple(np.array(clips.takes)[is_strange])
    assert machine.history.sessions.tolist() == clips.sessions.tolist()
    assert machine.history.kept.tolist() == np.flatnonzero(~is_strange).tolist()
    assert machine.exemplars is None


def test_gaps_between_sessions_are_respected(rng):
    """Neighbours that resemble each other, were it not for a gap after every clip."""
    X = np.cumsum(rng.standard_normal((200, 3)), axis=0)
    clips = replace(normal_clips(0, 200), X=X, sessions=np.zeros(200, np.intp))
    with_gaps = replace(clips, sessions=np.arange(200))
    assert fitted(with_gaps).rule.memory_s == 10 < fitted(clips).rule.memory_s


def test_what_cannot_be_learnt():
    with pytest.raises(DataError, match="4 normal recordings are too few"):
        fitted(normal_clips(0, 4))
    with pytest.raises(OptionError, match="false-alarm rate"):
        fitted(normal_clips(0), false_alarm_rate=2)


def test_what_was_learnt_from_is_known_again(machine):
    for found in (machine, MachineDetector.from_arrays(through_a_file(machine.to_arrays()), GROUPS)):
        assert found.has_learnt(content_of("content of fan/id_00_0007"))
        assert not found.has_learnt(content_of("content of fan/id_02_0007"))
        assert found.has_learnt_take("fan/id_00_0007")
        assert not found.has_learnt_take("fan/id_02_0007")


def test_a_file_that_is_not_known_was_not_learnt():
    machine = fitted(replace(normal_clips(0), contents=[""] * 60))
    assert not machine.has_learnt("")
    assert not machine.has_learnt(content_of("content of a_0007"))
    assert machine.has_learnt_take("a_0007")


def test_takes_may_have_names_that_are_no_utf_8(machine):
    strange = replace(normal_clips(0, 6), takes=[f"\udcff_{number}" for number in range(6)])
    assert fitted(strange).has_learnt_take("\udcff_3")
    assert not machine.has_learnt_take("\udcff_3")


def test_all_clips_are_known_again_where_not_all_are_kept():
    clips = normal_clips(0, MAX_BANK + 20)
    machine = fitted(clips)
    assert all(map(machine.has_learnt, clips.contents))
    assert all(map(machine.has_learnt_take, clips.takes))
    assert len(machine.takes) == machine.history.kept.size == MAX_BANK
    places = machine.model.bank_places_
    assert machine.takes == tuple(clips.takes[place] for place in places)
    assert machine.normal_clips().sessions.tolist() == clips.sessions[places].tolist()


def test_learning_again_from_the_kept_clips_gives_the_same(machine, rng):
    again = fitted(MachineDetector.from_arrays(machine.to_arrays(), GROUPS).normal_clips())
    X = rng.standard_normal((30, 3))
    np.testing.assert_allclose(again.model.anomaly_scores(X), machine.model.anomaly_scores(X), atol=1e-3)
    assert again.takes == machine.takes


def test_a_session_that_was_added_is_normal_from_then_on(machine, rng):
    later = normal_clips(9, name="b")
    later = replace(later, X=later.X + 6)
    both = fitted(machine.normal_clips().followed_by(later))
    new = rng.standard_normal((100, 3)) + 6
    assert np.median(machine.model.anomaly_scores(new)) > machine.calibration.threshold
    assert np.median(both.model.anomaly_scores(new)) < both.calibration.threshold
    assert both.rule.heard_s == 2 * machine.rule.heard_s


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ({"level": (0, 1), "mel": (1, 5), "lines": (5, 9)}, {"mel": (0, 5), "lines": (5, 9)}),
        ({"mel": (0, 4), "level": (4, 5), "lines": (5, 9)}, {"mel": (0, 4), "lines": (4, 9)}),
        ({"mel": (0, 4), "level": (4, 5)}, {"mel": (0, 4), "level": (4, 5)}),
        ({"level": (0, 1)}, {"level": (0, 1)}),
        ({"mel": (0, 4), "lines": (4, 9)}, {"mel": (0, 4), "lines": (4, 9)}),
        ({}, {}),
    ],
)
def test_level_is_looked_at_with_the_group_that_follows_it(groups, expected):
    given = {name: slice(*ends) for name, ends in groups.items()}
    before = dict(given)
    assert groups_of(given) == {name: slice(*ends) for name, ends in expected.items()}
    assert given == before


def test_every_column_is_in_one_group():
    from auscult.features import LogMel

    groups = groups_of(LogMel().descriptor_groups)
    columns = sorted(column for own in groups.values() for column in range(own.start, own.stop))
    assert columns == list(range(len(columns)))
    assert not re.search("level", " ".join(groups)) or len(groups) == 1
