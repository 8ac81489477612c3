import io

import numpy as np
import pytest

from auscult.detect.normality import VIEWS
from auscult.detect.view import embedded

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

WIDTHS = [7, 3, 1]


@pytest.fixture
def learnt(rng):
    Z = rng.standard_normal((3, 170, 7)).astype(np.float32)
    Z[:, ::3, 0] += 3
    return filled_up(Z)


@pytest.fixture
def new(rng):
    return filled_up((2 * rng.standard_normal((3, 20, 7))).astype(np.float32))


def filled_up(Z):
    for group, width in zip(Z, WIDTHS, strict=True):
        group[:, width:] = 0
    return Z


def test_embedded_fills_up_with_zeros():
    whole = embedded([np.ones((2, 3)), np.full((1, 1), 5.0)], (2, 4))
    assert whole.dtype == np.float32
    assert whole.tolist() == [[[1, 1, 1, 0], [1, 1, 1, 0]], [[5, 0, 0, 0], [0, 0, 0, 0]]]


@pytest.mark.parametrize("kind", VIEWS)
def test_groups_together_score_like_each_alone(kind, learnt, new):
    together = kind().fit(learnt, WIDTHS).scores(new)
    assert together.shape == (kind.N_SCORES, 3, 20)
    for number, width in enumerate(WIDTHS):
        own = slice(number, number + 1)
        alone = kind().fit(learnt[own, :, :width], [width]).scores(new[own, :, :width])
        np.testing.assert_allclose(together[:, own], alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", VIEWS)
def test_one_clip_scores_as_among_others(kind, learnt, new):
    view = kind().fit(learnt, WIDTHS)
    one_by_one = [view.scores(new[:, place : place + 1]) for place in range(20)]
    np.testing.assert_allclose(np.concatenate(one_by_one, axis=2), view.scores(new), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", VIEWS)
def test_scores_are_not_negative_and_grow_far_away(kind, learnt, new):
    view = kind().fit(learnt, WIDTHS)
    assert np.all(view.scores(new) >= 0)
    scores = [view.scores(new + np.float32(distance))[:, 0].mean() for distance in (0, 10, 100, 1000)]
    assert scores == sorted(scores)


@pytest.mark.parametrize("kind", VIEWS)
def test_view_goes_through_a_file(kind, learnt, new):
    view, file = kind().fit(learnt, WIDTHS), io.BytesIO()
    np.savez(file, **view.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        assert all(array.dtype == np.float32 for array in arrays.values())
        again = kind.from_arrays(dict(arrays), learnt)
    np.testing.assert_allclose(again.scores(new), view.scores(new), rtol=1e-5)


@pytest.mark.parametrize("kind", VIEWS)
def test_clips_that_are_all_alike(kind):
    same = np.zeros((3, 12, 7), np.float32)
    assert np.isfinite(kind().fit(same, WIDTHS).scores(same + 1)).all()
