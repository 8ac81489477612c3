import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.errors import OptionError
from auscult.monitor.alarms.silence import Silence, check_person

times = st.integers(-10_000, 10_000).map(float)


def test_it_lasts_until_its_end_and_no_longer():
    shelf = Silence(100.0, 160.0, "Ann", "bearing ordered")
    assert shelf.remaining(159.999) == shelf
    assert shelf.remaining(160.0) is None


def test_without_an_end_it_lasts():
    suppression = Silence(100.0, None, "", "microphone: failure")
    assert suppression.remaining(1e12) == suppression == suppression.remaining(-1e12)


def test_a_clock_that_was_a_year_ahead_does_not_silence_for_a_year():
    year = 365 * 86400.0
    shelf = Silence(year, year + 60, "Ann", "").remaining(0.0)
    assert shelf == Silence(0.0, 60.0, "Ann", "")
    assert shelf.remaining(60.0) is None


@given(times, st.integers(1, 5000), st.lists(times, max_size=20))
def test_what_is_left_is_never_longer_than_what_was_said(since, length, later):
    silence = Silence(since, since + length, "Ann", "")
    for at in later:
        silence = silence.remaining(at)
        if silence is None:
            return
        assert 0 < silence.until - at <= length


def test_a_person_has_a_name():
    assert check_person("  Ann Lee ") == "Ann Lee"
    for blank in ("", " ", "\t\n"):
        with pytest.raises(OptionError, match="Say who you are"):
            check_person(blank)
