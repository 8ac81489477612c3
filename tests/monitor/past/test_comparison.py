import json

from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.past.comparison import compare
from auscult.monitor.past.would_be_alarms import Occurrence


def alarms(*spans):
    return [Occurrence("fan/id_00", float(start), None if end is None else float(end)) for start, end in spans]


def test_gained_lost_earlier_later():
    before = alarms((0, 10), (100, 110), (200, 210), (300, None))
    after = alarms((105, 112), (150, 160), (190, 205), (300, None))
    found = compare(before, after)
    assert found.lost == (before[0],)
    assert found.gained == (after[1],)
    assert found.pairs == ((before[1], after[0]), (before[2], after[2]), (before[3], after[3]))
    assert (found.earlier_s, found.later_s) == ([10], [5])


def test_in_words():
    before = alarms(*((100 * n, 100 * n + 10) for n in range(31)))
    assert str(compare(before, before)) == "would have removed 0 of the last 31 alarms, 0 of them confirmed faults"
    assert str(compare(before, before[4:])) == "would have removed 4 of the last 31 alarms, 0 of them confirmed faults"
    assert str(compare(before[:1], [])) == "would have removed 1 of the last 1 alarm, 0 of them confirmed faults"
    confirmed = [before[0], before[9]]
    assert "removed 4 of the last 31 alarms, 1 of them confirmed faults" in str(compare(before, before[4:], confirmed))
    assert str(compare(alarms((0, 10), (100, 110)), alarms((5, 10), (105, 110)))).endswith(
        "raised 2 later, by 5 seconds"
    )
    by = "by 5 seconds in the median and 8 seconds at most"
    assert str(compare(alarms((0, 9), (100, 110)), alarms((2, 9), (108, 110)))).endswith(f"raised 2 later, {by}")
    shifted = alarms((-20, 5), (50, 60), (103, 120))
    text = str(compare(alarms((0, 10), (100, 110)), shifted))
    assert text.endswith("confirmed faults; added 1; raised 1 earlier, by 20 seconds; raised 1 later, by 3 seconds")


def test_a_confirmed_fault_is_lost_if_no_alarm_is_left_of_it():
    confirmed = alarms((100, 200), (500, 600))
    before = alarms((110, 120), (150, 160))
    one_left, none_left = compare(before, before[1:], confirmed), compare(before, [], confirmed)
    assert one_left.confirmed_lost == ()
    assert none_left.confirmed_lost == (confirmed[0],)
    assert none_left.confirmed_unseen == [confirmed[1]]
    assert str(none_left).endswith(
        "; says nothing of 1 confirmed fault: on what is kept of it, neither way raises an alarm"
    )


def test_one_alarm_that_becomes_two_is_one_and_another():
    (before,) = alarms((0, 100))
    after = alarms((0, 20), (50, 100))
    found = compare([before], after)
    assert found.pairs == ((before, after[0]),)
    assert (found.gained, found.lost) == ((after[1],), ())


def test_numbers_and_words_as_json_can_hold_them():
    found = compare(alarms((0, 10), (50, None)), alarms((60, 70)), alarms((0, 5)))
    said = json.loads(json.dumps(found.to_dict()))
    assert (said["n_before"], said["n_after"], said["n_confirmed"], said["n_confirmed_unseen"]) == (2, 1, 1, 0)
    assert [one["raised_at"] for one in said["lost"]] == [0]
    assert [one["raised_at"] for one in said["confirmed_lost"]] == [0]
    assert (said["gained"], said["earlier_s"], said["later_s"]) == ([], [], [10])
    assert said["words"] == str(found)


def spans():
    return st.lists(st.tuples(st.integers(0, 500), st.integers(0, 30)), max_size=12, unique_by=lambda one: one[0]).map(
        lambda own: alarms(*sorted((start, start + length) for start, length in own))
    )


@given(spans(), spans())
def test_every_alarm_is_counted_once(before, after):
    found = compare(before, after)
    assert len(found.lost) + len(found.pairs) == len(before)
    assert len(found.gained) + len(found.pairs) == len(after)
    assert sorted([*found.lost, *(one for one, _ in found.pairs)], key=lambda one: one.raised_at) == before
    assert sorted([*found.gained, *(other for _, other in found.pairs)], key=lambda one: one.raised_at) == after
    for one, other in found.pairs:
        assert one.raised_at <= other.cleared_at
        assert other.raised_at <= one.cleared_at
    same = compare(before, before)
    assert (same.lost, same.gained, same.earlier_s, same.later_s) == ((), (), [], [])
