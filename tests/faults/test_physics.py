import numpy as np
import pytest

from auscult.detect import AlarmBudget, MachineDetector, NormalClips, groups_of
from auscult.faults.aspects import Aspects
from auscult.faults.physics import KINDS, LINE_DB, Physics, consistent_with, disagreement
from auscult.faults.signatures import SignatureSpace
from auscult.features import LogMel, Nameplate
from auscult.features.bearing import Bearing
from auscult.pipeline.machine import GROUPS
from auscult.synth.clip import render_clip

FEATURES = LogMel.for_rate(16000, n_mels=64, groups=GROUPS)
NAMES = Aspects(FEATURES).names
CHANGES = {
    "imbalance-like": {
        **{"swing at order 1": 4.9, "swing at order 1, rise": 5.8, "order 1": 2.4, "orders 1 to 3": 2.8},
        **{"fast swing": 6.9, "fast swing, rise": 9.1, "level of high octaves": 0.4, "level, rise": 0.3},
    },
    "flow-like": {
        **{"slow swing": 1.6, "slow swing, rise": 2.1, "level of low octaves": 1.2, "level of high octaves": -1.1},
        **{"loudest moments": 0.5, "quietest moments": -0.4, "change of rotation frequency": 0.8, "level, rise": 0.7},
    },
    "supply-like": {
        **{"fast swing, fall": -2.8, "loudest moments, fall": -2.4, "unsteadiness, fall": -1.4, "level, rise": 1.0},
        **{"hum line that changed most": -1.2, "change of rotation frequency": 0.9, "fast swing, rise": -0.2},
    },
    "bearing-like": {
        **{"level of high octaves": 2.2, "fast swing, rise": 5.5, "middle swing, rise": 3.1, "level, rise": 3.6},
        **{"swing at order 1": 0.4, "swing at order 1, rise": 0.5, "fast swing, fall": -0.2},
    },
}
"""What each kind of fault did to fans, about."""


def aspects(**changes):
    return dict.fromkeys(NAMES, 0.0) | changes


def physics_of(kind):
    return consistent_with(aspects(**CHANGES[kind]))


def test_every_aspect_that_physics_speaks_of_is_one():
    spoken_of = {move.aspect for kind in KINDS for move in kind.moves} | {it for kind in KINDS for it in kind.stays}
    assert spoken_of | {name for changes in CHANGES.values() for name in changes} <= set(NAMES)


@pytest.mark.parametrize("kind", CHANGES)
def test_each_kind_of_fault_is_told_from_the_others(kind):
    physics = physics_of(kind)
    assert physics.kind == kind
    assert list(physics.scores) == sorted(physics.scores, key=lambda name: -physics.scores[name])
    assert set(physics.scores) == set(CHANGES)
    opposite = consistent_with({name: -change for name, change in aspects(**CHANGES[kind]).items()})
    assert opposite.kind != kind


def test_it_is_said_in_words_with_numbers():
    physics = physics_of("imbalance-like")
    assert physics.sentence == (
        "consistent with imbalance: swing at order 1 +4.9 deviations, swing at order 1, rise +5.8,"
        " orders 1 to 3 +2.8, order 1 +2.4"
    )
    assert physics_of("flow-like").sentence.startswith(
        "consistent with a change of flow, such as clogging: slow swing +1.6"
    )
    assert "hum line that changed most -1.2" in physics_of("supply-like").sentence


def test_nothing_is_said_where_nothing_changed():
    physics = consistent_with(aspects())
    assert physics.kind is None
    assert physics.sentence.startswith("consistent with nothing that physics knows well (nearest: ")
    assert physics_of("flow-like").kind
    assert consistent_with(aspects(**{name: 0.3 * it for name, it in CHANGES["flow-like"].items()})).kind is None


def test_nothing_is_said_between_two_kinds():
    lines = {"order 1": 2.0, "orders 1 to 3": 2.0}
    rattling = aspects(**CHANGES["bearing-like"] | lines)
    assert consistent_with(rattling).kind == "bearing-like"
    both = consistent_with(rattling | {"swing at order 1": 1.0, "swing at order 1, rise": 1.0})
    assert both.kind is None
    assert {reason.split()[0] for reason in both.reasons} == {"bearing-like", "imbalance-like"}
    assert consistent_with(rattling | {"swing at order 1": 3.0, "swing at order 1, rise": 3.0}).kind == "imbalance-like"


@pytest.mark.parametrize("kind", CHANGES)
def test_nothing_is_said_where_the_rotation_was_not_found(kind):
    far = aspects(**CHANGES[kind] | {"change of rotation frequency": 30.0})
    assert consistent_with(far) == Physics(None, {}, ())
    near = aspects(**CHANGES[kind] | {"change of rotation frequency": 2.0})
    assert consistent_with(near).kind == kind
    worn = consistent_with(far, bearing_lines={"outer race": 12.0})
    assert worn.kind == "bearing-like", "a nameplate has said where to look"


def test_another_steady_sound_is_no_change_of_supply():
    """What a hiss did to a press: it made all of it louder and steadier, at every speed."""
    hiss = {"level, rise": 10.6, "loudest moments, fall": -27.3, "unsteadiness, fall": -14.6, "slow swing": -10.4}
    hiss |= {"slow swing, fall": -30.0, "middle swing, fall": -30.0, "fast swing, fall": -30.0}
    assert consistent_with(aspects(**hiss)).kind is None
    assert consistent_with(aspects(**hiss | {"slow swing, fall": -1.5, "slow swing": -0.3})).kind == "supply-like"


@pytest.mark.parametrize(
    "mountain",
    ["swing at order 1", "slow swing", "fast swing, rise", "level of high octaves", "change of rotation frequency"],
)
def test_one_mountain_does_not_speak_for_all(mountain):
    assert consistent_with(aspects(**{mountain: 30.0})).kind is None


def test_aspects_that_are_missing_do_not_matter():
    few = {"slow swing": 1.6, "level of low octaves": 1.2, "level of high octaves": -1.1}
    physics = consistent_with(few)
    assert physics.kind == "flow-like"
    assert set(physics.scores) == {"flow-like", "bearing-like"}, "of imbalance and supply most is not known"
    assert consistent_with({}) == Physics(None, {}, ())
    assert consistent_with({}).sentence == "consistent with nothing that physics knows well"


def test_lines_of_the_bearing_make_surer():
    faint = aspects(**{name: 0.2 * it for name, it in CHANGES["bearing-like"].items()})
    lines = {"outer race": 12.4, "inner race": 2.5, "roller": 1.1, "cage": 0.8}
    assert consistent_with(faint).kind is None
    sure = consistent_with(faint, bearing_lines=lines)
    assert sure.kind == "bearing-like"
    assert sure.reasons[0] == "line of the outer race 12.4 dB over the floor"
    named = consistent_with(faint, nameplate=Nameplate(bearing=Bearing(9, 0.2)), bearing_lines=lines)
    assert named.reasons[0] == "line of the outer race at order 3.60 12.4 dB over the floor"
    clear = aspects(**CHANGES["bearing-like"])
    assert (
        consistent_with(clear, bearing_lines=lines).scores["bearing-like"]
        > consistent_with(clear).scores["bearing-like"] + 2
    )
    assert consistent_with({}, bearing_lines=lines).kind == "bearing-like"


def test_what_lies_below_a_line_of_the_bearing_changes_nothing():
    noise = dict.fromkeys(Bearing(9, 0.2).defect_orders(), LINE_DB - 0.1)
    for changes in CHANGES.values():
        assert consistent_with(changes, bearing_lines=noise) == consistent_with(changes)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("bearing-like", "imbalance"),
        ("bearing-like", "Unwucht am Lüfterrad"),
        ("bearing-like", "Rotor neu auswuchten"),
        ("imbalance-like", "BEARING, outer side"),
        ("imbalance-like", "Kugellagerschaden"),
        ("imbalance-like", "Wälzlager"),
        ("imbalance-like", "clogged filter"),
        ("imbalance-like", "Ansaugung verstopft"),
        ("flow-like", "Unterspannung"),
        ("flow-like", "loss of a phase"),
        ("flow-like", "low supply"),
        ("supply-like", "inlet blocked"),
        ("supply-like", "Fan is unbalanced"),
    ],
)
def test_a_name_that_says_another_fault_is_warned_of(kind, name):
    warning = disagreement(name, physics_of(kind).kind, physics_of(kind).sentence)
    assert warning is not None
    assert repr(name) in warning
    assert physics_of(kind).sentence in warning


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("bearing-like", "bearing"),
        ("bearing-like", "imbalance that wears the bearing"),
        ("supply-like", "phase imbalance"),
        ("imbalance-like", "dirt on the blades"),
        ("imbalance-like", "Ablagerung am Rad"),
        ("imbalance-like", "Welle verlagert"),
        ("imbalance-like", "wuchtiger Schlag"),
        ("imbalance-like", "fault 3"),
        ("bearing-like", "supply air fan"),
        ("bearing-like", "trace of oil"),
        ("flow-like", "Lüftungsgitter"),
        ("flow-like", "verstopfter Filter"),
    ],
)
def test_other_names_are_not(kind, name):
    assert disagreement(name, physics_of(kind).kind, physics_of(kind).sentence) is None


def test_where_physics_knows_nothing_no_name_is_wrong():
    assert disagreement("imbalance", consistent_with(aspects()).kind, consistent_with(aspects()).sentence) is None


@pytest.mark.slow
def test_faults_of_a_synthetic_fan():
    """From waveforms to words, through a factory's noise; voltage changes are too fine for so few clips."""

    def descriptors(take, fault=""):
        y = render_clip(fault=fault, severity=0.9, snr_db=6, take_number=take, n_channels=1, duration_s=4.0, seed=101)
        return FEATURES.descriptors(y[0], 16000)

    normal = np.stack([descriptors(take) for take in range(16)])
    clips = NormalClips(normal, [str(take) for take in range(16)], np.zeros(16, np.intp), [""] * 16, 4.0)
    machine = MachineDetector.fit(
        clips, groups_of(FEATURES.descriptor_groups), false_alarm_rate=0.05, budget=AlarmBudget.parse("1/week")
    )
    space = SignatureSpace(FEATURES)
    for fault, kind in {"imbalance": "imbalance-like", "clogging": "flow-like", "bearing-wear": "bearing-like"}.items():
        heard = np.stack([descriptors(take, fault) for take in range(100, 104)])
        changes = space.aspects(machine, heard).mean(axis=0)
        assert consistent_with(dict(zip(space.names, changes, strict=True))).kind == kind


def test_lines_that_a_struck_race_lifts_elsewhere_are_not_told():
    physics = consistent_with({}, bearing_lines={"outer race": 30.0, "inner race": 10.0, "roller": 11.0, "cage": 1.0})
    assert "outer race" in physics.sentence
    assert "inner race" not in physics.sentence
    assert "roller" not in physics.sentence
