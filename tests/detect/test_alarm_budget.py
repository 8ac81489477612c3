import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.detect import AlarmBudget
from auscult.detect.alarm_budget import UNITS_S, describe_period, describe_time
from auscult.errors import OptionError

DAY_S = 86400.0


@pytest.mark.parametrize(
    ("text", "n", "period_s"),
    [
        ("1/week", 1, 7 * DAY_S),
        ("1/Week", 1, 7 * DAY_S),
        ("2/day", 2, DAY_S),
        ("1/30d", 1, 30 * DAY_S),
        ("1/month", 1, 30 * DAY_S),
        ("1/year", 1, 365 * DAY_S),
        ("0.5 / w", 0.5, 7 * DAY_S),
        ("1 per 12 hours", 1, DAY_S / 2),
        ("3 PER 0.5h", 3, 1800),
        ("  10 per 90 minutes ", 10, 5400),
        ("10/90min", 10, 5400),
        ("1/2 weeks", 1, 14 * DAY_S),
    ],
)
def test_budget_as_people_write_it(text, n, period_s):
    budget = AlarmBudget.parse(text)
    assert (budget.n, budget.period_s) == (n, period_s)
    assert budget.mean_time_s == period_s / n


@pytest.mark.parametrize(
    "text", ["", "week", "often", "1", "1/", "/day", "1/fortnight", "-1/day", "1,5/day", "1/day/2"]
)
def test_what_cannot_be_understood_is_quoted(text):
    with pytest.raises(OptionError, match=f"alarms: expected a number .* got {re.escape(repr(text))}.* For example"):
        AlarmBudget.parse(text)


@pytest.mark.parametrize("text", ["0/day", "1/0d", "0.0 per week"])
def test_none_at_all_is_no_budget(text):
    with pytest.raises(OptionError, match="expected more than none"):
        AlarmBudget.parse(text)


@pytest.mark.parametrize("text", [f"{'9' * 400}/day", f"1/{'9' * 400}d"])
def test_numbers_too_large_to_count_with(text):
    with pytest.raises(OptionError):
        AlarmBudget.parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1/week", "1 per week"),
        ("1/7d", "1 per week"),
        ("2/d", "2 per day"),
        ("1 per 12 hours", "1 per 12 hours"),
        ("1/2 weeks", "1 per 2 weeks"),
        ("0.5/hour", "0.5 per hour"),
    ],
)
def test_budget_in_words(text, said):
    assert str(AlarmBudget.parse(text)) == said


@given(st.integers(1, 1000), st.integers(1, 1000), st.sampled_from(["min", "h", "d", "w", "month", "year"]))
def test_parse_keeps_the_numbers(n, count, unit):
    budget = AlarmBudget.parse(f"{n}/{count}{unit}")
    assert budget == AlarmBudget.parse(f"{n} per {count} {unit}")
    assert budget.n == n
    assert budget.period_s % count == 0


@pytest.mark.parametrize(
    ("time_s", "said"),
    [
        (0.0, "0 seconds"),
        (1.0, "1 second"),
        (5.57, "5.5 seconds"),
        (89.9, "89 seconds"),
        (90.0, "1.5 minutes"),
        (5399.0, "89 minutes"),
        (10800.0, "3 hours"),
        (35.99 * 3600, "35 hours"),
        (1.5 * DAY_S, "1.5 days"),
        (7 * DAY_S, "7 days"),
        (10.99 * DAY_S, "1.5 weeks"),
        (365 * DAY_S, "52 weeks"),
        (36500 * DAY_S, "5,214 weeks"),
    ],
)
def test_time_in_words(time_s, said):
    assert describe_time(time_s) == said


@pytest.mark.parametrize(
    ("time_s", "said"), [(3600.0, "hour"), (7 * DAY_S, "week"), (30 * DAY_S, "month"), (36 * 3600.0, "1.5 days")]
)
def test_what_happens_once_per(time_s, said):
    assert describe_period(time_s) == said


@given(st.floats(1, 1e11))
def test_time_in_words_is_never_more_and_hardly_less(time_s):
    number, unit = describe_time(time_s).split()
    value, length_s = float(number.replace(",", "")), UNITS_S.get(unit.removesuffix("s"), 1.0)
    assert 0.909 * time_s < value * length_s <= time_s * (1 + 1e-12)
    larger = [other for name, other in UNITS_S.items() if other > length_s and name not in ("month", "year")]
    assert value >= 1.5 or unit in ("second", "seconds")
    assert not larger or time_s < 1.5 * min(larger), "a larger unit would read better"
