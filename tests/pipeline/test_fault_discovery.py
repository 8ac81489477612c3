import numpy as np
import pytest

from auscult.errors import OptionError
from auscult.faults.discovery import Discovery
from auscult.pipeline.fault_discovery import Way, discover


def test_normal_sound_is_learnt_where_no_bundle_is_given(faulty_fans):
    found = discover(faulty_fans.root)
    assert found.bundle is None
    assert len(found.clusters) >= 1
    assert len(found.clips) == sum(cluster.n_clips for cluster in found.clusters) == 32
    assert found.reasons


def test_original_recipe_gives_clusters_too(faulty_fans):
    found = discover(
        faulty_fans.root, bundle=faulty_fans.bundle, way=Way(recipe="original", n_components=4, n_clusters=3, seed=5)
    )
    assert found.recipe == "original"
    assert found.arrays["points"].shape == (32, 4)
    assert set(found.labels) == {0, 1, 2}


@pytest.mark.slow
def test_numbers_and_seed_that_are_asked_for_are_used(faulty_fans):
    found = discover(faulty_fans.root, bundle=faulty_fans.bundle, way=Way(n_components=3, n_clusters=4, seed=7))
    assert (found.n_components, len(found.clusters), found.seed) == (3, 4, 7)
    assert found.arrays["points"].shape == (32, 3)
    assert found.arrays["centroids"].shape == (4, 3)


@pytest.mark.parametrize("recipe", ["signatures", "original"])
def test_more_clusters_than_clips_are_refused(faulty_fans, recipe):
    with pytest.raises(OptionError):
        discover(faulty_fans.root, bundle=faulty_fans.bundle, way=Way(recipe=recipe, n_components=3, n_clusters=33))


def test_what_machines_have_of_their_own_can_be_removed(faulty_fans):
    root, bundle, found = faulty_fans
    removed = discover(root, bundle=bundle, way=Way(n_components=found.n_components, n_clusters=2, without="machine"))
    is_first = np.array([clip.machine == "fan/id_00" for clip in removed.clips])

    def apart(points):
        return np.linalg.norm(points[is_first].mean(axis=0) - points[~is_first].mean(axis=0))

    assert apart(removed.arrays["points"]) < 0.5 * apart(found.arrays["points"])
    with pytest.raises(OptionError, match="nonsense"):
        discover(root, bundle=bundle, way=Way(without="nonsense"))


def test_discovery_comes_back_from_its_folder(faulty_fans, tmp_path):
    faulty_fans.found.save(tmp_path / "found")
    back = Discovery.load(tmp_path / "found")
    assert back == faulty_fans.found
    assert back.arrays.keys() == faulty_fans.found.arrays.keys()
    assert all(np.array_equal(back.arrays[name], values) for name, values in faulty_fans.found.arrays.items())
