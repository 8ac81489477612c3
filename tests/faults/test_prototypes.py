import io
import subprocess
import sys

import numpy as np
import pytest

from auscult.errors import DataError, OptionError
from auscult.faults import UNKNOWN_FAULT
from auscult.faults.prototypes import DEFAULT_LIMIT, HIGHEST_LIMIT, LOWEST_LIMIT, Prototypes

N = 100
X, Y, Z = np.eye(3)
UNKNOWN = UNKNOWN_FAULT.id


def clips(rng, direction, n, noise):
    """Signatures of a fault, of any strength, with so much of other directions in them."""
    other = rng.standard_normal((n, direction.size))
    other *= noise / np.linalg.norm(other, axis=1, keepdims=True)
    return (direction + other) * rng.uniform(0.3, 3, (n, 1))


def trial(rng, n_exemplars, noise):
    """Prototypes of three faults; shares of their new clips named rightly and wrongly, and of a fourth's rejected."""
    directions = rng.standard_normal((4, N))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    exemplars = np.concatenate([clips(rng, direction, n_exemplars, noise) for direction in directions[:3]])
    prototypes = Prototypes().fit(exemplars, np.repeat(["a", "b", "c"], n_exemplars))
    told = np.array(prototypes.predict(np.concatenate([clips(rng, one, 20, noise) for one in directions])))
    right, known = told[:60] == np.repeat(["a", "b", "c"], 20), told[:60] != UNKNOWN
    return right.mean(), (known & ~right).mean(), (told[60:] == UNKNOWN).mean()


# Noise as strong as the fault is the worst that is asked for: two clips of the fault have a cosine of 0.5 +- 0.07.
@pytest.mark.parametrize("noise", [0.3, 1.0])
@pytest.mark.parametrize("n_exemplars", [1, 3, 5])
def test_a_few_exemplars_name_new_clips_and_those_of_an_unnamed_fault_are_rejected(rng, n_exemplars, noise):
    right, wrong, rejected = np.mean([trial(rng, n_exemplars, noise) for _ in range(30)], axis=0)
    assert right >= 0.99
    assert wrong <= 0.001
    assert rejected >= 0.99


def test_with_more_noise_a_mean_of_exemplars_names_what_a_single_one_cannot(rng):
    one, _, _ = np.mean([trial(rng, 1, 1.5) for _ in range(30)], axis=0)
    five, wrong, rejected = np.mean([trial(rng, 5, 1.5) for _ in range(30)], axis=0)
    assert one < 0.7
    assert five > 0.95
    assert wrong < 0.01
    assert rejected > 0.95


def test_similarities_are_cosines_to_mean_directions():
    prototypes = Prototypes().fit(np.array([X, 9 * Y, Z]), ["b", "b", "a"])
    assert prototypes.fault_ids_ == ("a", "b")
    found = prototypes.similarities(np.array([2 * Z, X, -X - Y, 0 * X]))
    half = np.sqrt(0.5)
    np.testing.assert_allclose(found, [[1, 0], [0, half], [0, -1], [0, 0]], atol=1e-12)


def test_strength_does_not_matter(rng):
    signatures = clips(rng, np.eye(N)[0], 12, 0.8)
    loud = signatures * rng.uniform(0.1, 10, (12, 1))
    for n in (1, 3):
        quiet_fit = Prototypes().fit(signatures[: 2 * n], ["a", "b"] * n)
        loud_fit = Prototypes().fit(loud[: 2 * n], ["a", "b"] * n)
        np.testing.assert_allclose(loud_fit.directions_, quiet_fit.directions_)
        np.testing.assert_allclose(loud_fit.limits_, quiet_fit.limits_)
        assert loud_fit.predict(loud) == quiet_fit.predict(signatures)


def at(degrees):
    """Direction in the plane of the first two axes."""
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0.0])


def test_a_clip_that_is_like_no_fault_is_rejected():
    prototypes = Prototypes().fit(X[None], ["a"])
    limit = np.degrees(np.arccos(DEFAULT_LIMIT))
    assert prototypes.predict(np.array([at(limit - 1), at(limit + 1), -X])) == ["a", UNKNOWN, UNKNOWN]
    strict = Prototypes(default_limit=0.9).fit(X[None], ["a"])
    assert strict.predict(np.array([at(20), at(30)])) == ["a", UNKNOWN]


def test_a_clip_between_two_faults_is_rejected():
    exemplars = np.array([at(0), at(80)])
    told = Prototypes().fit(exemplars, ["a", "b"]).predict(np.array([at(37), at(39), at(41), at(43)]))
    assert told == ["a", UNKNOWN, UNKNOWN, "b"]
    told = Prototypes(margin=0.3).fit(exemplars, ["a", "b"]).predict(np.array([at(20), at(37), at(60)]))
    assert told == ["a", UNKNOWN, "b"]
    assert Prototypes(margin=0).fit(exemplars, ["a", "b"]).predict(np.array([at(39), at(41)])) == ["a", "b"]


def test_exemplars_that_are_alike_make_a_narrower_fault_than_those_that_are_not(rng):
    limits = {
        noise: np.median([Prototypes().fit(clips(rng, np.eye(N)[0], 5, noise), ["a"] * 5).limits_ for _ in range(20)])
        for noise in (0.01, 0.7, 1.0, 5.0)
    }
    assert limits[0.01] == HIGHEST_LIMIT > limits[0.7] > limits[1.0] > limits[5.0] == LOWEST_LIMIT
    # Each is left out of the mean that it is compared with, as a new clip is.
    alike = np.array([at(0), at(30), at(-30), at(0)])
    cosines = np.array(
        [1, *[np.cos(np.arctan2(np.sin(np.radians(30)), 2 + np.cos(np.radians(30))) + np.pi / 6)] * 2, 1]
    )
    limit = cosines.mean() - 3 * cosines.std(ddof=1)
    np.testing.assert_allclose(Prototypes().fit(alike, ["a"] * 4).limits_, limit)


def test_a_signature_of_zeros_is_rejected_and_teaches_nothing():
    prototypes = Prototypes(default_limit=0, margin=0).fit(np.array([X, 0 * X, 0 * X]), ["a"] * 3)
    assert prototypes.predict(np.array([0 * X, X])) == [UNKNOWN, "a"]
    assert prototypes.limits_.tolist() == [0]
    np.testing.assert_array_equal(prototypes.directions_, X[None])


def test_no_clips(rng):
    prototypes = Prototypes().fit(rng.standard_normal((2, N)), ["a", "b"])
    assert prototypes.predict(np.empty((0, N))) == []
    assert prototypes.similarities(np.empty((0, N))).shape == (0, 2)


@pytest.mark.parametrize("exemplars", [[0 * X], [X, -X], [0 * X, 0 * X, 0 * X]])
def test_exemplars_without_a_direction(exemplars):
    with pytest.raises(DataError, match=r"leak: its exemplars have no direction in common"):
        Prototypes().fit(np.array([*exemplars, Y]), [*["leak"] * len(exemplars), "b"])


@pytest.mark.parametrize(
    ("signatures", "fault_ids"),
    [
        (np.empty((0, 3)), []),
        (np.ones((2, 3)), ["a"]),
        (np.ones((1, 3)), [["a"]]),
        (np.ones(3), ["a", "b", "c"]),
        (np.array([[1, np.nan]]), ["a"]),
        (np.ones((1, 3)), [UNKNOWN]),
        (np.ones((1, 3)), [""]),
    ],
)
def test_nothing_to_learn_from(signatures, fault_ids):
    with pytest.raises(ValueError, match=r"belong together|expected shape|NaN|of no fault"):
        Prototypes().fit(signatures, fault_ids)


@pytest.mark.parametrize("signatures", [np.ones((2, 4)), np.ones(3), np.full((1, 3), np.inf)])
def test_clips_that_do_not_fit(signatures):
    prototypes = Prototypes().fit(np.eye(3), ["a", "b", "c"])
    with pytest.raises(ValueError, match=r"length 4|expected shape|infinity"):
        prototypes.predict(signatures)


@pytest.mark.parametrize("options", [{"default_limit": 1.1}, {"default_limit": -0.1}, {"margin": float("nan")}])
def test_options_out_of_range(options):
    with pytest.raises(OptionError, match=f"{next(iter(options))}: expected 0 to 1"):
        Prototypes(**options)


@pytest.fixture
def fitted(rng):
    exemplars = np.concatenate([clips(rng, direction, 3, 0.8) for direction in np.eye(N)[:3]])
    return Prototypes(default_limit=0.35, margin=0.1).fit(exemplars, np.repeat(["süd", "b", "c-2"], 3))


def test_through_a_file(fitted, rng):
    file = io.BytesIO()
    np.savez(file, **fitted.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = Prototypes.from_arrays(dict(arrays))
    signatures = np.concatenate([clips(rng, direction, 50, 1.2) for direction in np.eye(N)[:4]])
    assert set(fitted.predict(signatures)) == {"süd", "b", "c-2", UNKNOWN}
    assert again.predict(signatures) == fitted.predict(signatures)
    assert (again.default_limit, again.margin) == (0.35, 0.1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fault_ids", np.array(["a", "b", "b"])),
        ("fault_ids", np.array(["a", "b"])),
        ("fault_ids", np.array(["a", "b", ""])),
        ("fault_ids", np.array(["a", "b", UNKNOWN])),
        ("fault_ids", np.array([1, 2, 3])),
        ("fault_ids", np.array([], dtype=np.str_)),
        ("fault_ids", np.array("abc")),
        ("directions", np.eye(N)[:2]),
        ("directions", np.ones(N)),
        ("directions", 2 * np.eye(N)[:3]),
        ("directions", np.full((3, N), np.nan)),
        ("limits", np.ones(2)),
        ("limits", np.array([0.4, np.nan, 0.4])),
        ("limits", np.array([0.4, 0.4, 1.5])),
        ("limits", np.ones((3, 1))),
        ("options", np.ones(3)),
        ("options", np.array([0.3, np.nan])),
        ("options", np.array([-1.0, 0.1])),
        ("options", np.array(["a", "b"])),
    ],
)
def test_damaged_arrays(fitted, name, value):
    with pytest.raises(ValueError):
        Prototypes.from_arrays(fitted.to_arrays() | {name: value})


@pytest.mark.parametrize("name", ["fault_ids", "directions", "limits", "options"])
def test_missing_arrays(fitted, name):
    arrays = fitted.to_arrays()
    del arrays[name]
    with pytest.raises(KeyError, match=name):
        Prototypes.from_arrays(arrays)


def test_predicting_needs_numpy_alone():
    code = """
import sys, numpy as np
from auscult.faults.prototypes import Prototypes
Prototypes.from_arrays(Prototypes().fit(np.eye(3), ["a", "b", "c"]).to_arrays()).predict(np.eye(3))
assert not {"sklearn", "scipy", "yaml"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_fault_alone_names_its_own_clips_and_no_others(fitted):
    alone = fitted.by_fault()
    assert set(alone) == {"süd", "b", "c-2"}
    for name, one in alone.items():
        assert one.fault_ids_ == (name,)
        assert (one.default_limit, one.margin) == (0.35, 0.1)
        told = one.predict(fitted.directions_)
        assert told == [name if name == other else UNKNOWN for other in fitted.fault_ids_]


def test_faults_that_were_taken_apart_are_merged_in_any_order(fitted, rng):
    alone = fitted.by_fault()
    merged = Prototypes.merged([alone[name] for name in ("süd", "b", "c-2")])
    for name, array in fitted.to_arrays().items():
        np.testing.assert_array_equal(merged.to_arrays()[name], array)
    signatures = np.concatenate([clips(rng, direction, 20, 1.2) for direction in np.eye(N)[:4]])
    assert merged.predict(signatures) == fitted.predict(signatures)
