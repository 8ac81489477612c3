import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.faults.elbow import elbow
from auscult.faults.k_means import inertias


@pytest.mark.parametrize("n_heaps", [2, 3, 4])
def test_heaps_are_counted(rng, n_heaps):
    points = np.repeat(10 * np.eye(4)[:n_heaps], 30, axis=0) + rng.standard_normal((30 * n_heaps, 4))
    n_clusters, why = elbow(inertias(points))
    assert n_clusters == n_heaps
    assert why.startswith(f"{n_heaps} clusters: the curve of inertias of 1 to 10 is farthest from the straight line")


def test_it_is_the_point_farthest_from_the_line():
    curve = np.array([100.0, 60, 25, 20, 15, 0])
    ends = np.array([5.0, -100.0])
    numbers = np.arange(6)
    distances = np.abs(ends[0] * (curve - 100) - ends[1] * numbers) / np.hypot(*ends)
    assert elbow(curve)[0] == distances.argmax() + 1 == 3
    assert "(35 % of its height)" in elbow(curve)[1]


@given(st.lists(st.floats(1, 1000), min_size=3, max_size=10), st.floats(1e-3, 1e3))
def test_the_scale_does_not_matter(curve, scale):
    assert elbow(scale * np.array(curve))[0] == elbow(np.array(curve))[0]


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        (np.arange(10, 0, -1.0), "1 cluster: the inertias of 1 to 10 lie on a straight line"),
        ([10.0, 9, 7, 4, 0], "1 cluster: the inertias of 1 to 5 lie on a straight line"),
        ([5.0, 5.0, 5.0], "1 cluster: more of them are no tighter"),
        ([0.0], "1 cluster: all clips are alike"),
        ([0.0, 0.0, 0.0], "1 cluster: all clips are alike"),
        ([7.0], "1 cluster: no elbow shows where fewer than 3"),
        ([7.0, 0.0], "1 cluster: no elbow shows where fewer than 3"),
    ],
)
def test_a_curve_without_an_elbow(curve, why):
    n_clusters, justification = elbow(np.array(curve))
    assert n_clusters == 1
    assert justification.startswith(why)


def test_clips_that_are_all_equally_different_have_no_elbow():
    assert elbow(inertias(np.eye(12)))[0] == 1


@pytest.mark.parametrize("curve", [[], [1.0, np.nan], [[1.0, 0.5]]])
def test_no_curve(curve):
    with pytest.raises(ValueError, match="expected inertias"):
        elbow(np.array(curve))
