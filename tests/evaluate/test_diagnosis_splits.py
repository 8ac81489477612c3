from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.errors import DataError, OptionError
from auscult.evaluate.diagnosis_splits import SPLIT_NAMES, folds, held_out_takes

SNRS_DB = (-6, 0, 6)


def remixed(takes_of):
    """Clips of takes at every SNR; `takes_of` is the number of takes of each (machine, fault)."""
    labels, takes, machines = [], [], []
    for (machine, fault), n in takes_of.items():
        for number in range(n):
            for _ in SNRS_DB:
                labels.append(fault)
                takes.append(f"{machine}/{fault}/{number}")
                machines.append(machine)
    return np.array(labels), takes, machines


@st.composite
def any_clips(draw):
    """Clips in any order; takes may even be of several faults, as clusters of remixes are."""
    rows = draw(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 2)), min_size=1, max_size=50))
    labels, takes, machines = zip(*rows, strict=True)
    return np.array(labels), [f"m{m}/{t}" for t, m in zip(takes, machines, strict=True)], [f"m{m}" for m in machines]


@given(any_clips(), st.sampled_from(list(SPLIT_NAMES)), st.integers(2, 5), st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_promises_hold_of_any_clips(clips, split, n_folds, seed):
    labels, takes, machines = clips
    try:
        found = folds(split, labels, takes, machines, n_folds=n_folds, seed=seed)
    except DataError as error:
        assert error.where == SPLIT_NAMES[split]
        return
    n_tested = np.zeros(labels.size, int)
    for learnt, tested in found:
        n_tested[tested] += 1
        assert tested.size
        assert not set(learnt) & set(tested)
        assert len(set(labels[learnt])) >= 2
        assert set(labels[tested]) <= set(labels[learnt])
        if split != "naive":
            assert not {takes[place] for place in learnt} & {takes[place] for place in tested}
        if split == "machine":
            (machine,) = {machines[place] for place in tested}
            assert machine not in {machines[place] for place in learnt}
    assert n_tested.max() == 1
    if split == "naive":
        n_clips = Counter(labels.tolist())
        assert n_tested.tolist() == [int(n_clips[label] > 1) for label in labels.tolist()]
    if split == "machine":
        assert len(found) <= len(set(machines))
    else:
        assert len(found) <= n_folds


def test_by_clip_leaks_and_by_take_does_not():
    labels, takes, machines = remixed({("a", 0): 9, ("a", 1): 9})
    n_shared = {}
    for split in ("naive", "grouped"):
        for learnt, tested in folds(split, labels, takes, machines):
            shared = {takes[place] for place in learnt} & {takes[place] for place in tested}
            n_shared.setdefault(split, []).append(len(shared))
    assert min(n_shared["naive"]) > 5
    assert n_shared["grouped"] == [0, 0, 0]


@pytest.mark.parametrize("split", ["naive", "grouped"])
def test_every_fold_tests_a_fair_share_of_every_fault(split):
    takes_of = {("a", 0): 5, ("b", 0): 5, ("a", 1): 6, ("b", 2): 3}
    labels, takes, machines = remixed(takes_of)
    found = folds(split, labels, takes, machines, seed=4)
    assert len(found) == 3
    assert sorted(np.concatenate([fold.tested for fold in found])) == list(range(labels.size))
    for fold in found:
        n_takes = Counter(labels[fold.tested].tolist())
        for fault, n in ((0, 10), (1, 6), (2, 3)):
            assert n // 3 <= n_takes[fault] / len(SNRS_DB) <= n // 3 + 1


def test_folds_are_of_one_size():
    """Four takes of each fault in three folds: what is left over does not all go to the first."""
    found = folds("grouped", *remixed({("a", 0): 4, ("a", 1): 4, ("a", 2): 4}))
    assert [fold.tested.size for fold in found] == [4 * len(SNRS_DB)] * 3


def test_folds_of_takes_do_not_depend_on_the_order_of_clips(rng):
    labels, takes, machines = remixed({("a", 0): 5, ("a", 1): 4, ("b", 1): 4})
    order = rng.permutation(labels.size)
    mixed = labels[order], [takes[place] for place in order], [machines[place] for place in order]
    for split in ("grouped", "machine"):
        for one, other in zip(folds(split, labels, takes, machines), folds(split, *mixed), strict=True):
            for side in ("learnt", "tested"):
                assert sorted(order[getattr(other, side)]) == getattr(one, side).tolist()


def test_seed_decides_the_folds():
    clips = remixed({("a", 0): 9, ("a", 1): 9})
    for split in ("naive", "grouped"):
        tested = [[fold.tested.tolist() for fold in folds(split, *clips, seed=seed)] for seed in (0, 0, 1)]
        assert tested[0] == tested[1] != tested[2]


def test_fault_of_one_take_is_always_learnt_and_never_tested():
    labels, takes, machines = remixed({("a", 0): 4, ("a", 1): 4, ("a", 2): 1})
    for learnt, tested in folds("grouped", labels, takes, machines):
        assert np.count_nonzero(labels[learnt] == 2) == len(SNRS_DB)
        assert 2 not in labels[tested]


def test_take_of_several_faults_stays_whole_and_keeps_the_rare_one_learnt():
    """A remix of take 0 of fault 0 is all there is of fault 2."""
    labels, takes, machines = remixed({("a", 0): 4, ("a", 1): 4})
    labels[0] = 2
    for learnt, _ in folds("grouped", labels, takes, machines):
        assert {0, 1, 2} <= set(learnt)


def test_fewer_takes_than_folds_give_fewer_folds():
    assert len(folds("grouped", *remixed({("a", 0): 2, ("a", 1): 2}), n_folds=5)) == 2
    found = folds("grouped", *remixed({("a", 0): 2, ("a", 1): 12}), n_folds=5)
    assert len(found) == 5
    assert sum(bool(set(fold.tested) & set(range(6))) for fold in found) == 2


def test_machine_is_asked_only_what_others_know():
    labels, takes, machines = remixed({("a", 0): 2, ("a", 1): 2, ("b", 0): 2, ("b", 1): 2, ("b", 2): 2, ("c", 3): 2})
    found = folds("machine", labels, takes, machines)
    assert len(found) == 2, "none of c's faults is known from others"
    for machine, (learnt, tested) in zip("ab", found, strict=True):
        wanted = [place for place, name in enumerate(machines) if name == machine and labels[place] in (0, 1)]
        assert tested.tolist() == wanted
        assert learnt.tolist() == [place for place, name in enumerate(machines) if name != machine]


@pytest.mark.parametrize(
    ("split", "takes_of", "match"),
    [
        ("grouped", {("a", 0): 5, ("a", 1): 1}, "by take: fewer than 2 faults have at least 2 takes"),
        ("grouped", {("a", 0): 5}, "by take: fewer than 2 faults"),
        ("grouped", {}, "by take: no recording has a fault's name"),
        ("naive", {("a", 0): 5}, "random by clip: fewer than 2 faults have at least 2 clips"),
        ("machine", {("a", 0): 5, ("a", 1): 5}, "leave one machine out: there is one machine only"),
        ("machine", {("a", 0): 5, ("b", 1): 5}, "no fault is known from two machines"),
        ("machine", {("a", 0): 5, ("b", 0): 5}, "what remains has fewer than 2 faults"),
    ],
)
def test_what_cannot_be_divided(split, takes_of, match):
    with pytest.raises(DataError, match=match):
        folds(split, *remixed(takes_of))


def test_what_is_out_of_range():
    with pytest.raises(DataError, match="do not belong together"):
        folds("grouped", [0, 1], ["a"], ["m", "m"])
    with pytest.raises(OptionError, match="n_folds"):
        folds("grouped", *remixed({("a", 0): 2, ("a", 1): 2}), n_folds=1)


@given(any_clips(), st.floats(0.05, 0.95), st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_held_out_takes_are_whole_and_leave_something_of_every_fault(clips, share, seed):
    labels, takes, _ = clips
    is_held_out = held_out_takes(labels, takes, share=share, seed=seed)
    names = np.array(takes)
    assert not set(names[is_held_out]) & set(names[~is_held_out])
    assert set(labels[~is_held_out]) == set(labels)


@pytest.mark.parametrize("seed", range(20))
def test_fault_whose_takes_all_go_with_other_faults_is_not_lost(seed):
    """Takes a and b are of fault 2 and of another one, which has a take of its own besides."""
    labels, takes = np.array([0, 2, 0, 1, 2, 1]), ["a", "a", "c", "b", "b", "d"]
    assert set(labels[~held_out_takes(labels, takes, seed=seed)]) == {0, 1, 2}


@pytest.mark.parametrize(("share", "n_held_out"), [(0.01, [0, 1, 1, 1]), (0.2, [0, 1, 1, 2]), (0.99, [0, 1, 4, 9])])
def test_share_of_every_fault_is_held_out(share, n_held_out):
    labels, takes, _ = remixed({("a", fault): n for fault, n in enumerate((1, 2, 5, 10))})
    is_held_out = held_out_takes(labels, takes, share=share, seed=3)
    assert [np.count_nonzero(is_held_out & (labels == fault)) / len(SNRS_DB) for fault in range(4)] == n_held_out


def test_held_out_takes_are_drawn_by_the_seed():
    labels, takes, _ = remixed({("a", 0): 20, ("a", 1): 20})
    masks = [held_out_takes(labels, takes, seed=seed).tolist() for seed in (0, 0, 1)]
    assert masks[0] == masks[1] != masks[2]
