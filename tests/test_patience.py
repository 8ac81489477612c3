"""How often something is asked for again. With real servers it is tested in test_download.py."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from auscult.patience import GaveUpError, PassingError, Patience, number, persist, retry_after_s


@pytest.fixture
def waits():
    return []


@pytest.fixture
def patience(waits):
    return Patience(n_attempts=4, first_wait_s=1, longest_wait_s=3, sleep=waits.append)


def failing(*failures):
    """Something that fails so often, and then is there."""
    left = list(failures)

    def ask():
        if left:
            raise left.pop(0)
        return "there"

    return ask


def test_waits_longer_each_time(patience, waits):
    notes = []
    ask = failing(*[PassingError("away")] * 3)
    assert persist("u", ask, patience, notes.append) == "there"
    assert [longest / 2 <= wait_s <= longest for wait_s, longest in zip(waits, (1, 2, 3), strict=True)] == [True] * 3
    assert notes[0].startswith("u: away; attempt 2 of 4 in ")


def test_gives_up(patience, waits):
    with pytest.raises(GaveUpError, match=r"u: away \(4 attempts in a row\)"):
        persist("u", failing(*[PassingError("away")] * 4), patience)
    assert len(waits) == 3


def test_what_does_not_pass_is_not_asked_again(patience, waits):
    with pytest.raises(ValueError, match="no"):
        persist("u", failing(ValueError("no")), patience)
    assert waits == []


def test_server_says_how_long_to_wait(patience, waits):
    assert persist("u", failing(PassingError("busy", 30)), patience) == "there"
    assert waits == [30]
    with pytest.raises(GaveUpError, match="asks to be left alone for 601 s"):
        persist("u", failing(PassingError("busy", 601)), patience)


def test_attempts_that_bring_something_do_not_count(patience, tmp_path):
    part, n_asked = tmp_path / "part", 0

    def ask():
        nonlocal n_asked
        n_asked += 1
        if n_asked <= 10:
            with part.open("ab") as file:
                file.write(bytes(1 << 20))
        raise PassingError("cut")

    with pytest.raises(GaveUpError, match=r"10\.5 MB are kept in .*: run it again"):
        persist("u", ask, patience, part=part)
    assert n_asked == 13


def test_times_in_headers():
    assert retry_after_s("7") == 7
    assert 50 < retry_after_s(format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)) <= 60
    assert retry_after_s(None) is None
    assert retry_after_s("soon") is None
    assert (number("12"), number("-1"), number("1e3"), number("\N{SUPERSCRIPT TWO}"), number(None)) == (12, *[None] * 4)
