import json
import shutil

import numpy as np
import pytest

from auscult.errors import DataError
from auscult.features import FeatureStore
from auscult.features.store import read_specification
from auscult.pipeline.features import build_store


@pytest.fixture(scope="module")
def root(synthetic_data, tmp_path_factory):
    root = tmp_path_factory.mktemp("store") / "store"
    build_store(synthetic_data, root, n_mels=32, augmentations=["noise"], n_jobs=1)
    return root


def test_lines_and_arrays_belong_together(root, synthetic_data):
    import auscult

    store = FeatureStore(root)
    assert len(store) == 2 * 2 * 28
    lines = list(store.table(10, 14))
    descriptors = store.descriptors(10, 14)
    for line, vector, patch in zip(lines, descriptors, store.patches(10, 14), strict=True):
        y, sr = auscult.read_audio(line["filePath"])
        if line["augmented"] == "False":
            np.testing.assert_array_equal(store.recipe.descriptors(y, sr), vector)
            np.testing.assert_array_equal(store.recipe.patch(y, sr), patch)
        else:
            assert line["augmentation"] == "noise"
            assert patch.shape == store.recipe.patch(y, sr).shape


def test_a_table_that_a_run_has_replaced_is_read_anew(root, tmp_path):
    copy = tmp_path / "store"
    shutil.copytree(root, copy)
    store, before = FeatureStore(copy), FeatureStore(root)
    assert len(store) == 112
    head, _, *rest = (copy / "table.csv").read_text().splitlines()
    (tmp_path / "new.csv").write_text("\n".join([head, *rest]) + "\n")
    (tmp_path / "new.csv").replace(copy / "table.csv")
    assert len(store) == 111
    np.testing.assert_array_equal(store.descriptors(), before.descriptors(1))
    np.testing.assert_array_equal(next(store.patches(110)), next(before.patches(111)))


def test_plain_numpy_and_csv_read_it_too(root):
    import csv

    with (root / "table.csv").open(newline="") as file:
        line = list(csv.DictReader(file))[5]
    descriptors, frames = np.load(root / "descriptors.npy", mmap_mode="r"), np.load(root / "patches.npy", mmap_mode="r")
    store = FeatureStore(root)
    np.testing.assert_array_equal(descriptors[int(line["feature"])], store.descriptors(5, 6)[0])
    first, n = int(line["first_frame"]), int(line["n_frames"])
    np.testing.assert_array_equal(frames[first : first + n].T, next(store.patches(5, 6)))
    assert {"feature", "classLabel", "filePath", "valData", "augmented"} <= line.keys()


def test_patches_are_views_of_the_file(root):
    patch = next(FeatureStore(root).patches())
    assert isinstance(patch.base, np.memmap)
    assert not patch.flags.writeable


def test_what_is_no_store(tmp_path):
    with pytest.raises(DataError, match=r"is no feature store. Make one with: auscult features"):
        FeatureStore(tmp_path)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"format": 2}, "has format 2, this Auscult reads and writes 1"),
        ({"descriptor_names": ["loudness"]}, "has other descriptors than this Auscult computes .Auscult 0"),
        ({"features": {"recipe": "wavelet"}}, "cannot be understood.*unknown features 'wavelet'"),
        ({"channels": "left"}, "cannot be understood"),
        ({"nameplates": {"fan": {"rotation_hz": -1}}}, "cannot be understood"),
    ],
)
def test_another_versions_or_a_damaged_store(root, tmp_path, change, match):
    content = json.loads((root / "store.json").read_text()) | change
    (tmp_path / "store.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=match):
        read_specification(tmp_path)
    (tmp_path / "store.json").write_text("{")
    with pytest.raises(DataError, match="cannot be understood"):
        read_specification(tmp_path)


def test_an_unfinished_store_says_so(root, tmp_path):
    (tmp_path / "store.json").write_text((root / "store.json").read_text())
    with pytest.raises(DataError, match=r"the store is not finished. Run auscult features to its end"):
        len(FeatureStore(tmp_path))


def test_a_damaged_array_is_named(root, tmp_path):
    for name in ("store.json", "table.csv"):
        (tmp_path / name).write_text((root / name).read_text())
    (tmp_path / "descriptors.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match=r"descriptors.npy: cannot be read"):
        FeatureStore(tmp_path).descriptors()


def test_a_store_without_patches(synthetic_data, tmp_path):
    build_store(synthetic_data / "6_dB_fan/fan/id_00/abnormal", tmp_path / "store", with_patches=False, n_jobs=1)
    store = FeatureStore(tmp_path / "store")
    assert store.descriptors().shape == (8, store.recipe.n_descriptors)
    assert not (tmp_path / "store" / "patches.npy").exists()
    with pytest.raises(DataError, match="was made without patches"):
        next(store.patches())
