import numpy as np
import pytest

from auscult.errors import DataError, OptionError
from auscult.faults.clustering import cluster_signatures
from auscult.faults.discovery import Discovery
from auscult.faults.names_file import Names, write_names
from auscult.faults.naming import name_cluster
from auscult.pipeline.fault_discovery import Way, discover


@pytest.mark.slow
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
def test_clips_that_were_named_are_known_where_clusters_are_sought(faulty_fans, tmp_path, monkeypatch):
    named = []

    def seek(*args, **options):
        named.append(options["named"])
        return cluster_signatures(*args, **options)

    monkeypatch.setattr("auscult.pipeline.fault_discovery.cluster_signatures", seek)
    names = name_cluster(faulty_fans.found, Names(), 1, "knock")
    write_names(tmp_path / "names.yaml", names)
    for names_file in (tmp_path / "names.yaml", None):
        discover(faulty_fans.root, bundle=faulty_fans.bundle, way=Way(n_clusters=2), names_file=names_file)
    expected = [clip.content_hash in names.faults[0].exemplars for clip in faulty_fans.found.clips]
    assert (named[0] == 0).tolist() == expected
    assert (named[1] == -1).all()


def test_names_that_cannot_be_read_are_refused_before_the_work(tmp_path):
    (tmp_path / "faults.yaml").write_text("faults: 7")
    with pytest.raises(DataError, match="line 1"):
        discover(tmp_path)


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


@pytest.mark.slow
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
