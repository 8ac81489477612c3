import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.monitor.detection import Detection
from auscult.server.thinning import thin


def detection(at, score, evidence=0.0):
    return Detection("fan/id_00", at, score, 2.0, 0.5, evidence, 4.0, False, False, None, "running", -30.0)


numbers = st.floats(-1e6, 1e6) | st.just(math.nan)


@given(st.lists(st.tuples(st.floats(0, 1e6), numbers, numbers), max_size=300), st.integers(2, 60))
def test_what_stands_out_stays_and_order_too(values, most):
    detections = [detection(*one) for one in sorted(values, key=lambda one: one[0])]
    found = thin(detections, most)
    assert len(found) <= max(most, 2)
    places = [next(n for n, other in enumerate(detections) if other is one) for one in found]
    assert places == sorted(set(places))
    for name in ("score", "evidence"):
        known = [getattr(one, name) for one in detections if not math.isnan(getattr(one, name))]
        if known:
            assert max(known) in [getattr(one, name) for one in found]


def test_few_are_left_alone():
    detections = [detection(n, float(n)) for n in range(1000)]
    assert thin(detections) is detections


@pytest.mark.parametrize("place", [0, 1, 4999, 9998, 9999])
def test_one_peak_in_a_month_is_seen(place):
    detections = [detection(10.0 * n, 50.0 if n == place else 1.0) for n in range(10_000)]
    found = thin(detections)
    assert len(found) <= 1000
    assert max(one.score for one in found) == 50.0
