import hashlib
import pickle

import numpy as np
import pytest
import soundfile

from auscult import read_audio
from auscult.errors import AudioError
from auscult.features import LogMel, Nameplate, OriginalMfcc
from auscult.features.augment import AUGMENTATIONS, ORIGINAL_AUGMENTATIONS
from auscult.features.extract import Extracted, Extraction, ExtractTask, content_of

RECIPE = LogMel(n_mels=32)
ALL = ("", *AUGMENTATIONS, "background", *ORIGINAL_AUGMENTATIONS)


@pytest.fixture
def clip(tmp_path, rng):
    path = tmp_path / "clip.wav"
    soundfile.write(path, 0.1 * rng.standard_normal(16000), 16000)
    return path


@pytest.fixture
def other(tmp_path, rng):
    path = tmp_path / "other.wav"
    soundfile.write(path, 0.1 * rng.standard_normal(9000), 16000)
    return path


def test_a_recording_is_its_content_and_features(clip):
    found = Extraction(RECIPE, "mean", 0)(ExtractTask(str(clip)))
    assert found.content == hashlib.sha256(clip.read_bytes()).hexdigest() == content_of(str(clip))
    expected = RECIPE.features(read_audio(clip)[0])
    np.testing.assert_array_equal(found.features[""].patch, expected.patch)
    np.testing.assert_array_equal(found.features[""].descriptors, expected.descriptors)


def test_copies_depend_on_seed_content_and_name_only(clip, other, tmp_path):
    task = ExtractTask(str(clip), augmentations=ALL, others=(str(other),))
    found = Extraction(RECIPE, "mean", 7)(task)
    assert list(found.features) == list(ALL)
    moved = tmp_path / "moved.wav"
    clip.rename(moved)
    for name in ALL:
        alone = Extraction(RECIPE, "mean", 7)(ExtractTask(str(moved), augmentations=(name,), others=(str(other),)))
        np.testing.assert_array_equal(alone.features[name].descriptors, found.features[name].descriptors)
    reseeded = Extraction(RECIPE, "mean", 8)(ExtractTask(str(moved), augmentations=("noise", "")))
    np.testing.assert_array_equal(reseeded.features[""].patch, found.features[""].patch)
    assert np.abs(reseeded.features["noise"].patch - found.features["noise"].patch).max() > 0.1


def test_copies_of_the_original_are_made_at_its_rate(clip):
    """Roll by 1600 samples of 22.05 kHz, as the original did, not of the recording's rate."""
    recipe = OriginalMfcc()
    found = Extraction(recipe, "mean", 0)(
        ExtractTask(str(clip), augmentations=("original-roll", "original-stretch", ""))
    )
    y = recipe.at_own_rate(*read_audio(clip))
    np.testing.assert_array_equal(found.features["original-roll"].patch, recipe.patch(np.roll(y, 1600), 22050))
    np.testing.assert_array_equal(found.features["original-stretch"].patch, found.features[""].patch)


def test_the_first_background_that_can_be_read_is_taken(clip, other, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    bad, missing = str(tmp_path / "bad.wav"), str(tmp_path / "missing.wav")

    def mixed(*others):
        return Extraction(RECIPE, "mean", 0)(ExtractTask(str(clip), augmentations=("background",), others=others))

    np.testing.assert_array_equal(
        mixed(bad, missing, str(other)).features["background"].patch, mixed(str(other)).features["background"].patch
    )
    assert mixed(bad, missing).features == {}


def test_a_nameplate_comes_through(clip):
    plate = Nameplate(rotation_hz=20.0)
    found = Extraction(RECIPE, "mean", 0)(ExtractTask(str(clip), nameplate=plate))
    expected = RECIPE.features(read_audio(clip)[0], plate)
    np.testing.assert_array_equal(found.features[""].descriptors, expected.descriptors)


@pytest.mark.parametrize(("content", "match"), [(b"", "empty"), (b"no sound", "is not audio")])
def test_errors_are_returned(tmp_path, content, match):
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    found = Extraction(RECIPE, "mean", 0)(ExtractTask(str(path)))
    assert isinstance(found, AudioError)
    assert match in found.problem
    assert isinstance(content_of(str(tmp_path / "missing.wav")), AudioError)


def test_it_goes_to_other_processes(clip):
    extraction, task = pickle.loads(pickle.dumps((Extraction(RECIPE, "mean", 0), ExtractTask(str(clip)))))
    found = pickle.loads(pickle.dumps(extraction(task)))
    assert isinstance(found, Extracted)
