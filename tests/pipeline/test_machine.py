import json

import numpy as np
import pytest
import soundfile

from auscult.audio import index_clips, read_audio
from auscult.detect import AlarmBudget, Detector
from auscult.errors import DataError
from auscult.features import LogMel
from auscult.pipeline.described_clips import describe, in_time_order
from auscult.pipeline.machine import Learning, learn_machine, thresholds

SR = 4000
LEARNING = Learning(LogMel.for_rate(SR, n_mels=8, groups=("level", "mean", "std")), "mean", 0.2, AlarmBudget(1, 60.0))


def recorded(root, *, n, seed, tilt=0.5):
    """Normal clips, named so that their order is not that of their names as text."""
    rng = np.random.default_rng(seed)
    for number in range(1, n + 1):
        noise = rng.standard_normal(2400 + 64 * (number % 3))
        y = 0.05 * rng.uniform(0.5, 2) * (noise[1:] + tilt * noise[:-1])
        path = root / "press" / "normal" / f"{root.name}_{number}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, y, SR)
    return described_in(root)


def described_in(root):
    described, left_out = describe(index_clips(root), root, LEARNING.features, "mean", None)
    assert left_out == []
    return described


def check_exemplars(machine, described, numbers):
    """Spectrograms are those of the files whose takes they are said to be of, to half a decibel."""
    paths = {clip.clip.take: clip.clip.path for clip in described}
    for number in numbers:
        path = paths[machine.takes[machine.exemplars.places[number]]]
        expected = LEARNING.features.patch(*read_audio(path))
        patch = machine.exemplars.patch_db(number)
        assert patch.shape == expected.shape
        assert np.abs(patch - expected).max() <= 0.2501


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("machine")


@pytest.fixture(scope="module")
def first(folder):
    return recorded(folder / "first", n=24, seed=1)


@pytest.fixture(scope="module")
def second(folder):
    return recorded(folder / "second", n=16, seed=2, tilt=-0.5)


@pytest.fixture(scope="module")
def machine(first):
    return learn_machine(first, LEARNING)


@pytest.fixture(scope="module")
def both(second, machine):
    return learn_machine(second, LEARNING, machine)


def test_exemplars_are_of_real_clips(machine, first):
    assert 2 <= len(machine.exemplars.patches) <= 8
    assert len(set(machine.exemplars.places.tolist())) == len(machine.exemplars.patches)
    check_exemplars(machine, first, range(len(machine.exemplars.patches)))


def test_order_of_the_clips_does_not_matter(machine, first):
    other = learn_machine(first[::-1], LEARNING)
    one, two = Detector({"m": machine}).to_arrays(), Detector({"m": other}).to_arrays()
    assert one.keys() == two.keys()
    for key, values in one.items():
        np.testing.assert_array_equal(two[key], values, err_msg=key)


def test_learning_is_as_asked_for(machine, first):
    assert machine.calibration.false_alarm_rate == 0.2
    assert machine.rule.asked_s == 60
    assert machine.rule.interval_s == pytest.approx(2463 / SR)
    assert machine.calibration.n_takes == 24
    assert all(machine.has_learnt(clip.content_hash) and machine.has_learnt_take(clip.clip.take) for clip in first)


def test_a_further_session_is_learnt_beside_the_earlier(machine, both, first, second):
    assert both.calibration.n_takes == 40
    assert both.learnt > machine.learnt
    for clip in [*first, *second]:
        assert both.has_learnt(clip.content_hash)
        assert both.has_learnt_take(clip.clip.take)
    assert list(both.takes[:24]) == list(machine.takes)
    assert list(both.takes[24:]) == [clip.clip.take for clip in in_time_order(second)[0]]
    assert np.unique(both.history.sessions).size == 2
    scores = both.model.anomaly_scores(np.stack([clip.descriptors for clip in [*first, *second]]))
    assert (scores > both.calibration.threshold).mean() < 0.25
    alone = machine.model.anomaly_scores(np.stack([clip.descriptors for clip in second]))
    assert (alone > machine.calibration.threshold).mean() > 0.75


def test_exemplars_of_earlier_sessions_are_kept(machine, both, first, second):
    n_old = len(machine.exemplars.patches)
    for number in range(n_old):
        np.testing.assert_array_equal(both.exemplars.patches[number], machine.exemplars.patches[number])
        place = machine.exemplars.places[number]
        assert both.takes[both.exemplars.places[number]] == machine.takes[place]
    new = range(n_old, len(both.exemplars.patches))
    assert new
    assert all("second" in both.takes[both.exemplars.places[number]] for number in new)
    check_exemplars(both, [*first, *second], range(len(both.exemplars.patches)))


def test_earlier_recordings_may_be_gone(machine, folder):
    later = recorded(folder / "third", n=6, seed=3)
    for path in (folder / "first").rglob("*.wav"):
        path.rename(path.with_suffix(".away"))
    try:
        again = learn_machine(later, LEARNING, machine)
    finally:
        for path in (folder / "first").rglob("*.away"):
            path.rename(path.with_suffix(".wav"))
    assert len(again.exemplars.patches) >= len(machine.exemplars.patches)
    assert again.calibration.n_takes == 30


def test_exemplars_survive_clips_that_the_bank_has_no_place_for(machine, second, monkeypatch):
    """Of more clips than the bank holds a draw is kept: exemplars of the others go, the rest keep their clips."""
    monkeypatch.setattr("auscult.detect.normality.MAX_BANK", 24)
    both = learn_machine(second, LEARNING, machine)
    assert len(both.takes) == 24
    kept = {machine.takes[place] for place in machine.exemplars.places} & set(both.takes)
    old = [place for place in both.exemplars.places if "first" in both.takes[place]]
    assert {both.takes[place] for place in old} == kept
    for number, place in enumerate(machine.exemplars.places):
        if machine.takes[place] in kept:
            (where,) = [n for n, there in enumerate(both.exemplars.places) if both.takes[there] == machine.takes[place]]
            np.testing.assert_array_equal(both.exemplars.patches[where], machine.exemplars.patches[number])
    new = [number for number, place in enumerate(both.exemplars.places) if "second" in both.takes[place]]
    check_exemplars(both, second, new)
    assert both.calibration.n_takes == 40


def test_too_few_clips(first):
    with pytest.raises(DataError, match="4 normal recordings are too few to learn from, expected at least 5"):
        learn_machine(first[:4], LEARNING)
    with pytest.raises(DataError, match="no normal recordings to learn from"):
        learn_machine([], LEARNING)


def test_a_few_clips_are_enough_beside_earlier_ones(machine, second):
    assert learn_machine(second[:1], LEARNING, machine).calibration.n_takes == 25


def test_manifest_says_what_the_machines_say(machine, both):
    said = thresholds(Detector({"b": both, "a": machine}))
    assert list(said) == ["a", "b"]
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    for name, own in (("a", machine), ("b", both)):
        assert said[name]["threshold"] == own.calibration.threshold
        assert said[name]["n_takes"] == own.calibration.n_takes
        assert said[name]["false_alarm_rate"] == own.calibration.false_alarm_rate
        assert said[name]["alarms"]["promised_s"] == own.rule.promised_s
        assert said[name]["alarms"]["threshold"] == own.rule.threshold
        assert said[name]["alarms"]["delays_s"] == {str(auc): delay for auc, delay in own.delays_s.items()}
