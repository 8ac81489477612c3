from dataclasses import replace

import pytest

import auscult
from auscult.bundle import Bundle
from auscult.bundle.bundle import DETECTOR
from auscult.bundle.classifier import CLASSIFIER
from auscult.bundle.golden import CLIP, EXPECTED, self_check
from auscult.bundle.making import new_bundle
from auscult.bundle.model_card import MODEL_CARD, model_card
from auscult.errors import BundleError


@pytest.fixture(scope="module")
def bundle(trained_bundle):
    return auscult.load(trained_bundle)


def learnt(bundle):
    return {name: content for name, content in bundle.members.items() if name in (DETECTOR, CLASSIFIER)}


def test_a_new_bundle_has_its_card_and_golden_samples(bundle):
    made = new_bundle(bundle.manifest, learnt(bundle))
    assert made.members.keys() == {DETECTOR, MODEL_CARD, CLIP, EXPECTED}
    assert made.members[MODEL_CARD].decode() == model_card(bundle.manifest)
    assert made.members[DETECTOR] == bundle.members[DETECTOR]
    self_check(made, "m")


def test_card_and_samples_of_an_earlier_bundle_are_not_kept(bundle):
    stale = dict.fromkeys((MODEL_CARD, CLIP, EXPECTED), b"of another bundle")
    assert new_bundle(bundle.manifest, learnt(bundle) | stale).members == bundle.members


def test_the_same_bundle_has_the_same_bytes(network_bundle, tmp_path):
    for name in ("one", "two"):
        new_bundle(network_bundle.manifest, learnt(network_bundle)).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_bundle_with_a_network_is_whole_after_loading(network_bundle, tmp_path):
    network_bundle.save(tmp_path / "m.auscult")
    loaded = auscult.load(tmp_path / "m.auscult")
    self_check(loaded, "m")
    assert loaded.members == network_bundle.members
    assert loaded.members.keys() == {DETECTOR, CLASSIFIER, MODEL_CARD, CLIP, EXPECTED}
    assert "imbalance" in loaded.members[MODEL_CARD].decode()
    assert isinstance(loaded, Bundle)
    assert loaded.network is not None


def test_what_does_not_belong_together_is_no_bundle(bundle):
    with pytest.raises(BundleError, match=r"^here: .*has neither"):
        new_bundle(bundle.manifest, {}, "here")
    with pytest.raises(BundleError, match=r"^new bundle: names 1 classes"):
        new_bundle(replace(bundle.manifest, faults=bundle.manifest.faults[:1]), learnt(bundle))
