from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.health.lasting import FORGOTTEN, Lasting

AFTER_S = 5.0


def said(seconds, after_s=AFTER_S):
    """Whether it is said after each second, which has it or not."""
    lasting = Lasting(after_s)
    result = []
    for number, is_there in enumerate(seconds):
        lasting.update(is_there, lasted_s=1.0, at=float(number + 1))
        result.append(lasting.is_said)
    return result


def test_is_said_when_it_has_lasted_and_unsaid_four_times_as_long_after():
    seconds = [True] * 5 + [False] * 30
    result = said(seconds)
    assert result.index(True) == 4
    assert sum(result) == 1 + 19  # after the fifth second, up to before the 20th without


@given(st.lists(st.booleans(), max_size=200))
def test_never_flaps(seconds):
    """It needs so many seconds with it to be said, and so many without to be unsaid, whatever comes."""
    result = said(seconds)
    changes = [n for n in range(1, len(result)) if result[n] != result[n - 1]]
    for first, second in pairwise(changes):
        window = seconds[first + 1 : second + 1]
        if result[first]:
            assert window.count(False) >= AFTER_S / FORGOTTEN
        else:
            assert window.count(True) >= AFTER_S
    assert not any(result[: int(AFTER_S) - 1])


def test_a_loose_contact_is_said_and_a_rare_crackle_is_not():
    assert any(said([n % 3 == 0 for n in range(60)]))
    assert not any(said([n % 8 == 0 for n in range(3600)]))


def test_knows_since_when_and_forgets_it():
    lasting = Lasting(3.0)
    assert not lasting.update(True, lasted_s=2.0, at=102.0)
    assert lasting.update(True, lasted_s=2.0, at=104.0)
    assert lasting.since == 100.0
    assert not lasting.update(True, lasted_s=2.0, at=106.0), "it was said before"
    lasting.update(False, lasted_s=12.0, at=118.0)
    assert (lasting.is_said, lasting.since) == (False, None)
