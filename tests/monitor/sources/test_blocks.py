import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.monitor.sources.blocks import Block, Blocks

SR = 1000


def block(source, number=0, duration_s=0.1, *, is_broken=False):
    y = np.full((1, round(duration_s * SR)), number, np.float32)
    return Block(source, y, SR, float(number), is_broken, 1)


def taken(blocks):
    """Sources and numbers of all that waits."""
    found = iter(lambda: blocks.take(0), None)
    return [(block.source, int(block.ended_at)) for block in found]


def test_each_source_is_served_in_turn_and_its_blocks_in_their_order():
    blocks = Blocks(30)
    for source, n in [("busy", 4), ("a", 1), ("b", 2)]:
        for number in range(n):
            assert blocks.put(block(source, number)) == []
    expected = [("busy", 0), ("a", 0), ("b", 0), ("busy", 1), ("b", 1), ("busy", 2), ("busy", 3)]
    assert taken(blocks) == expected


def test_where_the_backlog_is_full_its_older_half_is_dropped_and_the_gap_is_said():
    blocks = Blocks(1.0)
    dropped = [number for number in range(11) for _ in blocks.put(block("slow", number))]
    blocks.put(block("other"))
    assert dropped == [10] * 6  # at once when the eleventh came
    assert blocks.waiting_s("slow") == pytest.approx(0.5)
    assert blocks.waiting_s("other") == pytest.approx(0.1)
    found = [blocks.take(0) for _ in range(6)]
    slow = [block for block in found if block.source == "slow"]
    assert [block.ended_at for block in slow] == [6, 7, 8, 9, 10]
    assert [block.is_broken for block in slow] == [True, False, False, False, False]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.001, 3), st.booleans())), st.floats(0.1, 5))
def test_no_block_is_lost_unless_it_is_returned_and_the_backlog_is_never_exceeded(steps, backlog_s):
    blocks, put, out = Blocks(backlog_s), [], []
    for number, (source, duration_s, is_taken) in enumerate(steps):
        one = block(source, number, duration_s)
        put.append(one)
        out += blocks.put(one)
        assert blocks.waiting_s(source) <= max(backlog_s, one.duration_s) + 1e-9
        if is_taken:
            out.append(blocks.take(0))
    out += iter(lambda: blocks.take(0), None)
    assert sorted(block.ended_at for block in out) == [block.ended_at for block in put]
    assert blocks.waiting_s("a") == blocks.waiting_s("b") == 0


def test_one_block_that_is_longer_than_the_backlog_is_taken():
    blocks = Blocks(1.0)
    blocks.put(block("a", 1))
    assert [block.ended_at for block in blocks.put(block("a", 2, 5.0))] == [1]
    assert blocks.take(0).ended_at == 2


def test_taking_waits_until_something_comes():
    blocks = Blocks(30)
    start = time.monotonic()
    assert blocks.take(0.05) is None
    assert time.monotonic() - start >= 0.05
    putter = threading.Timer(0.05, blocks.put, [block("a", 7)])
    putter.start()
    assert blocks.take(20).ended_at == 7
    putter.join()


def test_whoever_takes_can_be_woken_for_something_else():
    blocks = Blocks(30)
    blocks.put(block("a", 7))
    blocks.wake()
    assert blocks.take() is None  # at once, however much waits
    assert blocks.take().ended_at == 7
    waker = threading.Timer(0.05, blocks.wake)
    waker.start()
    assert blocks.take() is None
    waker.join()


def test_who_can_wait_waits_until_there_is_room_and_loses_nothing():
    blocks, out = Blocks(0.5), []

    def put():
        for number in range(50):
            one = block("a", number)
            blocks.wait_for_room(one, lambda: False)
            out.extend(blocks.put(one))

    putter = threading.Thread(target=put)
    putter.start()
    assert [blocks.take(20).ended_at for _ in range(50)] == list(range(50))
    putter.join()
    assert out == []


def test_waiting_for_room_can_be_given_up():
    blocks, is_given_up = Blocks(0.5), threading.Event()
    blocks.put(block("a", 0, 0.5))
    waiter = threading.Thread(target=blocks.wait_for_room, args=(block("a"), is_given_up.is_set))
    waiter.start()
    is_given_up.set()
    blocks.wake()
    waiter.join(20)
    assert not waiter.is_alive()
