import json
from dataclasses import replace

import numpy as np
import pytest

from auscult.detect import AlarmBudget, MachineDetector, NormalClips, groups_of
from auscult.detect.exemplars import Exemplars
from auscult.detect.explanation import Change, explain
from auscult.features import LogMel
from auscult.features.filters import mel_centres_hz

FEATURES = LogMel(n_mels=16, groups=("level", "mean", "std", "p95", "modulation"))
SLICES = FEATURES.descriptor_groups
CENTRES_HZ = mel_centres_hz(n_mels=16, fmin=FEATURES.fmin, fmax=FEATURES.fmax)


def described(rng, n, features=FEATURES):
    return rng.standard_normal((n, len(features.descriptor_names)))


def learnt(X, features=FEATURES):
    takes = [f"take_{number}" for number in range(len(X))]
    clips = NormalClips(X, takes, np.zeros(len(X), np.intp), [""] * len(X), 10.0)
    groups = groups_of(features.descriptor_groups)
    return MachineDetector.fit(clips, groups, false_alarm_rate=0.05, budget=AlarmBudget.parse("1/week"))


@pytest.fixture(scope="module")
def machine():
    return learnt(described(np.random.default_rng(7), 120))


@pytest.fixture
def clip(rng):
    """A normal one."""
    return 0.3 * described(rng, 1)[0]


def moved(clip, name, bands, change, features=FEATURES):
    clip = clip.copy()
    clip[features.descriptor_groups[name]][bands] += change
    return clip


def test_of_a_normal_clip_there_is_nothing_to_tell(machine, clip):
    explanation = explain(machine, FEATURES, clip)
    assert explanation.changes == ()
    assert np.abs(explanation.change_db).max() < 3.5


def test_bands_that_moved_are_one_change_with_its_frequencies(machine, clip):
    explanation = explain(machine, FEATURES, moved(clip, "mean", slice(4, 7), 12))
    change = explanation.changes[0]
    assert (change.what, change.unit) == ("level", "dB")
    assert change.change == pytest.approx(12, abs=2.5)
    assert 0.5 < change.usual < 2.5
    assert CENTRES_HZ[3] < change.low_hz < CENTRES_HZ[4]
    assert CENTRES_HZ[6] < change.high_hz < CENTRES_HZ[7]
    assert set(np.argsort(explanation.change_db)[-3:]) == {4, 5, 6}
    assert next(iter(explanation.groups)) == "mean"


@pytest.mark.parametrize("bands", [slice(0, 2), slice(14, 16), slice(0, 16), slice(8, 9)])
def test_bands_at_the_edges(machine, clip, bands):
    change, *_ = explain(machine, FEATURES, moved(clip, "std", bands, -15)).changes
    assert change.what == "unsteadiness"
    assert change.change < -11
    inside = (change.low_hz <= CENTRES_HZ) & (change.high_hz >= CENTRES_HZ)
    assert np.flatnonzero(inside).tolist() == list(range(16))[bands]


def test_opposite_directions_are_two_changes(machine, clip):
    clip = moved(moved(clip, "mean", slice(4, 6), 12), "mean", slice(6, 8), -20)
    down, up, *_ = explain(machine, FEATURES, clip).changes
    assert down.change < -16 < 8 < up.change
    assert up.high_hz == down.low_hz
    assert down.strength > up.strength


def test_a_louder_recording_is_a_change_of_all_bands(machine, clip):
    """Bands are kept relative to the level, and told as they sound."""
    explanation = explain(machine, FEATURES, moved(clip, "level", slice(0, 1), 15))
    assert np.all(explanation.change_db > 10)
    assert "unsteadiness" not in {change.what for change in explanation.changes}


def test_loud_moments_that_the_level_says_already_are_not_told_again(machine, clip):
    both = moved(moved(clip, "mean", slice(4, 8), 12), "p95", slice(4, 8), 12)
    assert {change.what for change in explain(machine, FEATURES, both).changes} == {"level"}
    alone = moved(clip, "p95", slice(4, 8), 12)
    assert {change.what for change in explain(machine, FEATURES, alone).changes} == {"loudest moments"}


def test_a_swing_is_told_by_its_name(machine, clip):
    (change,) = explain(machine, FEATURES, moved(clip, "modulation", 5, 14)).changes
    assert change.what == FEATURES.descriptor_names[SLICES["modulation"].start + 5]
    assert (change.low_hz, change.high_hz) == (None, None)
    assert change.change == pytest.approx(14, abs=2.5)


def test_what_wanders_is_not_told(rng, clip):
    X = described(rng, 120)
    X[:, SLICES["mean"]] *= 10
    assert explain(learnt(X), FEATURES, moved(clip, "mean", slice(4, 7), 12)).changes == ()


def test_what_cannot_be_heard_is_not_told(rng, clip):
    explanation = explain(learnt(0.01 * described(rng, 120)), FEATURES, 0.01 * clip + 0.5)
    assert all(abs(change.change) >= 1 for change in explanation.changes)
    assert sum(explanation.groups.values()) > 100


def test_groups_have_the_score_as_their_mean_the_largest_first(machine, rng):
    clip = 3 * described(rng, 1)[0]
    scores = list(explain(machine, FEATURES, clip).groups.values())
    assert scores == sorted(scores, reverse=True)
    assert np.mean(scores) == pytest.approx(machine.model.anomaly_scores(clip[None])[0])


def test_nearest_clips_are_named(machine):
    explanation = explain(machine, FEATURES, machine.model.bank_[17])
    assert explanation.nearest[0] == machine.takes[17]
    assert len(set(explanation.nearest)) == 8


def test_nearest_exemplar_is_told_where_there_are_any(machine, clip):
    assert explain(machine, FEATURES, clip).exemplar is None
    exemplars = Exemplars.of(np.array([3, 50]), [np.zeros((16, 5), np.float32)] * 2)
    with_exemplars = replace(machine, exemplars=exemplars)
    assert explain(with_exemplars, FEATURES, machine.model.bank_[50]).exemplar == 1


def test_explanation_is_json(machine, clip):
    told = explain(machine, FEATURES, moved(clip, "mean", slice(4, 7), 12)).to_dict()
    assert json.loads(json.dumps(told)) == told
    assert len(told["Bands"]) == 16
    assert told["Changes"][0]["words"].startswith("level at ")


def test_recipe_without_a_mean_has_no_bands(rng):
    features = LogMel(n_mels=16, groups=("p95", "modulation"))
    X = described(rng, 60, features)
    explanation = explain(learnt(X, features), features, moved(X[0], "p95", slice(4, 8), 12, features))
    assert explanation.change_db.size == explanation.centres_hz.size == explanation.reference_db.size == 0
    assert "loudest moments" in {change.what for change in explanation.changes}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            Change("level", 6.04, 0.5, low_hz=300.0, high_hz=612.4),
            "level at 300 to 612 Hz +6.0 dB (normal clips: ±0.5 dB)",
        ),
        (Change("level", -3, 1, low_hz=950, high_hz=4000), "level at 0.95 to 4 kHz -3.0 dB (normal clips: ±1.0 dB)"),
        (Change("rotation frequency", -2, 0.2, "Hz"), "rotation frequency -2.0 Hz (normal clips: ±0.2 Hz)"),
        (Change("order 2", 3, 0.03), "order 2 +3.0 dB (normal clips: less than ±0.1 dB)"),
    ],
)
def test_change_in_words(change, said):
    assert str(change) == said
