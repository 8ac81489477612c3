import numpy as np
import pytest

from auscult.monitor.health.sample_clock import OFF, SampleClock

SR, BLOCK = 16000, 1600


def looks(arrivals):
    """All that is said of blocks that end then."""
    clock = SampleClock(SR)
    said = [(at, clock.push(BLOCK, at)) for at in arrivals]
    return [(at, *looked) for at, looked in said if looked is not None]


def at_rate(share, duration_s=30.0):
    """Ends of blocks whose samples come too slowly by this share."""
    n = int(duration_s * SR / BLOCK)
    return 1000.0 + np.arange(n) * BLOCK / SR / (1 - share)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.07, -0.07, -0.1, -1.0])
def test_a_wrong_rate_is_told_within_seconds_with_its_size(share):
    said = looks(at_rate(share))
    assert said[0][0] - 1000 < 8
    assert [one[1] for one in said] == pytest.approx([share] * len(said), abs=0.02)


@pytest.mark.parametrize("share", [0.0, 1e-4, -1e-4, 0.02, -0.02])
def test_a_right_rate_is_never_blamed(share, rng):
    arrivals = at_rate(share, 3600.0)
    delayed = np.maximum.accumulate(arrivals + rng.exponential(0.02, arrivals.size))
    assert {one[1] for one in looks(delayed)} == {0.0}


def test_a_network_that_delivers_in_bursts_is_not_blamed(rng):
    """All that was sent in one to six seconds comes at once."""
    arrivals = at_rate(0.0, 600.0)
    gates = 1000 + np.cumsum(rng.uniform(1, 6, 400))
    assert {one[1] for one in looks(gates[np.searchsorted(gates, arrivals)])} == {0.0}


def test_one_lost_piece_or_one_stall_is_not_blamed():
    lost, stalled = at_rate(0.0, 60.0), at_rate(0.0, 60.0)
    lost[200:] += 3.0
    stalled[200:230] = stalled[230]
    for arrivals in (lost, stalled):
        assert {one[1] for one in looks(arrivals)} == {0.0}


def test_a_clock_that_is_put_back_or_forward_is_not_blamed():
    for jump_s in (-3600.0, 3600.0, -0.5):
        arrivals = at_rate(0.0, 60.0)
        arrivals[200:] += jump_s
        assert {one[1] for one in looks(arrivals)} == {0.0}


def test_begins_anew_after_a_gap():
    clock = SampleClock(SR)
    said = []
    for number, at in enumerate(at_rate(0.3, 60.0)):
        if number % 30 == 0:
            clock.restart()
        said.append(clock.push(BLOCK, at))
    assert set(said) == {None}, "three looks without a gap are needed"
    assert OFF < 0.3
