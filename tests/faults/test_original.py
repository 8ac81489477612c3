import tracemalloc

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import StandardScaler

from auscult.errors import DataError, OptionError
from auscult.faults.elbow import elbow
from auscult.faults.k_means import inertias, k_means
from auscult.faults.original import principal_components


def patches_of(rng, n_clips, *, n_faults=3, shape=(8, 30), strength=1.5):
    """MFCC patches: bands of very different size and spread, faults that shift some of them."""
    faults = np.arange(n_clips) % n_faults
    patterns = strength * rng.standard_normal((n_faults, *shape))
    spread = np.logspace(2, 0, shape[0])[:, None]
    patches = spread * (patterns[faults] + rng.standard_normal((n_clips, *shape))) - 5 * spread
    return patches.astype(np.float32), faults


def theirs(patches):
    return PCA(min(len(patches) - 1, 50), svd_solver="full").fit(StandardScaler().fit_transform(flat(patches)))


def flat(patches):
    return patches.reshape(len(patches), -1).astype(np.float64)


@pytest.mark.parametrize("n_clips", [3, 40, 200])
def test_it_is_scikit_learns(rng, n_clips):
    patches, _ = patches_of(rng, n_clips)
    found = principal_components(patches, n_components=2, seed=0)
    scaled = StandardScaler().fit_transform(flat(patches))
    pca = theirs(patches)
    np.testing.assert_allclose(found.shares, pca.explained_variance_ratio_, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(np.abs(found.points), np.abs(pca.transform(scaled)[:, :2]), rtol=1e-3, atol=1e-3)
    assert found.points.dtype == np.float64
    assert found.points.shape == (n_clips, 2)


def test_the_whole_way_is_scikit_learns_and_finds_the_faults(rng):
    patches, faults = patches_of(rng, 90)
    found = principal_components(patches, n_components=5, seed=1)
    n_clusters, _ = elbow(inertias(found.points, seed=1))
    assert n_clusters == 3
    labels, _ = k_means(found.points, n_clusters, seed=1)
    points = PCA(5, svd_solver="full").fit_transform(StandardScaler().fit_transform(flat(patches)))
    assert adjusted_rand_score(labels, KMeans(3, n_init=10, random_state=1).fit(points).labels_) == 1
    assert adjusted_rand_score(labels, faults) == 1


def test_many_clips_are_decomposed_at_random_but_the_same_again(rng):
    patches, _ = patches_of(rng, 700, shape=(20, 30))
    found = principal_components(patches, n_components=2, seed=0)
    pca = theirs(patches)
    np.testing.assert_allclose(found.shares[:2], pca.explained_variance_ratio_[:2], rtol=1e-3)
    np.testing.assert_allclose(found.shares.sum(), pca.explained_variance_ratio_.sum(), rtol=0.02)
    points = pca.transform(StandardScaler().fit_transform(flat(patches)))[:, :2]
    np.testing.assert_allclose(np.abs(found.points), np.abs(points), rtol=0.01, atol=0.05)
    again = principal_components(patches, n_components=2, seed=0)
    np.testing.assert_array_equal(found.points, again.points)
    assert not np.array_equal(found.points, principal_components(patches, n_components=2, seed=1).points)


def test_every_value_counts_the_same_however_large(rng):
    patches, _ = patches_of(rng, 30)
    scaled = patches * np.logspace(-3, 3, patches[0].size, dtype=np.float32).reshape(patches[0].shape)
    expected = principal_components(patches, n_components=3)
    found = principal_components(scaled, n_components=3)
    np.testing.assert_allclose(found.points, expected.points, rtol=1e-3, atol=1e-2)


def test_values_that_never_change_say_nothing(rng):
    patches, _ = patches_of(rng, 30)
    still = np.full_like(patches, 0.1)
    still[::3, 1] = np.nextafter(np.float32(0.1), np.float32(1))  # what is only rounding must not be blown up
    found = principal_components(np.concatenate([patches, still], axis=1), n_components=3)
    np.testing.assert_allclose(found.points, principal_components(patches, n_components=3).points, atol=1e-3)


def test_the_fewest_components_that_explain_80_percent(rng):
    patches, _ = patches_of(rng, 60, strength=0.3)
    found = principal_components(patches)
    n = found.points.shape[1]
    assert found.shares.size == 50 > n > 5
    assert found.shares[:n].sum() >= 0.8 > found.shares[: n - 1].sum()
    percent = round(100 * found.shares[:n].sum())
    assert found.justification == (
        f"{n} components: the fewest that explain 80 % of the variance ({percent} % of the variance)"
    )


def test_less_than_80_percent_by_all(rng):
    found = principal_components(rng.standard_normal((300, 20, 20)).astype(np.float32))
    assert found.points.shape == (300, 50)
    assert found.justification.startswith("50 components, all that were computed: ")
    assert found.justification.endswith("less than 80 %")


def test_the_number_that_is_asked_for_is_taken(rng):
    patches, _ = patches_of(rng, 30)
    for n in (1, 7):
        found = principal_components(patches, n_components=n)
        assert found.points.shape == (30, n)
        assert found.justification.startswith(f"{n} component{'s' * (n > 1)}, as asked for: ")
        assert found.shares.size == 29


@pytest.mark.parametrize(("n_clips", "n_components"), [(3, 3), (30, 30), (300, 51), (30, 0), (30, -1), (1, 2)])
def test_a_number_that_cannot_be(rng, n_clips, n_components):
    patches, _ = patches_of(rng, n_clips)
    possible = max(1, min(n_clips - 1, 50))
    with pytest.raises(OptionError, match=f"^components: expected 1 to {possible} of {n_clips} clips?, got"):
        principal_components(patches, n_components=n_components)


@pytest.mark.parametrize("n_clips", [1, 2, 20])
@pytest.mark.parametrize("n_components", [None, 1])
def test_all_clips_identical(rng, n_clips, n_components):
    patches = np.repeat(patches_of(rng, 1)[0], n_clips, axis=0)
    found = principal_components(patches, n_components=n_components)
    np.testing.assert_array_equal(found.points, np.zeros((n_clips, 1)))
    assert found.shares.tolist() == [0]
    assert found.justification == "1 component of nothing: all clips are alike"
    n_clusters, why = elbow(inertias(found.points))
    assert (n_clusters, why) == (1, "1 cluster: all clips are alike")
    assert k_means(found.points, n_clusters)[0].tolist() == [0] * n_clips


def test_three_clips(rng):
    found = principal_components(patches_of(rng, 3)[0])
    assert found.points.shape == (3, 2)
    n_clusters, _ = elbow(inertias(found.points))
    assert 1 <= n_clusters <= 3


def test_no_clips():
    with pytest.raises(DataError, match="anomalous clips: there are none"):
        principal_components(np.empty((0, 40, 433), np.float32))


@pytest.mark.parametrize(
    "patches", [np.zeros((3, 4)), np.zeros((3, 0, 4)), np.full((3, 2, 2), np.nan), np.full((3, 2, 2), np.inf)]
)
def test_nonsense(patches):
    with pytest.raises(ValueError, match=r"expected shape|NaN or infinity"):
        principal_components(patches)


def test_the_patches_are_left_alone_and_copied_once(rng):
    patches = rng.standard_normal((1200, 40, 100)).astype(np.float32)
    before = patches.copy()
    tracemalloc.start()
    try:
        principal_components(patches)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(patches, before)
    assert most < 1.8 * patches.nbytes
