from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.vitals import BOUNDS_S, Durations, Vitals


@given(st.lists(st.floats(0, 5)))
def test_durations_are_counted_in_their_classes(durations):
    counted = Durations()
    for duration in durations:
        counted.add(duration)
    assert counted.n == len(durations)
    assert abs(counted.total_s - sum(durations)) < 1e-6
    for number, bound in enumerate(BOUNDS_S):
        assert sum(counted.counts[: number + 1]) == sum(duration <= bound for duration in durations)


def test_realtime_ratio_is_of_the_last_minute():
    vitals = Vitals(["a", "b"])
    assert vitals.realtime_ratio is None
    vitals.mark(0.0)
    vitals.machines["a"].heard_s, vitals.machines["a"].busy_s = 100.0, 50.0
    assert vitals.realtime_ratio == 2.0
    for second in range(10, 200, 10):
        vitals.machines["b"].heard_s += 10.0
        vitals.machines["b"].busy_s += 0.1
        vitals.mark(float(second))
    assert abs(vitals.realtime_ratio - 100.0) < 1e-6
    assert len(vitals._recent) < 10
