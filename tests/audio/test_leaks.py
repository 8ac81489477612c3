from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.audio.fingerprint import fingerprint
from auscult.audio.leaks import SplitClip, find_leaks
from auscult.audio.splits import assign_splits
from auscult.errors import DataError
from auscult.synth import render_clip


@cache
def sound(take_number):
    return render_clip("fan", n_channels=1, duration_s=5, take_number=take_number, seed=210)[0]


def heard(take_number, gain=1.0):
    return fingerprint(np.float32(gain) * sound(take_number), 16000)


def test_a_take_on_two_sides_is_named():
    rows = [
        SplitClip("a/6", "train", "a"), SplitClip("b", "train", "b"), SplitClip("a/0", "train", "a"),
        SplitClip("c", "test", "c"), SplitClip("a/-6", "test", "a"),
    ]  # fmt: skip
    (leak,) = find_leaks(rows)
    assert leak.reason == "take"
    assert leak.clips == ("a/6", "a/0", "a/-6")
    assert leak.splits == ("train", "test")
    assert leak.duplicates == ()


def test_a_copy_under_another_name_is_heard():
    rows = [SplitClip(f"{number}", "train", f"take {number}", heard(number)) for number in range(4)]
    rows.append(SplitClip("copy", "calibration", "take 9", heard(2, 0.3)))
    (leak,) = find_leaks(rows)
    assert (leak.reason, leak.clips, leak.splits) == ("duplicate", ("2", "copy"), ("train", "calibration"))
    (pair,) = leak.duplicates
    assert (pair.first, pair.second, pair.kind) == ("2", "copy", "copy")


def test_names_and_ears_are_joined_in_a_chain():
    """The remix in the test set shares its name with one clip, which sounds like the one in training."""
    rows = [
        SplitClip("x", "train", "x", heard(0)), SplitClip("y/6", "train", "y", heard(0, 0.5)),
        SplitClip("y/-6", "test", "y", heard(1)), SplitClip("z", "test", "", heard(3)),
    ]  # fmt: skip
    (leak,) = find_leaks(rows)
    assert leak.clips == ("x", "y/6", "y/-6")
    assert leak.reason == "duplicate"


def test_copies_on_one_side_are_no_leak():
    assert find_leaks([SplitClip("a", "train", "a", heard(0)), SplitClip("b", "train", "b", heard(0, 0.5))]) == []
    assert find_leaks([]) == []


def test_clips_without_take_or_fingerprint_are_not_joined():
    assert find_leaks([SplitClip("a", "train"), SplitClip("b", "test")]) == []


def test_a_name_given_twice_is_refused():
    with pytest.raises(DataError, match="b: is the name of two clips"):
        find_leaks([SplitClip("a", "train"), SplitClip("b", "train"), SplitClip("b", "test")])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(["train", "test"])), max_size=20))
def test_leaks_are_the_takes_with_two_sides(clips):
    leaks = find_leaks([SplitClip(str(i), split, take) for i, (take, split) in enumerate(clips)])
    expected = {take for take in "abcdef" if {("train"), ("test")} <= {split for name, split in clips if name == take}}
    assert {clips[int(leak.clips[0])][0] for leak in leaks} == expected


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xy")), min_size=1, max_size=30))
def test_assigned_splits_never_leak(clips):
    takes, machines = zip(*clips, strict=True)
    splits = assign_splits(takes, ["normal"] * len(clips), machines)
    rows = [
        SplitClip(str(i), split, f"{m}/{t}")
        for i, (split, m, t) in enumerate(zip(splits, machines, takes, strict=True))
    ]
    assert find_leaks(rows) == []
