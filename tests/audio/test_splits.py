from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from auscult.audio import contiguous_blocks, hold_out_last

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
