import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auscult.features.pooling import in_words, is_pooling, pool


def pooled(frames, name):
    return pool(frames, (name,))[0]


@given(n_frames=st.integers(1, 400), percent=st.floats(0, 100), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_percentiles_are_numpys(n_frames, percent, seed):
    frames = np.random.default_rng(seed).normal(-40, 10, (n_frames, 5)).astype(np.float32)
    name = f"p{percent:.3f}"
    np.testing.assert_allclose(
        pooled(frames, name), np.percentile(frames, float(name[1:]), axis=0), rtol=1e-5, atol=1e-4
    )


@given(n_frames=st.integers(1, 400), r=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_rank_pooling_is_its_formula(n_frames, r, seed):
    frames = np.random.default_rng(seed).normal(-40, 10, (n_frames, 5)).astype(np.float32)
    name = f"gwrp{r:.4f}"
    loudest_first = -np.sort(-frames.astype(float), axis=0)
    weights = float(name[4:]) ** np.arange(n_frames)
    np.testing.assert_allclose(pooled(frames, name), weights @ loudest_first / weights.sum(), rtol=1e-4)


def test_rank_pooling_goes_from_the_loudest_to_the_mean(rng):
    frames = rng.normal(-40, 10, (300, 8)).astype(np.float32)
    np.testing.assert_allclose(pooled(frames, "gwrp0"), frames.max(axis=0), rtol=1e-6)
    np.testing.assert_allclose(pooled(frames, "gwrp1"), frames.mean(axis=0), rtol=1e-5)
    assert np.all(pooled(frames, "gwrp0.5") > pooled(frames, "gwrp0.98"))


def test_one_click_in_ten_seconds_moves_rank_pooling_and_not_the_mean():
    """Why impulsive machines need it."""
    frames = np.full((311, 1), -60, np.float32)
    frames[100] = -20
    assert pooled(frames, "mean")[0] < -59.5
    assert pooled(frames, "gwrp0.5")[0] > -41


def test_mean_and_deviation(rng):
    frames = rng.normal(-40, 10, (300, 8)).astype(np.float32)
    means, deviations = pool(frames, ("mean", "std"))
    np.testing.assert_allclose(means, frames.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(deviations, frames.std(axis=0), rtol=1e-5)


@pytest.mark.parametrize("name", ["p101", "gwrp1.5", "p", "gwrp", "median", "p-5", "p5x", ""])
def test_what_is_no_pooling(name):
    assert not is_pooling(name)


def test_what_a_pooling_shows_in_words():
    words = [in_words(name) for name in ("mean", "std", "p5", "p50", "p95", "gwrp0.5")]
    moments = ["quietest moments", "middle moments", "loudest moments", "loudest moments"]
    assert words == ["level", "unsteadiness", *moments]
