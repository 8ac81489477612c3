from itertools import chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.audio import contiguous_blocks, hold_out_last
from auscult.audio.splits import SPLITS, assign_splits, leave_one_machine_out, random_split
from auscult.errors import DataError, OptionError

numbers = [0, 1, 2, 9, 10, 11, 19, 20, 99, 100, 101, 1000]  # as names, 10 would come before 9
takes_lists = st.lists(st.sampled_from([f"clip_{number}" for number in numbers]), min_size=1, max_size=60)


def number_of(take):
    return int(take.removeprefix("clip_"))


@given(takes_lists, st.integers(1, 8))
def test_blocks_are_a_partition_that_shares_no_take(takes, n_blocks):
    blocks = contiguous_blocks(takes, n_blocks)
    assert sorted(np.concatenate(blocks)) == list(range(len(takes)))
    names = [{takes[i] for i in block} for block in blocks]
    assert all(names)
    assert sum(map(len, names)) == len(set(takes))
    for earlier, later in pairwise(names):
        assert max(map(number_of, earlier)) < min(map(number_of, later)), "blocks are contiguous in time"


@given(takes_lists, st.floats(0, 0.99))
def test_held_out_takes_are_the_last_and_share_nothing(takes, share):
    is_held_out = hold_out_last(takes, share)
    learnt = {take for take, out in zip(takes, is_held_out, strict=True) if not out}
    held_out = {take for take, out in zip(takes, is_held_out, strict=True) if out}
    assert not learnt & held_out
    assert bool(held_out) == (share > 0)
    if learnt and held_out:
        assert max(map(number_of, learnt)) < min(map(number_of, held_out))


clips_lists = st.lists(
    st.tuples(
        st.sampled_from(["fan/id_00", "fan/id_02", "pump/id_00"]),
        st.sampled_from([f"clip_{number}" for number in numbers]),
        st.sampled_from(["normal", "normal", "normal", "anomalous"]),
    ),
    max_size=80,
)
shares_lists = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)).filter(any)


@given(clips_lists, shares_lists)
def test_every_clip_is_assigned_and_no_take_lies_on_two_sides(clips, weights):
    shares = tuple(weight / sum(weights) for weight in weights)
    machines, takes, labels = zip(*clips, strict=True) if clips else ([], [], [])
    splits = assign_splits(takes, labels, machines, shares=shares)
    assert len(splits) == len(clips)
    assert set(splits) <= set(SPLITS)
    sides, anomalous = {}, set()
    for (machine, take, label), split in zip(clips, splits, strict=True):
        sides.setdefault((machine, take), set()).add(split)
        anomalous |= {(machine, take)} if label == "anomalous" else set()
    assert all(len(side) == 1 for side in sides.values())
    assert all(sides[take] == {"test"} for take in anomalous)
    for name in set(machines):
        normal = sorted(number_of(take) for machine, take in sides if machine == name and (name, take) not in anomalous)
        parts = [[n for n in normal if sides[name, f"clip_{n}"] == {split}] for split in SPLITS]
        assert list(chain(*parts)) == normal, "blocks are contiguous in time, in the order train, calibration, test"
        ends = np.cumsum([len(part) for part in parts])
        wanted = np.cumsum(shares) * len(normal)
        assert np.all(np.abs(ends - wanted) <= 0.5 + 1e-9), "shares are as near as whole takes allow"


def test_takes_of_one_name_are_different_ones_of_different_machines():
    takes, machines = ["0", "1", "0", "1"], ["a", "a", "b", "b"]
    labels = ["anomalous", "normal", "normal", "normal"]
    assert assign_splits(takes, labels, machines, shares=(0.5, 0, 0.5)) == ["test", "train", "train", "test"]


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.6, -0.1), (0.5, 0.2, 0.2), (float("nan"), 0.5, 0.5)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(OptionError, match="shares"):
        assign_splits(["a"], ["normal"], ["m"], shares=shares)


def test_clips_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="2 takes, 1 labels and 1 machines"):
        assign_splits(["a", "b"], ["normal"], ["m"])
    with pytest.raises(DataError, match="'abnormal'"):
        assign_splits(["a"], ["abnormal"], ["m"])


@given(st.lists(st.sampled_from(["fan/id_00", "fan/id_02", "press_3"]), max_size=30))
def test_each_machine_is_left_out_once_and_whole(machines):
    folds = list(leave_one_machine_out(machines))
    assert [name for name, _ in folds] == sorted(set(machines))
    for name, is_test in folds:
        assert is_test.tolist() == [machine == name for machine in machines]


@given(st.integers(1, 200), st.floats(0, 1), st.integers(0, 9))
def test_the_naive_split_draws_as_many_as_asked_and_the_same_again(n, share, seed):
    is_test = random_split(n, share, seed)
    assert is_test.shape == (n,)
    assert is_test.sum() == round(share * n)
    assert np.array_equal(is_test, random_split(n, share, seed))


def test_the_naive_split_leaks():
    takes = np.repeat(np.arange(20), 3)
    is_test = random_split(60, 0.3, 0)
    assert set(takes[is_test]) & set(takes[~is_test])
