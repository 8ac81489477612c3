from dataclasses import replace

import numpy as np
import pytest

from auscult.pipeline.anomalous_clips import anomalous_clips
from auscult.pipeline.cluster_spectra import cluster_spectra


@pytest.fixture(scope="module")
def there(faulty_fans):
    return anomalous_clips(faulty_fans.root, bundle=faulty_fans.bundle)


def test_every_cluster_has_a_value_for_every_band(there):
    spectra = cluster_spectra(there, np.arange(32) % 2, 2)
    assert spectra["centres_hz"].shape == (64,)
    assert (np.diff(spectra["centres_hz"]) > 0).all()
    assert all(spectra[name].shape == (2, 64) for name in ("change_db", "low_db", "high_db", "usual_db"))
    assert (spectra["low_db"] <= spectra["change_db"]).all()
    assert (spectra["change_db"] <= spectra["high_db"]).all()
    assert (spectra["usual_db"] > 0).all()


def test_planted_change_is_seen_in_its_cluster_and_band(there):
    labels, band = np.arange(32) % 2, 20
    place = there.features.descriptor_groups["mean"].start + band
    clips = []
    for clip, label in zip(there.clips, labels, strict=True):
        descriptors = clip.descriptors.copy()
        descriptors[place] += 60 * label
        clips.append(replace(clip, descriptors=descriptors))
    change_db = cluster_spectra(replace(there, clips=clips), labels, 2)["change_db"]
    assert change_db[1].argmax() == band
    assert change_db[1, band] - change_db[0, band] > 40


def test_clips_of_no_cluster_and_clusters_without_clips_add_nothing(there):
    labels = np.where(np.arange(32) < 16, 0, -1)
    spectra = cluster_spectra(there, labels, 2)
    assert spectra["change_db"][0].any()
    assert not spectra["change_db"][1].any()
