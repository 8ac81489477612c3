import numpy as np
import pytest

from auscult.detect import AlarmBudget, MachineDetector, NormalClips, groups_of
from auscult.errors import OptionError
from auscult.faults.changes import LEAST, Changes
from auscult.faults.signatures import SignatureSpace
from auscult.features import Features, LogMel

SR = 16000
N_FRAMES = 5


@pytest.fixture(
    scope="module",
    params=[("level", "mean", "std", "modulation"), ("std", "mean", "modulation")],
    ids=["level", "bare"],
)
def features(request):
    """A recipe whose bands are kept relative to the clip's level, and one that keeps them as they are."""
    return LogMel.for_rate(SR, n_mels=32, groups=request.param)


def machine_of(features, X):
    """A machine that these normal clips are known of, each a take."""
    n = len(X)
    return MachineDetector.fit(
        NormalClips(X, [str(k) for k in range(n)], np.zeros(n, np.intp), [""] * n, 10.0),
        groups_of(features.descriptor_groups),
        false_alarm_rate=0.05,
        budget=AlarmBudget.parse("1/week"),
    )


def drawn(features, rng, n):
    """Descriptors of clips, of which none is like another."""
    return rng.standard_normal((n, features.n_descriptors)) * rng.uniform(0.5, 4, features.n_descriptors)


@pytest.fixture(scope="module")
def machine(features):
    return machine_of(features, drawn(features, np.random.default_rng(3), 30))


def band_levels(features, X):
    """Mean level of each band in dB, whatever the recipe keeps."""
    slices = features.descriptor_groups
    return X[:, slices["mean"]] + (X[:, slices["level"]] if "level" in slices else 0)


def noise(rng, n):
    """Clips of a second of noise."""
    return (0.05 * rng.standard_normal((n, SR))).astype(np.float32)


@pytest.fixture(scope="module")
def noisy_machine(features):
    """A machine that makes noise."""
    clips = noise(np.random.default_rng(4), 16)
    return machine_of(features, np.stack([features.descriptors(y, SR) for y in clips]))


def test_patch_is_compared_with_the_band_levels_of_the_nearest_normal_clips(features, machine, rng):
    bank = machine.surroundings.bank
    for x in drawn(features, rng, 4):
        patch = rng.standard_normal((32, N_FRAMES)).astype(np.float32)
        nearest = bank[machine.surroundings.nearest_to(x[None])[0]]
        expected = patch - np.median(band_levels(features, nearest), axis=0)[:, None]
        change = Changes(features).patch(machine, x, patch)
        np.testing.assert_allclose(change, expected, atol=1e-5)
        assert change.dtype == np.float32


def test_values_are_changes_in_deviations_of_normal_clips_and_aspects(features, machine, rng):
    X, around = drawn(features, rng, 6), machine.surroundings
    apart = [around.bank[k] - np.median(around.bank[around.nearest[k]], axis=0) for k in range(30)]
    deviations = 1.4826 * np.median(np.abs(apart), axis=0)
    assert deviations.min() > LEAST
    changes = [x - np.median(around.bank[around.nearest_to(x[None])[0]], axis=0) for x in X]
    values = Changes(features).values(machine, X)
    np.testing.assert_allclose(values[:, : features.n_descriptors], changes / deviations, rtol=1e-4, atol=1e-4)
    aspects = SignatureSpace(features).aspects(machine, X)
    np.testing.assert_array_equal(values[:, features.n_descriptors :], aspects.astype(np.float32))
    assert values.dtype == np.float32
    assert values.shape == (6, Changes(features).n_changes)


def test_no_mountain_is_made_of_a_descriptor_that_never_moves(features, rng):
    X = drawn(features, rng, 20)
    steady = features.descriptor_groups["modulation"].start
    X[:, steady] = 7
    clip = X[:1].copy()
    clip[:, steady] = 8
    assert Changes(features).values(machine_of(features, X), clip)[0, steady] == pytest.approx(1 / LEAST)


def test_only_normal_clips_of_the_same_state_count(features, rng):
    """The machine at another load is no change."""
    idle, busy = drawn(features, rng, 12), drawn(features, rng, 12)
    busy[:, features.descriptor_groups["mean"]] += 40
    machine = machine_of(features, np.concatenate([idle, busy]))
    for own in (idle, busy):
        level = np.median(band_levels(features, own))
        change = Changes(features).patch(machine, own[0], np.full((32, N_FRAMES), level))
        assert abs(np.median(change)) < 3


def test_a_normal_clip_has_not_changed(features, noisy_machine, rng):
    changes, clips = Changes(features), [features.features(y) for y in noise(rng, 8)]
    for heard in clips:
        change = changes.patch(noisy_machine, heard.descriptors, heard.patch)
        np.testing.assert_allclose(change.mean(axis=1), 0, atol=2.5)  # of 30 frames of noise in a narrow band
        assert abs(change.mean()) < 0.4
    values = changes.values(noisy_machine, np.stack([heard.descriptors for heard in clips]))
    assert np.median(np.abs(values)) < 1.5
    assert np.abs(np.median(values[:, : features.n_descriptors])) < 0.3


@pytest.mark.parametrize("gain_db", [-6.0, 12.0])
def test_a_louder_clip_is_louder_in_its_patch(features, noisy_machine, rng, gain_db):
    changes, y = Changes(features), noise(rng, 1)[0]
    one, louder = (features.features(y * np.float32(gain)) for gain in (1, 10 ** (gain_db / 20)))
    before, after = (changes.patch(noisy_machine, heard.descriptors, heard.patch) for heard in (one, louder))
    np.testing.assert_allclose(after - before, gain_db, atol=0.8)  # its nearest normal clips may be others
    moved = changes.patch(noisy_machine, one.descriptors, one.patch + gain_db)
    np.testing.assert_allclose(moved - before, gain_db, atol=1e-4)


def test_clips_change_alike_alone_and_with_others(features, machine, rng):
    changes, X = Changes(features), drawn(features, rng, 7)
    alone = np.concatenate([changes.values(machine, x[None]) for x in X])
    np.testing.assert_allclose(alone, changes.values(machine, X), rtol=1e-5, atol=1e-5)


def test_of_a_clip_are_its_patch_and_its_values(features, machine, rng):
    changes = Changes(features)
    heard = Features(rng.standard_normal((32, N_FRAMES)).astype(np.float32), drawn(features, rng, 1)[0])
    patch, values = changes.of(machine, heard)
    np.testing.assert_array_equal(patch, changes.patch(machine, heard.descriptors, heard.patch))
    np.testing.assert_array_equal(values, changes.values(machine, heard.descriptors[None])[0])
    assert patch.shape == (32, N_FRAMES)
    assert values.shape == (changes.n_changes,)


def test_what_is_given_stays_as_it_was(features, machine, rng):
    X, patch = drawn(features, rng, 1), rng.standard_normal((32, N_FRAMES)).astype(np.float32)
    before = X.copy(), patch.copy(), machine.surroundings.bank.copy()
    Changes(features).of(machine, Features(patch, X[0]))
    for one, other in zip((X, patch, machine.surroundings.bank), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_machine_is_not_taken_for_another_that_had_its_id(features, machine, rng, monkeypatch):
    other = machine_of(features, 5 * drawn(features, rng, 20))
    X = drawn(features, rng, 3)
    expected = [Changes(features).values(one, X) for one in (machine, other)]
    monkeypatch.setattr("auscult.faults.changes.id", lambda _: 1, raising=False)  # as when memory is used again
    changes = Changes(features)
    for one, own in zip((machine, other), expected, strict=True):
        np.testing.assert_array_equal(changes.values(one, X), own)
    assert not np.allclose(*expected)


def test_a_recipe_that_does_not_say_how_loud_bands_are_is_refused():
    with pytest.raises(OptionError, match=r"features: lack the group 'mean'.*Add it to the groups"):
        Changes(LogMel.for_rate(SR, n_mels=32, groups=("std", "modulation")))
