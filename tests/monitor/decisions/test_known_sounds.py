"""All is synthetic: a compressor and a beep of `auscult.synth.noise` over the noise of a hall, and injected faults."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from auscult.detect import NormalityModel, groups_of
from auscult.errors import DataError
from auscult.features import LogMel
from auscult.monitor.decisions.known_sounds import KnownSound, KnownSounds
from auscult.synth.injection import INJECTIONS, inject
from auscult.synth.noise import SOUNDS, Source, draw_scene, render_noise

SR, N = 16000, 32000
NOON = 1_795_780_800.0  # 2026-11-27 12:00 UTC
BEEP = Source("beeps", 0.0, 0.0, 0.0, pitch_hz=1500.0, rate_hz=1.5)
COMPRESSOR = Source("compressor", 0.0, 0.0, 0.0, pitch_hz=600.0, rate_hz=0.5)
FAULTS = {kind: {"band_hz": (2500.0, 4000.0), "level_db": 20.0} for kind in INJECTIONS}


@pytest.fixture(scope="module")
def hall():
    """Descriptors of normal sound that a model learnt, of a day after, and of disturbances and faults on both days."""
    rng = np.random.default_rng(7)
    scene = draw_scene(np.random.default_rng(3))
    recipe = LogMel.for_rate(SR, n_mels=32, groups=("level", "mean", "std", "gwrp0.5"))

    def described(waveforms):
        return np.stack([recipe.features(np.asarray(y, np.float32)).descriptors for y in waveforms])

    def normal(n):
        return [0.02 * render_noise(scene, n_channels=1, n_samples=N, sr=SR, rng=rng)[0] for _ in range(n)]

    def disturbed(source, n):
        sounds = []
        while len(sounds) < n:
            sound = SOUNDS[source.kind](source, N, SR, rng)
            if np.mean(sound**2) > 0.1:  # beeps are not in every clip
                sounds.append(sound)
        return [y + 0.02 * sound for y, sound in zip(normal(n), sounds, strict=True)]

    model = NormalityModel(groups_of(recipe.descriptor_groups)).fit(described(normal(60)).astype(float))
    return SimpleNamespace(
        model=model,
        normal=described(normal(40)),
        beeps=[described(disturbed(BEEP, 12)) for _ in range(2)],
        compressor=[described(disturbed(COMPRESSOR, 12)) for _ in range(2)],
        faults={
            kind: described(inject(y, SR, kind, seed=n, **told) for n, y in enumerate(normal(10)))
            for kind, told in FAULTS.items()
        },
    )


def sound_of(descriptors, what="false alarm", **more):
    told = {"id": "F1", "fault": None, "who": "Anna", "at": NOON, "expires_at": None} | more
    return KnownSound(what=what, descriptors=descriptors, **told)


def share_ignored(known, windows, at=NOON):
    return np.mean([known.why_normal(window, at) != "" for window in windows])


def distances(model, one, other):
    one, other = (model.coordinates(X.astype(float)).astype(float) for X in (one, other))
    return np.linalg.norm(one[:, None] - other, axis=2)


@pytest.mark.parametrize("kind", ["beeps", "compressor"])
def test_the_same_disturbance_is_recognised_a_day_later_over_other_sound(hall, kind):
    marked, later = getattr(hall, kind)
    assert share_ignored(KnownSounds([sound_of(marked)], hall.model), later) >= 0.75
    assert share_ignored(KnownSounds(), later) == 0


@pytest.mark.parametrize("kind", ["beeps", "compressor"])
def test_nothing_else_is_swallowed(hall, kind):
    known = KnownSounds([sound_of(getattr(hall, kind)[0])], hall.model)
    assert share_ignored(known, hall.normal) == 0
    for windows in hall.faults.values():
        assert (hall.model.anomaly_scores(windows) > 4).mean() > 0.8  # they are faults that would alarm
        assert share_ignored(known, windows) == 0
    other = hall.compressor if kind == "beeps" else hall.beeps
    assert share_ignored(known, other[1]) == 0


def test_the_radius_is_as_documented(hall):
    faint = 0.2 * hall.beeps[0] + 0.8 * hall.normal[:12]
    bounds = set()
    for marked in (hall.beeps[0], hall.compressor[0], faint, hall.beeps[0][:1]):
        known = KnownSounds([sound_of(marked)], hall.model)
        pairs = [distances(hall.model, X, X)[np.triu_indices(len(X), 1)] for X in (hall.model.bank_, marked)]
        usual = [np.quantile(own, 0.9) if own.size else 0 for own in pairs]
        half = distances(hall.model, marked, hall.model.bank_).min(axis=1) / 2
        np.testing.assert_allclose(known.radii, np.minimum(max(usual), half), rtol=1e-4)
        bounds |= {int(np.argmax(usual)) if max(usual) < own else "half" for own in half}
    assert bounds == {0, 1, "half"}  # each of the three was the one that counted


def test_what_is_ignored_is_more_like_what_was_marked_than_like_anything_learnt(hall, rng):
    marked, later = hall.compressor
    known = KnownSounds([sound_of(marked)], hall.model)
    shares = rng.uniform(0, 1, (200, 1))  # between the disturbance and normal sound
    mixed = shares * later[rng.integers(12, size=200)] + (1 - shares) * hall.normal[rng.integers(40, size=200)]
    is_ignored = np.array([sound is not None for sound in known.recognise(mixed, np.full(200, NOON))])
    assert 0.1 < is_ignored.mean() < 0.9
    to_marked, to_normal = (distances(hall.model, mixed, X).min(axis=1) for X in (marked, hall.model.bank_))
    assert (to_marked < to_normal)[is_ignored].all()


def test_a_single_window_that_is_normal_swallows_nothing(hall):
    bank = hall.model.bank_
    known = KnownSounds([sound_of(bank[:1])], hall.model)
    assert known.radii == pytest.approx([0], abs=1e-3)
    assert share_ignored(known, hall.normal) == 0


def test_a_fault_that_a_person_named_is_named_and_counts(hall):
    tone = hall.faults["tone"]
    known = KnownSounds([sound_of(tone, "fault", fault="loose belt"), sound_of(hall.beeps[0])], hall.model)
    window = tone[0] + np.float32(1e-3)
    assert known.fault(window, NOON) == "loose belt"
    assert known.why_normal(window, NOON) == ""
    beep = hall.beeps[0][0]
    assert known.fault(beep, NOON) is None
    assert known.why_normal(beep, NOON) == "like the false alarm of 2026-11-27 12:00 UTC (Anna)"
    assert known.fault(hall.normal[0], NOON) is None


def test_where_two_were_marked_the_nearer_one_counts(hall):
    marked = hall.beeps[0]
    one, other = (sound_of(marked[:1]), sound_of(marked[:1] + np.float32(1e-2), "fault", fault="squeal"))
    known = KnownSounds([one, other], hall.model)
    assert known.why_normal(marked[0], NOON)
    assert known.fault(marked[0] + np.float32(1e-2), NOON) == "squeal"


def test_it_counts_until_it_expires(hall):
    beep = hall.beeps[0]
    known = KnownSounds([sound_of(beep, expires_at=NOON + 90)], hall.model)
    assert known.why_normal(beep[0], NOON + 89.9)
    assert not known.why_normal(beep[0], NOON + 90)
    assert known.why_normal(beep[0], NOON - 1e6)  # when one looks back, it is as if it had been known
    found = known.recognise(beep[[0, 0]], np.array([NOON, NOON + 91]))
    assert [sound is None for sound in found] == [False, True]


def test_many_windows_at_once_are_the_same_as_one_by_one(hall):
    windows = np.concatenate([*hall.beeps, *hall.compressor, hall.normal, *hall.faults.values()])
    known = KnownSounds(
        [sound_of(hall.beeps[0], id="a"), sound_of(hall.compressor[0], "fault", fault="belt", id="b")], hall.model
    )
    found = known.recognise(windows, np.full(len(windows), NOON))
    assert {sound and sound.id for sound in found} == {None, "a", "b"}
    for window, sound in zip(windows, found, strict=True):
        assert known.why_normal(window, NOON) == (sound.why_normal if sound else "")
        assert known.fault(window, NOON) == (sound.fault if sound else None)


def test_sounds_without_windows_say_nothing(hall):
    known = KnownSounds([sound_of(np.empty((0, 0), np.float32))], hall.model)
    assert known.sounds == ()
    assert known.recognise(hall.beeps[0], np.zeros(12)) == [None] * 12


def test_descriptors_of_other_features_are_refused(hall):
    sound = replace(sound_of(hall.beeps[0]), descriptors=hall.beeps[0][:, :-1])
    with pytest.raises(DataError, match=r"feedback F1: has \d+ descriptors a window, the bundle"):
        KnownSounds([sound], hall.model)


def test_half_precision_as_it_is_stored_changes_nothing(hall):
    marked, later = hall.beeps
    stored = marked.astype(np.float16).astype(np.float32)
    shares = [share_ignored(KnownSounds([sound_of(own)], hall.model), later) for own in (marked, stored)]
    assert shares[0] == shares[1]
